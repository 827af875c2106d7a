package human

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kops/internal/event"
	"kops/internal/value"
)

var update = flag.Bool("update", false, "write the golden files anew")

// story is a run with each kind of event and each status.
func story() []event.Event {
	at := value.Position{File: "site.yaml", Line: 3, Column: 7}
	lines := ""
	for range 25 {
		lines += "a line of output\n"
	}
	results := func(items ...value.Value) *value.Map { return value.NewMap("results", value.NewList(items...)) }
	return []event.Event{
		event.RunStarted{Schema: event.Schema},
		event.PlayStarted{Play: 1, Name: "brokers", Hosts: []string{"a", "b"}, Batch: 1, Batches: 2},
		event.TaskStarted{Task: 1, Name: "Gathering Facts", Module: "setup", Pos: at},
		event.HostStarted{Task: 1, Host: "a"}, event.HostStarted{Task: 1, Host: "b"},
		event.Result{Task: 1, Host: "a", Status: event.OK, Result: value.NewMap("changed", false)},
		event.Result{Task: 1, Host: "b", Status: event.Unreachable, Msg: "b: connection refused: 10.0.0.2 port 22; is sshd running?", Pos: at},
		event.TaskStarted{Task: 2, Name: "configuration", Module: "template", Role: "kafka", Pos: at},
		event.Result{Task: 2, Host: "a", Status: event.Changed, Diffs: []event.Diff{{BeforeHeader: "/etc/k", AfterHeader: "/etc/k", Before: "1\n2\n3\n4\n5\nold\n", After: "1\n2\n3\n4\n5\nnew"}}},
		event.Notified{Host: "a", Handlers: []string{"restart"}},
		event.TaskStarted{Task: 3, Name: "say", Module: "ansible.builtin.debug", Pos: at},
		event.Result{Task: 3, Host: "a", Status: event.OK, Result: value.NewMap("msg", "hello", "changed", false)},
		event.Result{Task: 3, Host: "b", Status: event.OK, Verbosity: 1, Result: value.NewMap("msg", "only with -v", "changed", false)},
		event.TaskStarted{Task: 4, Name: "items", Module: "command", Pos: at},
		event.Result{Task: 4, Host: "a", Item: true, Label: "x", Status: event.Changed, Delegate: "ops"},
		event.Result{Task: 4, Host: "a", Item: true, Label: "y", Status: event.Skipped, Msg: "the condition is false: item == 'x'"},
		event.Result{Task: 4, Host: "a", Status: event.Changed, Result: results("x", "y")},
		event.TaskStarted{Task: 5, Name: "may fail", Module: "command", Pos: at},
		event.Retry{Task: 5, Host: "a", Attempt: 1, Left: 2},
		event.Progress{Task: 5, Name: "may fail", Host: "a", Elapsed: 12 * time.Second, Doing: "run sleep"},
		event.Progress{Task: 5, Name: "may fail", Host: "a", Elapsed: 20 * time.Second, Doing: "write /srv/big", Sent: 1_234_567_890, Size: 2_147_483_648, Sending: 10 * time.Second},
		event.Result{Task: 5, Host: "a", Status: event.Failed, Ignored: true, Msg: "non-zero return code", Pos: at,
			Result: value.NewMap("rc", int64(1), "stdout", lines, "stderr", "", "cmd", "make")},
		event.Result{Task: 5, Host: "b", Status: event.Failed, NoLog: true, Msg: "hidden", Pos: at, Result: value.NewMap("rc", int64(1))},
		event.TaskStarted{Task: 6, Name: "restart", Module: "systemd", Handler: true, Pos: at},
		event.Result{Task: 6, Host: "a", Status: event.Unknown, Msg: "unknown: it depends on r"},
		event.Warning{Msg: "the handler 'x' does not exist", Pos: at, Host: "a", Hint: "did you mean 'y'?"},
		event.Gate{Play: 1, Hosts: []string{"c"}, Cluster: "the cluster", Problems: []string{"broker 2 does not answer"}},
		event.Gate{Play: 1, Hosts: []string{"c"}, Cluster: "the cluster", Open: true},
		event.TaskStarted{Task: 7, Name: "judge", Module: "kops.kafka.kafka_preflight", Pos: at},
		event.Result{Task: 7, Host: "a", Status: event.OK, Result: value.NewMap("show_table", value.NewList("host", "verdict", "measured"), "rows", value.NewList(
			value.NewMap("host", "a", "verdict", "ok", "measured", int64(3), "text", "not shown"),
			value.NewMap("host", "brøker", "verdict", "advice", "measured", ""),
			value.NewMap("host", "c", "verdict", "fault", "measured", "two\nlines")))},
		event.PlayEnded{Play: 1, Stopped: "any_errors_fatal: b failed", Untried: []string{"c", "d"}},
		event.PlayStarted{Play: 2, Name: "nobody", Skipped: "no hosts matched"},
		event.RunEnded{
			Hosts:    []string{"a", "b", "ok"},
			Recap:    map[string]event.Counts{"a": {OK: 4, Changed: 2, Ignored: 1, Unknown: 1}, "b": {Unreachable: 1, Failed: 1}, "ok": {OK: 1}},
			Duration: 1234 * time.Millisecond, Interrupted: true, Stats: value.NewMap("n", int64(1)),
		},
	}
}

func TestSink(t *testing.T) {
	tests := map[string]Options{
		"plain":    {},
		"quiet":    {Quiet: true},
		"verbose":  {Verbosity: 2, Width: 60},
		"terminal": {Color: true, Live: true, Width: 60},
	}
	for name, opts := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			s := New(&out, opts)
			for i, e := range story() {
				if err := errors.Join(s.Handle(event.Record{Seq: int64(i + 1), Kind: e.Kind(), Event: e}), s.Flush()); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(want, out.Bytes()) {
				t.Errorf("the output differs from %s:\n%s", path, out.Bytes())
			}
		})
	}
}
