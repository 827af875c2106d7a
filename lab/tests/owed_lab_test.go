//go:build lab

package tests

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// An ordeal is a playbook with handlers of every kind (testdata/owed), on hosts that are reached through
// a gate. Each trial begins with everything as the first version has it, lets a run to the second
// version end early, and has another controller run the playbook once more.
type ordeal struct {
	gate  *gate
	hosts []string          // names of machines
	ips   map[string]string // their addresses
	dirs  [2]string         // of the two controllers: playbook, inventory and state of each
	fresh string            // what the files below /srv/t are after a run that nothing disturbs
}

// services are the handlers that take a configuration over, with the line they write and the name of what they are owed as.
var services = []struct{ conf, line, handler string }{
	{"base", "base", "Reload base"}, {"app", "app", "app : Restart app"}, {"web", "web", "Restart web"}, {"web", "Proxy", "Proxy"},
	{"one", "one", "Restart one"}, {"two", "two", "Restart two"}, {"rescued", "rescued", "Restart rescued"},
	{"raw", "Raw-first", "Raw first"}, {"late", "late", "Restart late"}, {"rolled", "rolled", "Roll"},
}

// newOrdeal makes the two controllers and brings the hosts to the first version.
func newOrdeal(t *testing.T, ips map[string]string) *ordeal {
	t.Helper()
	o := &ordeal{gate: newGate(), ips: ips}
	inventory := "all:\n  vars:\n    ansible_user: ops\n    ansible_become: true\n    ansible_ssh_private_key_file: /var/lib/kops-lab/ssh/id_ed25519\n  hosts:\n"
	for name, ip := range ips {
		o.hosts = append(o.hosts, name)
		port := o.gate.listen(t, ip+":22")
		inventory += fmt.Sprintf("    %s: {ansible_host: 127.0.0.1, ansible_port: %d, ansible_ssh_common_args: \"-o HostKeyAlias=%s -o UserKnownHostsFile=/var/lib/kops-lab/ssh/known_hosts\"}\n", name, port, ip)
	}
	slices.Sort(o.hosts)
	for i := range o.dirs {
		o.dirs[i] = filepath.Join(t.TempDir(), fmt.Sprintf("controller%d", i+1))
		if err := os.CopyFS(o.dirs[i], os.DirFS("testdata/owed")); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(o.dirs[i], "hosts.yaml"), inventory)
	}
	o.everywhere(t, "rm -rf /srv/* /var/lib/kops; mkdir -p /srv/t")
	o.mustRun(t, 1, "v=1", "run=r1")
	o.everywhere(t, "rm -rf /srv/1; cp -a /srv/t /srv/1")
	o.mustRun(t, 1, "v=2", "run=r1")
	o.fresh = o.tree(t)
	return o
}

// undisturbed runs the playbook from the first version and returns how many pieces it sends.
func (o *ordeal) undisturbed(t *testing.T) int {
	t.Helper()
	o.gate.set(0)
	o.everywhere(t, "rm -rf /srv/t; cp -a /srv/1 /srv/t")
	o.mustRun(t, 1, "v=2", "run=r1")
	all := o.gate.pieces()
	t.Logf("an undisturbed run sends %d pieces", all)
	return all
}

// An output is what a run prints, to be read while it does.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

// String is what has been printed so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start starts a run of a controller.
func (o *ordeal) start(t *testing.T, controller int, vars ...string) (*exec.Cmd, *output) {
	t.Helper()
	dir := o.dirs[controller-1]
	args := []string{"run", "site.yaml", "-i", "hosts.yaml"}
	for _, v := range vars {
		args = append(args, "-e", v)
	}
	top, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(top, "bin/kops"), args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(dir, "state"))
	out := &output{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, out
}

func (o *ordeal) mustRun(t *testing.T, controller int, vars ...string) {
	t.Helper()
	cmd, out := o.start(t, controller, vars...)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("run %v: %v\n%s", vars, err, tail(out.String()))
	}
}

// as root runs a script on a host, past the gate.
func (o *ordeal) asRoot(t *testing.T, host, script string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "ssh", "-i", "/var/lib/kops-lab/ssh/id_ed25519", "-o", "UserKnownHostsFile=/var/lib/kops-lab/ssh/known_hosts", "-o", "BatchMode=yes", "ops@"+o.ips[host], "sudo sh")
	cmd.Stdin = strings.NewReader(script)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", host, err, out)
	}
	return string(out)
}

func (o *ordeal) everywhere(t *testing.T, script string) map[string]string {
	t.Helper()
	var mu sync.Mutex
	said := map[string]string{}
	var wg sync.WaitGroup
	for _, h := range o.hosts {
		wg.Go(func() {
			out := o.asRoot(t, h, script)
			mu.Lock()
			defer mu.Unlock()
			said[h] = out
		})
	}
	wg.Wait()
	return said
}

