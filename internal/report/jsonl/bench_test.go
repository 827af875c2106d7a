package jsonl

import (
	"io"
	"testing"
	"time"

	"kops/internal/event"
	"kops/internal/value"
)

// BenchmarkSink is what one result costs in a record.
func BenchmarkSink(b *testing.B) {
	s := New(io.Discard)
	r := event.Record{Seq: 1, Time: time.Unix(0, 0), Kind: "result", Event: event.Result{Task: 7, Host: "kafka1", Status: event.Changed, Duration: 5e6, RoundTrips: 1,
		Pos: value.Position{File: "playbooks/monitoring.yaml", Line: 12, Column: 7}, Steps: []string{"write /etc/kafka/server.properties"},
		Result: value.NewMap("changed", true, "dest", "/etc/kafka/server.properties", "mode", "0644", "uid", int64(0), "size", int64(1234), "checksum", "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12")}}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Handle(r); err != nil {
			b.Fatal(err)
		}
	}
}
