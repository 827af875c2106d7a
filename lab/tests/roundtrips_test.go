package tests

import (
	"slices"
	"testing"

	"kops/internal/module"
	"kops/internal/module/all"
	"kops/internal/playbook"
	actions "kops/internal/run/action/all"
)

// roundTrips are the tasks that TestLabRoundTrips counts.
const roundTrips = "testdata/roundtrips/play.yaml"

// notCounted are modules that the lab's fleet cannot try: dnf is not on Debian, where the contract suite
// (internal/module/moduletest) alone holds its round trips, and the fleet's brokers have no authorizer, so that
// kafka_acl is tried by TestLabKafkaModules.
var notCounted = []string{"dnf", "kafka_acl"}

// TestRoundTripsOfEveryModule holds that no module is left out of the counting.
func TestRoundTripsOfEveryModule(t *testing.T) {
	registry := module.NewRegistry(all.Modules()).Override(actions.Modules())
	book, list := playbook.Load(roundTrips, playbook.Options{Known: func(name string) bool {
		_, ok := registry.Find(name)
		return ok
	}})
	if list.HasErrors() {
		t.Fatal(list)
	}
	counted := slices.Clone(notCounted)
	for _, play := range book.Plays {
		for _, entry := range play.Tasks {
			counted = append(counted, playbook.Short(entry.(*playbook.Task).Module))
		}
	}
	for _, m := range slices.Concat(all.Modules(), actions.Modules()) {
		if !slices.Contains(counted, m.Name) {
			t.Errorf("%s has no task in %s: write one that finds nothing to do", m.Name, roundTrips)
		}
	}
}
