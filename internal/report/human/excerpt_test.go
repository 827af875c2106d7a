package human

import (
	"strings"
	"testing"

	"kops/internal/event"
	"kops/internal/value"
)

// A place is shown for the first host that fails there, and not where no_log hides the task.
func TestExcerpt(t *testing.T) {
	at := func(line int) value.Position { return value.Position{File: "play.yaml", Line: line, Column: 3} }
	var out strings.Builder
	s := New(&out, Options{Source: func(string) ([]byte, error) { return []byte("one\ntwo\nthree\nfour\n"), nil }})
	for _, e := range []event.Event{
		event.TaskStarted{Task: 1, Name: "t", Pos: at(1)},
		event.Result{Task: 1, Host: "a", Status: event.Failed, Msg: "no", Pos: at(1)},
		event.Result{Task: 1, Host: "b", Status: event.Failed, Msg: "no", Pos: at(2)},
		event.Result{Task: 1, Host: "c", Status: event.Failed, Msg: "no", Pos: at(2)},
		event.Result{Task: 1, Host: "d", Status: event.Failed, Msg: "no", Pos: at(4), NoLog: true},
	} {
		if err := s.Handle(event.Record{Event: e}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	got := out.String()
	if strings.Count(got, "    2 | two\n      |   ^\n") != 1 || strings.Contains(got, "four") || strings.Count(got, "    1 | one\n") != 1 {
		t.Errorf("got\n%s", got)
	}
}
