//go:build lab

package tests

import (
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// A realCluster is an inventory and its machines.
type realCluster struct {
	name     string
	machines []string
}

// Three real clusters, each of three spare hosts: one for each way in which brokers find a controller
// and write logs.
var clusters = []realCluster{
	{"zookeeper", []string{"spare40", "spare41", "spare42"}},
	{"kraft3", []string{"spare43", "spare44", "spare45"}},
	{"kraft4", []string{"spare46", "spare47", "spare48"}},
}

// TestLabKafkaModules has the kafka modules talk to a real cluster; TestTortureKafkaModules tries each kind.
func TestLabKafkaModules(t *testing.T) { tryModules(t, clusters[2:]) }

// tryModules tries the modules on clusters, which come up at the same time.
func tryModules(t *testing.T, clusters []realCluster) {
	t.Helper()
	var machines []string
	for _, c := range clusters {
		machines = append(machines, c.machines...)
	}
	must(t, 5*time.Minute, "lab/lab", append([]string{"reset"}, machines...)...)
	defer must(t, 5*time.Minute, "lab/lab", append([]string{"down"}, machines...)...)
	var wait sync.WaitGroup
	for _, c := range clusters {
		wait.Go(func() {
			if out, err := command(t, 12*time.Minute, "bin/kops", "run", "-i", "lab/tests/testdata/kafka/"+c.name+".yaml", "playbooks/cluster.yaml"); err != nil {
				t.Errorf("%s: %v\n%s", c.name, err, tail(out))
			}
		})
	}
	wait.Wait()
	if t.Failed() {
		return
	}
	for _, c := range clusters {
		t.Run(c.name, func(t *testing.T) {
			run := func(args ...string) (string, error) {
				return command(t, 3*time.Minute, "bin/kops", append([]string{"run", "-i", "lab/tests/testdata/kafka/" + c.name + ".yaml", "lab/tests/testdata/kafka/modules.yaml"}, args...)...)
			}
			if out, err := run("-t", "clean"); err != nil {
				t.Fatalf("%v\n%s", err, tail(out))
			}
			t.Run("check mode foresees the run", func(t *testing.T) { foreseen(t, run) })
			t.Run("bad input is named", func(t *testing.T) { badInput(t, run) })
			t.Run("a broker is down", func(t *testing.T) { brokerDown(t, run, c.machines) })
			if out, err := run("-t", "clean"); err != nil {
				t.Errorf("%v\n%s", err, tail(out))
			}
		})
	}
}

var taskResult = regexp.MustCompile(`(?m)^TASK \[(.+?)\] \**\n(?:[-+@ ].*\n)*(\w+): \[`)

// results are what came of each task, by its name.
func results(out string) map[string]string {
	found := map[string]string{}
	for _, m := range taskResult.FindAllStringSubmatch(out, -1) {
		found[m[1]] = m[2]
	}
	return found
}

// foreseen holds that what check mode says comes true, and that nothing is left to do then.
func foreseen(t *testing.T, run func(...string) (string, error)) {
	t.Helper()
	predicted, err := run("-t", "set", "--check", "--diff")
	if err != nil {
		t.Fatalf("%v\n%s", err, tail(predicted))
	}
	done, err := run("-t", "set", "--diff")
	if err != nil {
		t.Fatalf("%v\n%s", err, tail(done))
	}
	was := results(done)
	for name, foretold := range results(predicted) {
		if foretold != "unknown" && foretold != was[name] {
			t.Errorf("%s: check mode says %s, the run %s", name, foretold, was[name])
		}
	}
	for _, want := range []string{"+partitions: 3", "+  retention.ms: 86400000", "+User:lab: allow read on topic kops-lab* from host *", "+consumer_byte_rate: 1000000", "+kafka.request.logger: DEBUG", "+log.retention.ms: 604800000"} {
		if !strings.Contains(done, want) {
			t.Errorf("no diff shows %q:\n%s", want, done)
		}
	}
	again, err := run("-t", "set")
	if err != nil {
		t.Fatalf("%v\n%s", err, tail(again))
	}
	for name, outcome := range results(again) {
		if outcome != "ok" {
			t.Errorf("the second time, %s is %s", name, outcome)
		}
	}
	if out, err := run("-t", "look"); err != nil {
		t.Errorf("%v\n%s", err, tail(out))
	}
}

// badInput holds that each mistake fails with the place where it is.
func badInput(t *testing.T, run func(...string) (string, error)) {
	t.Helper()
	out, err := run("-t", "bad")
	if err != nil {
		t.Fatalf("%v\n%s", err, tail(out))
	}
	for _, want := range []string{
		"partitions: topic kops-lab has 3 partitions",
		"replication_factor: topic kops-lab has 3 replicas",
		"Unknown topic config name: retntion.ms",
		"Cannot update these configs dynamically",
		"Logger kafka.nope does not exist",
		"there is no such topic",
		"127.0.0.1:1",
		"asks for no login",
		":9092: it closed the connection: does its listener speak TLS?",
		"no answer from 127.0.0.1:2222 within 2s",
		`no broker is in rack "nowhere"`,
		"have no other in-sync replica",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("nothing says %q:\n%s", want, out)
		}
	}
}

// brokerDown kills a broker: the others tell which, and may not stop themselves until it is back.
func brokerDown(t *testing.T, run func(...string) (string, error), machines []string) {
	t.Helper()
	on(t, machines[2], "sudo systemctl kill -s KILL kafka-server; sudo systemctl stop kafka-server")
	out, err := run("-t", "can_stop")
	if err == nil || !strings.Contains(out, "stopping broker 1 would leave partitions with fewer in-sync replicas than min.insync.replicas") || !strings.Contains(out, "kops-lab-0") {
		t.Errorf("with broker 3 killed, broker 1 may stop: %v\n%s", err, tail(out))
	}
	on(t, machines[2], "sudo systemctl start kafka-server")
	if out, err := run("-t", "healthy,can_stop"); err != nil {
		t.Errorf("with broker 3 back: %v\n%s", err, tail(out))
	}
}
