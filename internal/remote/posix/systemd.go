package posix

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/coreos/go-systemd/v22/dbus"
	godbus "github.com/godbus/dbus/v5"

	"kops/internal/remote"
)

// jobMethods start the jobs of the verbs that have one.
var jobMethods = map[remote.SystemdVerb]jobMethod{
	remote.Start: (*dbus.Conn).StartUnitContext, remote.Stop: (*dbus.Conn).StopUnitContext,
	remote.Restart: (*dbus.Conn).RestartUnitContext, remote.Reload: (*dbus.Conn).ReloadUnitContext,
	remote.ReloadOrRestart: (*dbus.Conn).ReloadOrRestartUnitContext,
}

type jobMethod func(conn *dbus.Conn, ctx context.Context, unit, mode string, result chan<- string) (int, error)

// errNoBridge says that systemctl must be used.
var errNoBridge = errors.New("no bridge to the bus")

// Systemd changes units over D-Bus and waits for the jobs; without a bridge to the bus, by
// systemctl. A reload that has nothing to read is left out.
func (h *Host) Systemd(ctx context.Context, verb remote.SystemdVerb, units ...string) error {
	if (len(units) == 0) != (verb == remote.DaemonReload) {
		return fmt.Errorf("systemd %s with %d units", verb, len(units))
	}
	h.bus.mu.Lock()
	defer h.bus.mu.Unlock()
	if verb == remote.DaemonReload && h.hosts.files.fresh() {
		return nil
	}
	if verb == remote.DaemonReload && h.bus.conn == nil {
		// A reload alone is not worth another sudo for a bridge: the shell that is open has it done.
		return h.systemctl(ctx, verb, nil)
	}
	failed, err := h.busVerb(ctx, verb, units)
	if errors.Is(err, errNoBridge) {
		return h.systemctl(ctx, verb, units)
	}
	failures := []error{err}
	for _, job := range failed {
		failures = append(failures, h.jobError(ctx, verb, job))
	}
	return errors.Join(failures...)
}

// busVerb returns the jobs that failed. The bus is idle again when it returns, so that there is
// room for the shell that finds out why.
func (h *Host) busVerb(ctx context.Context, verb remote.SystemdVerb, units []string) ([]job, error) {
	err := h.writeBus(ctx)
	var unreachable *remote.ConnectError
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(err, &unreachable):
		return nil, unreachable
	default:
		h.bus.missing = true
		return nil, errNoBridge
	}
	defer h.bus.release()
	h.machine.RoundTrip(ctx)
	conn := h.bus.conn
	if start := jobMethods[verb]; start != nil {
		return h.jobs(ctx, start, verb, units)
	}
	ctx, p := h.watched(ctx, strings.TrimSpace("systemd "+string(verb)+" "+strings.Join(units, " ")), h.hosts.limits.Change, 0)
	defer p.stop()
	switch verb {
	case remote.Enable: // neither at run time only nor by force
		_, _, err = conn.EnableUnitFilesContext(ctx, units, false, false)
	case remote.Disable:
		_, err = conn.DisableUnitFilesContext(ctx, units, false)
	case remote.Mask:
		_, err = conn.MaskUnitFilesContext(ctx, units, false, false)
	case remote.Unmask:
		_, err = conn.UnmaskUnitFilesContext(ctx, units, false)
	case remote.DaemonReload:
	default:
		return nil, fmt.Errorf("systemd cannot %q", verb)
	}
	if err != nil {
		return nil, silence(ctx, fileError(verb, units, err))
	}
	done := h.hosts.files.reloading()
	if err := conn.ReloadContext(ctx); err != nil {
		return nil, silence(ctx, fmt.Errorf("systemd daemon-reload: %w", err))
	}
	done()
	return nil, nil
}

