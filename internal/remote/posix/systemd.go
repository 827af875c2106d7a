package posix

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/godbus/dbus/v5"

	"kops/internal/remote"
)

// jobMethods start jobs; fileMethods change unit files, with their arguments after the names.
var (
	jobMethods = map[remote.SystemdVerb]string{
		remote.Start: "StartUnit", remote.Stop: "StopUnit", remote.Restart: "RestartUnit",
		remote.Reload: "ReloadUnit", remote.ReloadOrRestart: "ReloadOrRestartUnit",
	}
	fileMethods = map[remote.SystemdVerb]struct {
		name string
		args []any
	}{
		remote.Enable:  {"EnableUnitFiles", []any{false, false}}, // runtime, force
		remote.Disable: {"DisableUnitFiles", []any{false}},
		remote.Mask:    {"MaskUnitFiles", []any{false, false}},
		remote.Unmask:  {"UnmaskUnitFiles", []any{false}},
	}
)

// errNoBridge says that systemctl must be used.
var errNoBridge = errors.New("no bridge to the bus")

// Systemd changes units over D-Bus and waits for the jobs; without a bridge to the bus, by
// systemctl.
func (h *Host) Systemd(ctx context.Context, verb remote.SystemdVerb, units ...string) error {
	if (len(units) == 0) != (verb == remote.DaemonReload) {
		return fmt.Errorf("systemd %s with %d units", verb, len(units))
	}
	h.bus.mu.Lock()
	defer h.bus.mu.Unlock()
	err := h.busVerb(ctx, verb, units)
	if errors.Is(err, errNoBridge) {
		err = h.systemctl(ctx, verb, units)
	}
	return err
}

func (h *Host) busVerb(ctx context.Context, verb remote.SystemdVerb, units []string) error {
	conn, err := h.writeBus(ctx)
	var unreachable *remote.ConnectError
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &unreachable):
		return err
	default:
		return errNoBridge
	}
	defer func() {
		if h.bus.proc != nil {
			h.bus.proc.Release()
		}
	}()
	h.machine.RoundTrip()
	manager := conn.Object(systemd1, managerPath)
	if method := jobMethods[verb]; method != "" {
		return h.jobs(ctx, manager, verb, method, units)
	}
	if files, ok := fileMethods[verb]; ok {
		call := manager.CallWithContext(ctx, managerFace+"."+files.name, 0, append([]any{units}, files.args...)...)
		if call.Err != nil {
			return h.fileError(verb, units, call.Err)
		}
	} else if verb != remote.DaemonReload {
		return fmt.Errorf("systemd cannot %q", verb)
	}
	if err := manager.CallWithContext(ctx, managerFace+".Reload", 0).Err; err != nil {
		return fmt.Errorf("systemd daemon-reload: %w", err)
	}
	return nil
}

// fileError leaves to systemctl what the bus does not know: units that stand for scripts of
// System V.
func (h *Host) fileError(verb remote.SystemdVerb, units []string, err error) error {
	var e dbus.Error
	if errors.As(err, &e) && e.Name == "org.freedesktop.systemd1.NoSuchUnit" {
		return errNoBridge
	}
	return fmt.Errorf("systemd %s %s: %w", verb, strings.Join(units, " "), err)
}

// jobs starts a job for each unit and waits for all.
func (h *Host) jobs(ctx context.Context, manager dbus.BusObject, verb remote.SystemdVerb, method string, units []string) error {
	waiting := map[dbus.ObjectPath]string{}
	for _, unit := range units {
		var job dbus.ObjectPath
		err := manager.CallWithContext(ctx, managerFace+"."+method, 0, unit, "replace").Store(&job)
		if err != nil {
			return fmt.Errorf("systemd %s %s: %w", verb, unit, err)
		}
		waiting[job] = unit
	}
	var failures []error
	for len(waiting) > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case s, ok := <-h.bus.signals:
			if !ok {
				return fmt.Errorf("systemd %s %s: the bus was lost while the job ran", verb, strings.Join(units, " "))
			}
			job, result := jobRemoved(s)
			if unit, ours := waiting[job]; ours {
				delete(waiting, job)
				if result != "done" && result != "skipped" {
					failures = append(failures, h.jobError(ctx, verb, unit, result))
				}
			}
		}
	}
	return errors.Join(failures...)
}

// jobRemoved reads the signal (id, job, unit, result).
func jobRemoved(s *dbus.Signal) (dbus.ObjectPath, string) {
	if s.Name != managerFace+".JobRemoved" || len(s.Body) != 4 {
		return "", ""
	}
	job, _ := s.Body[1].(dbus.ObjectPath)
	result, _ := s.Body[3].(string)
	return job, result
}

// jobError says why a job failed, with the unit's last words.
func (h *Host) jobError(ctx context.Context, verb remote.SystemdVerb, unit, result string) error {
	state := ""
	if units, err := h.Units(ctx, unit); err == nil {
		state = fmt.Sprintf(" (%s, result %s, exit status %s)", units[0].ActiveState, units[0].Result, units[0].Properties["ExecMainStatus"])
	}
	return fmt.Errorf("systemd %s %s: job %s%s%s", verb, unit, result, state, h.journal(ctx, unit))
}

// journal returns the last lines of a unit's log, each on a line of its own, or nothing.
func (h *Host) journal(ctx context.Context, unit string) string {
	res, err := h.Query(ctx, "journalctl --no-pager -q -n 8 -o cat -u "+Quote(unit)+" 2>/dev/null")
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
	res, err := h.run(ctx, "systemctl --no-ask-password --no-pager "+string(verb)+" -- "+QuoteAll(units), false)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if res.ExitCode == 0 {
		return nil
	}
	failure := &remote.ScriptError{What: what, Result: res}
	if len(units) == 1 && jobMethods[verb] != "" {
		failure.Result.Stderr = append(failure.Result.Stderr, h.journal(ctx, units[0])...)
	}
	return failure
}
