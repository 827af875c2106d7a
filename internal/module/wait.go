package module

import (
	"context"
	"fmt"
	"strings"
	"time"

	"kops/internal/value"
)

// A Wait is a step that looks again and again until it finds no problem.
type Wait struct {
	Unwell   string // what it fails with, before the time and the problems: "the cluster is not healthy"
	Timeout  time.Duration
	Interval time.Duration // between two looks
	// Look returns what is still missing, what to tell of that while it waits, and the result so far.
	Look func(ctx context.Context) (problems []string, waiting string, result *value.Map)
}

// Do waits. It is a *Failure that problems are left after the timeout.
func (w Wait) Do(ctx context.Context) (Outcome, error) {
	begin := time.Now()
	deadline := begin.Add(w.Timeout)
	for {
		problems, waiting, result := w.Look(ctx)
		if len(problems) == 0 {
			return Outcome{Result: result}, nil
		}
		if ctx.Err() != nil {
			return Outcome{}, context.Cause(ctx)
		}
		if time.Now().Add(w.Interval).After(deadline) {
			return Outcome{}, &Failure{
				Msg:    fmt.Sprintf("%s after %s: %s", w.Unwell, time.Since(begin).Round(time.Second), strings.Join(problems, "; ")),
				Result: result,
			}
		}
		Tell(ctx, waiting)
		select {
		case <-ctx.Done():
			return Outcome{}, context.Cause(ctx)
		case <-time.After(w.Interval):
		}
	}
}
