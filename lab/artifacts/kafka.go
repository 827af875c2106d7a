package main

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"strings"
)

// scalaVersion is the one that the lab's Kafka is compiled with, a part of its tarball's name.
const scalaVersion = "2.13"

// A kafkaTool is a command-line tool of Kafka's: the script's name and the class that it runs.
type kafkaTool struct{ script, class string }

// kafkaArtifact is the tarball that Apache publishes, with the jars of a Maven repository and stand-ins for its scripts.
func kafkaArtifact(version string) artifact {
	jars := kafkaJars(version)
	return artifact{
		name:   "kafka " + version,
		dir:    "kafka/" + version,
		recipe: fingerprint([]string{"kafka", "kafka.go", "pack.go", "checksum.go"}, version, jars),
		jars:   jars,
		make: func(_ context.Context, w workplace) error {
			root := "kafka_" + scalaVersion + "-" + version
			entries, err := kafkaEntries(version, root, w.jars)
			if err != nil {
				return err
			}
			file := filepath.Join(w.out, root+".tgz")
			if err := writeTarGz(file, entries); err != nil {
				return err
			}
			return writeGPGSum(file)
		},
	}
}

func kafkaJars(version string) []coordinate {
	jars := []coordinate{
		{"org.apache.kafka", "kafka_" + scalaVersion, version},
		{"org.apache.kafka", "kafka-tools", version},
	}
	if kafkaMajor(version) >= "4" {
		return append(jars,
			coordinate{"org.apache.logging.log4j", "log4j-slf4j-impl", "2.24.3"},
			coordinate{"org.apache.logging.log4j", "log4j-1.2-api", "2.24.3"})
	}
	return append(jars,
		coordinate{"org.slf4j", "slf4j-reload4j", "1.7.36"},
		coordinate{"io.dropwizard.metrics", "metrics-core", "4.1.12.1"}, // what the ZooKeeper inside needs
		coordinate{"org.xerial.snappy", "snappy-java", "1.1.10.5"})
}

func kafkaEntries(version, root, jarDir string) ([]entry, error) {
	entries, err := filesOf(jarDir, root+"/libs")
	if err != nil {
		return nil, err
	}
	config, err := embedded("kafka/config-"+kafkaMajor(version), root+"/config")
	if err != nil {
		return nil, err
	}
	entries = append(entries, config...)
	scripts, err := embedded("kafka/bin", root+"/bin")
	if err != nil {
		return nil, err
	}
	var template string
	for _, s := range scripts {
		if path.Base(s.name) == "tool.sh.tmpl" {
			template = string(s.data)
			continue
		}
		entries = append(entries, s)
	}
	for _, tool := range kafkaTools(version) {
		heap := ""
		if strings.HasSuffix(tool.script, "-perf-test.sh") || strings.HasPrefix(tool.script, "kafka-console-") {
			heap = "export KAFKA_HEAP_OPTS=\"${KAFKA_HEAP_OPTS:--Xmx512M}\"\n"
		}
		entries = append(entries, entry{
			name: path.Join(root, "bin", tool.script), mode: 0o755, data: fmt.Appendf(nil, template, tool.class, heap),
		})
	}
	return entries, nil
}

func kafkaMajor(version string) string {
	major, _, _ := strings.Cut(version, ".")
	return major
}

func kafkaTools(version string) []kafkaTool {
	tools := []kafkaTool{
		{"kafka-storage.sh", "kafka.tools.StorageTool"},
		{"kafka-topics.sh", "org.apache.kafka.tools.TopicCommand"},
		{"kafka-configs.sh", "kafka.admin.ConfigCommand"},
		{"kafka-console-consumer.sh", "org.apache.kafka.tools.consumer.ConsoleConsumer"},
		{"kafka-consumer-groups.sh", "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"},
		{"kafka-producer-perf-test.sh", "org.apache.kafka.tools.ProducerPerformance"},
		{"kafka-consumer-perf-test.sh", "org.apache.kafka.tools.ConsumerPerformance"},
		{"kafka-metadata-quorum.sh", "org.apache.kafka.tools.MetadataQuorumCommand"},
		{"kafka-leader-election.sh", "org.apache.kafka.tools.LeaderElectionCommand"},
		{"kafka-reassign-partitions.sh", "org.apache.kafka.tools.reassign.ReassignPartitionsCommand"},
		{"kafka-log-dirs.sh", "org.apache.kafka.tools.LogDirsCommand"},
		{"kafka-features.sh", "org.apache.kafka.tools.FeatureCommand"},
	}
	if kafkaMajor(version) >= "4" {
		return append(tools,
			kafkaTool{"kafka-console-producer.sh", "org.apache.kafka.tools.ConsoleProducer"},
			kafkaTool{"kafka-acls.sh", "org.apache.kafka.tools.AclCommand"},
			kafkaTool{"kafka-broker-api-versions.sh", "org.apache.kafka.tools.BrokerApiVersionsCommand"})
	}
	return append(tools,
		kafkaTool{"kafka-console-producer.sh", "kafka.tools.ConsoleProducer"},
		kafkaTool{"kafka-acls.sh", "kafka.admin.AclCommand"},
		kafkaTool{"kafka-broker-api-versions.sh", "kafka.admin.BrokerApiVersionsCommand"},
		kafkaTool{"zookeeper-server-start.sh", "org.apache.zookeeper.server.quorum.QuorumPeerMain"},
		kafkaTool{"zookeeper-shell.sh", "org.apache.zookeeper.ZooKeeperMainWithTlsSupportForKafka"})
}
