//go:build lab && torture

package tests

import (
	"path/filepath"
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

// TestTortureWatch is the monitoring, looked at closely: with traffic in the cluster, under faults, and taken back.
func TestTortureWatch(t *testing.T) {
	must(t, 3*time.Minute, "lab/lab", append([]string{"reset"}, watched...)...)
	defer must(t, 3*time.Minute, "lab/lab", append([]string{"down"}, watched...)...)
	watch(t, "cluster.yaml")
	watch(t, "monitoring.yaml")
	t.Run("with traffic", func(t *testing.T) {
		traffic(t)
		t.Run("every panel of the dashboards has an answer", func(t *testing.T) {
			watch(t, "grafana.yaml", "-e", "grafana_own_dashboards="+filepath.Join(top(t), "lab/tests/testdata/watch/dashboards"))
			dashboardsAnswer(t)
		})
		t.Run("lag is what Kafka says", func(t *testing.T) { lagIsKafkas(t, false) })
	})
	t.Run("lag at rest is what Kafka says", func(t *testing.T) { lagIsKafkas(t, true) })
	t.Run("an export that asks for what nobody has", unknownInput)
	t.Run("what promtool rejects", oldOneStays)
	t.Run("a ZooKeeper without metrics of its own", noMetricsOfItsOwn)
	t.Run("a password that was changed by hand", passwordByHand)
	t.Run("an alert arrives", alertArrives)
	t.Run("the monitoring is taken back", takenBack)
}

// top is the repository's folder.
func top(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
