package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// prometheusArtifact is the image prom/prometheus, made of Debian's binaries, laid out and started as the original.
// Its version is Debian's, so the machine decides it; the tag "debian" names whatever it is.
func prometheusArtifact() artifact {
	return artifact{
		name:   "prometheus image",
		dir:    "images/prometheus",
		recipe: fingerprint([]string{"prometheus.go", "debian.go", "image.go", "pack.go", "userland.go"}, platform()),
		make: func(ctx context.Context, w workplace) error {
			version, root, err := debianPrometheus(ctx, w.tmp)
			if err != nil {
				return err
			}
			entries, err := prometheusEntries(root)
			if err != nil {
				return err
			}
			// For tests of the alert rules, on this machine.
			if err := copyProgram(filepath.Join(root, "usr/bin/promtool"), filepath.Join(w.out, "promtool")); err != nil {
				return err
			}
			refs := []string{"prom/prometheus:v" + version, "prom/prometheus:debian"}
			return writeImage(filepath.Join(w.out, "prometheus-"+version+".tar"), refs, prometheusConfig(), entries)
		},
	}
}

// debianPrometheus unpacks Debian's Prometheus, what its pages need, a shell and the C library.
func debianPrometheus(ctx context.Context, tmp string) (version, root string, err error) {
	root = filepath.Join(tmp, "root")
	packages := []string{"prometheus", "busybox-static", "libc6", "ca-certificates", "libjs-d3"}
	// The first download brings the package lists where there are none.
	if err := unpackDebian(ctx, tmp, root, packages...); err != nil {
		return "", "", err
	}
	debianVersion, depends, err := debianPackage(ctx, "prometheus")
	if err != nil {
		return "", "", err
	}
	var pages []string
	for _, d := range depends {
		if strings.HasPrefix(d, "libjs-") || strings.HasPrefix(d, "fonts-") {
			pages = append(pages, d)
		}
	}
	if len(pages) > 0 {
		if err := unpackDebian(ctx, tmp, root, pages...); err != nil {
			return "", "", err
		}
	}
	version, err = upstreamVersion(debianVersion)
	return version, root, err
}

func copyProgram(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o755)
}

func prometheusEntries(root string) ([]entry, error) {
	const nobody = 65534
	entries, err := sharedLibraries(root, filepath.Join(root, "usr/bin/prometheus"))
	if err != nil {
		return nil, err
	}
	pages, err := tree(root, "usr/share/prometheus", "usr/share/javascript", "usr/share/nodejs", "usr/share/fonts-glyphicons")
	if err != nil {
		return nil, err
	}
	entries = append(entries, pages...)
	for _, program := range []string{"prometheus", "promtool"} {
		entries = append(entries, entry{name: "bin/" + program, mode: 0o755, disk: filepath.Join(root, "usr/bin", program)})
	}
	entries = append(entries, busybox(filepath.Join(root, "bin/busybox"))...)
	certificates, err := certificateBundle(filepath.Join(root, "usr/share/ca-certificates/mozilla"))
	if err != nil {
		return nil, err
	}
	return append(entries, certificates,
		entry{name: "etc/passwd", mode: 0o644, data: []byte("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n")},
		entry{name: "etc/group", mode: 0o644, data: []byte("root:x:0:\nnobody:x:65534:\n")},
		entry{name: "etc/nsswitch.conf", mode: 0o644, data: []byte("hosts: files dns\n")},
		entry{name: "etc/prometheus/", mode: 0o755, uid: nobody},
		entry{name: "etc/prometheus/prometheus.yml", mode: 0o644, uid: nobody, data: []byte(prometheusSample)},
		entry{name: "prometheus/", mode: 0o755, uid: nobody},
		entry{name: "tmp/", mode: 0o1777},
	), nil
}

// prometheusSample is the configuration of a container that is given none: it scrapes itself.
const prometheusSample = `global:
  scrape_interval: 15s
scrape_configs:
  - job_name: prometheus
    static_configs:
      - targets: ["localhost:9090"]
`

func prometheusConfig() v1.Config {
	return v1.Config{
		User:       "nobody",
		WorkingDir: "/prometheus",
		Entrypoint: []string{"/bin/prometheus"},
		Cmd:        []string{"--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"},
		Env:        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		ExposedPorts: map[string]struct{}{
			"9090/tcp": {},
		},
		Volumes: map[string]struct{}{"/prometheus": {}},
		Labels: map[string]string{
			"org.opencontainers.image.title":       "Prometheus",
			"org.opencontainers.image.description": "Debian's Prometheus in the layout of prom/prometheus, built by the kops lab",
		},
	}
}
