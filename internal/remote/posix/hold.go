package posix

import (
	"context"

	"kops/internal/remote"
)

// Hold runs a script in the shell itself and keeps what it opens as descriptor 9.
func (h *Host) Hold(ctx context.Context, script string, sent func()) (remote.Result, error) {
	if script == "" {
		return remote.Result{}, h.letGo(ctx)
	}
	c := call{what: "take what is to be held", script: script, holds: true, sent: sent, limit: remote.Patience(ctx, h.hosts.limits.Read)}
	return h.run(ctx, c)
}

// letGo ends the shell and with it what it holds. The next script opens another one.
func (h *Host) letGo(ctx context.Context) error {
	if err := h.takeTurn(ctx); err != nil {
		return err
	}
	defer h.passTurn()
	if h.hold == nil {
		return nil
	}
	h.hold = nil
	h.hosts.holding.Store(nil)
	defer h.dropShell()
	return h.endShell(ctx)
}

// A holding is a shell that holds something for all users of the machine.
type holding struct {
	host  *Host
	shell *shell
}

// listenHeld reads the answer to a script that holds something, keeps its shell and remembers the script. The
// host's turn, which the caller has, is others' meanwhile: reads may go behind it.
func (h *Host) listenHeld(ctx context.Context, s *shell, p *place) (remote.Result, error) {
	h.passTurn()
	if p.call.sent != nil {
		p.call.sent()
	}
	res, err := h.listen(ctx, s, p)
	h.turn <- struct{}{} // whoever has it gives it back
	switch {
	case err != nil:
		return res, err
	case h.shell != s: // one of those reads found that it had ended
		return remote.Result{}, errDropped
	}
	h.hold = nil
	if res.ExitCode == 0 {
		h.hold = &p.call
		h.keep()
	}
	return res, nil
}

func (h *Host) keep() {
	h.shell.proc.Pin()
	h.hosts.holding.Store(&holding{h, h.shell})
}

// guard sees to it that what is held is still held, before anything that does not use the shell
// that holds it: where that has ended, another one takes its place.
func (h *Host) guard(ctx context.Context) error {
	held := h.hosts.holding.Load()
	if held == nil {
		return nil
	}
	select {
	case <-held.shell.proc.Exited():
	default:
		if !held.shell.isBroken() {
			return nil
		}
	}
	_, err := held.host.query(ctx, "take again what is held", ":")
	return err
}

// holdAgain has a new shell hold what the one before it held.
func (h *Host) holdAgain(ctx context.Context) error {
	if h.hold == nil {
		return nil
	}
	res, err := h.shell.run(ctx, h, *h.hold)
	if err != nil {
		return err
	}
	if res.ExitCode != 0 {
		return &remote.ScriptError{What: "take the lock again, after the connection or the shell that held it was lost", Result: res}
	}
	h.keep()
	return nil
}
