package run_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"kops/internal/remote/remotetest"
	"kops/internal/run"
)

// A watched fleet notes of each path below /x and each host whether it was looked at "early", before its task's
// turn, at its "turn", or "again".
type watched struct {
	fleet
	mu   sync.Mutex
	seen map[string][]string // "host /path"
}

func watching() *watched {
	w := &watched{seen: map[string][]string{}}
	w.prepare = func(h *remotetest.Host) { h.AddDir("/x", 0o755) }
	w.looks = func(host, path string, ahead bool) {
		if !strings.HasPrefix(path, "/x/") {
			return
		}
		when := "turn"
		if ahead {
			when = "early"
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.seen[host+" "+path] = append(w.seen[host+" "+path], when)
	}
	return w
}

// summary is what was looked at and when, sorted.
func (w *watched) summary() string {
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(w.seen)) {
		when := w.seen[key]
		if len(when) > 1 { // how often depends on which host is faster
			when = []string{"again"}
		}
		lines = append(lines, key+" "+when[0])
	}
	return strings.Join(lines, "\n")
}

// TestAhead: what is looked at before its turn, and what is looked at again then. A task that comes before
// these tells that its user can act.
func TestAhead(t *testing.T) {
	count := filepath.Join(t.TempDir(), "count")
	pipe := `lookup('pipe', 'echo >> ` + count + `; echo /x/1')`
	tests := []struct {
		name  string
		hosts string // "a" if empty
		play  string // keywords of the play
		tasks string
		opts  run.Options
		want  string
	}{
		{name: "nothing changes", tasks: `
- stat: {path: /x/0}
- stat: {path: /x/1}
- stat: {path: /x/2}
- stat: {path: /x/3}
`, want: `
a /x/0 turn
a /x/1 early
a /x/2 early
a /x/3 early`},
		{name: "a task changes something", tasks: `
- stat: {path: /x/0}
- copy: {content: new, dest: /x/1, mode: "0644"}
- stat: {path: /x/1}
- stat: {path: /x/2}
- stat: {path: /x/3}
`, want: `
a /x/0 turn
a /x/1 again
a /x/2 again
a /x/3 again`},
		{name: "another host is changed", hosts: "a b", tasks: `
- stat: {path: /x/0}
- copy: {content: new, dest: /x/1, mode: "0644"}
  when: inventory_hostname == 'b'
- stat: {path: /x/2}
`, want: `
a /x/0 turn
a /x/2 again
b /x/0 turn
b /x/1 again
b /x/2 again`},
		{name: "a command", tasks: `
- stat: {path: /x/0}
- command: "true"
  changed_when: false
- stat: {path: /x/1}
- stat: {path: /x/2}
`, want: `
a /x/0 turn
a /x/1 turn
a /x/2 early`},
		{name: "a variable becomes another", play: "vars: {p: /x/1}", tasks: `
- stat: {path: /x/0}
- set_fact: {p: /x/2}
- stat: {path: "{{ p }}"}
- stat: {path: /x/3}
`, want: `
a /x/0 turn
a /x/1 early
a /x/2 turn
a /x/3 early`},
		{name: "a result feeds the next task", tasks: `
- stat: {path: /x/0}
  register: r
- stat: {path: "/x/{{ r.stat.exists }}"}
- debug: {msg: "{{ r }}"}
- stat: {path: /x/3}
  when: not r.stat.exists
- stat: {path: /x/4}
`, want: `
a /x/0 turn
a /x/3 early
a /x/4 early
a /x/False turn`},
		{name: "a condition is false", tasks: `
- stat: {path: /x/0}
- stat: {path: /x/1}
  when: false
- stat: {path: /x/2}
`, want: `
a /x/0 turn
a /x/2 early`},
		{name: "a lookup acts", tasks: `
- stat: {path: /x/0}
- stat: {path: "{{ ` + pipe + ` }}"}
- stat: {path: /x/2}
`, want: `
a /x/0 turn
a /x/1 turn
a /x/2 again`},
		{name: "a lookup of what is passed over acts", tasks: `
- stat: {path: /x/0}
- debug: {msg: "{{ ` + pipe + ` }}"}
- stat: {path: /x/2}
`, want: `
a /x/0 turn
a /x/2 again`},
		{name: "a task fails", tasks: `
- stat: {path: /x/0}
- slurp: {src: /etc/none}
  ignore_errors: true
- stat: {path: /x/2}
`, want: `
a /x/0 turn
a /x/2 again`},
		{name: "loops", tasks: `
- stat: {path: "/x/{{ item }}"}
  loop: [0, 1, 2]
- stat: {path: "/x/{{ item }}"}
  loop: [3, 4]
`, want: `
a /x/0 turn
a /x/1 early
a /x/2 early
a /x/3 early
a /x/4 early`},
		{name: "blocks and files", tasks: `
- stat: {path: /x/0}
- vars: {p: /x/2}
  block:
    - stat: {path: /x/1}
    - stat: {path: "{{ p }}"}
  rescue:
    - stat: {path: /x/3}
  always:
    - stat: {path: /x/4}
- include_tasks: more.yaml
- stat: {path: /x/7}
`, want: `
a /x/0 turn
a /x/1 early
a /x/2 early
a /x/4 early
a /x/5 turn
a /x/6 early
a /x/7 early`},
		{name: "handlers run in between", play: "handlers: [{name: h, stat: {path: /x/h}}]", tasks: `
- stat: {path: /x/0}
- stat: {path: /x/1}
  changed_when: true
  notify: h
- meta: flush_handlers
- stat: {path: /x/2}
`, want: `
a /x/0 turn
a /x/1 early
a /x/2 turn
a /x/h turn`},
		{name: "one is done by another user", tasks: `
- stat: {path: /x/0}
- stat: {path: /x/1}
  become: true
  become_user: kafka
- stat: {path: /x/2}
- stat: {path: /x/3}
  become: true
  become_user: kafka
`, want: `
a /x/0 turn
a /x/1 turn
a /x/2 early
a /x/3 early`},
		{name: "one waits", tasks: `
- stat: {path: /x/0}
- stat: {path: /x/1}
  until: true
- stat: {path: /x/2}
`, want: `
a /x/0 turn
a /x/1 turn
a /x/2 turn`},
		{name: "one is for another host", hosts: "a b", play: "serial: 1", tasks: `
- stat: {path: /x/0}
- stat: {path: "/x/{{ inventory_hostname }}"}
  delegate_to: b
- stat: {path: /x/2}
`, want: `
a /x/0 turn
a /x/2 turn
b /x/0 early
b /x/2 turn
b /x/a turn
b /x/b turn`},
		{name: "more hosts than work at once", hosts: "a b", opts: run.Options{Forks: 1}, tasks: `
- stat: {path: /x/0}
- stat: {path: /x/1}
`, want: `
a /x/0 turn
a /x/1 turn
b /x/0 turn
b /x/1 turn`},
		{name: "check mode", opts: run.Options{Check: true}, tasks: `
- stat: {path: /x/0}
- stat: {path: /x/1}
`, want: `
a /x/0 turn
a /x/1 turn`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := os.WriteFile(count, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			hosts := tt.hosts
			if hosts == "" {
				hosts = "a"
			}
			w := watching()
			w.beside = map[string]string{"more.yaml": "- stat: {path: /x/5}\n- stat: {path: /x/6}\n"}
			book := "- hosts: all\n  gather_facts: false\n  " + tt.play + "\n  tasks:\n    - stat: {path: /etc}" + strings.ReplaceAll(tt.tasks, "\n", "\n    ") + "\n"
			s, _ := w.on(t, hosts, book, tt.opts).run(t)
			if got := w.summary(); got != strings.TrimSpace(tt.want) || s.Exit != 0 {
				t.Errorf("exit %d, looked at:\n%s\nwant:%s", s.Exit, got, tt.want)
			}
			if lines, err := os.ReadFile(count); err != nil || strings.Contains(tt.tasks, "pipe") != (string(lines) == "\n") {
				t.Errorf("the lookup ran %d times, error %v", len(lines), err)
			}
		})
	}
}

// TestAheadReload: a daemon-reload that a task asks for does not have its unit looked at again, unless there is
// something to change.
func TestAheadReload(t *testing.T) {
	for active, want := range map[string]string{
		"active":   "units kafka.service; systemd daemon-reload",
		"inactive": "units kafka.service; units kafka.service; systemd daemon-reload; systemd start kafka.service",
	} {
		t.Run(active, func(t *testing.T) {
			f := &fleet{prepare: func(h *remotetest.Host) { h.AddUnit("kafka.service", active, "enabled") }}
			s, _ := f.on(t, "a", `
- hosts: all
  gather_facts: false
  tasks:
    - stat: {path: /etc}
    - stat: {path: /etc}
    - systemd: {name: kafka, state: started, daemon_reload: true}
`, run.Options{}).run(t)
			var got []string
			for _, c := range f.hosts["a"].Calls() {
				if c.Kind != "files" {
					got = append(got, c.Kind+" "+c.Detail)
				}
			}
			if strings.Join(got, "; ") != want || s.Exit != 0 {
				t.Errorf("exit %d, %q, want %q", s.Exit, got, want)
			}
		})
	}
}
