package module

import "context"

type telling struct{}

// Telling returns a context whose steps say to say what they are waiting for.
func Telling(ctx context.Context, say func(doing string)) context.Context {
	return context.WithValue(ctx, telling{}, say)
}

// Tell says what a step is doing, to whoever watches the run. A step that waits for something calls it whenever what
// is still missing may be another: the heartbeat shows the last word.
func Tell(ctx context.Context, doing string) {
	if say, ok := ctx.Value(telling{}).(func(string)); ok {
		say(doing)
	}
}
