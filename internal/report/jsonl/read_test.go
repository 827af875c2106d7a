package jsonl

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kops/internal/event"
)

// record is a run of so many lines as the sink writes it.
func record(t *testing.T, events ...event.Event) string {
	t.Helper()
	var out bytes.Buffer
	s := New(&out)
	for i, e := range events {
		if err := s.Handle(event.Record{Seq: int64(i + 1), Kind: e.Kind(), Event: e}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// A record is read up to where it is no record any more, wherever that is.
func TestRead(t *testing.T) {
	whole := record(t, event.RunStarted{Schema: event.Schema}, event.HostStarted{Host: "a"}, event.RunEnded{})
	tests := map[string]struct {
		text  string
		lines int
		err   string
	}{
		"whole":          {whole, 3, ""},
		"empty":          {"", 0, ""},
		"without an end": {whole[:strings.LastIndex(whole[:len(whole)-1], "\n")+1], 2, ""},
		"torn":           {whole[:len(whole)-9], 2, "line 3: it was not written to its end"},
		"no last \\n":    {whole[:len(whole)-1], 2, "line 3: it was not written to its end"},
		"zeros":          {whole + "\x00\x00\x00\n", 3, "line 4: "},
		"unknown event":  {whole + `{"seq":4,"event":"newer","data":{"x":1}}` + "\n", 4, ""},
		"unknown field":  {`{"seq":1,"event":"host_started","more":1,"data":{"host":"a","more":[]}}` + "\n", 1, ""},
		"newer schema":   {record(t, event.RunStarted{Schema: event.Schema + 1, Version: "9"}) + whole, 0, "kops 9 in schema 2"},
		"a long line":    {record(t, event.Warning{Msg: strings.Repeat("x", 3*bufferSize)}) + whole, 4, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var raw strings.Builder
			lines, problem := 0, ""
			for l, err := range Read(strings.NewReader(test.text)) {
				if err != nil {
					problem = err.Error()
					continue
				}
				lines++
				raw.WriteString(string(l.Raw) + "\n")
			}
			if lines != test.lines || (problem == "") != (test.err == "") || !strings.Contains(problem, test.err) {
				t.Errorf("%d lines, %q; want %d, %q", lines, problem, test.lines, test.err)
			}
			if !strings.HasPrefix(test.text, raw.String()) {
				t.Errorf("the lines are not what stands there:\n%s", raw.String())
			}
		})
	}
}

func TestReadTellsOfErrors(t *testing.T) {
	bad := errors.New("the disk is broken")
	for _, err := range Read(failing{bad}) {
		if !errors.Is(err, bad) {
			t.Error(err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// The last record is found from the end of the file, however long it is.
func TestLast(t *testing.T) {
	begin := record(t, event.RunStarted{Schema: event.Schema}) + record(t, event.HostStarted{Host: strings.Repeat("x", bufferSize)})
	long := map[string]event.Counts{}
	for i := range 5000 {
		long[fmt.Sprintf("host%d", i)] = event.Counts{}
	}
	tests := map[string]struct{ text, kind string }{
		"short":       {record(t, event.RunEnded{}), "run_ended"},
		"at the end":  {begin + record(t, event.RunEnded{}), "run_ended"},
		"a long line": {begin + record(t, event.RunEnded{Recap: long}), "run_ended"},
		"no end":      {begin, "host_started"},
		"torn":        {begin + `{"seq":3`, ""},
		"damaged":     {begin + "\x00\n", ""},
		"empty":       {"", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "run.jsonl")
			if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			r, err := Last(f)
			if err != nil || r.Kind != test.kind {
				t.Errorf("%q, %v, want %q", r.Kind, err, test.kind)
			}
		})
	}
}
