package run_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"kops/internal/event"
	"kops/internal/remote"
	"kops/internal/remote/remotetest"
	"kops/internal/run"
)

// TestCheckMode says for tasks after others that would change something what check mode tells of them.
func TestCheckMode(t *testing.T) {
	const unit = `"[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"`
	for _, tt := range []struct {
		name, tasks string
		want        string // "status status …" of each task of host a, items and handlers too; b's after a bar where it is told
		handlers    string
	}{
		{"a file and what reads it", `
- copy: {content: "one\n", dest: /srv/x}
- lineinfile: {path: /srv/x, line: one}
- lineinfile: {path: /srv/x, line: two}
- slurp: {src: /srv/x}
  register: x
- assert: {that: x.content | b64decode == "one\ntwo\n"}
- stat: {path: /srv/x}
  register: s
- assert: {that: s.stat.exists and s.stat.size == 8}
- assert: {that: s.stat.mtime > 0}
- copy: {src: /srv/x, remote_src: true, dest: /srv/y}
- file: {path: /srv/x, state: absent}
- lineinfile: {path: /srv/x, line: one}
`, "changed ok changed ok ok ok ok unknown changed changed unknown", ""},
		{"items see what items before them would do", `
- file: {path: "/srv/{{ item }}", state: directory}
  loop: [a, a/b, a]
- copy: {content: x, dest: "/srv/a/{{ item }}"}
  loop: [f, f]
`, "changed changed ok changed changed ok changed", ""},
		{"recursion reaches what is not there yet", `
- file: {path: /srv/tree, state: directory, mode: "0750"}
- copy: {content: x, dest: /srv/tree/f, mode: "0600"}
- file: {path: /srv/tree, recurse: true, mode: "0750"}
- file: {path: /srv/tree, recurse: true, mode: "0750"}
`, "changed changed changed ok", ""},
		{"what another host does to this one", `
- copy: {content: x, dest: /srv/x}
  delegate_to: b
  when: inventory_hostname == 'a'
- copy: {content: x, dest: /srv/x}
`, "changed changed | skipped ok", ""},
		{"run_once changes one host", `
- copy: {content: x, dest: /srv/x}
  run_once: true
- copy: {content: x, dest: /srv/x}
`, "changed ok | changed", ""},
		{"a unit and what it will answer", `
- copy: {content: ` + unit + `, dest: /etc/systemd/system/x.service}
- systemd: {name: x, state: started, enabled: true}
  register: x
- assert: {that: x is changed}
- systemd: {name: x, state: started, enabled: true}
  register: x
- assert: {that: x.status.ActiveState == 'active'}
- assert: {that: x.status.MainPID | int > 0}
- wait_for: {port: 80}
- uri: {url: "http://127.0.0.1/"}
  register: answer
  until: answer is succeeded
  retries: 100
  delay: 60
- kops.kafka.kafka_health: {bootstrap: "127.0.0.1:9092"}
`, "changed changed ok ok ok unknown unknown unknown unknown", ""},
		{"check mode does not wait", `
- uri: {url: "http://127.0.0.1/"}
  register: answer
  until: answer is succeeded
  retries: 100
  delay: 60
- stat: {path: /srv/none}
  register: there
  until: there.stat.exists
  retries: 100
  delay: 60
- pause: {minutes: 60}
`, "unknown unknown ok", ""},
		{"only doing it can tell", `
- command: /bin/thing
  register: r
- debug: {msg: "{{ r.stdout }}"}
- command: /bin/thing
  when: r.rc == 0
- set_fact: {fact: "{{ r.stdout }}"}
- debug: {msg: "{{ fact }}"}
- assert: {that: fact == 'x'}
- copy: {content: "{{ fact }}", dest: /srv/x}
- lineinfile: {path: /srv/x, line: x}
- debug: {msg: x}
  loop: "{{ r.stdout_lines }}"
- file: {path: /srv/y, state: file}
- include_tasks: "{{ fact }}.yaml"
- file: {path: "/srv/{{ item }}", state: directory}
  loop: [a, "{{ fact }}"]
`, "unknown unknown unknown unknown unknown unknown unknown unknown unknown unknown unknown changed unknown changed", ""},
		{"what is known of a change that was not made", `
- command: /bin/thing
  args: {creates: /srv/made}
  register: r
- debug: {msg: "{{ r is changed }} {{ r.changed }}"}
- debug: {msg: "{{ r.rc }}"}
- command: /bin/other
  args: {creates: /srv/made}
- command: /bin/thing
  args: {creates: /srv/made2}
  register: r
  changed_when: "'x' in r.stdout"
- command: /bin/thing
  args: {creates: /srv/made3}
  register: r
  failed_when: "'x' in r.stdout"
`, "changed ok unknown unknown unknown changed", ""},
		{"verdicts on what is not known", `
- command: /bin/thing
  register: r
- stat: {path: /srv}
  failed_when: r.rc == 1
- stat: {path: /srv}
  changed_when: r.rc == 1
- stat: {path: /srv}
  changed_when: false
  failed_when: false
`, "unknown unknown unknown ok", ""},
		{"a command that runs all the same finds what is there now", `
- command: /bin/thing
  check_mode: false
  register: before
- copy: {content: x, dest: /srv/x}
- command: /bin/thing
  check_mode: false
  register: after
- command: /bin/fails
  check_mode: false
- assert: {that: before.rc == 0}
- assert: {that: after.rc == 0}
`, "changed changed changed unknown ok unknown", ""},
		{"a failure before anything would change is one", `
- file: {path: /srv/none, state: file}
`, "failed", ""},
		{"handlers of what may change", `
- command: /bin/thing
  notify: may
- stat: {path: /srv}
  notify: not
- copy: {content: x, dest: /srv/x}
  notify: will
- command: /bin/thing
  changed_when: false
  notify: not
`, "unknown ok changed unknown unknown changed", `
- {name: may, copy: {content: x, dest: /srv/may}}
- {name: not, copy: {content: x, dest: /srv/not}}
- {name: will, copy: {content: x, dest: /srv/will}}
`},
		{"who may leave the play", `
- command: /bin/thing
  register: r
- meta: end_host
  when: r.rc == 1
- copy: {content: x, dest: /srv/x}
- stat: {path: /srv}
  when: false
`, "unknown unknown unknown skipped", ""},
		{"a rescue that may come", `
- block:
    - command: /bin/thing
    - copy: {content: x, dest: /srv/x}
  rescue:
    - copy: {content: y, dest: /srv/y}
- copy: {content: z, dest: /srv/z}
- lineinfile: {path: /srv/y, line: y}
`, "unknown changed unknown changed unknown", ""},
		{"packages bring what bears their name", `
- apt: {name: nginx}
- file: {path: /etc/nginx/default, state: absent}
- file: {path: /etc/other, state: directory}
- user: {name: nginx}
- systemd: {name: nginx, state: started}
- systemd: {name: elsewhere, state: started}
`, "changed unknown changed unknown unknown unknown", ""},
		{"a user who is yet to be made", `
- stat: {path: /srv}
  become: true
  become_user: nobody-yet
  ignore_errors: true
- user: {name: nobody-yet}
- stat: {path: /srv}
  become: true
  become_user: nobody-yet
`, "failed changed unknown", ""},
		{"an archive that is not there yet", `
- get_url: {url: "http://example.invalid/a.tgz", dest: /srv/a.tgz}
- unarchive: {src: /srv/a.tgz, dest: /srv, remote_src: true, creates: /srv/a/bin}
- file: {src: /srv/a, path: /opt/a, state: link}
- copy: {content: x, dest: /srv/a/conf}
- copy: {content: x, dest: /opt/conf}
`, "changed unknown unknown unknown changed", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fleet{exec: func(_ context.Context, _ string, cmd remote.Command) (remote.Result, error) {
				if cmd.Argv[0] == "/bin/fails" {
					return remote.Result{ExitCode: 1}, nil
				}
				return remote.Result{}, nil
			}}
			f.prepare = func(h *remotetest.Host) {
				h.AddDir("/srv", 0o755)
				h.AddDir("/opt", 0o755)
				h.AddDir("/etc/systemd/system", 0o755)
				h.OnQuery = func(_ *remotetest.Host, script string) (remote.Result, error) {
					if strings.Contains(script, "dpkg-query") {
						return remote.Result{Stdout: []byte("\n@@kops time\n1700000000\n1700000000\n\n@@kops packages\n\n@@kops provides\n")}, nil
					}
					return remote.Result{}, nil
				}
				h.OnDial = func(_, _ string) (net.Conn, error) { return nil, errors.New("nobody listens") }
			}
			book := "- hosts: all\n  gather_facts: false\n  tasks:\n" + indent(tt.tasks, "    ")
			if tt.handlers != "" {
				book += "  handlers:\n" + indent(tt.handlers, "    ")
			}
			hosts := "a"
			if strings.Contains(tt.want, "|") {
				hosts = "a b"
			}
			_, r := f.on(t, hosts, book, run.Options{Check: true}).run(t)
			got, msgs := map[string][]string{}, ""
			for _, e := range of[event.Result](r) {
				got[e.Host] = append(got[e.Host], string(e.Status))
				msgs += fmt.Sprintf("%s %s: %s\n", e.Host, e.Status, e.Msg)
			}
			line := strings.Join(got["a"], " ")
			if hosts != "a" {
				line += " | " + strings.Join(got["b"], " ")
			}
			if line != tt.want {
				t.Errorf("got  %s\nwant %s\n%s", line, tt.want, msgs)
			}
			for _, h := range f.hosts {
				for _, c := range h.Written() {
					t.Errorf("the host was changed: %+v", c)
				}
			}
		})
	}
}

func indent(text, by string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimPrefix(text, "\n")) {
		b.WriteString(by + line)
	}
	return b.String()
}
