//go:build lab && torture

package tests

import (
	"fmt"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// pairs are the machines of TestTortureOwed: each pair bears one trial at a time.
var pairs = []map[string]string{
	spares,
	{"spare32": "10.99.0.72", "spare33": "10.99.0.73"},
	{"spare34": "10.99.0.74", "spare35": "10.99.0.75"},
	{"spare36": "10.99.0.76", "spare37": "10.99.0.77"},
}

// TestTortureOwed ends runs in many places, in the ways in which they end early, and has another
// controller run the playbook once more, mended or as it was.
func TestTortureOwed(t *testing.T) {
	t.Parallel()
	var machines []string
	for _, pair := range pairs {
		for name := range pair {
			machines = append(machines, name)
		}
	}
	must(t, 3*time.Minute, "lab/lab", append([]string{"reset"}, machines...)...)
	defer must(t, 3*time.Minute, "lab/lab", append([]string{"down"}, machines...)...)
	var ordeals []*ordeal
	free := make(chan *ordeal, len(pairs))
	for _, pair := range pairs {
		o := newOrdeal(t, pair)
		ordeals = append(ordeals, o)
		free <- o
	}
	all := ordeals[0].undisturbed(t)

	// Each trial takes the next pair that is free: t.Parallel would run as many as there are cores, and this is waiting, not work.
	places := func(t *testing.T, n int, early func(t *testing.T, o *ordeal) func(*exec.Cmd)) {
		const handshakes, ends = 20, 15 // of both hosts: before and after them nothing is asked, and runs differ a little
		var trials sync.WaitGroup
		defer trials.Wait()
		for i := range n {
			at := handshakes + i*(all-handshakes-ends)/n
			o := <-free
			trials.Go(func() {
				defer func() { free <- o }()
				t.Run(fmt.Sprintf("piece %d", at), func(t *testing.T) { o.trial(t, at, 2+i%2, early(t, o)) })
			})
		}
	}
	t.Run("killed", func(t *testing.T) {
		places(t, 72, func(t *testing.T, o *ordeal) func(*exec.Cmd) { return o.kill(t) })
	})
	t.Run("connections cut", func(t *testing.T) {
		places(t, 24, func(t *testing.T, o *ordeal) func(*exec.Cmd) {
			return o.met(t, func(*exec.Cmd) { o.gate.cut() })
		})
	})
	t.Run("host rebooted", func(t *testing.T) {
		places(t, 6, func(t *testing.T, o *ordeal) func(*exec.Cmd) {
			return o.met(t, func(*exec.Cmd) {
				must(t, 3*time.Minute, "lab/lab", "reboot", o.hosts[0])
				o.gate.let()
			})
		})
	})
	t.Run("disk full", func(t *testing.T) {
		for _, o := range ordeals {
			defer o.fill(t)()
		}
		places(t, 12, func(t *testing.T, o *ordeal) func(*exec.Cmd) {
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
