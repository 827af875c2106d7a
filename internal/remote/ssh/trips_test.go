package ssh

import (
	"context"
	"testing"
	"time"

	"kops/internal/remote"
	"kops/internal/remote/sshtest"
)

// TestRoundTrips holds what is waited for: a shell's script and a command are one round trip each, once
// there has been a command and the next session has been opened ahead.
func TestRoundTrips(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c := mustDial(t, sshtest.New(t, sshtest.Options{}).Settings("me"))
	h := c.As(remote.Become{})
	query := func() int64 {
		t.Helper()
		before := c.RoundTrips()
		if _, err := h.Query(ctx, "true"); err != nil {
			t.Fatal(err)
		}
		return c.RoundTrips() - before
	}
	if n := query(); n != 3 {
		t.Errorf("the first script takes %d round trips, want 3: a session, a shell, the script", n)
	}
	if n := query(); n != 1 {
		t.Errorf("a script takes %d round trips", n)
	}
	l := c.(*connection).client.alive()
	for range 3 {
		for !l.hasPrepared() && ctx.Err() == nil { // while the session is being opened
			query()
		}
		before := c.RoundTrips()
		if res, err := h.Exec(ctx, remote.Command{Shell: "exit 3"}); err != nil || res.ExitCode != 3 {
			t.Fatal(res, err)
		}
		if n := c.RoundTrips() - before; n != 1 {
			t.Errorf("a command takes %d round trips", n)
		}
	}
}

func (l *link) hasPrepared() bool {
	l.budget.mu.Lock()
	defer l.budget.mu.Unlock()
	return l.budget.unused() != nil
}

// A host that has room for one session is asked for a second once, and goes on without.
func TestNoRoomAhead(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	h := mustDial(t, sshtest.New(t, sshtest.Options{MaxSessions: 1}).Settings("me")).As(remote.Become{})
	for range 3 {
		if _, err := h.Query(ctx, "true"); err != nil {
			t.Error(err)
		}
		if _, err := h.Exec(ctx, remote.Command{Shell: "true"}); err != nil {
			t.Error(err)
		}
	}
}
