//go:build lab

package tests

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// The machines of the tests of faults of the connection. The last is the healthy one too: as another user for each, since runs wait for
// each other's locks.
var (
	cut    = sick{"spare14", "10.99.0.54", "{ansible_host: 10.99.0.56, ansible_become: false, ansible_user: pw}"}
	odd    = sick{"spare15", "10.99.0.55", "{ansible_host: 10.99.0.56, ansible_become: false}"}
	frozen = sick{"spare16", "10.99.0.56", "{ansible_host: 10.99.0.56, ansible_become: false, ansible_user: plain, ansible_password: kops-lab-plain}"}
)

// TestLabConnectionFaults breaks the connection, sudo or a host's set-up in each run, on three machines at a time.
func TestLabConnectionFaults(t *testing.T) {
	machines := []string{cut.machine, odd.machine, frozen.machine}
	must(t, 3*time.Minute, "lab/lab", append([]string{"reset"}, machines...)...)
	defer must(t, 3*time.Minute, "lab/lab", append([]string{"down"}, machines...)...)
	var all sync.WaitGroup // t.Parallel would run as many as there are cores: this is waiting, not work
	for _, group := range []struct {
		s      sick
		faults []fault
	}{{cut, cuts()}, {odd, oddities(t)}, {frozen, freezes()}} {
		all.Go(func() {
			t.Run(group.s.machine, func(t *testing.T) {
				for _, f := range group.faults {
					t.Run(f.name, func(t *testing.T) { group.s.suffer(t, f) })
				}
			})
		})
	}
	all.Wait()
}

// wall drops every packet from and to a machine, or all beyond a rate, until the function that it returns is called. lab/lab takes
// tables of this name away before it boots a machine, for a test that was killed.
func wall(t *testing.T, s sick, verdict string) func() {
	t.Helper()
	table := fmt.Sprintf("inet kops_%s_%x", s.machine, verdict)
	must(t, time.Minute, "sh", "-c", fmt.Sprintf("nft -f - <<END\ntable %s {\nchain in { type filter hook input priority -10; ip saddr %s %s\n}\n"+
		"chain out { type filter hook output priority -10; ip daddr %s %s\n}\n}\nEND", table, s.address, verdict, s.address, verdict))
	return func() { must(t, time.Minute, "nft", "delete table "+table) }
}

// here is a task that runs for so many seconds, and the condition that it does.
const (
	here = "/run/here"
	wait = "    - shell: touch /run/here; sleep %d; rm /run/here\n"
)

// killer ends the host's end of each SSH connection once a condition holds. The pattern does not match the line that it
// stands in: systemd would end the killer halfway, as soon as its shell is gone.
func killer(condition string) string {
	return fmt.Sprintf(`sudo systemd-run --quiet --collect sh -c "until %s; do sleep 0.05; done; pkill -9 -f '[s]shd: ops'"`, condition)
}

