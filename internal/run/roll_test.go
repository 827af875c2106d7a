package run_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"kops/internal/event"
	"kops/internal/remote"
	"kops/internal/run"
	"kops/internal/state"
	"kops/internal/value"
)

const rolling = "- name: roll\n  hosts: all\n  gather_facts: false\n  strategy: kafka_rolling\n  serial: 1\n" +
	"  vars: {kafka_broker_id: \"{{ inventory_hostname[1:] | int }}\"}\n  tasks:\n"

func TestRolling(t *testing.T) {
	tests := []struct {
		name    string
		book    string
		hosts   string // b1 b2 b3, if empty
		quorum  *quorum
		limit   string
		check   bool
		pairs   bool     // two servers at once, in any order
		want    []string // commands
		stops   string
		looks   int    // how often the cluster was asked which server is next, and whether it serves; 0 for any number
		stopped string // why the play ended
		untried string
		failure string // what failed
	}{
		{
			name:   "the controller is last, and the preferred leaders come back",
			book:   rolling + "    - command: restart\n",
			quorum: &quorum{controller: 1},
			want:   []string{"b2: restart", "b3: restart", "b1: restart"},
			stops:  "[2] [3] [1] elect",
		}, {
			name:   "a controller that moves in the middle is last where it is then",
			book:   rolling + "    - command: restart\n",
			quorum: &quorum{controller: 1, moves: map[int64]int64{2: 3}},
			want:   []string{"b2: restart", "b1: restart", "b3: restart"},
			stops:  "[2] [1] [3] elect",
		}, {
			name:   "a server that needs nothing is asked for nothing",
			book:   rolling + "    - command: restart\n      when: inventory_hostname == 'b2'\n",
			quorum: &quorum{controller: 1},
			want:   []string{"b2: restart"},
			stops:  "[2] elect",
			looks:  3, // for the order, at the gate, for the order after it
		}, {
			name:   "where none needs anything, the cluster is asked once for its order",
			book:   rolling + "    - command: restart\n      when: false\n",
			quorum: &quorum{controller: 1},
			looks:  1,
		}, {
			name:   "nothing is needed of a cluster that does not run",
			book:   rolling + "    - command: restart\n      when: false\n",
			quorum: &quorum{controller: 1, gone: true},
			looks:  3, // once each of its servers
		}, {
			name:    "a cluster that does not answer",
			book:    rolling + "    - command: restart\n",
			quorum:  &quorum{controller: 1, gone: true},
			stopped: "b1 failed, and no other server is touched",
			untried: "b1 b2 b3",
			failure: "the cluster cannot be asked whether it can do without a server: b1: 0 of 3 brokers serve\nb2: 0 of 3 brokers serve\nb3: 0 of 3 brokers serve",
		}, {
			name:   "check mode asks for the order alone",
			book:   rolling + "    - command: restart\n",
			quorum: &quorum{controller: 1},
			check:  true,
			looks:  1,
		}, {
			name:   "handlers are waited for too",
			book:   rolling + "    - {debug: , changed_when: true, notify: again}\n  handlers:\n    - {name: again, command: restart}\n",
			quorum: &quorum{controller: 3},
			want:   []string{"b1: restart", "b2: restart", "b3: restart"},
			stops:  "[1] [2] [3] elect",
		}, {
			name:   "a rack at a time",
			book:   strings.Replace(rolling, "serial: 1", "serial: rack", 1) + "    - command: restart\n",
			hosts:  "b1 b2 b3 b4",
			quorum: &quorum{controller: 1, serving: []int64{1, 2, 3, 4}, racks: map[int64]string{1: "x", 2: "y", 3: "x", 4: "y"}},
			want:   []string{"b2: restart", "b4: restart", "b1: restart", "b3: restart"},
			pairs:  true,
			stops:  "[2 4] [1 3] elect",
		}, {
			name:    "a cluster that can never do without a broker",
			book:    rolling + "    - command: restart\n",
			quorum:  &quorum{controller: 1, tight: true},
			stops:   "[2]",
			stopped: "b2 failed, and no other server is touched",
			failure: "The cluster cannot do without b2: orders-0 has no other replica; topics that may be away meanwhile are named in kafka_health_ignore_topics",
			untried: "b2 b1 b3",
		}, {
			name:    "a cluster that is not healthy",
			book:    rolling + "    - command: restart\n",
			quorum:  &quorum{controller: 1, sick: true},
			stops:   "[2]",
			stopped: "b2 failed, and no other server is touched",
			untried: "b2 b1 b3",
		}, {
			name:    "a server that does not come back",
			book:    rolling + "    - command: stop\n",
			quorum:  &quorum{controller: 1},
			want:    []string{"b2: stop"},
			stops:   "[2]",
			stopped: "the cluster did not get healthy after b2; perhaps out of service: b2",
			untried: "b1 b3",
		}, {
			name:   "a server that is out of service comes first, and no other before it is back",
			book:   rolling + "    - command: start\n",
			quorum: &quorum{controller: 1, serving: []int64{1, 2}},
			want:   []string{"b3: start", "b2: start", "b1: start"},
			stops:  "[2] [1] elect",
		}, {
			name:   "all that are out of service come first, together",
			book:   rolling + "    - command: start\n",
			quorum: &quorum{controller: 1, serving: []int64{1}},
			pairs:  true,
			want:   []string{"b2: start", "b3: start", "b1: start"},
			stops:  "[1] elect",
		}, {
			name:    "one that does not answer may serve all the same",
			book:    rolling + "    - command: restart\n",
			quorum:  &quorum{controller: 1, serving: []int64{1, 3}, silent: []int64{2}},
			stops:   "[2]",
			stopped: "b2 failed, and no other server is touched",
			failure: "The cluster cannot do without b2: not healthy after a while: 2 of 3 brokers serve",
			untried: "b2 b1 b3",
		}, {
			name:    "one that does not answer is not restarted while another one is out",
			book:    rolling + "    - {command: start, when: inventory_hostname == 'b3'}\n    - {command: restart, when: inventory_hostname != 'b3'}\n",
			quorum:  &quorum{controller: 1, serving: []int64{1}, silent: []int64{2}},
			want:    []string{"b3: start"},
			stopped: "the cluster did not get healthy after b3; perhaps out of service: b3",
			untried: "b1 b2",
		}, {
			name:   "one that hangs and is not registered any more is out",
			book:   rolling + "    - {command: start, when: inventory_hostname == 'b3'}\n",
			quorum: &quorum{controller: 1, serving: []int64{1, 2}, hung: []int64{3}},
			want:   []string{"b3: start"},
			stops:  "elect",
		}, {
			name:    "a broker of another cluster is none that is out",
			book:    rolling + "    - command: restart\n",
			quorum:  &quorum{controller: 1, serving: []int64{1, 2}, foreign: []int64{3}},
			stops:   "[3]",
			stopped: "b3 failed, and no other server is touched",
			failure: "The cluster cannot do without b3: not healthy after a while: 2 of 3 brokers serve",
			untried: "b3 b1 b2",
		}, {
			name:    "a cluster of one whose login is wrong is not touched",
			book:    rolling + "    - command: restart\n",
			hosts:   "b1",
			quorum:  &quorum{controller: 1, serving: []int64{1}, gone: true},
			stopped: "b1 failed, and no other server is touched",
			failure: "the cluster cannot be asked whether it can do without a server: b1: 0 of 1 brokers serve",
			untried: "b1",
		}, {
			name:   "a cluster of one that is out comes back",
			book:   rolling + "    - command: start\n",
			hosts:  "b1",
			quorum: &quorum{controller: 1, serving: []int64{}},
			want:   []string{"b1: start"},
			stops:  "elect",
		}, {
			name:   "a task that says that it reads is asked for nothing",
			book:   rolling + "    - {command: date, changed_when: false, check_mode: false}\n",
			quorum: &quorum{controller: 1, sick: true},
			want:   []string{"b2: date", "b3: date", "b1: date"},
			looks:  1,
		}, {
			name:    "what the play ignores does not go for the cluster's health",
			book:    strings.Replace(rolling, "serial: 1", "serial: 1\n  ignore_errors: true\n  ignore_unreachable: true", 1) + "    - command: stop\n",
			quorum:  &quorum{controller: 1},
			want:    []string{"b2: stop"},
			stops:   "[2]",
			stopped: "the cluster did not get healthy after b2; perhaps out of service: b2",
			untried: "b1 b3",
		}, {
			name:   "a broker that the inventory does not know yet, while another is out",
			book:   rolling + "    - command: start\n",
			quorum: &quorum{controller: 1, serving: []int64{1, 3}, strangers: []int64{4}},
			want:   []string{"b2: start", "b3: start", "b1: start"},
			stops:  "[3] [1] elect",
		}, {
			name:    "numbers that are swapped",
			book:    strings.Replace(rolling, "{{ inventory_hostname[1:] | int }}", "{{ {'b1': 2, 'b2': 1, 'b3': 3}[inventory_hostname] }}", 1) + "    - command: restart\n",
			quorum:  &quorum{controller: 1},
			stopped: "the cluster does not say which server may be next",
			untried: "b1 b2 b3",
			failure: "the inventory does not fit the cluster: kafka_broker_id of b2 is 1, and that broker is at b1:9092, which is b1",
		}, {
			name:    "a server that fails ends the roll",
			book:    rolling + "    - command: restart\n    - command: fail\n      when: inventory_hostname == 'b3'\n",
			quorum:  &quorum{controller: 1},
			want:    []string{"b2: restart", "b3: restart", "b3: fail"},
			stops:   "[2] [3]",
			stopped: "b3 failed, and no other server is touched; done: b2; perhaps out of service: b3",
			untried: "b1",
		}, {
			name:    "one that fails before anything is changed on it was not touched",
			book:    rolling + "    - {fail: , when: inventory_hostname == 'b3'}\n    - command: restart\n",
			quorum:  &quorum{controller: 1},
			want:    []string{"b2: restart"},
			stops:   "[2]",
			stopped: "b3 failed, and no other server is touched; done: b2",
			untried: "b3 b1",
		}, {
			name:    "numbers that are not the brokers' own",
			book:    strings.Replace(rolling, "| int", "| int + 10", 1) + "    - command: restart\n",
			quorum:  &quorum{controller: 1},
			stopped: "the cluster does not say which server may be next",
			untried: "b1 b2 b3",
			failure: "the inventory does not fit the cluster: registered, yet no host's, is broker 1 (b1:9092), 2 (b2:9092), 3 (b3:9092); not registered is that of b1 (kafka_broker_id 11), b2 (kafka_broker_id 12), b3 (kafka_broker_id 13)",
		}, {
			name:   "the limit leaves brokers out, and not out of the count",
			book:   rolling + "    - command: restart\n",
			quorum: &quorum{controller: 1},
			limit:  "b1",
			want:   []string{"b1: restart"},
			stops:  "[1] elect",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := tt.quorum
			hosts := "b1 b2 b3"
			if tt.hosts != "" {
				hosts = tt.hosts
			}
			if q.serving == nil {
				q.serving = []int64{1, 2, 3}
			}
			f := &fleet{exec: q.does, prepare: q.listens}
			s := f.on(t, hosts, tt.book, run.Options{Check: tt.check})
			s.modules, s.limit = q.modules(), tt.limit
			_, events := s.run(t)
			got := f.commands()
			for i := 0; i+1 < len(got) && tt.pairs; i += 2 {
				slices.Sort(got[i : i+2])
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("it ran %q, want %q", got, tt.want)
			}
			if stops := strings.Join(slices.Compact(q.stops), " "); stops != tt.stops {
				t.Errorf("asked for %q, want %q", stops, tt.stops)
			}
			if tt.looks > 0 && q.looks != tt.looks {
				t.Errorf("the cluster was looked at %d times, want %d", q.looks, tt.looks)
			}
			stopped, untried := "", ""
			for _, e := range of[event.PlayEnded](events) {
				stopped, untried = e.Stopped, strings.Join(e.Untried, " ")
			}
			failure := ""
			for _, r := range of[event.Result](events) {
				if r.Status == event.Failed {
					failure = r.Msg
				}
			}
			if tt.stopped != "" && (failure == "" || tt.failure != "" && failure != tt.failure) {
				t.Errorf("%q failed, want %q", failure, tt.failure)
			}
			if stopped != tt.stopped {
				t.Errorf("it stopped: %q, want %q", stopped, tt.stopped)
			}
			if untried != tt.untried {
				t.Errorf("not touched: %q, want %q", untried, tt.untried)
			}
		})
	}
}

