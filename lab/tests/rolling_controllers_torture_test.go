//go:build lab && torture

package tests

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestTortureRollingControllers rolls a cluster under load whose controllers have hosts of their own: these first, their leader last,
// then the brokers.
func TestTortureRollingControllers(t *testing.T) {
	controllers, brokers := []string{"spare65", "spare66", "spare67"}, []string{"spare68", "spare69", "spare70"}
	all := slices.Concat(controllers, brokers)
	defer must(t, 3*time.Minute, "lab/lab", append([]string{"down"}, all...)...)
	must(t, 3*time.Minute, "lab/lab", append([]string{"reset"}, all...)...)
	r := rolled{t, "lab/tests/testdata/rolling/controllers.yaml", brokers}
	r.kops("lab/tests/testdata/rolling/controllers-install.yaml")
	const roll = "lab/tests/testdata/rolling/controllers-roll.yaml"

	l := startLoad(t, "controllers", brokers...)
	leader := func() string {
		t.Helper()
		out := must(t, time.Minute, "bin/kops", "run", "-i", r.inventory, "lab/tests/testdata/rolling/controller.yaml", "--limit", brokers[0])
		m := controllerLine.FindStringSubmatch(out)
		if m == nil {
			t.Fatalf("no controller in\n%s", out)
		}
		return controllers[slices.Index([]string{"101", "102", "103"}, m[1])]
	}
	before := leader()
	out := r.kops(roll)
	if order := batches(out); len(order) != 3 || order[2] != before {
		t.Errorf("order %v, with the leader on %s", order, before)
	}
	if n := strings.Count(out, "gate: the controllers' quorum can do without "); n != 3 {
		t.Errorf("%d gates opened\n%s", n, tail(out))
	}
	r.kops("playbooks/rolling-restart.yaml")

	// One is out: no other is touched, and it comes first.
	lead := leader()
	rest := slices.DeleteFunc(slices.Clone(controllers), func(m string) bool { return m == lead })
	on(t, rest[0], "sudo systemctl stop kafka-server")
	out, err := command(t, time.Minute, "bin/kops", "run", "-i", r.inventory, roll, "-e", "kafka_health_timeout=5", "--limit", rest[1])
	if want := fmt.Sprintf("controller %s:9093 does not answer", rest[0]); err == nil || !strings.Contains(out, want) || !strings.Contains(out, "Hosts that were not touched: "+rest[1]) {
		t.Errorf("want a refusal that says %q: %v\n%s", want, err, tail(out))
	}
	if order := batches(r.kops(roll)); len(order) != 3 || order[0] != rest[0] || order[2] != lead {
		t.Errorf("order %v, with %s out and the leader on %s", order, rest[0], lead)
	}
	l.end(t)
}
