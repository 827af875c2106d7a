//go:build lab

package tests

import (
	"context"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// fleet are the machines of inventory/lab.yaml.
var fleet = []string{"zk1", "zk2", "zk3", "kafka1", "kafka2", "kafka3", "ops1"}

const root = "../.."

// command runs a program at the top of the repository and returns what it printed.
func command(t *testing.T, limit time.Duration, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = root
	cmd.WaitDelay = 5 * time.Second // what it started may hold its output
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// must is command for what has to succeed.
func must(t *testing.T, limit time.Duration, name string, args ...string) string {
	t.Helper()
	out, err := command(t, limit, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, tail(out))
	}
	return out
}

func tail(out string) string {
	lines := strings.Split(out, "\n")
	return strings.Join(lines[max(0, len(lines)-80):], "\n")
}

func kops(t *testing.T, playbook string, args ...string) string {
	t.Helper()
	return must(t, 8*time.Minute, "bin/kops", append([]string{"run", "playbooks/" + playbook, "-i", "inventory/lab.yaml"}, args...)...)
}

// on runs a shell line on a machine.
func on(t *testing.T, machine, line string) string {
	t.Helper()
	return must(t, time.Minute, "lab/lab", "ssh", machine, line)
}

var recapLine = regexp.MustCompile(`(?m)^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)`)

// unchanged asserts that the recap names so many machines, with nothing changed or failed.
func unchanged(t *testing.T, out string, machines int) {
	t.Helper()
	seen := 0
	for _, m := range recapLine.FindAllStringSubmatch(out, -1) {
		seen++
		if m[2] != "0" || m[3] != "0" || m[4] != "0" {
			t.Errorf("%s: changed=%s unreachable=%s failed=%s on the second run", m[1], m[2], m[3], m[4])
		}
	}
	if seen != machines {
		t.Errorf("the recap names %d machines, want %d\n%s", seen, machines, tail(out))
	}
}

// verifyFails asserts that verify.yaml fails and says why.
func verifyFails(t *testing.T, want string, args ...string) string {
	t.Helper()
	out, err := command(t, 8*time.Minute, "bin/kops", append([]string{"run", "playbooks/verify.yaml", "-i", "inventory/lab.yaml",
		"-e", "verify_retries=4", "-e", "verify_delay=1"}, args...)...)
	if err == nil {
		t.Fatalf("verify.yaml succeeded, want a failure that says %q", want)
	}
	if !strings.Contains(out, want) {
		t.Errorf("verify.yaml does not say %q:\n%s", want, tail(out))
	}
	return out
}

// What check mode cannot know of monitoring.yaml. A finished fleet leaves nothing unknown.
var (
	// What a Docker that is yet to be installed will have, and how its unit comes to life.
	afterDocker = []string{
		"Start Docker, now and at boot", "Restart Docker", "Image of Prometheus", "Volume of Prometheus", "Prometheus runs", "Image of Grafana", "Volume of Grafana",
		"Grafana runs", "Restart Grafana", "State of the units", "State of the units again",
	}
	// What comes out of archives that are yet to be downloaded.
	afterDownloads = []string{"Unpack node exporter", "Link of node exporter", "Unpack Kafka exporter", "Link of Kafka exporter"}
	// What services answer that are yet to be started again.
	afterServices = []string{
		"The broker listens for JMX", "Preferred replicas lead again", "Does kafka-server.service need a restart?", "Prometheus is ready",
		"Reload Prometheus", "Grafana is ready", "Is the administrator's password set?", "Change the administrator's password",
		"Does Grafana have its first password?", "The administrator's password is one of the two", "Dashboards of your own that are no longer wanted",
	}
	// What verify.yaml asks of services, once any is yet to be started.
	verified = []string{
		"A consumer group for the verification", "A topic for the verification", "Consumer groups with committed offsets", "Alert rules are healthy", "Alert rules are loaded", "Dashboards of Grafana",
		"Data source of Grafana", "Does a consumer group report lag?", "Every target is known to Prometheus, and up", "Nothing is amiss", "Ports are open", "Prometheus answers",
		"Prometheus's targets are up", "Series are complete", "Series are there and fresh", "The cluster is healthy", "The dashboards are there", "The data source is healthy",
		"Units are active (running), are not restarted over and over, and listen", "What could not be verified", "What is amiss with the cluster", "What is well with the cluster", "What was proven",
	}
)

// TestLabFleet is the main job: each step builds on the one before. Check mode is asked before each of them, on bare hosts,
// on hosts where a run was cut off, and on finished ones.
func TestLabFleet(t *testing.T) {
	must(t, 3*time.Minute, "lab/lab", append([]string{"reset"}, fleet...)...)
	cutOff(t, "cluster.yaml", 14)
	checks := cutOff(t, "monitoring.yaml", 25)
	t.Run("what check mode cannot know of the monitoring of bare hosts", func(t *testing.T) {
		unknownTasks(t, checks[0], slices.Concat(afterDocker, afterDownloads, afterServices, verified)...)
	})
	t.Run("check mode on finished hosts", func(t *testing.T) {
		for _, playbook := range []string{"cluster.yaml", "monitoring.yaml"} {
			check := foretold(t, playbook)
			finished(t, check)
			unknownTasks(t, check)
		}
	})
	unchanged(t, kops(t, "monitoring.yaml"), len(fleet))
	t.Run("check mode where an exporter is stopped", func(t *testing.T) {
		on(t, "kafka2", "sudo systemctl stop node-exporter")
		check := foretold(t, "monitoring.yaml")
		if got := check.tell("changed"); !slices.Equal(got, []string{"Start node exporter, now and at boot"}) {
			t.Errorf("check mode says %q would change", got)
		}
		unknownTasks(t, check, verified...)
		on(t, "kafka2", "sudo systemctl start node-exporter")
	})

	t.Run("no Python came along", func(t *testing.T) {
		for _, m := range fleet {
			if out := on(t, m, "command -v python3 python perl6 || echo none"); strings.TrimSpace(out) != "none" {
				t.Errorf("%s has %s", m, out)
			}
		}
	})
	t.Run("verify notices a stopped exporter", func(t *testing.T) {
		on(t, "kafka2", "sudo systemctl stop node-exporter")
		if out := verifyFails(t, "node-exporter.service on kafka2 is inactive"); strings.Contains(out, "RETRYING: [ops1]: Prometheus's targets are up") {
			t.Errorf("it waits for the targets of a host of which it knows that it is not well:\n%s", tail(out))
		}
		on(t, "kafka2", "sudo systemctl start node-exporter")
	})
	t.Run("verify notices a target that is gone", func(t *testing.T) {
		on(t, "ops1", "sudo sed -i.kept s/kafka1:9100/127.0.0.1:1/ $(sudo grep -rl kafka1:9100 /etc/prometheus)")
		defer on(t, "ops1", "for f in $(sudo find /etc/prometheus -name '*.kept'); do sudo mv $f ${f%.kept}; done")
		verifyFails(t, "127.0.0.1:1")
	})
	t.Run("verify notices a killed broker", func(t *testing.T) {
		on(t, "kafka3", "sudo systemctl kill -s KILL kafka-server; sudo systemctl stop kafka-server")
		verifyFails(t, "kafka-server.service on kafka3 is")
		on(t, "kafka3", "sudo systemctl start kafka-server")
	})
	t.Run("a reboot brings everything back", func(t *testing.T) {
		must(t, 3*time.Minute, "lab/lab", append([]string{"reboot"}, fleet...)...)
		kops(t, "verify.yaml")
		unchanged(t, kops(t, "monitoring.yaml"), len(fleet))
	})
}