// A run that was killed left a broker out of service, whose handler is owed.
func TestRollingGoesOn(t *testing.T) {
	book := rolling + "    - {command: configure, changed_when: once is defined, notify: again}\n" +
		"  handlers:\n    - {name: again, command: restart}\n"
	q := &quorum{controller: 1, serving: []int64{1, 2, 3}}
	f := &fleet{disk: t.TempDir()}
	owed := state.NewOwed(t.TempDir())
	once := func(o run.Options) []string {
		o.Owed, o.Lock = owed, run.LockWait
		f.ran = nil
		s := f.on(t, "b1 b2 b3", book, o)
		s.modules = q.modules()
		if o.Started.Run == "r1" {
			s.extra = value.NewMap("once", true)
		}
		s.run(t)
		return f.commands()
	}
	f.exec = func(ctx context.Context, host string, cmd remote.Command) (remote.Result, error) {
		if cmd.Argv[0] == "restart" && host == "b3" { // it stops the broker and is broken off
			cmd.Argv = []string{"stop"}
			_, err := q.does(ctx, host, cmd)
			return remote.Result{ExitCode: 1}, err
		}
		return q.does(ctx, host, cmd)
	}
	if got, want := once(run.Options{Started: event.RunStarted{Run: "r1"}}), []string{"b2: configure", "b2: restart", "b3: configure", "b3: restart"}; !slices.Equal(got, want) {
		t.Fatalf("the first run did %q, want %q", got, want)
	}
	f.exec = q.does
	want := []string{"b3: configure", "b3: restart", "b2: configure", "b1: configure"}
	if got := once(run.Options{Started: event.RunStarted{Run: "r2"}}); !slices.Equal(got, want) {
		t.Errorf("the second run did %q, want %q", got, want)
	}
}

