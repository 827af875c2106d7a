//go:build lab

package tests

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var (
	rolledMachines = []string{"spare27", "spare28", "spare29"}
	batchLine      = regexp.MustCompile(`\(batch \d of \d: (\w+)\)`)
	restartLine    = regexp.MustCompile(`TASK \[Restart the broker\] \*+\n(?:(?:gate|still).*\n)*changed: \[(\w+)\]`)
	controllerLine = regexp.MustCompile(`"controller": (\d+)`)
)

// A rolled is a cluster that is rolled under load.
type rolled struct {
	t         *testing.T
	inventory string
}

// TestLabRolling rolls three brokers of each kind of cluster while producers and consumers are at work:
// nothing is lost, and what must not be touched is not.
func TestLabRolling(t *testing.T) {
	fresh := func(inventory string) rolled {
		must(t, 3*time.Minute, "lab/lab", append([]string{"reset"}, rolledMachines...)...)
		r := rolled{t, "lab/tests/testdata/rolling/" + inventory}
		r.kops("playbooks/cluster.yaml")
		return r
	}
	defer must(t, 3*time.Minute, "lab/lab", append([]string{"down"}, rolledMachines...)...)

	r := fresh("zookeeper.yaml")
	t.Run("ZooKeeper 3.9.1", func(t *testing.T) { r.on(t).restart() })
	t.Run("ZooKeeper itself", func(t *testing.T) { r.on(t).ensemble() })
	t.Run("refused", func(t *testing.T) { r.on(t).refused() })

	r = fresh("kraft.yaml")
	t.Run("KRaft 3.9.1", func(t *testing.T) { r.on(t).restart() })
	t.Run("broken off", func(t *testing.T) { r.on(t).brokenOff() })
	t.Run("upgrade to 4.1.0, and back, and for good", func(t *testing.T) { r.on(t).upgrade() })
	r.inventory = "lab/tests/testdata/rolling/kraft4.yaml"
	t.Run("KRaft 4.1.0", func(t *testing.T) { r.on(t).restart() })
}

func (r rolled) on(t *testing.T) rolled { return rolled{t, r.inventory} }

func (r rolled) kops(playbook string, args ...string) string {
	r.t.Helper()
	return must(r.t, 10*time.Minute, "bin/kops", append([]string{"run", "-i", r.inventory, playbook}, args...)...)
}

// batches are the hosts of each batch, in their order.
func batches(out string) []string {
	var hosts []string
	for _, m := range batchLine.FindAllStringSubmatch(out, -1) {
		hosts = append(hosts, m[1])
	}
	return hosts
}

// controller is the broker that controls the cluster, by its host.
func (r rolled) controller() string {
	r.t.Helper()
	out := must(r.t, time.Minute, "bin/kops", "run", "-i", r.inventory, "lab/tests/testdata/rolling/controller.yaml", "--limit", "spare27")
	m := controllerLine.FindStringSubmatch(out)
	if m == nil {
		r.t.Fatalf("no controller in\n%s", out)
	}
	return rolledMachines[int(m[1][0]-'1')]
}

func (r rolled) restart() {
	t := r.t
	l := startLoad(t, "restart", rolledMachines...)
	controls := r.controller()
	out := r.kops("playbooks/rolling-restart.yaml")
	l.end(t)
	// The first broker may take the controller's place while it starts; then another is the last.
	if order := batches(out); len(order) != 3 || order[0] == controls {
		t.Errorf("rolled %v, with the controller on %s", order, controls)
	}
	if n := strings.Count(out, "gate: the cluster can do without "); n != 3 {
		t.Errorf("%d gates opened\n%s", n, tail(out))
	}
	// A broker that needs nothing is not restarted, and nobody is asked for it.
	out = r.kops("playbooks/rolling-config.yaml")
	unchanged(t, out, 3)
}

