package run_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kops/internal/event"
	"kops/internal/plan"
	"kops/internal/remote"
	"kops/internal/run"
	"kops/internal/state"
)

// answers makes commands fail by their names; the others succeed. What a command sees on the
// disk is what a run that is killed in it leaves.
func answers(failing ...string) func(context.Context, string, remote.Command) (remote.Result, error) {
	return func(_ context.Context, host string, cmd remote.Command) (remote.Result, error) {
		if slices.Contains(failing, cmd.Argv[0]) || slices.Contains(failing, host+": "+cmd.Argv[0]) {
			return remote.Result{ExitCode: 1}, nil
		}
		return remote.Result{}, nil
	}
}

// twice runs a playbook on hosts, the first time with commands that fail, and returns what ran the
// second time and its events.
func twice(t *testing.T, f *fleet, hosts, book string, failing []string, second func(*setup)) ([]string, *recorder) {
	t.Helper()
	f.disk = t.TempDir()
	owed := state.NewOwed(filepath.Join(f.disk, "controller"))
	f.exec = answers(failing...)
	s := f.on(t, hosts, book, run.Options{Owed: owed, Started: event.RunStarted{Run: "r1", User: "alice", Host: "laptop"}})
	s.run(t)
	f.exec, f.ran = answers(), nil
	s = f.on(t, hosts, book, run.Options{Owed: owed, Started: event.RunStarted{Run: "r2", User: "bob", Host: "ci"}})
	if second != nil {
		second(&s)
	}
	_, events := s.run(t)
	return f.commands(), events
}

const header = "- name: site\n  hosts: all\n  gather_facts: false\n"

// changes is a task that changes something the first time only, on each host.
func changes(name, notify string) string {
	return "    - name: " + name + "\n      command: " + name + "\n      changed_when: once is defined\n      notify: " + notify + "\n"
}

