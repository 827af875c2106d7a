package jsonl

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"kops/internal/event"
	"kops/internal/value"
)

func TestSink(t *testing.T) {
	var out bytes.Buffer
	s := New(&out)
	when := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	records := []event.Record{
		{Seq: 1, Time: when, Kind: "host_started", Event: event.HostStarted{Task: 7, Host: "a"}},
		{Seq: 2, Time: when, Kind: "result", Event: event.Result{Task: 7, Host: "a", Status: event.OK, Duration: 5,
			Result: value.NewMap("z", value.Tuple{int64(1), "two\nlines"}, "a", nil, "u", value.Unknown{Why: "r"})}},
	}
	for _, r := range records {
		if err := s.Handle(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSuffix(out.Bytes(), []byte("\n")), []byte("\n"))
	if len(lines) != 2 { // before Close: a reader at the other end sees them
		t.Fatalf("%d lines:\n%s", len(lines), &out)
	}
	const first = `{"seq":1,"time":"2026-01-02T03:04:05Z","event":"host_started","data":{"task":7,"host":"a"}}`
	if string(lines[0]) != first {
		t.Errorf("%s\nis not\n%s", lines[0], first)
	}
	if !json.Valid(lines[1]) || !bytes.Contains(lines[1], []byte(`"result":{"z":[1,"two\nlines"],"a":null,"u":`)) {
		t.Errorf("%s", lines[1])
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

type broken struct{}

var errFull = errors.New("no space left on device")

func (broken) Write([]byte) (int, error) { return 0, errFull }

func TestSinkTellsOfErrors(t *testing.T) {
	s := New(broken{})
	if err := errors.Join(s.Handle(event.Record{Event: event.HostStarted{}}), s.Flush()); !errors.Is(err, errFull) {
		t.Error(err)
	}
}
