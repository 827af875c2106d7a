package main

import (
	"context"
	"path/filepath"
)

// nodeExporterArtifact is node_exporter, built from its published source and packed as its releases are.
func nodeExporterArtifact(version string) artifact {
	return artifact{
		name:   "node_exporter " + version,
		dir:    "node_exporter/v" + version,
		recipe: fingerprint([]string{"nodeexporter.go", "golang.go", "pack.go", "checksum.go"}, version, platform()),
		make: func(ctx context.Context, w workplace) error {
			const info = "github.com/prometheus/common/version."
			source, err := compileModule(ctx, "github.com/prometheus/node_exporter", version, w.tmp,
				"-s -w -X "+info+"Version="+version+" -X "+info+"Branch=HEAD -X "+info+"BuildUser=kops-lab")
			if err != nil {
				return err
			}
			root := "node_exporter-" + version + "." + platform()
			file := filepath.Join(w.out, root+".tar.gz")
			if err := writeTarGz(file, []entry{
				{name: root + "/node_exporter", mode: 0o755, disk: filepath.Join(w.tmp, "node_exporter")},
				{name: root + "/LICENSE", mode: 0o644, disk: filepath.Join(source, "LICENSE")},
				{name: root + "/NOTICE", mode: 0o644, disk: filepath.Join(source, "NOTICE")},
			}); err != nil {
				return err
			}
			return writeReleaseSums(file)
		},
	}
}