func TestOwedHandlers(t *testing.T) {
	const vars = "  vars: {once: true}\n"
	handlers := "  handlers:\n    - {name: restart, command: restart}\n    - {name: reload, command: reload}\n"
	for _, tt := range []struct {
		name, book string
		failing    []string
		change     func(*setup)
		ran        string // the second time
		left       int    // debts on host a
	}{
		{"at the end of the section", "  tasks:\n" + changes("write", "restart") + "    - command: check\n" + handlers, []string{"check"}, nil, "write check restart", 0},
		{"where a task asks for it", "  tasks:\n    - meta: flush_handlers\n" + changes("write", "restart") + "    - meta: flush_handlers\n    - command: check\n" + handlers, []string{"check", "restart"}, nil, "write restart check", 0},
		{"not after tasks before it", "  pre_tasks:\n    - command: pre\n  tasks:\n" + changes("write", "restart") + "    - command: check\n  post_tasks:\n    - command: post\n" + handlers, []string{"check"}, nil, "pre write check restart post", 0},
		{"a handler that fails stays", "  tasks:\n" + changes("write", "restart") + handlers, []string{"restart"}, nil, "write restart", 0},
		{"a handler notified by a handler", "  tasks:\n" + changes("write", "restart") + "    - command: check\n  handlers:\n    - {name: restart, command: restart, notify: reload}\n    - {name: reload, command: reload}\n", []string{"reload"}, nil, "write check reload", 0},
		{"of those that listen, the one that failed", "  tasks:\n" + changes("write", "topic") + "  handlers:\n    - {name: one, command: one, listen: topic}\n    - {name: two, command: two, listen: topic}\n", []string{"two"}, nil, "write two", 0},
		{"handlers without a name", "  tasks:\n" + changes("write", "topic") + "  handlers:\n    - {command: one, listen: topic}\n    - {command: two, listen: topic}\n", []string{"two"}, nil, "write one two", 0},
		{"handlers in a file", "  tasks:\n" + changes("write", "many") + "  handlers:\n    - {name: many, include_tasks: many.yaml}\n", []string{"second"}, nil, "write first second", 0},
		{"all items of a loop", "  tasks:\n    - command: \"write-{{ item }}\"\n      loop: [a, b]\n      changed_when: once is defined\n      notify: \"restart {{ item }}\"\n    - command: check\n  handlers:\n    - {name: restart a, command: restart-a}\n    - {name: restart b, command: restart-b}\n",
			[]string{"check"}, nil, "write-a write-b check restart-a restart-b", 0},
		{"not those of items that a loop does not come to", "  tasks:\n    - command: \"write-{{ item }}\"\n      loop: [a, b]\n      loop_control: {break_when: [\"true\"]}\n      changed_when: once is defined\n      notify: \"restart {{ item }}\"\n    - command: check\n  handlers:\n    - {name: restart a, command: restart-a}\n    - {name: restart b, command: restart-b}\n",
			[]string{"check"}, nil, "write-a check restart-a", 0},
		{"a task that fails may have changed something", "  tasks:\n" + changes("write", "restart") + handlers, []string{"write"}, nil, "write restart", 0},
		{"one whose failure is ignored notifies nobody", "  tasks:\n" + changes("write", "restart") + "      ignore_errors: true\n    - command: check\n" + handlers, []string{"write", "check"}, nil, "write check", 0},
		{"nor one that is rescued", "  tasks:\n    - block:\n        - {name: write, command: write, notify: restart, changed_when: once is defined}\n      rescue:\n        - command: mend\n    - command: check\n" + handlers, []string{"write", "check"}, nil, "write check", 0},
		{"in a block with always", "  tasks:\n    - block:\n        - {name: write, command: write, notify: restart, changed_when: once is defined}\n        - command: check\n      always:\n        - command: always\n" + handlers, []string{"check"}, nil, "write check always restart", 0},
		{"a task that is not met", "  tasks:\n" + changes("write", "restart") + "    - {command: check, tags: [check]}\n" + handlers, []string{"check"}, func(s *setup) { s.tags = plan.Tags{Run: []string{"check"}} }, "check restart", 0},
		{"a failed host runs it with force_handlers", "  force_handlers: true\n  tasks:\n" + changes("write", "restart") + "    - command: check\n" + handlers, []string{"check"}, nil, "write check", 0},
		{"a second play does not pay for the first", "  tasks:\n" + changes("write", "restart") + "    - command: check\n" + handlers + "- name: other\n  hosts: all\n  gather_facts: false\n  tasks:\n    - command: other\n" + handlers, []string{"check"}, nil, "write check restart other", 0},
		{"check mode", "  tasks:\n" + changes("write", "restart") + "    - command: check\n" + handlers, []string{"check"}, func(s *setup) { s.options.Check = true }, "", 1},
		{"a handler that changes nothing by itself", "  tasks:\n    - {debug: {msg: x}, changed_when: once is defined, notify: restart}\n    - command: check\n" + handlers, []string{"check"}, nil, "check restart", 0},
		{"a host that is delegated to", "  tasks:\n    - {name: write, command: write, delegate_to: b, changed_when: once is defined, notify: restart}\n    - command: check\n" + handlers, []string{"check"}, nil, "write check restart", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fleet{beside: map[string]string{"many.yaml": "- command: first\n- command: second\n"}}
			got, _ := twice(t, f, "a", header+vars+tt.book, tt.failing, func(s *setup) {
				text, err := os.ReadFile(s.playbook)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(s.playbook, []byte(strings.Replace(string(text), vars, "", 1)), 0o600); err != nil {
					t.Fatal(err)
				}
				if tt.change != nil {
					tt.change(s)
				}
			})
			for i, c := range got {
				_, got[i], _ = strings.Cut(c, ": ")
			}
			if want := strings.Fields(tt.ran); !slices.Equal(got, want) {
				t.Errorf("the second run ran %q, want %q", got, want)
			}
			left := slices.DeleteFunc(f.files(t, "a", "var/lib"), func(name string) bool { return tt.left > 0 && (name == "kops" || name == "kops/owed") })
			if len(left) != tt.left {
				t.Errorf("left on the host: %q", left)
			}
		})
	}
}

const site = header + "  vars: {once: true}\n  tasks:\n    - {name: write, command: write, notify: restart, changed_when: once is defined}\n    - command: check\n  handlers:\n    - {name: restart, command: restart}\n"

func TestOwedIsSaid(t *testing.T) {
	f := &fleet{}
	_, events := twice(t, f, "a", site, []string{"check"}, nil)
	owed := of[event.HandlerOwed](events)
	if len(owed) != 1 || owed[0].Since.IsZero() {
		t.Fatalf("said %+v", owed)
	}
	owed[0].Since = owed[0].Since.AddDate(-owed[0].Since.Year(), 0, 0)
	want := event.HandlerOwed{Host: "a", Handler: "restart", Play: "site", Task: "write", Run: "r1", User: "alice", Controller: "laptop", Since: owed[0].Since}
	if owed[0] != want {
		t.Errorf("said %+v, want %+v", owed[0], want)
	}
}

