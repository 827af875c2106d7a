package systemd

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"kops/internal/module"
	"kops/internal/remote"
)

// A decision is what must be done to a unit.
type decision struct {
	reload bool // systemd's configuration is older than the unit's files
	verbs  []remote.SystemdVerb
	after  remote.Unit
}

// decide compares the unit with what it should be. Masking comes first, then enabling,
// then the state.
func (s *Spec) decide(u remote.Unit) decision {
	d := decision{after: u, reload: u.NeedDaemonReload}
	d.after.NeedDaemonReload = false
	if masked := isMasked(u); s.Masked != nil && *s.Masked != masked {
		d.do(pick(*s.Masked, remote.Mask, remote.Unmask))
		d.after.UnitFileState = pick(*s.Masked, "masked", "disabled")
		d.after.LoadState = pick(*s.Masked, "masked", "loaded")
	}
	if s.Enabled != nil && !enabledIs(d.after, *s.Enabled) {
		d.do(pick(*s.Enabled, remote.Enable, remote.Disable))
		d.after.UnitFileState = pick(*s.Enabled, "enabled", "disabled")
	}
	running := isRunning(u)
	switch {
	case s.State == "started" && !running, s.State == "restarted" && !running, s.State == "reloaded" && !running:
		d.do(remote.Start)
		d.after.ActiveState, d.after.SubState = started(u)
	case s.State == "restarted":
		d.do(remote.Restart)
	case s.State == "reloaded":
		d.do(remote.Reload)
	case s.State == "stopped" && !isStopped(u):
		d.do(remote.Stop)
		d.after.ActiveState, d.after.SubState, d.after.MainPID = "inactive", "dead", 0
	}
	return d
}

// started are the states of a unit that has been started.
func started(u remote.Unit) (active, sub string) {
	switch path.Ext(u.Name) {
	case ".timer", ".path":
		return "active", "waiting"
	case ".socket":
		return "active", "listening"
	case ".mount":
		return "active", "mounted"
	case ".service":
		if u.Properties["Type"] != "oneshot" {
			return "active", "running"
		}
		if u.Properties["RemainAfterExit"] == "yes" {
			return "active", "exited"
		}
		return "inactive", "dead" // it has done its work
	}
	return "active", "active"
}

// acts tells whether the unit itself starts, stops or reads its configuration anew.
func (d decision) acts() bool {
	return slices.ContainsFunc(d.verbs, func(v remote.SystemdVerb) bool {
		return v == remote.Start || v == remote.Stop || v == remote.Restart || v == remote.Reload
	})
}

// reloads tells whether systemd reads the files of all units anew: links to them make it do so.
func (d decision) reloads() bool {
	return d.reload || d.links()
}

// links tells whether links to units change. That is done on the disk and before all else, and
// systemd reads its files anew after it.
func (d decision) links() bool { return slices.ContainsFunc(d.verbs, links) }

func links(v remote.SystemdVerb) bool {
	return v == remote.Enable || v == remote.Disable || v == remote.Mask || v == remote.Unmask
}

func (d *decision) do(verb remote.SystemdVerb) { d.verbs = append(d.verbs, verb) }

func pick[T any](yes bool, a, b T) T {
	if yes {
		return a
	}
	return b
}

func isMasked(u remote.Unit) bool { return u.UnitFileState == "masked" || u.LoadState == "masked" }

// isRunning tells whether the unit is up or on its way there. One that has failed and waits for
// its next automatic restart is not.
func isRunning(u remote.Unit) bool {
	return slices.Contains([]string{"active", "activating", "reloading", "refreshing"}, u.ActiveState) && u.SubState != "auto-restart"
}

// isStopped tells whether nothing of the unit runs or is about to.
func isStopped(u remote.Unit) bool {
	return slices.Contains([]string{"inactive", "failed", ""}, u.ActiveState)
}

// enabledIs tells whether enabling or disabling has nothing left to do. A static unit has
// no say in it: it is right either way.
func enabledIs(u remote.Unit, enabled bool) bool {
	switch u.UnitFileState {
	case "static", "transient", "generated":
		return u.UnitFileState != "generated" || enabled
	case "enabled":
		return enabled
	case "enabled-runtime", "indirect", "alias": // on for now only, or by another name
		return false
	}
	return !enabled
}

// unitTypes are the suffixes that make a name complete.
var unitTypes = []string{".service", ".socket", ".device", ".mount", ".automount", ".swap", ".target", ".path", ".timer", ".slice", ".scope"}

func unitName(name string) string {
	for _, t := range unitTypes {
		if strings.HasSuffix(name, t) {
			return name
		}
	}
	return name + ".service"
}

func diff(before, after remote.Unit) module.Diff {
	text := func(u remote.Unit) string {
		return fmt.Sprintf("state: %s (%s)\nstarts at boot: %s\nconfiguration: %s\n", u.ActiveState, u.SubState, u.UnitFileState,
			pick(u.NeedDaemonReload, "files have changed since they were read", "as in the files"))
	}
	return module.Diff{BeforeHeader: before.Name, AfterHeader: before.Name, Before: text(before), After: text(after)}
}
