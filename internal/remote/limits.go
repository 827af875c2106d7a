package remote

import (
	"context"
	"fmt"
	"time"
)

// A SilentError says that a host that is reached has not answered one of kops's own calls:
// something on the host hangs.
type SilentError struct {
	Host  string
	What  string // what was to be done: "look at /srv/data"
	After time.Duration
}

// Error says what was being done and for how long there was no answer.
func (e *SilentError) Error() string {
	return fmt.Sprintf("%s: no answer for %s to: %s; the connection is alive, so something on the host hangs: a network file system whose server is gone, a disk, a stopped process",
		e.Host, e.After, e.What)
}

type patience struct{}

// Patient returns a context for calls that may be silent for as long as limit, where the
// usual limit is too short: a checksum of much data, a package manager that loads its lists. 0 is no limit.
func Patient(ctx context.Context, limit time.Duration) context.Context {
	return context.WithValue(ctx, patience{}, limit)
}

// Patience returns the limit that Patient gave, or the usual one.
func Patience(ctx context.Context, usual time.Duration) time.Duration {
	if limit, ok := ctx.Value(patience{}).(time.Duration); ok {
		return limit
	}
	return usual
}
