package main

import (
	"context"
	"os"
	"path/filepath"
)

// jmxExporterArtifact is the jar as its project publishes it: the real one, in a Maven repository.
func jmxExporterArtifact(version string) artifact {
	jar := coordinate{"io.prometheus.jmx", "jmx_prometheus_httpserver", version}
	return artifact{
		name:   "jmx_exporter " + version,
		dir:    "jmx/" + version,
		recipe: fingerprint([]string{"jmxexporter.go", "checksum.go"}, version),
		jars:   []coordinate{jar},
		make: func(_ context.Context, w workplace) error {
			name := jar.id + "-" + version + ".jar"
			file := filepath.Join(w.out, name)
			if err := os.Rename(filepath.Join(w.jars, name), file); err != nil {
				return err
			}
			return writeMavenSums(file)
		},
	}
}