// TestOwedBeforeTheChange looks at the disk while the task and its handler work: that is what a
// run that is killed there leaves.
func TestOwedBeforeTheChange(t *testing.T) {
	f := &fleet{disk: t.TempDir()}
	seen := map[string]int{}
	f.exec = func(_ context.Context, _ string, cmd remote.Command) (remote.Result, error) {
		seen[cmd.Argv[0]] = len(f.files(t, "a", "var/lib/kops/owed"))
		return remote.Result{}, nil
	}
	book := strings.Replace(site, "    - command: check\n", "    - command: check\n    - {command: again, notify: restart}\n    - {command: unchanged, notify: reload, changed_when: false}\n    - command: after\n", 1) + "    - {name: reload, command: reload}\n"
	f.on(t, "a", book, run.Options{Owed: state.NewOwed(t.TempDir())}).run(t)
	for name, want := range map[string]int{"write": 1, "check": 1, "again": 1, "unchanged": 2, "after": 1, "restart": 1} {
		if seen[name] != want {
			t.Errorf("%s met %d debts, want %d", name, seen[name], want)
		}
	}
	// Reading, write's debt, the one of unchanged and its withdrawal, the handler's success.
	if len(f.scripts) != 5 {
		t.Errorf("%d scripts of kops's own, want 5", len(f.scripts))
	}
}

func TestOwedCostsAnUnchangedTaskNothing(t *testing.T) {
	f := &fleet{disk: t.TempDir()}
	book := header + "  tasks:\n" + strings.Repeat("    - {ping: , notify: restart}\n", 10) + "  handlers:\n    - {name: restart, command: restart}\n" +
		"- hosts: all\n  gather_facts: false\n  tasks:\n    - {ping: , notify: restart}\n  handlers:\n    - {name: restart, command: restart}\n"
	f.on(t, "a b", book, run.Options{Owed: state.NewOwed(t.TempDir())}).run(t)
	asked := slices.DeleteFunc(f.scripts, func(script string) bool { return !strings.Contains(script, "/var/lib/kops") })
	if len(asked) != 2 {
		t.Errorf("%d scripts about what is owed, want one for each host", len(asked))
	}
}

func TestOwedHandlerThatIsGone(t *testing.T) {
	for name, change := range map[string][2]string{
		"the handler": {"restart", "renamed"},
		"the play":    {"- name: site", "- name: renamed"},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fleet{}
			_, events := twice(t, f, "a", site, []string{"check"}, func(s *setup) {
				text := strings.NewReplacer(change[0], change[1], "vars: {once: true}", "vars: {}").Replace(site)
				if err := os.WriteFile(s.playbook, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			})
			warned := 0
			for _, w := range of[event.Warning](events) {
				if strings.Contains(w.Msg, "'restart' is owed since") && strings.Contains(w.Msg, "run r1 of alice on laptop") {
					warned++
				}
			}
			if warned != 1 || len(f.files(t, "a", "var/lib/kops/owed")) != 1 {
				t.Errorf("warned %d times, left %q", warned, f.files(t, "a", "var/lib/kops/owed"))
			}
		})
	}
}

