//go:build lab

package tests

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// restarted finds the hosts on which a run restarted the broker.
var restarted = regexp.MustCompile(`TASK \[Restart the broker\] \*+\n(?:(?:gate|still).*\n)*changed: \[(\w+)\]`)

// TestLabKRaft installs Kafka 4 without ZooKeeper, where no group but "kafka" is in the inventory.
func TestLabKRaft(t *testing.T) {
	brokers := []string{"spare1", "spare2", "spare3"}
	must(t, 3*time.Minute, "lab/lab", append([]string{"reset"}, brokers...)...)
	defer must(t, 3*time.Minute, "lab/lab", append([]string{"down"}, brokers...)...)
	run := func(args ...string) string {
		t.Helper()
		return must(t, 8*time.Minute, "bin/kops", append([]string{"run", "-i", "lab/tests/testdata/kraft.yaml"}, args...)...)
	}
	run("playbooks/cluster.yaml")
	unchanged(t, run("playbooks/cluster.yaml"), len(brokers))

	exporters := []string{"playbooks/jmx.yaml", "playbooks/jmx-exporter.yaml", "playbooks/node-exporter.yaml"}
	run(append(exporters, "playbooks/verify.yaml")...)
	unchanged(t, run(exporters...), len(brokers))

	before := on(t, "spare1", "sudo cat /var/lib/kafka/meta.properties")
	out := run("playbooks/cluster.yaml", "-e", `{"kafka_settings": {"num.io.threads": 5}}`)
	rolled := map[string]bool{}
	for _, m := range restarted.FindAllStringSubmatch(out, -1) {
		if rolled[m[1]] {
			t.Errorf("%s was restarted twice", m[1])
		}
		rolled[m[1]] = true
	}
	if len(rolled) != len(brokers) {
		t.Errorf("a changed setting restarted %v, want each of %v\n%s", rolled, brokers, tail(out))
	}
	if after := on(t, "spare1", "sudo cat /var/lib/kafka/meta.properties"); after != before {
		t.Errorf("the storage was formatted again:\n%s\nbefore:\n%s", after, before)
	}

	out, err := command(t, time.Minute, "bin/kops", "run", "-i", "lab/tests/testdata/kraft.yaml", "playbooks/cluster.yaml", "-e", "kafka_cluster_name=other")
	if err == nil || !strings.Contains(out, "/var/lib/kafka on spare1 was made for another broker, cluster or kafka_mode") {
		t.Errorf("another cluster's name: error %v, want a failure that says so\n%s", err, tail(out))
	}
}