func (r rolled) ensemble() {
	out := r.kops("playbooks/rolling-zookeeper.yaml")
	if n := strings.Count(out, "gate: the ensemble can do without "); n != 3 || len(batches(out)) != 3 {
		r.t.Errorf("%d gates opened for %v\n%s", n, batches(out), tail(out))
	}
}

// refused: what the cluster cannot do without is not touched.
func (r rolled) refused() {
	t := r.t
	l := &load{seeds: []string{"spare27:9092"}}
	all := "3"
	makeTopic(t, l, "tight", map[string]*string{"min.insync.replicas": &all})
	refuses := func(want string) {
		t.Helper()
		before := r.started()
		out, err := command(t, 3*time.Minute, "bin/kops", "run", "-i", r.inventory, "playbooks/rolling-restart.yaml", "-e", "kafka_health_timeout=5")
		if err == nil || !strings.Contains(out, want) || !strings.Contains(out, "Hosts that were not touched: ") || !strings.Contains(out, "the same command goes on from here: ") {
			t.Errorf("want a refusal that says %q: %v\n%s", want, err, tail(out))
		}
		if after := r.started(); after != before {
			t.Errorf("brokers were restarted: %s, before %s", after, before)
		}
	}
	refuses("fewer in-sync replicas than min.insync.replicas")
	dropTopic(t, l, "tight")
	on(t, "spare28", "sudo systemctl stop kafka-server")
	// The broker that is out needs nothing, since this play restarts whatever runs: limit it to the others.
	before := r.started()
	out, err := command(t, 3*time.Minute, "bin/kops", "run", "-i", r.inventory, "playbooks/rolling-restart.yaml", "-e", "kafka_health_timeout=5", "--limit", "spare27,spare29")
	if err == nil || !strings.Contains(out, "not registered: broker 2") || r.started() != before {
		t.Errorf("with a broker down, want a refusal that names it: %v\n%s", err, tail(out))
	}
	out, err = command(t, time.Minute, "bin/kops", "run", "-i", r.inventory, "playbooks/rolling-restart.yaml", "-e", "kafka_bootstrap=127.0.0.1:1")
	if err == nil || !strings.Contains(out, "cannot be asked whether it can do without a server") {
		t.Errorf("a cluster that does not answer: %v\n%s", err, tail(out))
	}
	on(t, "spare28", "sudo systemctl start kafka-server")
}

// started tells since when the brokers run.
func (r rolled) started() string {
	r.t.Helper()
	var all []string
	for _, m := range rolledMachines {
		all = append(all, on(r.t, m, "systemctl show --property=ExecMainStartTimestampMonotonic --value kafka-server"))
	}
	return strings.Join(all, " ")
}

// brokenOff kills a roll while the second broker is out, and goes on.
func (r rolled) brokenOff() {
	t := r.t
	l := startLoad(t, "brokenoff", rolledMachines...)
	args := []string{"run", "-i", top(t, r.inventory), top(t, "playbooks/rolling-config.yaml"), "-e", `{"kafka_settings": {"num.io.threads": 5}}`}
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

// top is the whole path of a file of the repository.
func top(t *testing.T, name string) string {
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
	for _, m := range restartLine.FindAllStringSubmatch(out, -1) {
		hosts = append(hosts, m[1])
	}
	return hosts
}

func (r rolled) upgrade() {
	t := r.t
	l := startLoad(t, "upgrade", rolledMachines...)
	for _, version := range []string{"4.1.0", "3.9.1", "4.1.0"} {
		r.kops("playbooks/upgrade.yaml", "-e", "kafka_version="+version)
		for _, m := range rolledMachines {
			open := on(t, m, "sudo ls -l /proc/$(systemctl show --property=MainPID --value kafka-server)/fd")
			if !strings.Contains(open, "kafka_2.13-"+version+".jar") {
				t.Errorf("the broker of %s does not run %s\n%s", m, version, open)
			}
		}
	}
	r.kops("playbooks/upgrade.yaml", "-e", "kafka_version=4.1.0", "-e", "kafka_upgrade_finish=true")
	l.end(t)
}
