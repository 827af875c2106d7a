package posix

import (
	"cmp"
	"context"
	"sync/atomic"
	"time"

	"kops/internal/remote"
)

// Limits are how long a host may be silent while it does something for kops. What it says in
// between starts them anew. A user's command has none.
type Limits struct {
	Read   time.Duration // a read, and the start of a shell or a program; a minute if 0
	Change time.Duration // a change, which had better not be cut off halfway; ten minutes if 0
	Sum    time.Duration // a checksum of one file that is there; an hour if 0
}

func (l Limits) orDefaults() Limits {
	set := func(d *time.Duration, usual time.Duration) {
		if *d == 0 {
			*d = usual
		}
	}
	set(&l.Read, time.Minute)
	set(&l.Change, 10*time.Minute)
	set(&l.Sum, time.Hour)
	return l
}

// A pulse ends a context when there has been no sign of life for a while. Its cause is a
// *remote.SilentError then. A nil pulse does nothing.
type pulse struct {
	limit atomic.Int64 // the current one
	then  atomic.Int64 // the one after the next sign of life
	timer *time.Timer  // nil without a limit
	end   context.CancelCauseFunc
}

// watched returns a context with a pulse; whoever gets it calls stop. A limit of 0 is none.
// After the first sign of life the limit is then, unless that is 0.
func (h *Host) watched(ctx context.Context, what string, limit, then time.Duration) (context.Context, *pulse) {
	ctx, end := context.WithCancelCause(ctx)
	p := &pulse{end: end}
	p.then.Store(int64(cmp.Or(then, limit)))
	if limit > 0 {
		p.limit.Store(int64(limit))
		p.timer = time.AfterFunc(limit, func() {
			end(&remote.SilentError{Host: h.machine.Name(), What: what, After: time.Duration(p.limit.Load())})
		})
	}
	return ctx, p
}

// beat is a sign of life.
func (p *pulse) beat() {
	if p != nil && p.timer != nil {
		limit := p.then.Load()
		p.limit.Store(limit)
		p.timer.Reset(time.Duration(limit))
	}
}

// silence returns the reason for err where that is a limit of ctx, and else err.
func silence(ctx context.Context, err error) error {
	if why := context.Cause(ctx); err != nil && isSilent(why) {
		return why
	}
	return err
}

// pause stops the clock until the next beat, while nobody waits for the host.
func (p *pulse) pause() {
	if p != nil && p.timer != nil {
		p.timer.Stop()
	}
}

// stop ends the watch.
func (p *pulse) stop() {
	if p.timer != nil {
		p.timer.Stop()
	}
	p.end(nil)
}