// tree is what the services have and run, which is the same on all hosts.
func (o *ordeal) tree(t *testing.T) string {
	t.Helper()
	trees := o.everywhere(t, "cd /srv/t && for f in *; do printf '%s ' \"$f\"; stat -c '%U %a' \"$f\"; cat \"$f\"; done")
	for _, h := range o.hosts {
		if trees[h] != trees[o.hosts[0]] {
			t.Errorf("%s and %s differ:\n%s\n%s", h, o.hosts[0], trees[h], trees[o.hosts[0]])
		}
	}
	return trees[o.hosts[0]]
}

// A finding is what a run that ended early has left on a host.
type finding struct {
	owed  map[string]bool   // by the handler's name
	confs map[string]string // what the services are configured as
}

// quiet waits until nothing of the run works on the hosts any more, and looks.
func (o *ordeal) quiet(t *testing.T) map[string]finding {
	t.Helper()
	const script = `until flock -w 20 /run/kops.lock true && ! pgrep -f '[/]srv/t/|[/]srv/log' >/dev/null; do sleep 0.02; done
for f in /srv/t/*.conf; do echo "$f $(cat "$f")"; done; echo; cat /var/lib/kops/owed/* 2>/dev/null; true`
	found := map[string]finding{}
	for h, text := range o.everywhere(t, script) {
		f := finding{map[string]bool{}, map[string]string{}}
		confs, owed, _ := strings.Cut(text, "\n\n")
		for _, line := range strings.Split(strings.TrimSpace(confs), "\n") {
			path, content, _ := strings.Cut(line, " ")
			f.confs[strings.TrimSuffix(filepath.Base(path), ".conf")] = content
		}
		for _, line := range strings.Split(strings.TrimSpace(owed), "\n") {
			var d struct{ Role, Handler string }
			if line == "" {
				continue
			}
			if err := json.Unmarshal([]byte(line), &d); err != nil {
				t.Fatalf("%s is owed %q: %v", h, line, err)
			}
			if d.Role != "" {
				d.Handler = d.Role + " : " + d.Handler
			}
			f.owed[d.Handler] = true
		}
		found[h] = f
	}
	return found
}

// trial resets the hosts, has a run end early, and judges the next run of another controller to
// a version. early ends the run and returns when it has ended.
func (o *ordeal) trial(t *testing.T, at, version int, early func(cmd *exec.Cmd)) {
	t.Helper()
	o.everywhere(t, "rm -rf /srv/t /srv/log /var/lib/kops; cp -a /srv/1 /srv/t")
	o.gate.set(at)
	cmd, out := o.start(t, 1, "v=2", "run=r1")
	early(cmd)
	before := o.quiet(t)
	o.gate.set(0)
	cmd, second := o.start(t, 2, fmt.Sprintf("v=%d", version), "run=r2")
	if err := cmd.Wait(); err != nil {
		t.Errorf("the second run: %v\n%s\nafter\n%s", err, tail(second.String()), tail(out.String()))
		return
	}
	o.judge(t, version, before)
	if t.Failed() {
		t.Logf("the first run:\n%s\nthe second:\n%s", out, second)
	}
}

// versions are where a configuration names its version.
var versions = regexp.MustCompile(`(?m)^([a-z]+) 2`)

// judge compares with a run that nothing disturbed, and holds that each handler that was owed or
// whose configuration changed has run once, with the new configuration, and no other.
func (o *ordeal) judge(t *testing.T, version int, before map[string]finding) {
	t.Helper()
	want := versions.ReplaceAllString(o.fresh, fmt.Sprintf("$1 %d", version))
	if got := o.tree(t); got != want {
		t.Errorf("the hosts differ from undisturbed ones:\n%s\nwant\n%s", got, want)
	}
	logs := o.everywhere(t, "cat /srv/log; ls -A /var/lib/kops 2>/dev/null | sed 's/^/left: /'")
	for _, h := range o.hosts {
		wanted := map[string]int{}
		for _, s := range services {
			if new := fmt.Sprintf("%s %d", s.conf, version); before[h].owed[s.handler] || before[h].confs[s.conf] != new {
				wanted[s.line+" "+new] = 1
			}
		}
		raw := fmt.Sprintf("raw %d", version)
		if before[h].owed["Raw second"] || wanted["Raw-first "+raw] == 1 {
			wanted["Raw-second "+raw] = 1
		}
		if before[h].owed["Never"] {
			wanted["Never"] = 1
		}
		for _, line := range strings.Split(strings.TrimSpace(logs[h]), "\n") {
			line, second := strings.CutPrefix(line, "r2 ")
			if second {
				wanted[line]--
			}
			if strings.HasPrefix(line, "left: ") {
				t.Errorf("%s: in /var/lib/kops is %s", h, line)
			}
		}
		for line, n := range wanted {
			if n != 0 {
				t.Errorf("%s: %q stands %d times too few in the second run's log:\n%sowed was %v", h, line, n, logs[h], before[h].owed)
			}
		}
	}
}

