package kafkapreferredleaders

import (
	"net"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"kops/internal/module"
	"kops/internal/module/moduletest"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

func TestArguments(t *testing.T) { moduletest.Run(t, New(), nil) }

func TestNothingToElect(t *testing.T) {
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(4, "orders"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	h := remotetest.New()
	h.OnDial = net.Dial
	spec, errs := New().Decode(value.NewMap("bootstrap", fake.ListenAddrs()[0]))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	change, err := spec.Plan(t.Context(), h)
	if err != nil || change.Predict != module.None || len(change.Steps) > 0 {
		t.Errorf("every replica is the preferred one: %+v, %v", change, err)
	}
}
