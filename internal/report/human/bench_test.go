package human

import (
	"io"
	"testing"

	"kops/internal/event"
	"kops/internal/value"
)

// BenchmarkSink is what one host's turn at a task costs on a terminal: its result, and the live
// line that is drawn anew.
func BenchmarkSink(b *testing.B) {
	s := New(io.Discard, Options{Color: true, Live: true})
	records := []event.Record{
		{Event: event.TaskStarted{Task: 1, Name: "configuration", Module: "template", Hosts: []string{"kafka1"}}},
		{Event: event.HostStarted{Task: 1, Host: "kafka1"}},
		{Event: event.Result{Task: 1, Host: "kafka1", Status: event.Changed, Result: value.NewMap("changed", true, "dest", "/etc/kafka/server.properties")}},
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, r := range records {
			if err := s.Handle(r); err != nil {
				b.Fatal(err)
			}
		}
		if err := s.Flush(); err != nil {
			b.Fatal(err)
		}
	}
}
