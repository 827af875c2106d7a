//go:build lab

package tests

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const labState = "/var/lib/kops-lab"

// A sick is a machine with a fault, and a healthy one that takes part in each run.
type sick struct {
	machine, address string
	steady           string // the healthy one's variables
}

// A fault is one thing that is wrong, and what a run then does and says.
type fault struct {
	name    string
	prepare string // on the machine
	undo    string
	vars    string // of the sick host: "{ansible_user: pw}"
	env     []string
	wall    string // what a wall before the machine does, from before the run until it has ended
	tasks   string // of the sick host alone; the standard ones if empty
	during  func(t *testing.T, r *running)
	code    int // the exit code
	says    []string
	limit   time.Duration // for the run
	check   string        // a line of shell on the machine that must print nothing
	twice   bool          // the second run must change nothing
}

// standard are tasks that use all ways to a host: shell, commands, small and large files, units, ports, both users.
const standard = `
    - file: {path: /srv/work, state: directory}
    - copy: {content: "{{ inventory_hostname }}\n", dest: /srv/work/small.conf, validate: test -s %s}
    - copy: {src: big.bin, dest: /srv/work/big.bin, mode: '0640'}
    - fetch: {src: /srv/work/big.bin, dest: fetched/}
    - copy: {content: "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n", dest: /etc/systemd/system/kops-work.service}
      register: unit
    - systemd: {name: kops-work, state: started, daemon_reload: "{{ unit.changed }}"}
    - command: echo clean
      register: said
      changed_when: false
    - assert: {that: ["said.stdout == 'clean'", "said.stderr == ''"]}
    - command: id -un
      become: false
      register: who
      changed_when: false
    - assert: {that: "who.stdout == ansible_user"}
    - wait_for: {port: 22, timeout: 5}
`

// suffer runs a playbook with the fault's tasks on the sick host and on the healthy one, and holds what the fault promises: exit code
// and words, the healthy host goes on to the end, no temporary file is left, and all within the limit.
func (s sick) suffer(t *testing.T, f fault) {
	t.Helper()
	if f.prepare != "" {
		on(t, s.machine, f.prepare)
	}
	undone := f.undo == ""
	undo := func() {
		if !undone {
			undone = true
			on(t, s.machine, f.undo)
		}
	}
	defer undo()
	dir := t.TempDir()
	s.write(t, dir, f)
	if f.wall != "" {
		defer wall(t, s, f.wall)()
	}
	for round := range map[bool]int{false: 1, true: 2}[f.twice] {
		begin := time.Now()
		r := start(t, f.env, "run", filepath.Join(dir, "play.yaml"), "-i", filepath.Join(dir, "hosts.yaml"))
		if f.during != nil {
			f.during(t, r)
		}
		out, code := r.wait(f.limit)
		t.Logf("round %d took %s", round+1, time.Since(begin).Round(100*time.Millisecond))
		if code != f.code {
			t.Errorf("exit code %d, want %d\n%s", code, f.code, tail(out))
		}
		for _, says := range f.says {
			if !strings.Contains(out, says) {
				t.Errorf("it does not say %q:\n%s", says, tail(out))
			}
		}
		if !ended(out, "steady") {
			t.Errorf("the healthy host did not go on:\n%s", tail(out))
		}
		if sickEnded := ended(out, s.machine); sickEnded != (f.code == 0) {
			t.Errorf("the sick host came to the end: %v\n%s", sickEnded, tail(out))
		}
		if round == 1 {
			unchanged(t, out, 2)
		}
	}
	if t.Failed() {
		return
	}
	undo()
	left := on(t, s.machine, `sudo find / /tmp /srv /run /dev/shm -xdev -name '.kops-*~' 2>/dev/null; `+cmp.Or(f.check, "true")+"; true")
	if strings.TrimSpace(left) != "" {
		t.Errorf("it left %s", left)
	}
}

// ended tells whether a host came to the play's last task.
func ended(out, host string) bool {
	return strings.Contains(out, "ok: ["+host+"] => {\n    \"msg\": \"the end\"")
}

func (s sick) write(t *testing.T, dir string, f fault) {
	t.Helper()
	vars, tasks := cmp.Or(f.vars, "{}"), cmp.Or(f.tasks, standard)
	write(t, filepath.Join(dir, "hosts.yaml"), fmt.Sprintf(`all:
  vars:
    ansible_user: ops
    ansible_ssh_private_key_file: %[1]s/ssh/id_ed25519
    ansible_ssh_common_args: -F /dev/null -o UserKnownHostsFile=%[1]s/ssh/known_hosts
  hosts:
    steady: %[2]s
    %[3]s: {ansible_host: %[4]s}
sick: {hosts: {%[3]s: %[5]s}}
`, labState, s.steady, s.machine, s.address, vars))
	write(t, filepath.Join(dir, "play.yaml"), "- hosts: all\n  gather_facts: false\n  become: true\n  tasks:\n    - block:"+
		strings.ReplaceAll("\n"+strings.Trim(tasks, "\n"), "\n", "\n    ")+"\n      when: inventory_hostname != 'steady'\n"+
		"    - command: echo the end\n      changed_when: false\n      register: last\n    - debug: {msg: '{{ last.stdout }}'}\n")
	big := bytes.Repeat([]byte("kops\x00"), 1<<19)
	if err := os.WriteFile(filepath.Join(dir, "big.bin"), big, 0o644); err != nil {
		t.Fatal(err)
	}
}

// running is a kops that runs.
type running struct {
	t    *testing.T
	cmd  *exec.Cmd
	mu   sync.Mutex
	said bytes.Buffer
	done chan error
}

// Write takes what kops prints.
func (r *running) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.Write(p)
}

func (r *running) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.String()
}

// start starts kops.
func start(t *testing.T, env []string, args ...string) *running {
	t.Helper()
	r := &running{t: t, cmd: exec.Command(filepath.Join(root, "bin/kops"), args...), done: make(chan error, 1)}
	r.cmd.Env = append(os.Environ(), append([]string{"SSH_AUTH_SOCK="}, env...)...)
	r.cmd.Stdout, r.cmd.Stderr = r, r
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { r.done <- r.cmd.Wait() }()
	t.Cleanup(func() { _ = r.cmd.Process.Kill() }) // one that a failing test leaves would hold its locks
	return r
}

// wait returns what kops printed and its exit code. It may take limit, or half a minute.
func (r *running) wait(limit time.Duration) (string, int) {
	r.t.Helper()
	if limit == 0 {
		limit = 30 * time.Second
	}
	select {
	case err := <-r.done:
		return r.text(), exit(err)
	case <-time.After(limit):
		_ = r.cmd.Process.Kill()
		<-r.done
		r.t.Errorf("the run took longer than %s", limit)
		return r.text(), -1
	}
}

// until waits until a line of shell succeeds on a machine.
func until(t *testing.T, machine, line string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "lab/lab", "ssh", machine, "until "+line+"; do sleep 0.1; done")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: until %s: %v\n%s", machine, line, err, out)
	}
}
