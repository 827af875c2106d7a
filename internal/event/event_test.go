package event

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"kops/internal/value"
)

// samples are one of each event, with the secret in every text that may hold one.
func samples() []Event {
	m := value.NewMap("k s3cret", value.NewList("s3cret", value.Tuple{"s3cret"}, value.Bytes("s3cret"), value.NewMap("in", "s3cret"), value.Unknown{Why: "s3cret"}), "n", int64(1))
	pos := value.Position{File: "s3cret.yaml", Line: 1}
	return []Event{
		RunStarted{Command: []string{"kops", "-e", "x=s3cret"}, Playbooks: []string{"s3cret.yaml"}},
		PlayStarted{Name: "s3cret", Skipped: "s3cret", Pos: pos},
		TaskStarted{Name: "s3cret", Role: "s3cret", Pos: pos},
		HostStarted{Host: "h"},
		Result{Label: "s3cret", Pos: pos, Msg: "s3cret", Result: m, Steps: []string{"s3cret"}, Diffs: []Diff{{BeforeHeader: "s3cret", AfterHeader: "s3cret", Before: "s3cret", After: "s3cret", Note: "s3cret"}}},
		Retry{Msg: "s3cret"},
		Progress{Name: "s3cret", Doing: "s3cret"},
		Notified{Handlers: []string{"s3cret"}},
		HandlerOwed{Handler: "s3cret", Play: "s3cret", Task: "s3cret"},
		Gate{Hosts: []string{"h"}, Cluster: "s3cret", Problems: []string{"s3cret"}},
		LockWaiting{Host: "h"},
		Warning{Msg: "s3cret", Hint: "s3cret", Pos: pos},
		PlayEnded{Stopped: "s3cret"},
		RunEnded{Stats: m, Error: "s3cret"},
	}
}

// finder knows one secret, the number 4711, and one that is too short.
type finder struct{}

func (finder) Mask(s string) string {
	return strings.NewReplacer("s3cret", "***", "4711", "***").Replace(s)
}
func (finder) HoldsShort(s string) bool { return strings.Contains(s, "!") }
func (finder) HasSecrets() bool         { return true }

// TestMaskWhole holds that a short secret hides all that stands beside it, wherever it is, and
// that a number may be a secret.
func TestMaskWhole(t *testing.T) {
	for name, r := range map[string]Result{
		"label":  {Label: "a!"},
		"msg":    {Msg: "a!"},
		"result": {Result: value.NewMap("a", value.NewList(value.NewMap("b", "a!")))},
		"bytes":  {Result: value.NewMap("a", value.Tuple{value.Bytes("a!")})},
		"before": {Diffs: []Diff{{Before: "a!"}}},
		"after":  {Diffs: []Diff{{After: "a!"}}},
	} {
		r.Host, r.Status, r.Steps = "h", Changed, []string{"beside"}
		if r.Msg == "" {
			r.Msg = "beside"
		}
		out, err := json.Marshal(Mask(finder{})(r))
		if err != nil || strings.Contains(string(out), "!") || strings.Contains(string(out), "beside") || !strings.Contains(string(out), `"changed":true`) {
			t.Errorf("%s: %s, %v", name, out, err)
		}
	}
	lines := Mask(finder{})(Result{Result: value.NewMap("stdout", "a\ns3cret\n", "stdout_lines", value.NewList("a", "s3", "cret"))}).(Result)
	if text := value.Str(lines.Result.At("stdout_lines")); text != "['a', '***']" {
		t.Errorf("lines: %s", text)
	}
	got := Mask(finder{})(Result{Result: value.NewMap("n", int64(4711), "f", 4711.5, "m", int64(12))}).(Result)
	if text := value.Str(got.Result); text != "{'n': '***', 'f': '***.5', 'm': 12}" {
		t.Errorf("numbers: %s", text)
	}
}

func TestMask(t *testing.T) {
	mask := Mask(finder{})
	seen := map[string]bool{}
	for _, e := range samples() {
		if seen[e.Kind()] {
			t.Errorf("two events are called %s", e.Kind())
		}
		seen[e.Kind()] = true
		before, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		after, err := json.Marshal(mask(e))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(after), "s3cret") {
			t.Errorf("%s: %s", e.Kind(), after)
		}
		if strings.Count(string(before), "s3cret") != strings.Count(string(after), "***") {
			t.Errorf("%s: %s became %s", e.Kind(), before, after)
		}
		if again, _ := json.Marshal(e); string(again) != string(before) {
			t.Errorf("%s: the event itself was changed, which others still read", e.Kind())
		}
	}
}

// list is a sink that keeps what it is given. It needs no lock.
type list struct {
	records []Record
	flushed int // how many had come when the sink was flushed last
	err     error
	closed  int
}

func (l *list) Handle(r Record) error {
	l.records = append(l.records, r)
	return l.err
}

func (l *list) Flush() error {
	l.flushed = len(l.records)
	return nil
}

func (l *list) Close() error {
	l.closed++
	return nil
}

func TestBusKeepsTheOrder(t *testing.T) {
	one, two := &list{}, &list{}
	bus := NewBus(func(e Event) Event { return e }, one, two)
	var wg sync.WaitGroup
	for task := range 10 {
		wg.Go(func() {
			for attempt := range 100 {
				bus.Emit(Retry{Task: task, Attempt: attempt})
			}
		})
	}
	wg.Wait()
	if err := bus.Close(); err != nil {
		t.Fatal(err)
	}
	if len(one.records) != 1000 || len(two.records) != 1000 || one.flushed != 1000 || one.closed != 1 {
		t.Fatalf("%d and %d records, %d flushed, closed %d times", len(one.records), len(two.records), one.flushed, one.closed)
	}
	last := map[int]int{}
	for i, r := range one.records {
		e := r.Event.(Retry)
		if r.Seq != int64(i+1) || r.Kind != "retry" || two.records[i].Event != r.Event {
			t.Fatalf("record %d is %+v, and %+v in the other sink", i, r, two.records[i])
		}
		if e.Attempt != last[e.Task] {
			t.Fatalf("task %d: attempt %d after %d", e.Task, e.Attempt, last[e.Task])
		}
		last[e.Task]++
	}
}

type panics struct{ list }

func (p *panics) Handle(r Record) error {
	if r.Seq == 2 {
		panic("broken")
	}
	return p.list.Handle(r)
}

// A sink that panics is told of at the end, and the events after it come through.
func TestBusOutlivesAPanic(t *testing.T) {
	sink := &panics{}
	bus := NewBus(func(e Event) Event { return e }, sink)
	for range 3 {
		bus.Emit(Retry{})
	}
	if err := bus.Close(); err == nil || !strings.Contains(err.Error(), "the output of retry panicked: broken") || len(sink.records) != 2 {
		t.Errorf("%v, %d records", err, len(sink.records))
	}
}

// A sink that fails does not stop the others, and its error is told once, not by the thousand.
func TestBusCollectsErrors(t *testing.T) {
	full := errors.New("no space left")
	bad, good := &list{err: full}, &list{}
	bus := NewBus(func(e Event) Event { return e }, bad, good)
	for range 50 {
		bus.Emit(Retry{})
	}
	err := bus.Close()
	if !errors.Is(err, full) || strings.Count(err.Error(), "no space") > 3 || len(good.records) != 50 {
		t.Errorf("%v, %d records", err, len(good.records))
	}
}
