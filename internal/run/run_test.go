package run_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kops/internal/event"
	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/run"
)

func TestUnreachableHosts(t *testing.T) {
	const book = `
- hosts: all
  gather_facts: false
  tasks:
    - name: first
      block:
        - command: one
      rescue:
        - command: rescue
      always:
        - command: always
    - command: two
- hosts: all
  gather_facts: false
  tasks:
    - command: three
`
	f := &fleet{down: map[string]remote.Reason{"b": remote.Refused}}
	s, events := f.on(t, "a b", book, run.Options{}).run(t)
	want := []string{"a: one", "a: always", "a: two", "a: three"}
	if got := f.commands(); !slices.Equal(got, want) {
		t.Errorf("ran %q, not %q", got, want)
	}
	if s.Exit != run.ExitUnreachable || s.Recap["b"] != (event.Counts{Unreachable: 1}) {
		t.Errorf("exit %d, recap %+v", s.Exit, s.Recap)
	}
	for _, r := range of[event.Result](events) {
		if r.Host == "b" && (r.Status != event.Unreachable || !strings.Contains(r.Msg, string(remote.Refused))) {
			t.Errorf("b's result does not say why: %+v", r)
		}
	}
	if !maps.Equal(f.dials, map[string]int{"a": 1, "b": 1}) {
		t.Errorf("dialled %v: a host is dialled once in a run", f.dials)
	}
}

func TestIgnoreUnreachable(t *testing.T) {
	const book = `
- hosts: all
  gather_facts: false
  tasks:
    - command: one
      ignore_unreachable: true
      register: r
    - debug: {msg: "{{ r is unreachable }}"}
`
	f := &fleet{down: map[string]remote.Reason{"a": remote.TimedOut}}
	s, events := f.on(t, "a", book, run.Options{}).run(t)
	if s.Exit != run.ExitOK || s.Recap["a"].Ignored != 1 || s.Recap["a"].Unreachable != 0 {
		t.Errorf("exit %d, recap %+v", s.Exit, s.Recap)
	}
	results := of[event.Result](events)
	if last := results[len(results)-1]; last.Result.At("msg") != true {
		t.Errorf("the registered result is not unreachable: %+v", last.Result)
	}
}

// atOnce runs a task on six hosts and returns how many worked at the same time. Each waits
// for as many as are wanted, so that a lower number would not end.
func atOnce(t *testing.T, wanted int, task string, o run.Options) int {
	var running, most atomic.Int64
	enough := make(chan struct{})
	var once sync.Once
	f := &fleet{exec: func(context.Context, string, remote.Command) (remote.Result, error) {
		n := running.Add(1)
		defer running.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		if int(n) >= wanted {
			once.Do(func() { close(enough) })
		}
		<-enough
		return remote.Result{}, nil
	}}
	f.on(t, "a b c d e f", "- hosts: all\n  gather_facts: false\n  tasks:\n    - "+task+"\n", o).run(t)
	return int(most.Load())
}

func TestHostsAtOnce(t *testing.T) {
	tests := []struct {
		name, task string
		forks      int
		want       int
	}{
		{"all", "command: x", 0, 6},
		{"forks", "command: x", 2, 2},
		{"throttle", "{command: x, throttle: 3}", 6, 3},
		{"throttle above forks", "{command: x, throttle: 5}", 2, 2},
		{"throttle off", "{command: x, throttle: 0}", 4, 4},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := atOnce(t, test.want, test.task, run.Options{Forks: test.forks}); got != test.want {
				t.Errorf("%d hosts at once, not %d", got, test.want)
			}
		})
	}
}

func TestHeartbeat(t *testing.T) {
	const book = "- hosts: all\n  gather_facts: false\n  tasks:\n    - {name: slow, command: wait}\n"
	heard := make(chan event.Progress, 100)
	f := &fleet{exec: func(ctx context.Context, _ string, _ remote.Command) (remote.Result, error) {
		for range 2 { // a second one follows
			p := <-heard
			if p.Name != "slow" || p.Host != "a" || p.Elapsed <= 0 {
				return remote.Result{}, fmt.Errorf("the heartbeat says %+v", p)
			}
		}
		return remote.Result{}, nil
	}}
	s := f.on(t, "a", book, run.Options{Heartbeat: 5 * time.Millisecond})
	o := s.options
	o.Plan = s.load(t)
	o.Emit = func(e event.Event) {
		if p, ok := e.(event.Progress); ok {
			select {
			case heard <- p:
			default:
			}
		}
	}
	summary, err := run.Run(t.Context(), o)
	if err != nil || summary.Exit != run.ExitOK {
		t.Error(summary, err)
	}
}

// waitSpec is a module that waits, and says for what, until it was heard.
type waitSpec struct {
	NoLog bool `arg:"quietly"`
	heard chan string
}

func (s *waitSpec) Plan(context.Context, remote.Reader) (module.Change, error) {
	wait := func(ctx context.Context, _ remote.Host) (module.Outcome, error) {
		for _, what := range []string{"wait for orders-3, orders-7", "wait for orders-7"} {
			module.Tell(ctx, what)
			for said := ""; said != what; {
				if said = <-s.heard; s.NoLog && said == "" {
					break
				}
			}
		}
		return module.Outcome{}, nil
	}
	return module.Change{Steps: []module.Step{{Summary: "wait", Do: wait}}}, nil
}

