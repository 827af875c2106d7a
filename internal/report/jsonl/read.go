package jsonl

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"kops/internal/event"
)

// A Line is a record as it was read.
type Line struct {
	event.Record
	Raw []byte // as it stands there, without the line's end
}

// Read iterates over the records of r. It ends at the first line that is no whole record,
// with an error that names it: what stands before is good. A file without run_ended is no
// error: its run was cut off, or is under way.
func Read(r io.Reader) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		in := bufio.NewReaderSize(r, bufferSize)
		for n := 1; ; n++ {
			raw, err := in.ReadBytes('\n')
			if err == io.EOF && len(raw) == 0 {
				return
			}
			line, err := parse(raw, err)
			if err != nil {
				yield(Line{}, fmt.Errorf("line %d: %w", n, err))
				return
			}
			if !yield(line, nil) {
				return
			}
		}
	}
}

func parse(raw []byte, err error) (Line, error) {
	if err == io.EOF {
		return Line{}, errors.New("it was not written to its end")
	}
	if err != nil {
		return Line{}, err
	}
	line := Line{Raw: raw[:len(raw)-1]}
	if err := json.Unmarshal(line.Raw, &line.Record); err != nil {
		return Line{}, err
	}
	if e, ok := line.Event.(event.RunStarted); ok && e.Schema > event.Schema {
		return Line{}, &NewerSchema{e}
	}
	return line, nil
}

// NewerSchema is the error for a run that a newer kops recorded, in a schema whose fields
// may mean something else.
type NewerSchema struct{ Started event.RunStarted }

// Error implements error.
func (e *NewerSchema) Error() string {
	return fmt.Sprintf("it was written by kops %s in schema %d of events; this kops reads up to %d", e.Started.Version, e.Started.Schema, event.Schema)
}

// Last returns the last record of a file, so that the end of a long one is found without
// reading all of it. A file that has none, or ends in half a line, gives a Record without Event.
func Last(f *os.File) (event.Record, error) {
	info, err := f.Stat()
	if err != nil {
		return event.Record{}, err
	}
	for size := int64(bufferSize); ; size *= 4 {
		from := max(0, info.Size()-size)
		tail, err := io.ReadAll(io.NewSectionReader(f, from, info.Size()-from))
		if err != nil {
			return event.Record{}, err
		}
		whole, ok := bytes.CutSuffix(tail, []byte("\n"))
		if !ok {
			return event.Record{}, nil
		}
		start := bytes.LastIndexByte(whole, '\n')
		if start < 0 && from > 0 {
			continue // the line is longer
		}
		line, err := parse(tail[start+1:], nil)
		if err != nil {
			return event.Record{}, nil
		}
		return line.Record, nil
	}
}
