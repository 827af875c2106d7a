package pause

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"kops/internal/module"
	"kops/internal/run/action"
	"kops/internal/run/action/actiontest"
	"kops/internal/value"
)

func TestPause(t *testing.T) {
	tests := []struct {
		name   string
		args   *value.Map
		nobody bool
		waited time.Duration
		asked  string
		secret bool
		stdout string
		warned string
		input  string
	}{
		{name: "seconds", args: value.NewMap("seconds", int64(5)), waited: 5 * time.Second, stdout: "Paused for 5.0 seconds"},
		{name: "at least one", args: value.NewMap("seconds", int64(0)), waited: time.Second, stdout: "Paused for 1.0 seconds"},
		{name: "minutes", args: value.NewMap("minutes", "2", "prompt", "cooling"), waited: 2 * time.Minute, stdout: "Paused for 2.0 minutes", warned: "cooling"},
		{name: "prompt", args: value.NewMap("prompt", "Ready?"), asked: "[the task]\nReady?: ", stdout: "Paused for 0.0 minutes", input: "yes"},
		{name: "hidden", args: value.NewMap("echo", false), asked: "[the task]\nPress enter to continue, Ctrl+C to interrupt (output is hidden): ", secret: true, stdout: "Paused for 0.0 minutes", input: "yes"},
		{name: "nobody there", args: value.NewMap("prompt", "Ready?"), nobody: true, stdout: "Paused for 0.0 minutes", warned: "nobody was asked, since there is no terminal"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now, waited := time.Unix(1_700_000_000, 0), time.Duration(0)
			m := New()
			inner := m.New
			m.New = func() module.Spec {
				s := inner().(*Spec)
				s.now = func() time.Time { return now }
				s.wait = func(_ context.Context, d time.Duration) error { waited += d; now = now.Add(d); return nil }
				return s
			}
			var asked, warned string
			var secret bool
			out, err := actiontest.Call{Args: tt.args, Change: func(e *action.Env) {
				e.Warn = func(msg string) { warned = msg }
				e.Ask = func(_ context.Context, prompt string, hidden bool) (string, error) {
					asked, secret = prompt, hidden
					return "yes", nil
				}
				if tt.nobody {
					e.Ask = nil
				}
			}}.Act(t, m)
			if err != nil || waited != tt.waited || asked != tt.asked || secret != tt.secret || warned != tt.warned {
				t.Errorf("waited %s, asked %q, warned %q, %v", waited, asked, warned, err)
			}
			if out.Result.At("stdout") != tt.stdout || out.Result.At("user_input") != tt.input {
				t.Errorf("result %s", value.Repr(out.Result))
			}
		})
	}
}

func TestEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := wait(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := (actiontest.Call{Args: value.NewMap("seconds", int64(1), "minutes", int64(1))}).Act(t, New()); err == nil || !strings.Contains(err.Error(), "seconds and minutes") {
		t.Error(err)
	}
}
