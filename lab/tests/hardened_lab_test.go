//go:build lab

package tests

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// exposures are how much of a host each exporter's unit may reach, as systemd-analyze security counts it (0 nothing,
// 10 all), and the exporter's port.
var exposures = map[string]struct {
	most float64
	port int
}{
	"jmx-exporter":   {1.4, 7071},
	"node-exporter":  {2.2, 9100},
	"kafka-exporter": {1.4, 9308},
}

// bareUnit starts an exporter once more, without what its unit keeps from it, and prints the series of which only one
// of the two tells. File systems that were mounted since the unit was started, where a unit is easily blind, are there.
const bareUnit = `set -eu
unit=%[1]s port=%[2]d
for folder in /home/later /tmp/later; do sudo mkdir -p $folder; mountpoint -q $folder || sudo mount -t tmpfs -o size=1m later $folder; done
sed -n '/^\[Service\]/,/^RestartSec/p' /etc/systemd/system/$unit.service | sed "s/\b$port\b/1$port/" | sudo tee /run/systemd/system/bare-$unit.service >/dev/null
sudo systemctl daemon-reload
sudo systemctl start bare-$unit
series() { curl -sf --retry 30 --retry-delay 1 --retry-connrefused http://127.0.0.1:$1/metrics | grep -v '^#' | sed 's/ [^ ]*$//' | sort; }
series 1$port >/tmp/bare.$unit
series $port >/tmp/shut.$unit
[ "$(wc -l </tmp/shut.$unit)" -gt 30 ] || echo "few series: $(wc -l </tmp/shut.$unit)"
diff /tmp/bare.$unit /tmp/shut.$unit || true
sudo systemctl stop bare-$unit
sudo rm /run/systemd/system/bare-$unit.service /tmp/bare.$unit /tmp/shut.$unit
sudo umount /home/later /tmp/later`

// hardened holds that exporters of a machine reach little of it, and tell as much as they would without that.
func hardened(t *testing.T, machine string, units ...string) {
	t.Helper()
	for _, unit := range units {
		e := exposures[unit]
		out, err := command(t, time.Minute, "lab/lab", "ssh", machine, fmt.Sprintf("systemd-analyze security --no-pager --threshold=%.0f %s", e.most*10, unit))
		if err != nil {
			t.Errorf("%s of %s is exposed more than %.1f:\n%s", unit, machine, e.most, out)
		}
		lines := strings.Split(strings.TrimSpace(out), "\n")
		t.Logf("%s: %s", machine, lines[len(lines)-1])
		if odd := on(t, machine, fmt.Sprintf(bareUnit, unit, e.port)); strings.TrimSpace(odd) != "" {
			t.Errorf("%s of %s tells something else than without its limits (<: only without them):\n%s", unit, machine, odd)
		}
		on(t, machine, "systemctl show -P User "+unit+" | grep -qx "+unit)
	}
}