func cuts() []fault {
	const upload = "    - copy: {src: big.bin, dest: /srv/big.bin, mode: '0644'}\n"
	const slow = "limit rate over 400 kbytes/second drop"
	arrived := `find /srv -name '.kops-*~' -size +100k | grep -q .`
	return []fault{
		{name: "sshd killed in a task", prepare: killer("test -e " + here), undo: "sudo rm -f " + here,
			tasks: fmt.Sprintf(wait, 20), code: 4, says: []string{"unreachable: [spare14]: UNREACHABLE! ", "connection lost: the other end closed it"}},
		{name: "sshd killed in an upload", prepare: killer(arrived), wall: slow, tasks: upload, code: 4, says: []string{"unreachable: [spare14]: UNREACHABLE! write /srv/big.bin: spare14: connection lost: the other end closed it"}, check: "ls -A /srv"},
		{name: "the host rebooted", tasks: fmt.Sprintf(wait, 60), during: func(t *testing.T, r *running) {
			until(t, cut.machine, "test -e "+here)
			must(t, time.Minute, "lab/lab", "reboot", cut.machine)
		}, code: 4, says: []string{"unreachable: [spare14]: UNREACHABLE! ", "connection lost: the other end closed it"}, check: "ls -A /srv"},
		{name: "the network cut for half a minute", tasks: fmt.Sprintf(wait, 10), limit: 90 * time.Second, during: func(t *testing.T, r *running) {
			until(t, cut.machine, "test -e "+here)
			defer wall(t, cut, "drop")()
			<-time.After(30 * time.Second)
		}},
		{name: "the network cut for good", vars: "{ansible_ssh_extra_args: -o ServerAliveInterval=1 -o ServerAliveCountMax=3}", tasks: fmt.Sprintf(wait, 60),
			during: func(t *testing.T, r *running) {
				until(t, cut.machine, "test -e "+here)
				defer wall(t, cut, "drop")()
				<-r.saidOrDone("UNREACHABLE!")
			}, undo: "sudo pkill -x sleep; sudo rm -f " + here,
			code: 4, says: []string{"unreachable: [spare14]: UNREACHABLE! ", "connection lost: keep-alives had no answer for 3s"}},
		{name: "a slow network", vars: "{ansible_ssh_extra_args: -o ServerAliveInterval=1 -o ServerAliveCountMax=2}", wall: "limit rate over 200 kbytes/second drop",
			tasks: upload, check: "test $(stat -c %s /srv/big.bin) = 2621440 || echo it is not whole; sudo rm /srv/big.bin"},
		{name: "the network cut in an upload, and back before the run ends", vars: "{ansible_ssh_extra_args: -o ServerAliveInterval=1 -o ServerAliveCountMax=3, ansible_timeout: 3}",
			wall: slow, tasks: upload, during: func(t *testing.T, r *running) {
				until(t, cut.machine, arrived)
				defer wall(t, cut, "drop")()
				<-r.saidOrDone("UNREACHABLE!")
			}, code: 4, says: []string{"connection lost: keep-alives had no answer for 3s"}, check: "ls -A /srv"},
		{name: "a command that hangs", tasks: "    - shell: sleep 300 & sleep 301\n      timeout: 12\n", code: 2,
			says:  []string{"still running: [spare14]", "shell: run sleep 300 & sleep 301 (1", "fatal: [spare14]: FAILED! the task took longer than its timeout of 12 seconds and was ended"},
			check: "pgrep -ax sleep"},
		{name: "a child in the background", tasks: "    - shell: sleep 300 &\n", limit: 10 * time.Second,
			undo: "sudo pkill -x sleep"},
	}
}

// freezes are what holds kops's own calls up. The task that stops the shell is a child of the same connection.
func freezes() []fault {
	const stop = `    - ping:
    - shell: |
        p=$$
        until [ "$(cat /proc/$p/comm)" = sshd ]; do p=$(ps -o ppid= -p $p | tr -d ' '); done
        for s in $(pgrep -P $p); do
          for c in $(pgrep -P $s); do [ "$(tr '\0' ' ' </proc/$c/cmdline)" = "/bin/sh " ] && kill -STOP $c && echo stopped; done
        done
      register: stopped
      failed_when: "'stopped' not in stopped.stdout"
    - stat: {path: /srv}
      ignore_errors: true
      register: looked
    - assert: {that: looked is failed}
    - stat: {path: /srv}
`
	const pam = "/etc/pam.d/sudo"
	return []fault{
		{name: "a read that hangs", tasks: stop, limit: 80 * time.Second,
			says:  []string{"spare16: no answer for 1m0s to: look at /srv; the connection is alive"},
			check: "ps -eo stat=,args= | grep ^T"},
		{name: "sudo hangs", prepare: `printf '#!/bin/sh\nwhile [ -e /tmp/hang ]; do sleep 0.2; done\n' | sudo install -m 755 /dev/stdin /usr/local/sbin/hang; touch /tmp/hang
			sudo sed -i.kept '1i session optional pam_exec.so quiet /usr/local/sbin/hang' ` + pam,
			undo: "rm /tmp/hang; sudo mv " + pam + ".kept " + pam, tasks: id, code: 2, limit: 80 * time.Second,
			says: []string{"fatal: [spare16]: FAILED!", "spare16: become timed out: sudo as ops to root: no answer for 1m0s; does the host's own name resolve on it?"}},
	}
}

// saidOrDone is closed when kops has said something, or has ended.
func (r *running) saidOrDone(text string) <-chan struct{} {
	found := make(chan struct{})
	go func() {
		defer close(found)
		for !strings.Contains(r.text(), text) {
			select {
			case err := <-r.done:
				r.done <- err
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return found
}
