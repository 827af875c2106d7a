//go:build lab

package tests

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// lockBook has one host pause until the other's folder has a file, so that a test can act in between; each
// writes down that it has worked.
const lockBook = `
- hosts: all
  gather_facts: false
  tasks:
    - shell: touch /srv/came-{{ run }}
    - shell: until [ -e /srv/go-{{ run }} ]; do sleep 0.05; done
      when: inventory_hostname == 'spare12'
    - shell: echo {{ run }} >>/srv/worked
    - shell: flock -n /run/kops.lock true && echo the lock is free
      register: free
      failed_when: free.rc == 0
      changed_when: false
`

// TestLabLock has two runs on the same real hosts.
func TestLabLock(t *testing.T) {
	must(t, 3*time.Minute, "lab/lab", "up", "spare11", "spare12")
	defer must(t, 3*time.Minute, "lab/lab", "down", "spare11", "spare12")
	o := newOrdeal(t, spares)
	for _, dir := range o.dirs {
		write(t, filepath.Join(dir, "site.yaml"), lockBook)
	}
	clean := func() { o.everywhere(t, "rm -f /srv/came* /srv/go* /srv/worked") }
	pause := func(t *testing.T) (run *exec.Cmd, end func()) {
		clean()
		run, out := o.start(t, 1, "run=r1")
		o.asRoot(t, "spare12", "until [ -e /srv/came-r1 ]; do sleep 0.02; done")
		return run, func() {
			o.everywhere(t, "touch /srv/go-r1")
			if err := run.Wait(); err != nil {
				t.Errorf("the run that had the lock: %v\n%s", err, out)
			}
		}
	}
	worked := func(t *testing.T, want string) {
		t.Helper()
		for h, got := range o.everywhere(t, "cat /srv/worked 2>/dev/null; true") {
			if strings.Join(strings.Fields(got), " ") != want {
				t.Errorf("on %s worked %q, want %q", h, got, want)
			}
		}
	}
	t.Run("the second waits and says for whom", func(t *testing.T) {
		_, end := pause(t)
		o.asRoot(t, "spare12", "touch /srv/go-r2")
		second, out := o.start(t, 2, "run=r2")
		waits := regexp.MustCompile(`waiting: \[spare11\] is locked by run \S+ of root on \S+, since .* \(process \d+ on the host\)`)
		for limit := time.Now().Add(time.Minute); !waits.MatchString(out.String()); o.asRoot(t, "spare11", "sleep 0.1") {
			if time.Now().After(limit) {
				t.Fatalf("it did not wait:\n%s", out)
			}
		}
		worked(t, "")
		end()
		if err := second.Wait(); err != nil {
			t.Errorf("the second run: %v\n%s", err, out)
		}
		worked(t, "r1 r2")
	})
	t.Run("fail", func(t *testing.T) {
		_, end := pause(t)
		t.Setenv("KOPS_LOCK", "fail")
		second, out := o.start(t, 2, "run=r2")
		if code := exit(second.Wait()); code != 2 || !strings.Contains(out.String(), "the host is locked by run ") {
			t.Errorf("exit code %d\n%s", code, out)
		}
		end()
		worked(t, "r1")
	})
	t.Run("a run that is killed holds nothing", func(t *testing.T) {
		run, _ := pause(t)
		if err := run.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = run.Wait() // it was killed
		o.everywhere(t, "touch /srv/go-r1 /srv/go-r2; flock -w 20 /run/kops.lock true")
		o.mustRun(t, 2, "run=r2")
		worked(t, "r2")
	})
	t.Run("nor does what a task left running", func(t *testing.T) {
		clean()
		dir := o.dirs[0]
		write(t, filepath.Join(dir, "site.yaml"), "- hosts: all\n  gather_facts: false\n  tasks:\n    - shell: setsid sleep 300 >/dev/null 2>&1 &\n    - copy: {content: x, dest: /srv/t/x, validate: 'sh -c \"setsid sleep 300 >/dev/null 2>&1 & : %s\"'}\n")
		o.mustRun(t, 1)
		write(t, filepath.Join(dir, "site.yaml"), lockBook)
		for h, got := range o.everywhere(t, "flock -w 20 /run/kops.lock echo free; pgrep -c -x sleep; pkill -x sleep") {
			if got != "free\n2\n" {
				t.Errorf("on %s: %q", h, got)
			}
		}
	})
	t.Run("taken again after the connection was lost", func(t *testing.T) {
		for name, forgotten := range map[string]bool{"cleanly": false, "without the host noticing": true} {
			_, end := pause(t)
			pids := "cat /run/kops.lock | cut -d' ' -f1 | head -n 1"
			before := o.asRoot(t, "spare11", pids)
			o.gate.lose(o.ips["spare11"], forgotten)
			end()
			worked(t, "r1")
			if after := o.asRoot(t, "spare11", pids); after == before {
				t.Errorf("%s: the same shell held the lock before and after: %s", name, before)
			}
		}
	})
}
