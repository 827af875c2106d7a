//go:build lab

package tests

import (
	"strings"
	"testing"
	"time"

	"kops/internal/event"
	"kops/internal/report/jsonl"
)

// A jar of the lab's artifact server, and its checksum.
const (
	jarURL = "http://10.99.0.1:8900/jmx/1.0.1/jmx_prometheus_httpserver-1.0.1.jar"
	jarSum = "sha256:a493eb637f9eb827dc3bee2a8cb0dc6bf2b291ace896d4ebfe98b055e394ab1b"
)

// moreTrips are the modules whose unchanged task needs more than one round trip, and why.
var moreTrips = map[string]struct {
	trips int64
	why   string
}{
	"raw":              {2, "a process of its own is started and then handed its script, of which the list of processes must show nothing"},
	"command":          {2, "as raw"},
	"shell":            {2, "as raw"},
	"docker_container": {2, "Docker's socket is root's: a process on the host connects to it, which is started as one for raw"},
	"docker_image":     {2, "as docker_container"},
	"docker_volume":    {2, "as docker_container"},
	"kafka_health":     {4, "the task is a conversation: it asks each broker, through a tunnel each"},
	"zookeeper_health": {2, "the task is a conversation: one question for each four-letter word"},
	"zookeeper_info":   {2, "as zookeeper_health"},

	"kafka_can_stop":          {4, "as kafka_health"},
	"kafka_cluster_info":      {4, "as kafka_health"},
	"kafka_config":            {4, "as kafka_health"},
	"kafka_log_level":         {4, "as kafka_health"},
	"kafka_preferred_leaders": {4, "as kafka_health"},
	"kafka_quota":             {4, "as kafka_health"},
	"kafka_topic":             {4, "as kafka_health"},
	"kafka_preflight_facts":   {2, "the first opens the shell, so that it does not count against the host's clock, which the second reads"},
}

// TestLabRoundTrips counts how often an unchanged task of each module asks its host: once at most, as its event says. It needs
// the fleet as TestLabFleet leaves it, for Docker, Kafka and ZooKeeper.
func TestLabRoundTrips(t *testing.T) {
	must(t, time.Minute, "lab/lab", "reset", "spare21")
	defer must(t, time.Minute, "lab/lab", "down", "spare21")
	on(t, "spare21", "sudo apt-get update -qq")
	args := []string{"run", "lab/tests/" + roundTrips, "-i", "lab/tests/testdata/roundtrips/inventory.yaml", "-i", "inventory/lab.yaml", "--json",
		"-e", "fetched=" + t.TempDir(), "-e", "url=" + jarURL, "-e", "checksum=" + jarSum}
	must(t, 3*time.Minute, "bin/kops", args...)
	out := must(t, 3*time.Minute, "bin/kops", args...)
	on(t, "ops1", "sudo docker rm -f roundtrips >/dev/null && sudo docker volume rm roundtrips >/dev/null")

	tasks := map[int]event.TaskStarted{}
	counted := 0
	for line, err := range jsonl.Read(strings.NewReader(out)) {
		if err != nil {
			t.Fatalf("%v\n%s", err, tail(out))
		}
		switch e := line.Event.(type) {
		case event.TaskStarted:
			tasks[e.Task] = e
		case event.Result:
			task := tasks[e.Task]
			if _, loop := e.Result.Get("results"); loop || strings.HasPrefix(task.Name, "opens ") {
				continue // its items are counted; what is opened once stays open
			}
			counted++
			if e.Status != event.OK && task.Module != "fail" {
				t.Errorf("%s (%s): %s, not unchanged: %s", task.Name, task.Module, e.Status, e.Msg)
			}
			limit := max(1, moreTrips[task.Module].trips)
			if e.RoundTrips > limit {
				t.Errorf("%s (%s): %d round trips, more than %d", task.Name, task.Module, e.RoundTrips, limit)
			}
		}
	}
	t.Logf("%d unchanged tasks", counted)
}
