package remote

import (
	"context"
	"sync/atomic"
)

type ahead struct{}

// Ahead returns a context for reads that are made before anybody waits for them. They may wait
// behind what their host is doing, and so share its shell.
func Ahead(ctx context.Context) context.Context { return context.WithValue(ctx, ahead{}, true) }

// IsAhead tells whether the context is one that Ahead returned.
func IsAhead(ctx context.Context) bool {
	is, _ := ctx.Value(ahead{}).(bool)
	return is
}

type trips struct{}

// CountTrips returns a context whose calls add their round trips to n, for whoever has to tell them
// from those of other calls on the same connection.
func CountTrips(ctx context.Context, n *atomic.Int64) context.Context {
	return context.WithValue(ctx, trips{}, n)
}

// CountTrip counts a round trip for whoever asked by CountTrips.
func CountTrip(ctx context.Context) {
	if n, ok := ctx.Value(trips{}).(*atomic.Int64); ok {
		n.Add(1)
	}
}
