// Package kafkatest brings a cluster inside the test process to a module's tests.
package kafkatest

import (
	"net"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"kops/internal/module"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

// A Cluster is three brokers and a host that reaches them.
type Cluster struct {
	*kfake.Cluster
	Host *remotetest.Host
}

// Start starts a cluster for the length of the test.
func Start(t *testing.T, opts ...kfake.Opt) *Cluster {
	t.Helper()
	fake, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(3)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	h := remotetest.New()
	h.OnDial = net.Dial
	return &Cluster{fake, h}
}

// Decode returns the module's Spec with the cluster as its bootstrap.
func (c *Cluster) Decode(t *testing.T, m *module.Module, kv ...value.Value) module.Spec {
	t.Helper()
	args := value.NewMap(kv...)
	args.Set("bootstrap", c.ListenAddrs()[0])
	args.Set("call_timeout", int64(3))
	spec, errs := m.Decode(args)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return spec
}

// Plan plans.
func (c *Cluster) Plan(t *testing.T, m *module.Module, kv ...value.Value) (module.Change, error) {
	t.Helper()
	return c.Decode(t, m, kv...).Plan(t.Context(), c.Host)
}

// Apply plans and does what is planned, and holds that nothing is left to do then, and that an
// empty plan has no steps. It returns the diffs as one text.
func (c *Cluster) Apply(t *testing.T, m *module.Module, kv ...value.Value) string {
	t.Helper()
	change, err := c.Plan(t, m, kv...)
	if err != nil {
		t.Fatal(err)
	}
	if (change.Predict == module.Changes) != (len(change.Steps) > 0) || (len(change.Steps) > 0) != (len(change.Diffs) > 0) {
		t.Fatalf("prediction %v, %d steps, %d diffs", change.Predict, len(change.Steps), len(change.Diffs))
	}
	for _, step := range change.Steps {
		if out, err := step.Do(t.Context(), c.Host); err != nil || !out.Changed {
			t.Fatalf("%s: changed %v, error %v", step.Summary, out.Changed, err)
		}
	}
	again, err := c.Plan(t, m, kv...)
	if err != nil {
		t.Fatal(err)
	}
	if again.Predict != module.None || len(again.Steps) > 0 {
		t.Errorf("the second time it would change %+v", again.Diffs)
	}
	var diffs strings.Builder
	for _, d := range change.Diffs {
		for line := range strings.Lines(d.Before) {
			diffs.WriteString("-" + line)
		}
		for line := range strings.Lines(d.After) {
			diffs.WriteString("+" + line)
		}
	}
	return diffs.String()
}
