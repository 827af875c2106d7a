package main

import (
	"context"
	"path/filepath"
)

// kafkaExporterArtifact is the lab's stand-in for kafka_exporter, packed as the original's releases are.
func kafkaExporterArtifact(version, binary string) artifact {
	sum, _ := sha256File(binary) // a missing binary is make's error
	return artifact{
		name:   "kafka_exporter " + version,
		dir:    "kafka_exporter/v" + version,
		recipe: fingerprint([]string{"kafkaexporter.go", "pack.go", "checksum.go"}, version, sum, platform()),
		make: func(_ context.Context, w workplace) error {
			root := "kafka_exporter-" + version + "." + platform()
			file := filepath.Join(w.out, root+".tar.gz")
			if err := writeTarGz(file, []entry{
				{name: root + "/kafka_exporter", mode: 0o755, disk: binary},
				{name: root + "/README", mode: 0o644, data: []byte("This is the kops lab's stand-in for kafka_exporter, not the original.\n")},
			}); err != nil {
				return err
			}
			return writeReleaseSums(file)
		},
	}
}