// The heartbeat shows what a step waits for, as the step says it; not where no_log hides it.
func TestHeartbeatTellsWhatIsWaitedFor(t *testing.T) {
	for _, task := range []string{"{waits: {}}", "{waits: {quietly: true}, no_log: true}"} {
		heard := make(chan string, 1000)
		s := (&fleet{}).on(t, "a", "- hosts: all\n  gather_facts: false\n  tasks:\n    - "+task+"\n", run.Options{Heartbeat: 5 * time.Millisecond})
		s.modules = []*module.Module{{Name: "waits", Collection: "kops.kafka", New: func() module.Spec { return &waitSpec{heard: heard} }}}
		o := s.options
		o.Plan = s.load(t)
		o.Emit = func(e event.Event) {
			if p, ok := e.(event.Progress); ok {
				heard <- p.Doing
				if strings.Contains(task, "no_log") && p.Doing != "" {
					t.Errorf("no_log: the heartbeat says %q", p.Doing)
				}
			}
		}
		if summary, err := run.Run(t.Context(), o); err != nil || summary.Exit != run.ExitOK {
			t.Error(summary, err)
		}
	}
}

func TestTimeout(t *testing.T) {
	const book = `
- hosts: all
  gather_facts: false
  tasks:
    - command: hang
      timeout: 1
`
	f := &fleet{exec: func(ctx context.Context, _ string, _ remote.Command) (remote.Result, error) {
		<-ctx.Done()
		return remote.Result{}, ctx.Err()
	}}
	s, events := f.on(t, "a", book, run.Options{}).run(t)
	results := of[event.Result](events)
	if s.Exit != run.ExitFailed || len(results) != 1 || !strings.Contains(results[0].Msg, "timeout of 1 second") {
		t.Errorf("exit %d: %+v", s.Exit, results)
	}
}

// Ctrl-C once: the step under way ends, nothing new begins, the recap is there.
func TestStop(t *testing.T) {
	const book = `
- hosts: all
  gather_facts: false
  tasks:
    - command: one
      notify: h
    - command: two
  handlers:
    - {name: h, command: handler}
- hosts: all
  gather_facts: false
  tasks:
    - command: three
`
	stop := make(chan struct{})
	f := &fleet{exec: func(ctx context.Context, _ string, _ remote.Command) (remote.Result, error) {
		close(stop)
		return remote.Result{}, ctx.Err()
	}}
	s, events := f.on(t, "a", book, run.Options{Stop: stop}).run(t)
	if got := f.commands(); !slices.Equal(got, []string{"a: one"}) {
		t.Errorf("ran %q", got)
	}
	ended := of[event.RunEnded](events)
	if s.Exit != run.ExitInterrupted || len(ended) != 1 || !ended[0].Interrupted || ended[0].Recap["a"].Changed != 1 {
		t.Errorf("exit %d, ended %+v", s.Exit, ended)
	}
}

// Ctrl-C twice cancels what is under way.
func TestCancel(t *testing.T) {
	const book = "- hosts: all\n  gather_facts: false\n  tasks:\n    - command: hang\n      loop: [1, 2]\n    - command: never\n"
	ctx, cancel := context.WithCancel(t.Context())
	f := &fleet{exec: func(ctx context.Context, _ string, _ remote.Command) (remote.Result, error) {
		cancel()
		<-ctx.Done()
		return remote.Result{}, ctx.Err()
	}}
	s := f.on(t, "a", book, run.Options{})
	o := s.options
	o.Plan, o.Emit = s.load(t), func(event.Event) {}
	summary, err := run.Run(ctx, o)
	if err != nil || summary.Exit != run.ExitInterrupted || len(f.commands()) != 1 {
		t.Error(summary, err, f.commands())
	}
}

// What is secret is hidden before it is used, and no_log leaves nothing in any event.
func TestSecrets(t *testing.T) {
	const book = `
- hosts: all
  gather_facts: false
  vars: {ansible_password: hunter22, ansible_become_password: tr0ub4dor, token: s3cret}
  become: true
  tasks:
    - command: echo {{ token }}
      no_log: true
      register: r
    - command: echo {{ item }}
      no_log: true
      loop: ["{{ token }}"]
    - fail: {msg: "{{ r.stdout }}"}
      no_log: true
      retries: 1
      delay: 0
      ignore_errors: true
    - debug: {msg: "{{ 'known' if 's3cr' in r.stdout else r.stdout }}"}
`
	hidden := map[string]bool{}
	f := &fleet{exec: func(_ context.Context, _ string, cmd remote.Command) (remote.Result, error) {
		if !hidden["hunter22"] || !hidden["tr0ub4dor"] {
			return remote.Result{}, fmt.Errorf("the passwords were used before they were hidden: %v", hidden)
		}
		return remote.Result{Stdout: []byte(cmd.Argv[len(cmd.Argv)-1])}, nil
	}}
	s, events := f.on(t, "a", book, run.Options{Hide: func(secret string) { hidden[secret] = true }}).run(t)
	if s.Exit != run.ExitOK || s.Recap["a"].Ignored != 1 {
		t.Errorf("exit %d, recap %+v", s.Exit, s.Recap)
	}
	for _, e := range events.events {
		out, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(out), "s3cret") {
			t.Errorf("%s: %s", e.Kind(), out)
		}
	}
	results := of[event.Result](events)
	if last := results[len(results)-1]; last.Result.String("msg") != "known" {
		t.Errorf("later tasks do not see what was registered: %v", last.Result)
	}
}
