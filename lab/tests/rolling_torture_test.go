//go:build lab && torture

package tests

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestTortureRolling rolls three brokers of each kind of cluster under load, breaks a roll off, and
// upgrades a cluster, takes it back and upgrades it for good.
func TestTortureRolling(t *testing.T) {
	defer must(t, 3*time.Minute, "lab/lab", append([]string{"down"}, rolledMachines...)...)
	r := fresh(t, "zookeeper.yaml", rolledMachines...)
	t.Run("ZooKeeper 3.9.1", func(t *testing.T) { r.on(t).restart() })
	t.Run("ZooKeeper itself", func(t *testing.T) { r.on(t).ensemble() })
	t.Run("refused", func(t *testing.T) { r.on(t).refused() })

	r = fresh(t, "kraft.yaml", rolledMachines...)
	t.Run("KRaft 3.9.1", func(t *testing.T) { r.on(t).restart() })
	t.Run("broken off", func(t *testing.T) { r.on(t).brokenOff() })
	t.Run("upgrade to 4.1.0, and back, and for good", func(t *testing.T) { r.on(t).upgrade() })
	r.inventory = "lab/tests/testdata/rolling/kraft4.yaml"
	t.Run("KRaft 4.1.0", func(t *testing.T) { r.on(t).restart() })
}

func (r rolled) ensemble() {
	out := r.kops("playbooks/rolling-zookeeper.yaml")
	if n := strings.Count(out, "gate: the ensemble can do without "); n != 3 || len(batches(out)) != 3 {
		r.t.Errorf("%d gates opened for %v\n%s", n, batches(out), tail(out))
	}
}

// brokenOff kills a roll while the second broker is out, and goes on.
func (r rolled) brokenOff() {
	t := r.t
	l := startLoad(t, "brokenoff", r.machines...)
	args := []string{"run", "-i", whole(t, r.inventory), whole(t, "playbooks/rolling-config.yaml"), "-e", `{"kafka_settings": {"num.io.threads": 5}}`}
	first := start(t, nil, args...)
	<-first.saidOrDone("(batch 2 of 3")
	order := batches(first.text())
	if len(order) < 2 {
		t.Fatalf("it did not come to its second batch\n%s", tail(first.text()))
	}
	second := order[1]
	eventually(t, 2*time.Minute, "the broker of "+second+" to be out", func() bool {
		return strings.TrimSpace(on(t, second, "systemctl is-active kafka-server || true")) != "active"
	})
	_ = first.cmd.Process.Kill()
	first.wait(0)
	out := must(t, 10*time.Minute, "bin/kops", args...)
	l.end(t)
	if got := restartedIn(out); len(got) == 0 || len(got) > 2 {
		t.Errorf("the second run restarted %v: only those that still needed it should be\n%s", got, tail(out))
	}
	unchanged(t, must(t, 3*time.Minute, "bin/kops", args...), 3)
}

// whole is the whole path of a file of the repository.
func whole(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// restartedIn are the hosts on which a run restarted the broker.
func restartedIn(out string) []string {
	var hosts []string
	for _, m := range restarted.FindAllStringSubmatch(out, -1) {
		hosts = append(hosts, m[1])
	}
	return hosts
}

func (r rolled) upgrade() {
	t := r.t
	l := startLoad(t, "upgrade", r.machines...)
	for _, version := range []string{"4.1.0", "3.9.1", "4.1.0"} {
		r.kops("playbooks/upgrade.yaml", "-e", "kafka_version="+version)
		for _, m := range r.machines {
			open := on(t, m, "sudo ls -l /proc/$(systemctl show --property=MainPID --value kafka-server)/fd")
			if !strings.Contains(open, "kafka_2.13-"+version+".jar") {
				t.Errorf("the broker of %s does not run %s\n%s", m, version, open)
			}
		}
	}
	r.kops("playbooks/upgrade.yaml", "-e", "kafka_version=4.1.0", "-e", "kafka_upgrade_finish=true")
	l.end(t)
}