// What check mode says of leaders holds: they change only where a server would be changed, or may be.
func TestRollingForeseesLeaders(t *testing.T) {
	for task, want := range map[string]string{
		"command: restart":                  "unknown",
		"{command: restart, when: false}":   "",
		"{debug: {msg: x}, check_mode: no}": "",
	} {
		q := &quorum{controller: 1, serving: []int64{1, 2, 3}}
		s := (&fleet{exec: q.does}).on(t, "b1 b2 b3", rolling+"    - "+task+"\n", run.Options{Check: true})
		s.modules = q.modules()
		_, events := s.run(t)
		got, elects := "", 0
		for _, e := range of[event.TaskStarted](events) {
			if e.Module == "kops.kafka.kafka_preferred_leaders" {
				elects = e.Task
			}
		}
		for _, e := range of[event.Result](events) {
			if e.Task == elects && elects > 0 {
				got += string(e.Status)
			}
		}
		if got != want {
			t.Errorf("%s: who leads is %q, want %q", task, got, want)
		}
	}
}

// Whoever rolls a part of a cluster keeps others from the rest of it.
func TestRollingLocksTheCluster(t *testing.T) {
	disk := t.TempDir()
	first := start(t, disk, "r1", "b2 b3", work, nil)
	<-first.began
	q := &quorum{controller: 1, serving: []int64{1, 2, 3}}
	f := &fleet{disk: disk, exec: q.does}
	s := f.on(t, "b1 b2 b3", rolling+"    - command: restart\n", run.Options{Lock: run.LockFail, Started: event.RunStarted{Run: "r2"}})
	s.modules, s.limit = q.modules(), "b1"
	s.options.Owed = state.NewOwed(t.TempDir())
	summary, events := s.run(t)
	close(first.goOn)
	<-first.done
	ended := of[event.PlayEnded](events)
	if len(f.commands()) > 0 || summary.Exit != run.ExitFailed || len(ended) != 1 || !strings.Contains(ended[0].Stopped, "is locked by run r1 of alice on laptop") {
		t.Errorf("it ran %q, exit %d, and said %+v", f.commands(), summary.Exit, ended)
	}
}

