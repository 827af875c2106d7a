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
	controllerLine = regexp.MustCompile(`"controller": (\d+)`)
	displacedLine  = regexp.MustCompile(`"not_preferred": (\d+)`)
)

// A rolled is a cluster that is rolled under load: an inventory, and the machines of its brokers 1, 2, …
type rolled struct {
	t         *testing.T
	inventory string
	machines  []string
}

// fresh brings a cluster up on machines that have nothing.
func fresh(t *testing.T, inventory string, machines ...string) rolled {
	t.Helper()
	must(t, 3*time.Minute, "lab/lab", append([]string{"reset"}, machines...)...)
	r := rolled{t, "lab/tests/testdata/rolling/" + inventory, machines}
	r.kops("playbooks/cluster.yaml")
	return r
}

// TestLabRolling rolls the brokers of a KRaft cluster while producers and consumers are at work: nothing is
// lost, and what must not be touched is not.
func TestLabRolling(t *testing.T) {
	defer must(t, 3*time.Minute, "lab/lab", append([]string{"down"}, rolledMachines...)...)
	r := fresh(t, "kraft4.yaml", rolledMachines...)
	t.Run("restart", func(t *testing.T) { r.on(t).restart() })
	t.Run("refused", func(t *testing.T) { r.on(t).refused() })
}

func (r rolled) on(t *testing.T) rolled { return rolled{t, r.inventory, r.machines} }

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
	return r.machines[int(r.says(controllerLine)[0]-'1')]
}

// says is what the cluster says of itself.
func (r rolled) says(line *regexp.Regexp) string {
	r.t.Helper()
	out := must(r.t, time.Minute, "bin/kops", "run", "-i", r.inventory, "lab/tests/testdata/rolling/controller.yaml", "--limit", r.machines[0])
	m := line.FindStringSubmatch(out)
	if m == nil {
		r.t.Fatalf("no %s in\n%s", line, out)
	}
	return m[1]
}

func (r rolled) restart() {
	t := r.t
	l := startLoad(t, "restart-"+filepath.Base(strings.TrimSuffix(r.inventory, ".yaml")), r.machines...)
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
	if n := r.says(displacedLine); n != "0" {
		t.Errorf("%s partitions are not led by their preferred replica", n)
	}
	// A broker that needs nothing is not restarted, and nobody is asked for it.
	out = r.kops("playbooks/rolling-config.yaml")
	unchanged(t, out, 3)
	if strings.Contains(out, "gate: ") {
		t.Errorf("a gate was asked to open, although nothing changes\n%s", tail(out))
	}
}

// goesOn is the command that a roll which ended early gives.
var goesOn = regexp.MustCompile("(the same command goes on from here|for those that are left): .*kops run ")

// refused: what the cluster cannot do without is not touched.
func (r rolled) refused() {
	t := r.t
	l := &load{seeds: []string{r.machines[0] + ":9092"}}
	all := "3"
	makeTopic(t, l, "tight", map[string]*string{"min.insync.replicas": &all})
	refuses := func(want string) {
		t.Helper()
		before := r.started()
		out, err := command(t, 3*time.Minute, "bin/kops", "run", "-i", r.inventory, "playbooks/rolling-restart.yaml", "-e", "kafka_health_timeout=5")
		if err == nil || !strings.Contains(out, want) || !strings.Contains(out, "Hosts that were not touched: ") || !goesOn.MatchString(out) {
			t.Errorf("want a refusal that says %q: %v\n%s", want, err, tail(out))
		}
		if strings.Contains(out, "perhaps out of service") {
			t.Errorf("nothing was touched, and the run says otherwise\n%s", tail(out))
		}
		if after := r.started(); after != before {
			t.Errorf("brokers were restarted: %s, before %s", after, before)
		}
	}
	refuses("fewer in-sync replicas than min.insync.replicas")
	dropTopic(t, l, "tight")
	on(t, r.machines[1], "sudo systemctl stop kafka-server")
	// The broker that is out needs nothing, since this play restarts whatever runs: limit it to the others.
	before := r.started()
	out, err := command(t, 3*time.Minute, "bin/kops", "run", "-i", r.inventory, "playbooks/rolling-restart.yaml", "-e", "kafka_health_timeout=5", "--limit", r.machines[0]+","+r.machines[2])
	if err == nil || !strings.Contains(out, "not registered: broker 2") || r.started() != before {
		t.Errorf("with a broker down, want a refusal that names it: %v\n%s", err, tail(out))
	}
	out, err = command(t, time.Minute, "bin/kops", "run", "-i", r.inventory, "playbooks/rolling-restart.yaml", "-e", "kafka_bootstrap=127.0.0.1:1")
	if err == nil || !strings.Contains(out, "cannot be asked whether it can do without a server") {
		t.Errorf("a cluster that does not answer: %v\n%s", err, tail(out))
	}
	on(t, r.machines[1], "sudo systemctl start kafka-server")
}

// started tells since when the brokers run.
func (r rolled) started() string {
	r.t.Helper()
	var all []string
	for _, m := range r.machines {
		all = append(all, on(r.t, m, "systemctl show --property=ExecMainStartTimestampMonotonic --value kafka-server"))
	}
	return strings.Join(all, " ")
}
