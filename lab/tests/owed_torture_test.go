//go:build lab && torture

package tests

import (
	"fmt"
	"os/exec"
	"testing"
	"time"
)

// TestTortureOwed ends runs in many places, in the ways in which they end early, and has another
// controller run the playbook once more, mended or as it was.
func TestTortureOwed(t *testing.T) {
	must(t, 3*time.Minute, "lab/lab", "reset", "spare11", "spare12")
	defer must(t, 3*time.Minute, "lab/lab", "down", "spare11", "spare12")
	o := newOrdeal(t, spares)
	all := o.undisturbed(t)
	places := func(t *testing.T, n int, early func(t *testing.T) func(*exec.Cmd)) {
		const handshakes, ends = 20, 15 // of both hosts: before and after them nothing is asked, and runs differ a little
		for i := range n {
			at := handshakes + i*(all-handshakes-ends)/n
			t.Run(fmt.Sprintf("piece %d", at), func(t *testing.T) { o.trial(t, at, 2+i%2, early(t)) })
		}
	}
	t.Run("killed", func(t *testing.T) { places(t, 72, o.kill) })
	t.Run("connections cut", func(t *testing.T) {
		places(t, 24, func(t *testing.T) func(*exec.Cmd) { return o.met(t, func(*exec.Cmd) { o.gate.cut() }) })
	})
	t.Run("host rebooted", func(t *testing.T) {
		places(t, 6, func(t *testing.T) func(*exec.Cmd) {
			return o.met(t, func(*exec.Cmd) {
				must(t, 3*time.Minute, "lab/lab", "reboot", "spare11")
				o.gate.let()
			})
		})
	})
	t.Run("disk full", func(t *testing.T) {
		defer o.fill(t)()
		places(t, 12, func(t *testing.T) func(*exec.Cmd) {
			early := o.met(t, func(*exec.Cmd) {
				o.everywhere(t, full)
				o.gate.let()
			})
			return func(cmd *exec.Cmd) {
				early(cmd)
				o.everywhere(t, "rm -f /srv/full")
			}
		})
	})
}
