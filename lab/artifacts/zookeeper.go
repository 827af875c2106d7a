package main

import (
	"context"
	"path/filepath"
	"strings"
)

// zookeeperJars are what the tarball holds. ZooKeeper's POM calls a part of it "provided", so that part is listed here: at the
// versions of 3.8.4, and of 3.5 what a server without its admin server needs.
func zookeeperJars(version string) []coordinate {
	if strings.HasPrefix(version, "3.5.") {
		return []coordinate{{"org.apache.zookeeper", "zookeeper", version}, {"commons-cli", "commons-cli", "1.2"}, {"jline", "jline", "2.14.6"}, {"org.slf4j", "slf4j-reload4j", "1.7.36"}}
	}
	return []coordinate{
		{"org.apache.zookeeper", "zookeeper", version},
		{"org.eclipse.jetty", "jetty-server", "9.4.53.v20231009"},
		{"org.eclipse.jetty", "jetty-servlet", "9.4.53.v20231009"},
		{"org.eclipse.jetty", "jetty-client", "9.4.53.v20231009"},
		{"com.fasterxml.jackson.core", "jackson-databind", "2.15.2"},
		{"commons-cli", "commons-cli", "1.5.0"},
		{"io.dropwizard.metrics", "metrics-core", "4.1.12.1"},
		{"org.xerial.snappy", "snappy-java", "1.1.10.5"},
		{"jline", "jline", "2.14.6"},
	}
}

// zookeeperArtifact is the tarball that Apache publishes, with the jars of a Maven repository and stand-ins for its scripts.
func zookeeperArtifact(version string) artifact {
	jars := zookeeperJars(version)
	return artifact{
		name:   "zookeeper " + version,
		dir:    "zookeeper/" + version,
		recipe: fingerprint([]string{"zookeeper", "zookeeper.go", "pack.go", "checksum.go"}, version, jars),
		jars:   jars,
		make: func(_ context.Context, w workplace) error {
			root := "apache-zookeeper-" + version + "-bin"
			entries, err := filesOf(w.jars, root+"/lib")
			if err != nil {
				return err
			}
			scripts, err := embedded("zookeeper", root)
			if err != nil {
				return err
			}
			file := filepath.Join(w.out, root+".tar.gz")
			if err := writeTarGz(file, append(entries, scripts...)); err != nil {
				return err
			}
			return writeSHA512Sum(file)
		},
	}
}
