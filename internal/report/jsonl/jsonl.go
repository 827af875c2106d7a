// Package jsonl writes a run as lines of JSON and reads it again: one record a line, in the
// versioned schema of docs/events.md.
package jsonl

import (
	"bufio"
	"encoding/json"
	"io"

	"kops/internal/event"
)

// bufferSize holds a burst of records: they are written together.
const bufferSize = 64 << 10

// Sink writes records to a writer.
type Sink struct {
	out *bufio.Writer
}

// New returns a sink that writes to w.
func New(w io.Writer) *Sink { return &Sink{out: bufio.NewWriterSize(w, bufferSize)} }

// Handle implements event.Sink.
func (s *Sink) Handle(r event.Record) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = s.out.Write(append(line, '\n'))
	return err
}

// Flush implements event.Sink.
func (s *Sink) Flush() error { return s.out.Flush() }

// Close implements event.Sink.
func (s *Sink) Close() error { return s.out.Flush() }