// Between the first step on a server and its restart, time may pass, and the cluster change.
func TestRollingAsksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := rolling + "    - command: unpack\n    - command: restart\n"
		q := &quorum{controller: 1, serving: []int64{1, 2, 3}}
		f := &fleet{prepare: q.listens}
		f.exec = func(ctx context.Context, host string, cmd remote.Command) (remote.Result, error) {
			if cmd.Argv[0] == "unpack" {
				time.Sleep(time.Minute)
				q.mu.Lock()
				q.serving = []int64{1, 2} // b3 fails meanwhile
				q.mu.Unlock()
			}
			return q.does(ctx, host, cmd)
		}
		s := f.on(t, "b1 b2 b3", book, run.Options{})
		s.modules = q.modules()
		s.run(t)
		if got, want := f.commands(), []string{"b2: unpack"}; !slices.Equal(got, want) {
			t.Errorf("it ran %q, want %q", got, want)
		}
	})
}

func TestRollingTellsHowItGoesOn(t *testing.T) {
	other := "- hosts: all\n  gather_facts: false\n  tasks: [debug: ]\n"
	for _, tt := range []struct{ name, book, want string }{
		{"the servers that are left", rolling + "    - command: restart\n", "; once nothing is amiss, for those that are left: kops run roll.yaml -i 'my hosts' --limit b1,b3"},
		{"the whole command, where other plays belong to it", other + rolling + "    - command: restart\n", "; once nothing is amiss, the same command goes on from here: kops run roll.yaml -i 'my hosts'"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q := &quorum{controller: 1, serving: []int64{1, 2, 3}}
			f := &fleet{prepare: q.listens}
			f.exec = func(ctx context.Context, host string, cmd remote.Command) (remote.Result, error) {
				if host == "b3" {
					return remote.Result{ExitCode: 1}, nil
				}
				return q.does(ctx, host, cmd)
			}
			s := f.on(t, "b1 b2 b3", tt.book, run.Options{Started: event.RunStarted{Command: []string{"kops", "run", "roll.yaml", "-i", "my hosts"}}})
			s.modules = q.modules()
			_, events := s.run(t)
			stopped := ""
			for _, e := range of[event.PlayEnded](events) {
				stopped = e.Stopped
			}
			if says := "perhaps out of service: b3; what it says: kops logs b3 --level ERROR -i 'my hosts'; "; !strings.Contains(stopped, says) {
				t.Errorf("it says %q, and not %q", stopped, says)
			}
			if !strings.HasSuffix(stopped, tt.want) {
				t.Errorf("it says %q, want %q at its end", stopped, tt.want)
			}
		})
	}
}

