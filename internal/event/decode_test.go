package event

import (
	"encoding/json"
	"math/big"
	"reflect"
	"testing"
	"time"

	"kops/internal/value"
)

// whole are one of each event with every field set, and with values of every kind.
func whole() []Event {
	huge, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	at := value.Position{File: "site.yaml", Line: 3, Column: 7}
	m := value.NewMap("z", int64(1), "a", 1.0, "e", 1e100, "i", huge, "t", true, "n", nil, "s", "ä <&> \x00\u2028 \"q\"", "bytes", value.Bytes("raw\xff"),
		"l", value.NewList(value.NewList(), value.Tuple{"x", int64(-1)}), "m", value.NewMap("2", "b", "10", "a"), "u", value.Unknown{Why: "r"}, "", "empty")
	return []Event{
		RunStarted{Schema: Schema, Run: "r", Version: "1", User: "u", Host: "h", Command: []string{"kops"}, Playbooks: []string{"a"}, Check: true, Dir: "/d",
			From: "10.0.0.1", SudoUser: "s", Inventories: []string{"i"}, Files: []File{{Path: "a", SHA256: "00"}}},
		PlayStarted{Play: 1, Name: "p", Pos: at, Hosts: []string{"a", "b"}, Batch: 1, Batches: 2, Skipped: "no hosts"},
		TaskStarted{Task: 1, Name: "t", Module: "m", Role: "r", Pos: at, Handler: true, Hosts: []string{}},
		HostStarted{Task: 1, Host: "a"},
		Result{Task: 1, Host: "a", Delegate: "b", Status: Changed, Ignored: true, Rescued: true, Item: true, Label: "l", Msg: "m", Pos: at, Result: m,
			Diffs: []Diff{{BeforeHeader: "b", AfterHeader: "a", Before: "1\n", After: "2\n", Note: "n"}}, Steps: []string{"s"}, Duration: 1234567890123, RoundTrips: 3, Attempts: 2, NoLog: true, Verbosity: 1},
		Retry{Task: 1, Host: "a", Attempt: 1, Left: 2, Msg: "m"},
		Progress{Task: 1, Name: "t", Host: "a", Elapsed: time.Minute, Doing: "d"},
		Notified{Host: "a", Handlers: []string{"h"}},
		HandlerOwed{Host: "a", Handler: "h", Play: "p", Task: "t", Since: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Run: "r", User: "u", Controller: "c"},
		Gate{Play: 1, Hosts: []string{"a"}, Cluster: "the cluster", Problems: []string{"p"}},
		LockWaiting{Host: "a", Run: "r", User: "u", Controller: "c", Since: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), PID: 7},
		HandlerOwed{Host: "a", Handler: "h", Play: "p", Task: "t", Since: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Run: "r", User: "u", Controller: "c"},
		LockWaiting{Host: "a", Run: "r", User: "u", Controller: "c", Since: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), PID: 7},
		Warning{Msg: "m", Pos: at, Host: "a", Hint: "h"},
		PlayEnded{Play: 1, Stopped: "s", Untried: []string{"b"}},
		RunEnded{Hosts: []string{"a"}, Recap: map[string]Counts{"a": {1, 2, 3, 4, 5, 6, 7, 8}}, Duration: 5, Exit: 2, Interrupted: true, Stats: m, Error: "e"},
		Unrecognized{Name: "from_the_future", Data: json.RawMessage(`{"b":1,"a":[2.50]}`)},
	}
}

// A record reads back as the event that it was, and is written again byte by byte the same: what
// kops history shows is what the run showed.
func TestRoundTrip(t *testing.T) {
	events := append(whole(), samples()...)
	for _, e := range append(events, PlayStarted{}, TaskStarted{}, Result{}, RunEnded{}) {
		first, err := json.Marshal(Record{Seq: 7, Time: time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600)), Kind: e.Kind(), Event: e})
		if err != nil {
			t.Fatalf("%s: %v", e.Kind(), err)
		}
		var r Record
		if err := json.Unmarshal(first, &r); err != nil {
			t.Fatalf("%s: %v\n%s", e.Kind(), err, first)
		}
		if reflect.TypeOf(r.Event) != reflect.TypeOf(e) || r.Kind != e.Kind() {
			t.Errorf("%s came back as %T", e.Kind(), r.Event)
		}
		second, err := json.Marshal(r)
		if err != nil || string(first) != string(second) {
			t.Errorf("%s: %v\n%s\nbecame\n%s", e.Kind(), err, first, second)
		}
	}
}

// The values of a result keep their types, as far as JSON has them.
func TestDecodedValues(t *testing.T) {
	e, err := decode("result", []byte(`{"result":{"b":1,"a":1.0,"c":[true,null,"x",12345678901234567890],"B":{}},"new_field":1}`))
	if err != nil {
		t.Fatal(err)
	}
	m := e.(Result).Result
	list := m.At("c").(*value.List).Items
	if _, ok := m.At("a").(float64); !ok || m.At("b") != int64(1) || list[0] != true || list[1] != nil || list[2] != "x" {
		t.Errorf("%#v", m)
	}
	if i, ok := list[3].(*big.Int); !ok || i.String() != "12345678901234567890" {
		t.Errorf("%#v", list[3])
	}
	if keys := m.Keys(); !reflect.DeepEqual(keys, []value.Value{"b", "a", "c", "B"}) {
		t.Errorf("the keys are %v", keys)
	}
}

func TestNoRecord(t *testing.T) {
	for _, line := range []string{"", "{", "null", "[]", `"x"`, "{}", `{"seq":1}`, `{"event":"result"}`, `{"event":"result","data":3}`, `{"event":"result","data":{"task":"x"}}`, "\x00\x00"} {
		var r Record
		if err := json.Unmarshal([]byte(line), &r); err == nil {
			t.Errorf("%q is taken for %+v", line, r)
		}
	}
}
