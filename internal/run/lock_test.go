package run_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"kops/internal/event"
	"kops/internal/remote"
	"kops/internal/remote/remotetest"
	"kops/internal/run"
	"kops/internal/state"
)

const work = "- hosts: all\n  gather_facts: false\n  tasks:\n    - command: work\n"

// A lane is one of several runs at the same time, on the disks of one fleet.
type lane struct {
	fleet
	began   chan struct{} // closed when its first command runs
	goOn    chan struct{} // closed to let that end
	waits   chan event.LockWaiting
	once    sync.Once
	summary run.Summary
	events  *recorder
	done    chan struct{}
}

// start starts a run that stops in its first command until it may go on.
func start(t *testing.T, disk, id, hosts, book string, change func(*lane, *run.Options)) *lane {
	t.Helper()
	l := &lane{fleet: fleet{disk: disk}, began: make(chan struct{}), goOn: make(chan struct{}), waits: make(chan event.LockWaiting, 10), done: make(chan struct{})}
	l.exec = func(ctx context.Context, _ string, _ remote.Command) (remote.Result, error) {
		l.once.Do(func() { close(l.began) })
		select {
		case <-l.goOn:
		case <-ctx.Done():
		}
		return remote.Result{}, ctx.Err()
	}
	o := run.Options{Lock: run.LockWait, Owed: state.NewOwed(t.TempDir()), Started: event.RunStarted{Run: id, User: "alice", Host: "laptop"}}
	if change != nil {
		change(l, &o)
	}
	s := l.on(t, hosts, book, o)
	s.watch = func(e event.Event) {
		if w, ok := e.(event.LockWaiting); ok {
			l.waits <- w
		}
	}
	go func() {
		defer close(l.done)
		l.summary, l.events = s.run(t)
	}()
	return l
}

func TestLockWaits(t *testing.T) {
	disk := t.TempDir()
	first := start(t, disk, "r1", "a b", work, nil)
	<-first.began
	second := start(t, disk, "r2", "b c", work, nil)
	by := <-second.waits
	if by.Host != "b" || by.Run != "r1" || by.User != "alice" || by.Controller != "laptop" || by.PID == 0 || by.Since.IsZero() {
		t.Errorf("it waits for %+v", by)
	}
	// While it waits it holds nothing, so whoever needs the other host is not kept.
	third := start(t, disk, "r3", "c", work, nil)
	close(third.goOn)
	<-third.done
	if len(second.commands()) > 0 || len(third.commands()) != 1 {
		t.Errorf("the run that waits did %q, the third %q", second.commands(), third.commands())
	}
	close(first.goOn)
	close(second.goOn)
	<-first.done
	<-second.done
	if got := second.commands(); len(got) != 2 || second.summary.Exit != run.ExitOK {
		t.Errorf("after the wait it ran %q, exit %d", got, second.summary.Exit)
	}
}

func TestLockFails(t *testing.T) {
	disk := t.TempDir()
	first := start(t, disk, "r1", "a", work, nil)
	<-first.began
	second := start(t, disk, "r2", "a b", work, func(_ *lane, o *run.Options) { o.Lock = run.LockFail })
	<-second.done
	results := of[event.Result](second.events)
	if len(second.commands()) > 0 || second.summary.Exit != run.ExitFailed || len(results) != 1 || !strings.Contains(results[0].Msg, "locked by run r1 of alice on laptop") {
		t.Errorf("ran %q, exit %d, said %+v", second.commands(), second.summary.Exit, results)
	}
	if plays := of[event.PlayStarted](second.events); len(plays) != 1 {
		t.Errorf("its play began %d times: %+v", len(plays), plays)
	}
	close(first.goOn)
	<-first.done
}

func TestLockWaitEnds(t *testing.T) {
	disk := t.TempDir()
	first := start(t, disk, "r1", "a", work, nil)
	<-first.began
	stop := make(chan struct{})
	second := start(t, disk, "r2", "a", work, func(_ *lane, o *run.Options) { o.Stop = stop })
	<-second.waits
	close(stop)
	<-second.done
	if len(second.commands()) > 0 || second.summary.Exit != run.ExitInterrupted {
		t.Errorf("ran %q, exit %d", second.commands(), second.summary.Exit)
	}
	close(first.goOn)
	<-first.done
}