// Whoever asks for the end need not wait for a cluster that does not get well.
func TestRollingEndsItsWait(t *testing.T) {
	for _, tt := range []struct {
		name    string
		sick    bool
		stopped string
	}{
		{"at the gate", true, "b2 failed, and no other server is touched"},
		{"after a stop", false, "interrupted; perhaps out of service: b2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q := &quorum{controller: 1, serving: []int64{1, 2, 3}, sick: tt.sick}
			stop := make(chan struct{})
			q.waits = sync.OnceFunc(func() { close(stop) })
			f := &fleet{exec: q.does, prepare: q.listens}
			s := f.on(t, "b1 b2 b3", rolling+"    - command: stop\n", run.Options{Stop: stop})
			s.modules = q.modules()
			summary, events := s.run(t)
			if !summary.Interrupted {
				t.Error("the run was not interrupted")
			}
			for _, e := range of[event.PlayEnded](events) {
				if e.Stopped != tt.stopped {
					t.Errorf("it stopped: %q, want %q", e.Stopped, tt.stopped)
				}
			}
			failure := ""
			for _, r := range of[event.Result](events) {
				if r.Status == event.Failed {
					failure = r.Msg
				}
			}
			if !strings.Contains(failure, "the run was interrupted while it waited for the cluster") {
				t.Errorf("%q failed", failure)
			}
		})
	}
}
