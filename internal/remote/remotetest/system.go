package remotetest

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"kops/internal/remote"
)

// Accounts looks users and groups up by name or number.
func (h *Host) Accounts(ctx context.Context, users, groups []string) (remote.Accounts, error) {
	h.record("accounts", strings.Join(users, " ")+";"+strings.Join(groups, " "))
	out := remote.Accounts{Users: map[string]remote.User{}, Groups: map[string]remote.Group{}}
	for _, key := range users {
		if u, ok := h.user(key); ok {
			out.Users[key] = u
		}
	}
	for _, key := range groups {
		if g, ok := h.group(key); ok {
			out.Groups[key] = g
		}
	}
	return out, ctx.Err()
}

func (h *Host) user(key string) (remote.User, bool) {
	if u, ok := h.UsersByName[key]; ok {
		return u, true
	}
	id, err := strconv.Atoi(key)
	for _, u := range h.UsersByName {
		if err == nil && u.UID == id {
			return u, true
		}
	}
	return remote.User{}, false
}

func (h *Host) group(key string) (remote.Group, bool) {
	if g, ok := h.GroupsByName[key]; ok {
		return g, true
	}
	id, err := strconv.Atoi(key)
	for _, g := range h.GroupsByName {
		if err == nil && g.GID == id {
			return g, true
		}
	}
	return remote.Group{}, false
}

// Units describes units; one that was not added is not-found.
func (h *Host) Units(ctx context.Context, names ...string) ([]remote.Unit, error) {
	h.record("units", strings.Join(names, " "))
	out := make([]remote.Unit, len(names))
	for i, name := range names {
		u, ok := h.UnitsByName[name]
		if !ok {
			u = remote.Unit{Name: name, LoadState: "not-found", ActiveState: "inactive", SubState: "dead"}
		}
		out[i] = u
	}
	return out, ctx.Err()
}

// Packages answers from Installed, whatever the manager.
func (h *Host) Packages(ctx context.Context, manager string, names ...string) (map[string]remote.Package, error) {
	h.record("packages", manager+" "+strings.Join(names, " "))
	out := map[string]remote.Package{}
	for _, name := range names {
		if p, ok := h.Installed[name]; ok {
			out[name] = p
		}
	}
	return out, ctx.Err()
}

// Systemd changes UnitsByName.
func (h *Host) Systemd(ctx context.Context, verb remote.SystemdVerb, units ...string) error {
	h.record("systemd", strings.TrimSpace(string(verb)+" "+strings.Join(units, " ")))
	if err := ctx.Err(); err != nil {
		return err
	}
	if h.OnSystemd != nil {
		return h.OnSystemd(h, verb, units)
	}
	if verb == remote.DaemonReload {
		for name, u := range h.UnitsByName {
			u.NeedDaemonReload = false
			h.UnitsByName[name] = u
		}
		return nil
	}
	for _, name := range units {
		u, ok := h.UnitsByName[name]
		if !ok {
			return fmt.Errorf("%s %s: Unit %s not found", verb, name, name)
		}
		h.UnitsByName[name] = changed(u, verb)
	}
	return nil
}

func changed(u remote.Unit, verb remote.SystemdVerb) remote.Unit {
	switch verb {
	case remote.Start, remote.Restart, remote.ReloadOrRestart:
		u.ActiveState, u.SubState = "active", "running"
	case remote.Stop:
		u.ActiveState, u.SubState = "inactive", "dead"
	case remote.Enable:
		u.UnitFileState = "enabled"
	case remote.Disable:
		u.UnitFileState = "disabled"
	case remote.Mask:
		u.LoadState, u.UnitFileState = "masked", "masked"
	case remote.Unmask:
		u.LoadState, u.UnitFileState = "loaded", "disabled"
	}
	return u
}