func TestNothingIsChangedThatCannotBeOwed(t *testing.T) {
	f := &fleet{disk: t.TempDir()}
	if err := os.MkdirAll(filepath.Join(f.disk, "a", "var/lib"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(f.disk, "a", "var/lib/kops"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, events := f.on(t, "a", site, run.Options{Owed: state.NewOwed(t.TempDir())}).run(t)
	if len(f.commands()) > 0 || s.Exit != run.ExitFailed {
		t.Errorf("ran %q, exit %d", f.commands(), s.Exit)
	}
	results := of[event.Result](events)
	if msg := results[len(results)-1].Msg; !strings.Contains(msg, "nothing was changed") || !strings.Contains(msg, "Not a directory") && !strings.Contains(msg, "File exists") {
		t.Errorf("said %q", msg)
	}
}

// TestOwedWithoutRoot keeps on the controller what cannot be kept on the host, unless some task
// of the play becomes root.
func TestOwedWithoutRoot(t *testing.T) {
	for task, want := range map[string]string{"command: last": "controller", "{command: last, become: true}": "host", "{command: last, become: true, become_user: kafka}": "controller"} {
		f := &fleet{disk: t.TempDir(), user: "ops", exec: answers("check")}
		owed := state.NewOwed(filepath.Join(f.disk, "controller"))
		book := strings.Replace(site, "    - command: check\n", "    - command: check\n    - "+task+"\n", 1)
		f.on(t, "a", book, run.Options{Owed: owed}).run(t)
		where := "host"
		if debts, err := owed.Of("a"); err != nil || len(debts) == 1 {
			where = "controller"
		}
		if where != want || (len(f.files(t, "a", "var/lib/kops/owed")) == 1) != (want == "host") {
			t.Errorf("%s: the debt is on the %s, want %s", task, where, want)
		}
		f.exec, f.ran = answers(), nil
		_, events := f.on(t, "a", book, run.Options{Owed: owed}).run(t)
		if debts, err := owed.Of("a"); len(of[event.HandlerOwed](events)) != 1 || len(debts) != 0 || err != nil || len(f.files(t, "a", "var/lib")) != 0 {
			t.Errorf("%s: after the second run %+v, %v and %q are left", task, debts, err, f.files(t, "a", "var/lib"))
		}
	}
}

// TestOwedOnManyHosts has batches, in the second of which one host fails and another cannot be
// reached, and a task that runs once.
func TestOwedOnManyHosts(t *testing.T) {
	book := strings.NewReplacer("hosts: all\n", "hosts: all\n  serial: 2\n", "    - command: check\n", "    - {name: one, command: one, run_once: true, notify: single}\n    - command: check\n").
		Replace(site) + "    - {name: single, command: single}\n"
	f := &fleet{down: map[string]remote.Reason{"d": remote.Refused}}
	got, _ := twice(t, f, "a b c d", book, []string{"c: check"}, func(s *setup) {
		for host, want := range map[string]int{"a": 0, "b": 0, "c": 2, "d": 0} {
			if debts := f.files(t, host, "var/lib/kops/owed"); len(debts) != want {
				t.Errorf("after the first run %s is owed %d, want %d", host, len(debts), want)
			}
		}
		f.down = nil
		s.limit = "c:d"
	})
	slices.Sort(got)
	if want := []string{"c: check", "c: one", "c: restart", "c: single", "c: write", "d: check", "d: restart", "d: write"}; !slices.Equal(got, want) {
		t.Errorf("the second run ran %q, want %q", got, want)
	}
	if left := f.files(t, "c", "var/lib"); len(left) > 0 || f.dials["d"] != 3 { // as the play begins, as its batch does, and in the second run
		t.Errorf("left on c: %q; d was dialled %d times in two runs", left, f.dials["d"])
	}
}

func TestPending(t *testing.T) {
	f := &fleet{disk: t.TempDir(), exec: answers("check"), down: map[string]remote.Reason{"c": remote.Refused}}
	owed := state.NewOwed(filepath.Join(f.disk, "controller"))
	f.on(t, "a b", site, run.Options{Owed: owed}).run(t)
	f.user = "ops"
	f.on(t, "a", site, run.Options{Owed: owed}).run(t)
	ask := func(o run.Options, do func(context.Context, run.Options) (run.Pending, error)) run.Pending {
		t.Helper()
		s := f.on(t, "a b c", "- hosts: all\n  gather_facts: false\n", run.Options{})
		o.Dial, o.Plan, o.Emit, o.Owed = f.dial, s.load(t), func(event.Event) {}, owed
		found, err := do(t.Context(), o)
		if err != nil || len(found.Failed) != 1 || found.Failed[0].Host != "c" || !found.Failed[0].Unreachable() {
			t.Errorf("failed on %+v, %v", found.Failed, err)
		}
		return found
	}
	root := run.Options{Defaults: run.Defaults{Become: true, BecomeUser: "root"}}
	describe := func(p run.Pending) string {
		var all []string
		for _, d := range p.Owed {
			where := "controller"
			if d.OnHost {
				where = "host"
			}
			all = append(all, d.Host+" "+d.Name()+" on the "+where)
		}
		return strings.Join(all, ", ")
	}
	if got, want := describe(ask(root, run.ListOwed)), "a restart on the host, a restart on the controller, b restart on the host"; got != want {
		t.Errorf("owed: %s, want %s", got, want)
	}
	if got, want := describe(ask(run.Options{}, run.ListOwed)), "a restart on the controller"; got != want {
		t.Errorf("without root: %s, want %s", got, want)
	}
	forget := func(handler string) func(context.Context, run.Options) (run.Pending, error) {
		return func(ctx context.Context, o run.Options) (run.Pending, error) {
			return run.ForgetOwed(ctx, o, func(d state.Debt) bool { return d.Name() == handler })
		}
	}
	if got := describe(ask(root, forget("reload"))); got != "" {
		t.Errorf("forgot %s", got)
	}
	ask(root, forget("restart"))
	if got := describe(ask(root, run.ListOwed)); got != "" || len(f.files(t, "a", "var/lib")) > 0 {
		t.Errorf("after all was forgotten: %s, %q", got, f.files(t, "a", "var/lib"))
	}
}
