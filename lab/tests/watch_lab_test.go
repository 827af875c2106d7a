//go:build lab

package tests

import (
	"testing"
	"time"
)

const watchedInventory = "lab/tests/testdata/watch/inventory.yaml"

// watchFails runs a playbook on the fleet that is looked at, whether it succeeds or not.
func watchFails(t *testing.T, playbook string, args ...string) (string, error) {
	t.Helper()
	return command(t, 10*time.Minute, "bin/kops", append([]string{"run", "playbooks/" + playbook, "-i", watchedInventory}, args...)...)
}

// watch is watchFails for what has to succeed.
func watch(t *testing.T, playbook string, args ...string) string {
	t.Helper()
	out, err := watchFails(t, playbook, args...)
	if err != nil {
		t.Fatalf("%s: %v\n%s", playbook, err, tail(out))
	}
	return out
}
