//go:build lab

package tests

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestLabFaults runs tasks on a host with a fault and on a healthy one: the first fails with the reason and keeps nothing
// half-written, the second goes on.
func TestLabFaults(t *testing.T) {
	machines := []string{"spare8", "spare9"}
	must(t, 3*time.Minute, "lab/lab", append([]string{"reset"}, machines...)...)
	defer must(t, 3*time.Minute, "lab/lab", append([]string{"down"}, machines...)...)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "big.bin"), bytes.Repeat([]byte("kops"), 1<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	const lock = `sudo apt-get update -qq && sudo systemd-run --quiet --unit held-lock apt-get -y -o DPkg::Pre-Invoke::="sleep 300" install bc && ` +
		`until pgrep -x sleep >/dev/null; do :; done`
	for _, tt := range []struct {
		name, fault, task string
		reason            []string
		left              string // a line of shell that must find nothing on the sick host
	}{
		{"disk full, a file", "sudo mkdir -p /srv/target && sudo mount -t tmpfs -o size=1m tmpfs /srv/target",
			"copy: {src: big.bin, dest: /srv/target/big.bin, mode: '0644'}", []string{"no space left on device", "/srv/target"}, "find /srv/target -type f"},
		{"disk full, an archive", "true",
			"unarchive: {src: /var/cache/kops/a.tar.gz, dest: /srv/target, remote_src: true, creates: /srv/target/x86_64-linux-gnu}", []string{"no space left on device"}, "find /srv/target -type f"},
		{"a read-only file system", "sudo rm -rf /srv/target/* && sudo mount -o remount,ro /srv/target",
			"template: {src: big.j2, dest: /srv/target/big.conf, mode: '0644'}", []string{"read-only file system", "/srv/target"}, "find /srv/target -type f"},
		{"a held apt lock", lock,
			"apt: {name: tree, lock_timeout: 3}", []string{"lock"}, "command -v tree"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			on(t, "spare8", tt.fault)
			on(t, "spare9", "test -e /var/lib/apt/lists/partial -a -n \"$(ls /var/lib/apt/lists | grep _Packages)\" || sudo apt-get update -qq")
			write(t, filepath.Join(dir, "play.yaml"), "- hosts: all\n  gather_facts: false\n  tasks:\n"+
				"    - file: {path: /srv/target, state: directory}\n      when: inventory_hostname == 'spare9'\n"+
				"    - file: {path: /var/cache/kops, state: directory}\n"+
				"    - command: tar czf /var/cache/kops/a.tar.gz -C /usr/lib x86_64-linux-gnu/perl-base\n      args: {creates: /var/cache/kops/a.tar.gz}\n"+
				"    - "+tt.task+"\n    - file: {path: /srv/after, state: touch}\n")
			write(t, filepath.Join(dir, "big.j2"), "{{ inventory_hostname }}\n")
			out, err := command(t, 3*time.Minute, "bin/kops", "run", filepath.Join(dir, "play.yaml"), "-i", "lab/tests/testdata/spares.yaml")
			if code := exit(err); code != 2 {
				t.Errorf("exit code %d, want 2\n%s", code, tail(out))
			}
			_, fatal, _ := strings.Cut(out, "fatal: [spare8]")
			for _, reason := range tt.reason {
				if !strings.Contains(strings.ToLower(fatal), reason) {
					t.Errorf("the failure does not say %q:\n%s", reason, tail(out))
				}
			}
			if strings.Contains(out, "fatal: [spare9]") {
				t.Errorf("the healthy host failed:\n%s", tail(out))
			}
			on(t, "spare9", "test -e /srv/after && sudo rm /srv/after")
			if left, _ := command(t, time.Minute, "lab/lab", "ssh", "spare8", "sudo sh -c \""+tt.left+"\"; true"); strings.TrimSpace(left) != "" {
				t.Errorf("it left %s", left)
			}
			if left := on(t, "spare8", "test -e /srv/after && echo /srv/after; sudo find / -xdev -name '.*kops*' -newer /etc/hostname 2>/dev/null; true"); strings.TrimSpace(left) != "" {
				t.Errorf("it left %s", left)
			}
		})
	}
	t.Run("a wrong checksum", func(t *testing.T) {
		write(t, filepath.Join(dir, "play.yaml"), "- hosts: spare9\n  gather_facts: false\n  tasks:\n"+
			"    - get_url: {url: 'http://10.99.0.1:8900/jmx/1.0.1/jmx_prometheus_httpserver-1.0.1.jar', dest: /srv/a.jar, checksum: 'sha256:"+strings.Repeat("0", 64)+"'}\n"+
			"    - unarchive: {src: /srv/a.jar, dest: /srv, remote_src: true}\n")
		out, err := command(t, time.Minute, "bin/kops", "run", filepath.Join(dir, "play.yaml"), "-i", "lab/tests/testdata/spares.yaml")
		if _, fatal, _ := strings.Cut(out, "fatal: [spare9]"); exit(err) != 2 || !strings.Contains(fatal, strings.Repeat("0", 64)) {
			t.Errorf("exit code %d\n%s", exit(err), tail(out))
		}
		on(t, "spare9", "test ! -e /srv/a.jar && test ! -e /srv/META-INF")
	})
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// exit is the exit code that an error of command tells of.
func exit(err error) int {
	if e, ok := err.(interface{ ExitCode() int }); ok {
		return e.ExitCode()
	}
	return 0
}
