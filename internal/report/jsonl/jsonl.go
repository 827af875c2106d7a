// Package jsonl writes a run as lines of JSON: one record a line, in the versioned schema
// of docs/events.md.
package jsonl

import (
	"bufio"
	"encoding/json"
	"io"

	"kops/internal/event"
)

// Sink writes records to a writer.
type Sink struct {
	out *bufio.Writer
}

// New returns a sink that writes to w.
func New(w io.Writer) *Sink { return &Sink{out: bufio.NewWriter(w)} }

// Handle implements event.Sink. Each record is written at once, so that a reader at the
// other end of a pipe sees it while the run goes on.
func (s *Sink) Handle(r event.Record) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if _, err := s.out.Write(append(line, '\n')); err != nil {
		return err
	}
	return s.out.Flush()
}

// Close implements event.Sink.
func (s *Sink) Close() error { return s.out.Flush() }
