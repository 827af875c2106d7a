package main

import (
	"context"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// grafanaArtifact is the lab's stand-in for Grafana as an image in the original's layout: its user, port, folders and
// environment. It has the original's tag, so that a playbook's default works, and one that says what it is.
func grafanaArtifact(version, binary string) artifact {
	sum, _ := sha256File(binary) // a missing binary is make's error
	return artifact{
		name:   "grafana image " + version,
		dir:    "images/grafana",
		recipe: fingerprint([]string{"grafana.go", "image.go", "pack.go", "userland.go", "debian.go"}, version, sum, platform()),
		make: func(ctx context.Context, w workplace) error {
			root := filepath.Join(w.tmp, "root")
			if err := unpackDebian(ctx, w.tmp, root, "busybox-static", "ca-certificates"); err != nil {
				return err
			}
			certificates, err := certificateBundle(filepath.Join(root, "usr/share/ca-certificates/mozilla"))
			if err != nil {
				return err
			}
			entries := append(grafanaEntries(binary), certificates)
			entries = append(entries, busybox(filepath.Join(root, "bin/busybox"))...)
			refs := []string{"grafana/grafana:" + version, "grafana/grafana:" + version + "-standin"}
			return writeImage(filepath.Join(w.out, "grafana-"+version+".tar"), refs, grafanaConfig(version), entries)
		},
	}
}

func grafanaEntries(binary string) []entry {
	const grafana = 472
	return []entry{
		{name: "usr/share/grafana/bin/grafana", mode: 0o755, disk: binary},
		{name: "etc/passwd", mode: 0o644, data: []byte("root:x:0:0:root:/root:/bin/sh\ngrafana:x:472:0:grafana:/home/grafana:/sbin/nologin\n")},
		{name: "etc/group", mode: 0o644, data: []byte("root:x:0:\n")},
		{name: "etc/nsswitch.conf", mode: 0o644, data: []byte("hosts: files dns\n")},
		{name: "etc/grafana/provisioning/datasources/", mode: 0o755, uid: grafana},
		{name: "etc/grafana/provisioning/dashboards/", mode: 0o755, uid: grafana},
		{name: "var/lib/grafana/", mode: 0o777, uid: grafana},
		{name: "var/log/grafana/", mode: 0o777, uid: grafana},
		{name: "tmp/", mode: 0o1777},
	}
}

func grafanaConfig(version string) v1.Config {
	return v1.Config{
		User:       "472",
		WorkingDir: "/usr/share/grafana",
		Entrypoint: []string{"/usr/share/grafana/bin/grafana"},
		Env: []string{
			"PATH=/usr/share/grafana/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
			"GF_PATHS_DATA=/var/lib/grafana",
			"GF_PATHS_PROVISIONING=/etc/grafana/provisioning",
		},
		ExposedPorts: map[string]struct{}{
			"3000/tcp": {},
		},
		Labels: map[string]string{
			"org.opencontainers.image.title":       "Grafana stand-in",
			"org.opencontainers.image.version":     version,
			"org.opencontainers.image.description": "NOT Grafana: the kops lab's stand-in, which speaks the part of its HTTP API that kops uses",
		},
	}
}
