package main

import (
	"context"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// alertmanagerArtifact is the image prom/alertmanager, made of Debian's binaries, laid out and started as the original.
// As with Prometheus, the machine decides the version, and the tag "debian" names whatever it is.
func alertmanagerArtifact() artifact {
	return artifact{
		name:   "alertmanager image",
		dir:    "images/alertmanager",
		recipe: fingerprint([]string{"alertmanager.go", "debian.go", "image.go", "pack.go", "userland.go"}, platform()),
		make: func(ctx context.Context, w workplace) error {
			root := filepath.Join(w.tmp, "root")
			if err := unpackDebian(ctx, w.tmp, root, "prometheus-alertmanager", "busybox-static", "libc6", "ca-certificates"); err != nil {
				return err
			}
			debianVersion, _, err := debianPackage(ctx, "prometheus-alertmanager")
			if err != nil {
				return err
			}
			version, err := upstreamVersion(debianVersion)
			if err != nil {
				return err
			}
			entries, err := alertmanagerEntries(root)
			if err != nil {
				return err
			}
			refs := []string{"prom/alertmanager:v" + version, "prom/alertmanager:debian"}
			return writeImage(filepath.Join(w.out, "alertmanager-"+version+".tar"), refs, alertmanagerConfig(), entries)
		},
	}
}

func alertmanagerEntries(root string) ([]entry, error) {
	const nobody = 65534
	entries, err := sharedLibraries(root, filepath.Join(root, "usr/bin/prometheus-alertmanager"))
	if err != nil {
		return nil, err
	}
	certificates, err := certificateBundle(filepath.Join(root, "usr/share/ca-certificates/mozilla"))
	if err != nil {
		return nil, err
	}
	// Debian's programs look for the templates of messages here.
	templates, err := tree(root, "usr/share/prometheus/alertmanager")
	if err != nil {
		return nil, err
	}
	entries = append(entries, templates...)
	entries = append(entries, busybox(filepath.Join(root, "bin/busybox"))...)
	return append(entries, certificates,
		entry{name: "bin/alertmanager", mode: 0o755, disk: filepath.Join(root, "usr/bin/prometheus-alertmanager")},
		entry{name: "bin/amtool", mode: 0o755, disk: filepath.Join(root, "usr/bin/amtool")},
		entry{name: "etc/passwd", mode: 0o644, data: []byte("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n")},
		entry{name: "etc/group", mode: 0o644, data: []byte("root:x:0:\n")},
		entry{name: "etc/nsswitch.conf", mode: 0o644, data: []byte("hosts: files dns\n")},
		entry{name: "etc/alertmanager/", mode: 0o755, uid: nobody},
		entry{name: "alertmanager/", mode: 0o755, uid: nobody},
		entry{name: "tmp/", mode: 0o1777},
	), nil
}

func alertmanagerConfig() v1.Config {
	return v1.Config{
		User:       "nobody",
		WorkingDir: "/alertmanager",
		Entrypoint: []string{"/bin/alertmanager"},
		Cmd:        []string{"--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/alertmanager"},
		Env:        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		ExposedPorts: map[string]struct{}{
			"9093/tcp": {},
		},
		Volumes: map[string]struct{}{"/alertmanager": {}},
		Labels: map[string]string{
			"org.opencontainers.image.title":       "Alertmanager",
			"org.opencontainers.image.description": "Debian's Alertmanager in the layout of prom/alertmanager, built by the kops lab",
		},
	}
}
