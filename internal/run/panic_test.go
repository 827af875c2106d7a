package run_test

import (
	"context"
	"strings"
	"testing"

	"kops/internal/event"
	"kops/internal/remote"
	"kops/internal/run"
)

func TestPanicFailsItsHostAlone(t *testing.T) {
	const book = `
- hosts: all
  gather_facts: false
  tasks:
    - command: one
    - command: two
`
	f := &fleet{exec: func(_ context.Context, host string, _ remote.Command) (remote.Result, error) {
		if host == "b" {
			panic("index out of range")
		}
		return remote.Result{}, nil
	}}
	s, events := f.on(t, "a b", book, run.Options{}).run(t)
	if s.Exit != run.ExitFailed || s.Recap["a"].OK != 2 || s.Recap["b"] != (event.Counts{Failed: 1}) {
		t.Errorf("exit %d, recap %+v", s.Exit, s.Recap)
	}
	for _, r := range of[event.Result](events) {
		if r.Host != "b" {
			continue
		}
		if r.Pos.Line != 5 || !strings.Contains(r.Msg, "command panicked: index out of range") || !strings.Contains(r.Msg, "a bug in kops") {
			t.Errorf("b's result: %v %q", r.Pos, r.Msg)
		}
	}
}
