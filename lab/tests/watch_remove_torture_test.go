//go:build lab && torture

package tests

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// takenBack removes the monitoring, finds nothing of it left but the data, and brings it again.
func takenBack(t *testing.T) {
	removed := time.Now()
	out := watch(t, "monitoring-remove.yaml")
	rolled := map[string]int{}
	for _, m := range restarted.FindAllStringSubmatch(out, -1) {
		rolled[m[1]]++
	}
	for _, m := range watched[1:] {
		if rolled[m] != 1 {
			t.Errorf("%s was restarted %d times, want once", m, rolled[m])
		}
	}
	unchanged(t, watch(t, "monitoring-remove.yaml"), len(watched))
	for _, m := range watched {
		left := on(t, m, `sudo find /etc /usr/local /opt /var/cache/kops /home -xdev \( -iname '*exporter*' -o -iname '*grafana*' -o -iname '*prometheus*' -o -iname '*alertmanager*' -o -name 'kops-jmx*' -o -name jmx \) 2>/dev/null; `+
			`getent passwd | grep exporter; systemctl list-units --all --plain --no-legend '*exporter*'; ss -ltnH | grep -E ':(7071|9090|9093|9100|9308|9999|3000) '; `+
			`! command -v docker >/dev/null || sudo docker ps -aq; true`)
		if strings.TrimSpace(left) != "" {
			t.Errorf("%s still has\n%s", m, left)
		}
	}
	if volumes := on(t, "spare50", "sudo docker volume ls -q | sort | xargs"); !strings.Contains(volumes, "grafana-data prometheus-data") {
		t.Errorf("the data is gone: volumes %s", volumes)
	}

	watch(t, "monitoring.yaml")
	unchanged(t, watch(t, "monitoring.yaml"), len(watched))
	// What was measured before the removal is there.
	past := fmt.Sprintf(`up{job="node",instance="spare51:9100"} @ %d`, removed.Unix()-10)
	if kept, err := query(t, past); err != nil || len(kept) != 1 {
		t.Errorf("the measurements: %v %v", kept, err)
	}

	t.Run("the data too", func(t *testing.T) {
		watch(t, "monitoring-remove.yaml", "-l", "ops", "-e", `{"remove_data": true}`)
		if volumes := on(t, "spare50", "sudo docker volume ls -q"); strings.TrimSpace(volumes) != "" {
			t.Errorf("volumes %s are left", volumes)
		}
	})
}
