package ssh

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"kops/internal/remote"
	"kops/internal/remote/sshtest"
)

// TestRoundTrips holds what is waited for: a shell's script is one round trip, a command two (its start
// and its script) once the next session has been opened ahead.
func TestRoundTrips(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c := mustDial(t, sshtest.New(t, sshtest.Options{}).Settings("me"))
	h := c.As(remote.Become{})
	query := func() int64 {
		t.Helper()
		var own atomic.Int64
		before := c.RoundTrips()
		if _, err := h.Query(remote.CountTrips(ctx, &own), "true"); err != nil {
			t.Fatal(err)
		}
		if n := c.RoundTrips() - before; n != own.Load() {
			t.Errorf("the connection counts %d round trips, the call %d", n, own.Load())
		}
		return own.Load()
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
		if n := c.RoundTrips() - before; n != 2 {
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

// Where tunnels are refused, the host is not asked for one each time.
func TestRelayIsRemembered(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	far, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	c := mustDial(t, sshtest.New(t, sshtest.Options{NoForward: true}).Settings("me"))
	h := c.As(remote.Become{})
	l := c.(*connection).client.alive()
	for i := range 3 {
		for i > 0 && !l.hasPrepared() && ctx.Err() == nil { // while the session is being opened
			if _, err := h.Query(ctx, "true"); err != nil {
				t.Fatal(err)
			}
		}
		before := c.RoundTrips()
		conn, err := h.Dial(ctx, "tcp", far.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		if n := c.RoundTrips() - before; i > 0 && n != 2 {
			t.Errorf("connection %d takes %d round trips", i+1, n)
		}
	}
}
