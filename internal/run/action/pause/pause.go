// Package pause is the action pause: it waits for some time, or for the user.
package pause

import (
	"context"
	"fmt"
	"math"
	"time"

	"kops/internal/module"
	"kops/internal/run/action"
	"kops/internal/value"
)

// Spec is the action's arguments.
type Spec struct {
	action.OnController
	Seconds *float64 `arg:"seconds,exclusive=time" doc:"how long to wait, in whole seconds, at least one"`
	Minutes *float64 `arg:"minutes,exclusive=time" doc:"how long to wait, in whole minutes"`
	Prompt  string   `arg:"prompt" doc:"what to ask the user; with a time it is only shown"`
	Echo    bool     `arg:"echo" doc:"show what the user types"`

	wait func(ctx context.Context, d time.Duration) error
	now  func() time.Time
}

// New describes the action.
func New() *module.Module {
	return &module.Module{
		Name:       "pause",
		Collection: "ansible.builtin",
		Doc: module.Doc{
			Summary: "Waits for some time, or for the user to press enter.",
			Notes: []string{
				"Where there is no terminal nobody is asked, and a warning says so.",
				"A wait with a time ends by Ctrl-C as the run does, without asking whether to go on.",
			},
			Examples: "- pause:\n    prompt: Is the rack powered? (yes/no)\n  register: rack\n",
			Returns: []module.Return{
				{Name: "user_input", Type: "str", Text: "what the user typed"},
				{Name: "start, stop", Type: "str", Text: "when the pause began and ended"},
				{Name: "delta", Type: "int", Text: "how many seconds it took"},
			},
		},
		New: func() module.Spec { return &Spec{Echo: true, wait: wait, now: time.Now} },
	}
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Act waits.
func (s *Spec) Act(ctx context.Context, env *action.Env) (action.Outcome, error) {
	begun := s.now()
	input, err := s.pause(ctx, env)
	if err != nil {
		return action.Outcome{}, fmt.Errorf("the pause was ended: %w", err)
	}
	ended := s.now()
	took, unit := ended.Sub(begun).Seconds(), "seconds"
	if s.Seconds == nil {
		took, unit = took/60, "minutes"
	}
	return action.Outcome{Result: value.NewMap(
		"rc", int64(0), "stderr", "", "echo", s.Echo,
		"stdout", fmt.Sprintf("Paused for %s %s", value.FloatText(math.Round(took*100)/100), unit),
		"start", stamp(begun), "stop", stamp(ended), "delta", int64(ended.Sub(begun).Seconds()),
		"user_input", input,
	)}, nil
}

func stamp(t time.Time) string { return t.Format("2006-01-02 15:04:05.000000") }

func (s *Spec) pause(ctx context.Context, env *action.Env) (string, error) {
	if d := s.duration(); d > 0 {
		if s.Prompt != "" {
			env.Warn(s.Prompt)
		}
		if env.Check { // nothing was done that would need time
			return "", nil
		}
		return "", s.wait(ctx, d)
	}
	if env.Ask == nil {
		env.Warn("nobody was asked, since there is no terminal")
		return "", nil
	}
	prompt, hidden := s.Prompt, ""
	if prompt == "" {
		prompt = "Press enter to continue, Ctrl+C to interrupt"
	}
	if !s.Echo {
		hidden = " (output is hidden)"
	}
	return env.Ask(ctx, fmt.Sprintf("[%s]\n%s%s: ", env.Task, prompt, hidden), !s.Echo)
}

// duration is how long to wait; 0 where the user decides.
func (s *Spec) duration() time.Duration {
	switch {
	case s.Seconds != nil:
		return max(time.Duration(*s.Seconds), 1) * time.Second
	case s.Minutes != nil:
		return max(time.Duration(*s.Minutes)*time.Minute, time.Second)
	}
	return 0
}