// met does something where the gate has met the run, and waits for the run's end. How it ends is
// not judged here.
func (o *ordeal) met(t *testing.T, do func(*exec.Cmd)) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) {
		t.Helper()
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case <-o.gate.reached:
			do(cmd)
			<-ended
		case err := <-ended:
			t.Logf("the run ended before the gate met it: %v", err)
		}
	}
}

// kill ends a run as a power cut at the controller would.
func (o *ordeal) kill(t *testing.T) func(*exec.Cmd) {
	return o.met(t, func(cmd *exec.Cmd) {
		_ = cmd.Process.Kill() // one that has just ended is as good
		o.gate.cut()
	})
}

// fill mounts a small file system that holds both configurations and what is owed, and clear unmounts it.
func (o *ordeal) fill(t *testing.T) (clear func()) {
	t.Helper()
	o.everywhere(t, `cp -a /srv/1 /tmp/1; mount -t tmpfs -o size=400k tmpfs /srv; mv /tmp/1 /srv/1; mkdir -p /srv/kops /var/lib/kops; mount --bind /srv/kops /var/lib/kops`)
	return func() { o.everywhere(t, "umount /var/lib/kops /srv; rmdir /var/lib/kops") }
}

// full fills the disk.
const full = "cat /dev/zero >/srv/full 2>/dev/null; true"

// pending kills a run, and has another controller list and forget what it owes.
func (o *ordeal) pending(t *testing.T, at int) {
	o.everywhere(t, "rm -rf /srv/t /srv/log /var/lib/kops; cp -a /srv/1 /srv/t")
	o.gate.set(at)
	cmd, _ := o.start(t, 1, "v=2", "run=r1")
	o.kill(t)(cmd)
	o.gate.set(0)
	var want []string
	for h, found := range o.quiet(t) {
		for handler := range found.owed {
			want = append(want, h+" "+handler)
		}
	}
	slices.Sort(want)
	list := func() []string {
		t.Helper()
		var items []struct{ Host, Handler string }
		out := must(t, time.Minute, "bin/kops", "pending", "list", "-i", filepath.Join(o.dirs[1], "hosts.yaml"), "--json")
		if err := json.Unmarshal([]byte(out), &items); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		var got []string
		for _, i := range items {
			got = append(got, i.Host+" "+i.Handler)
		}
		slices.Sort(got)
		return got
	}
	if got := list(); !slices.Equal(got, want) || len(want) == 0 {
		t.Errorf("listed are %q, and the hosts are owed %q", got, want)
	}
	must(t, time.Minute, "bin/kops", "pending", "forget", "all", "-i", filepath.Join(o.dirs[1], "hosts.yaml"))
	if got := list(); len(got) > 0 {
		t.Errorf("after all was forgotten listed are %q", got)
	}
	for h, left := range o.everywhere(t, "ls -d /var/lib/kops 2>/dev/null; true") {
		if left != "" {
			t.Errorf("%s: %s is left", h, left)
		}
	}
}

// spares are the machines of these tests.
var spares = map[string]string{"spare11": "10.99.0.51", "spare12": "10.99.0.52"}

// TestLabOwed kills runs in a few places; the others are met by `make torture`.
func TestLabOwed(t *testing.T) {
	must(t, 3*time.Minute, "lab/lab", "reset", "spare11", "spare12")
	defer must(t, 3*time.Minute, "lab/lab", "down", "spare11", "spare12")
	o := newOrdeal(t, spares)
	all := o.undisturbed(t)
	t.Run("disk full", func(t *testing.T) {
		defer o.fill(t)()
		o.everywhere(t, "cp -a /srv/1 /srv/t; "+full)
		cmd, out := o.start(t, 1, "v=2", "run=r1")
		err := cmd.Wait()
		for _, part := range []string{"nothing was changed: it could not be written down that this notifies [Reload base]", "No space left on device"} {
			if exit(err) != 2 || !strings.Contains(out.String(), part) {
				t.Errorf("exit code %d, without %q:\n%s", exit(err), part, tail(out.String()))
			}
		}
		for h, found := range o.quiet(t) {
			if len(found.owed) > 0 || found.confs["base"] != "base 1" {
				t.Errorf("%s: %+v", h, found)
			}
		}
	})
	t.Run("pending", func(t *testing.T) { o.pending(t, all*2/3) })
	for i, share := range []float64{0.3, 0.5, 0.7, 0.9} {
		t.Run(fmt.Sprintf("killed after %.0f%%", share*100), func(t *testing.T) { o.trial(t, int(share*float64(all)), 2+i%2, o.kill(t)) })
	}
}
