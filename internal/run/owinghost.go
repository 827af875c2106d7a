package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"kops/internal/remote"
)

// An owingHost is the host of a task that notifies: before the first thing that may change it, what
// the task owes is written down. What runs as the user who keeps that, as a script, a command
// or the write of a file, takes it along.
type owingHost struct {
	remote.Host
	x     *execution
	joins bool
}

// withDebts returns the host for the steps of a task. It knows every way in which they can change it.
func (x *execution) withDebts(h remote.Host, tg *target) remote.Host {
	if x.h.ledger == nil || len(x.t.Notify) == 0 {
		return h
	}
	return &owingHost{Host: h, x: x, joins: tg.host == x.h && x.h.access.root && h.User() == "root"}
}

// before owes, and then makes the call: with a script to be run first, or without.
func (h *owingHost) before(ctx context.Context, call func(first string) error) error {
	if h.joins {
		return h.x.oweBefore(ctx, call)
	}
	if err := h.x.owe(ctx); err != nil {
		return err
	}
	return call("")
}

// Exec implements remote.Host.
func (h *owingHost) Exec(ctx context.Context, cmd remote.Command) (res remote.Result, err error) {
	err = h.before(ctx, func(first string) (err error) {
		cmd.First = first
		res, err = h.Host.Exec(ctx, cmd)
		return err
	})
	return res, err
}

// WriteFile implements remote.Host.
func (h *owingHost) WriteFile(ctx context.Context, path string, content io.Reader, opts remote.WriteOptions) error {
	return h.before(ctx, func(first string) error {
		opts.First = first
		return h.Host.WriteFile(ctx, path, content, opts)
	})
}

// exitFirst is the exit status of a script before which another one had to succeed, and did not.
const exitFirst = 95

// Script implements remote.Host.
func (h *owingHost) Script(ctx context.Context, script string) (res remote.Result, err error) {
	err = h.before(ctx, func(first string) (err error) {
		if first == "" {
			res, err = h.Host.Script(ctx, script)
			return err
		}
		res, err = h.Host.Script(ctx, fmt.Sprintf("(\n%s) >/dev/null || exit %d\n%s", first, exitFirst, script))
		if failed := (*remote.ScriptError)(nil); errors.As(err, &failed) && failed.Result.ExitCode == exitFirst {
			err = &remote.FirstError{Result: failed.Result}
		}
		return err
	})
	return res, err
}

// WriteFiles implements remote.Host.
func (h *owingHost) WriteFiles(ctx context.Context, files []remote.NewFile) error {
	if err := h.x.owe(ctx); err != nil {
		return err
	}
	return h.Host.WriteFiles(ctx, files)
}

// Systemd implements remote.Host.
func (h *owingHost) Systemd(ctx context.Context, verb remote.SystemdVerb, units ...string) error {
	if err := h.x.owe(ctx); err != nil {
		return err
	}
	return h.Host.Systemd(ctx, verb, units...)
}

// Dial implements remote.Reader: through the connection something may be changed.
func (h *owingHost) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if err := h.x.owe(ctx); err != nil {
		return nil, err
	}
	return h.Host.Dial(ctx, network, address)
}