// TestLocksThatAreNotTaken has plays that go on while another run holds the lock of their host.
func TestLocksThatAreNotTaken(t *testing.T) {
	disk := t.TempDir()
	first := start(t, disk, "r1", "a", work, nil)
	<-first.began
	for name, tt := range map[string]struct {
		book   string
		change func(*run.Options)
	}{
		"off":                     {work, func(o *run.Options) { o.Lock = run.LockOff }},
		"check mode":              {work, func(o *run.Options) { o.Check = true }},
		"a play that only looks":  {"- hosts: all\n  gather_facts: false\n  tasks:\n    - ping:\n    - debug:\n", nil},
		"a name of a collection":  {"- hosts: all\n  gather_facts: false\n  tasks:\n    - kops.kafka.zookeeper_health: {servers: \"127.0.0.1:1\", timeout: 0}\n      ignore_errors: true\n", nil},
		"another host's business": {"- hosts: all\n  gather_facts: false\n  tasks:\n    - {command: work, delegate_to: b}\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			other := start(t, disk, "r2", "a", tt.book, func(_ *lane, o *run.Options) {
				if tt.change != nil {
					tt.change(o)
				}
			})
			close(other.goOn)
			<-other.done
			if other.summary.Exit != run.ExitOK || len(of[event.Result](other.events)) == 0 {
				t.Errorf("exit %d", other.summary.Exit)
			}
		})
	}
	close(first.goOn)
	<-first.done
}

// TestOneRunDoesNotBlockItself has two plays, batches, and a host with two names.
func TestOneRunDoesNotBlockItself(t *testing.T) {
	l := start(t, t.TempDir(), "r1", "a b", strings.Replace(work, "gather_facts", "serial: 1\n  gather_facts", 1)+work, func(l *lane, _ *run.Options) { l.alias = map[string]string{"b": "a"} })
	close(l.goOn)
	<-l.done
	if got := l.commands(); len(got) != 4 || l.summary.Exit != run.ExitOK || len(l.waits) > 0 {
		t.Errorf("ran %q, exit %d", got, l.summary.Exit)
	}
}

func TestNoFlock(t *testing.T) {
	l := start(t, t.TempDir(), "r1", "a", work+work, func(l *lane, _ *run.Options) { l.bare = true })
	close(l.goOn)
	<-l.done
	said := slices.DeleteFunc(of[event.Warning](l.events), func(w event.Warning) bool {
		return !strings.Contains(w.Msg, "no lock is held here") || !strings.Contains(w.Msg, "flock")
	})
	if len(said) != 1 || l.summary.Exit != run.ExitOK {
		t.Errorf("said so %d times, exit %d", len(said), l.summary.Exit)
	}
}

// TestLockFacts: facts are asked for behind the script that takes the lock, and again where another run has it.
func TestLockFacts(t *testing.T) {
	const book = "- hosts: all\n  tasks:\n    - command: work\n"
	disk := t.TempDir()
	var mu sync.Mutex
	asked := map[string][]string{}
	run := func(id string) *lane {
		return start(t, disk, id, "a", book, func(l *lane, _ *run.Options) {
			l.prepare = func(h *remotetest.Host) {
				h.OnQuery = func(*remotetest.Host, string) (remote.Result, error) { return remote.Result{}, nil }
			}
			l.looks = func(_, path string, ahead bool) {
				mu.Lock()
				defer mu.Unlock()
				if path == "script" {
					asked[id] = append(asked[id], map[bool]string{true: "behind the lock", false: "at its turn"}[ahead])
				}
			}
		})
	}
	first := run("r1")
	<-first.began
	second := run("r2")
	<-second.waits
	close(first.goOn)
	close(second.goOn)
	<-first.done
	<-second.done
	if got := strings.Join(asked["r1"], ", "); got != "behind the lock" {
		t.Errorf("the first run asked for facts %s", got)
	}
	if got := strings.Join(asked["r2"], ", "); got != "behind the lock, at its turn" {
		t.Errorf("the run that waited asked for facts %s", got)
	}
}