// fileError leaves to systemctl what the bus does not know: units that stand for scripts of
// System V.
func fileError(verb remote.SystemdVerb, units []string, err error) error {
	var e godbus.Error
	if errors.As(err, &e) && e.Name == "org.freedesktop.systemd1.NoSuchUnit" {
		return errNoBridge
	}
	return fmt.Errorf("systemd %s %s: %w", verb, strings.Join(units, " "), err)
}

// A job is a change of a unit's state that systemd was asked for.
type job struct {
	unit   string
	result chan string
	said   string // the result: done, failed, timeout …
}

// jobs starts a job for each unit, waits for all and returns those that failed. How long a job
// may take is the unit's own affair: TimeoutStartSec and its like.
func (h *Host) jobs(ctx context.Context, start jobMethod, verb remote.SystemdVerb, units []string) ([]job, error) {
	var waiting, failed []job
	for _, unit := range units {
		j := job{unit: unit, result: make(chan string, 1)}
		if err := h.startJob(ctx, start, verb, j); err != nil {
			return nil, err
		}
		waiting = append(waiting, j)
	}
	for _, j := range waiting {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-h.bus.lost:
			return nil, fmt.Errorf("systemd %s %s: the bus was lost while the job ran", verb, j.unit)
		case j.said = <-j.result:
			if j.said != "done" && j.said != "skipped" {
				failed = append(failed, j)
			}
		}
	}
	return failed, nil
}

func (h *Host) startJob(ctx context.Context, start jobMethod, verb remote.SystemdVerb, j job) error {
	what := fmt.Sprintf("systemd %s %s", verb, j.unit)
	ctx, p := h.watched(ctx, what, h.hosts.limits.Change, 0)
	defer p.stop()
	if _, err := start(h.bus.conn, ctx, j.unit, "replace", j.result); err != nil {
		return silence(ctx, fmt.Errorf("%s: %w", what, err))
	}
	return nil
}

// jobError says why a job failed, with the unit's last words.
func (h *Host) jobError(ctx context.Context, verb remote.SystemdVerb, j job) error {
	state := ""
	if units, err := h.Units(ctx, j.unit); err == nil {
		state = fmt.Sprintf(" (%s, result %s, exit status %s)", units[0].ActiveState, units[0].Result, units[0].Properties["ExecMainStatus"])
	}
	return fmt.Errorf("systemd %s %s: job %s%s%s", verb, j.unit, j.said, state, h.journal(ctx, j.unit))
}

// journal returns the last lines of a unit's log, each on a line of its own, or nothing.
func (h *Host) journal(ctx context.Context, unit string) string {
	res, err := h.query(ctx, "read the log of "+unit, "journalctl --no-pager -q -n 8 -o cat -u "+Quote(unit)+" 2>/dev/null")
	if err != nil || res.ExitCode != 0 {
		return ""
	}
	lines := strings.TrimSpace(string(res.Stdout))
	if lines == "" {
		return ""
	}
	return "; its log ends with:\n" + lines
}

// systemctl does the same with systemctl.
func (h *Host) systemctl(ctx context.Context, verb remote.SystemdVerb, units []string) error {
	what := strings.TrimSpace("systemd " + string(verb) + " " + strings.Join(units, " "))
	c := call{what: what, script: "systemctl --no-ask-password --no-pager " + string(verb) + " -- " + QuoteAll(units), limit: h.hosts.limits.Change}
	if jobMethods[verb] != nil {
		c.limit = 0 // a job takes as long as its unit allows
	}
	c.aside = jobMethods[verb] != nil || verb == remote.DaemonReload
	done := h.hosts.files.reloading()
	res, err := h.run(ctx, c)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if res.ExitCode == 0 {
		if verb == remote.DaemonReload {
			done()
		}
		return nil
	}
	failure := &remote.ScriptError{What: what, Result: res}
	if len(units) == 1 && jobMethods[verb] != nil {
		failure.Result.Stderr = append(failure.Result.Stderr, h.journal(ctx, units[0])...)
	}
	return failure
}
