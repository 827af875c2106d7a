//go:build lab && torture

package tests

import (
	"slices"
	"testing"
	"time"
)

// TestTortureCheckMode cuts the installation of the fleet off at twenty places, ten in each playbook: check mode is held
// to its word from each of them.
func TestTortureCheckMode(t *testing.T) {
	t.Parallel() // beside TestTortureOwed: each waits more than it works
	must(t, 3*time.Minute, "lab/lab", append([]string{"reset"}, fleet...)...)
	cutOff(t, "cluster.yaml", 4, 7, 10, 12, 14, 16, 25, 32, 38, 44)
	cutOff(t, "monitoring.yaml", 6, 14, 22, 28, 33, 40, 47, 54, 62, 80)
	for _, playbook := range []string{"cluster.yaml", "monitoring.yaml"} {
		check := foretold(t, playbook)
		finished(t, check)
		if unknown := check.tell("unknown"); !slices.Equal(unknown, nil) {
			t.Errorf("%s on finished hosts: unknown %q", playbook, unknown)
		}
	}
}
