package posix

import (
	"context"

	"kops/internal/remote"
)

// Hold runs a script in the shell itself and keeps what it opens as descriptor 9.
func (h *Host) Hold(ctx context.Context, script string) (remote.Result, error) {
	if script == "" {
		return remote.Result{}, h.letGo(ctx)
	}
	c := call{what: "take what is to be held", script: script, holds: true, limit: remote.Patience(ctx, h.hosts.limits.Read)}
	return h.run(ctx, c)
}

// letGo ends the shell and with it what it holds. The next script opens another one.
func (h *Host) letGo(ctx context.Context) error {
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if h.hold != nil {
		h.hold = nil
		h.dropShell()
	}
	return nil
}

// held keeps the shell that has run a script that holds something, and remembers the script.
func (h *Host) held(c call, res remote.Result) {
	h.hold = nil
	if res.ExitCode == 0 {
		h.hold = &c
		h.shell.proc.Pin()
	}
}

// holdAgain has a new shell hold what the one before it held.
func (h *Host) holdAgain(ctx context.Context) error {
	if h.hold == nil {
		return nil
	}
	res, _, err := h.shell.run(ctx, h, *h.hold)
	if err != nil {
		return err
	}
	if res.ExitCode != 0 {
		return &remote.ScriptError{What: "take the lock again, after the connection or the shell that held it was lost", Result: res}
	}
	h.shell.proc.Pin()
	return nil
}
