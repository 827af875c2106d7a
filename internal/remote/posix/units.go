package posix

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/godbus/dbus/v5"

	"kops/internal/remote"
)

// Units describes units over D-Bus, in one round trip; without a bus, by systemctl show.
func (h *Host) Units(ctx context.Context, names ...string) ([]remote.Unit, error) {
	if len(names) == 0 {
		return nil, nil
	}
	for _, name := range names {
		if !strings.Contains(name, ".") || strings.ContainsAny(name, "/\x00\n") {
			return nil, fmt.Errorf("%q is not the whole name of a unit, like kafka.service", name)
		}
	}
	conn, err := h.hosts.readBus(ctx)
	if err != nil {
		if ctx.Err() != nil || isLost(err) {
			return nil, err
		}
		return h.showUnits(ctx, names)
	}
	h.machine.RoundTrip()
	units, err := busUnits(ctx, conn, names)
	if err == dbus.ErrClosed {
		return h.showUnits(ctx, names)
	}
	return units, err
}

// faces are the interfaces that hold a unit's properties, by the suffix of its name.
var faces = map[string]string{
	"service": "Service", "socket": "Socket", "timer": "Timer", "mount": "Mount", "path": "Path",
	"target": "Target", "slice": "Slice", "swap": "Swap", "automount": "Automount", "device": "Device", "scope": "Scope",
}

// busUnits asks for everything at once and then reads the answers.
func busUnits(ctx context.Context, conn *dbus.Conn, names []string) ([]remote.Unit, error) {
	type call struct {
		unit int
		*dbus.Call
	}
	var calls []call
	for i, name := range names {
		object := conn.Object(systemd1, dbus.ObjectPath(managerPath+"/unit/"+escapePath(name)))
		kind := faces[name[strings.LastIndex(name, ".")+1:]]
		for _, face := range []string{"Unit", kind} {
			if face != "" {
				c := object.GoWithContext(ctx, propertyFace+".GetAll", 0, make(chan *dbus.Call, 1), systemd1+"."+face)
				calls = append(calls, call{i, c})
			}
		}
	}
	units := make([]remote.Unit, len(names))
	for _, c := range calls {
		select {
		case <-c.Done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		properties := map[string]dbus.Variant{}
		if err := c.Store(&properties); err != nil {
			if err == dbus.ErrClosed {
				return nil, err
			}
			return nil, fmt.Errorf("read the properties of %s: %w", names[c.unit], err)
		}
		u := &units[c.unit]
		if u.Properties == nil {
			u.Properties = map[string]string{}
		}
		for k, v := range properties {
			u.Properties[k] = wording(k, v.Value())
		}
	}
	for i := range units {
		fillUnit(&units[i], names[i])
	}
	return units, nil
}

// escapePath encodes a unit's name as systemd does for the path of its object.
func escapePath(name string) string {
	var b strings.Builder
	for i, c := range []byte(name) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if letter || c >= '0' && c <= '9' && i > 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "_%02x", c)
		}
	}
	return b.String()
}

// showUnits describes units by systemctl, which ends each unit with an empty line.
func (h *Host) showUnits(ctx context.Context, names []string) ([]remote.Unit, error) {
	res, err := h.read(ctx, "read units with systemctl", "systemctl show --all --no-pager -- "+QuoteAll(names))
	if err != nil {
		return nil, err
	}
	blocks := strings.Split(strings.TrimSuffix(string(res.Stdout), "\n"), "\n\n")
	if len(blocks) != len(names) {
		return nil, fmt.Errorf("systemctl show described %d units and not %d", len(blocks), len(names))
	}
	units := make([]remote.Unit, len(names))
	for i, block := range blocks {
		units[i].Properties = map[string]string{}
		for line := range strings.Lines(block) {
			k, v, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			units[i].Properties[k] = v
		}
		fillUnit(&units[i], names[i])
	}
	return units, nil
}

// fillUnit sets the fields from the properties.
func fillUnit(u *remote.Unit, name string) {
	p := u.Properties
	u.Name = name
	u.LoadState, u.ActiveState, u.SubState = p["LoadState"], p["ActiveState"], p["SubState"]
	u.UnitFileState, u.FragmentPath = p["UnitFileState"], p["FragmentPath"]
	u.NeedDaemonReload = p["NeedDaemonReload"] == "yes"
	u.Result = p["Result"]
	u.MainPID, _ = strconv.Atoi(p["MainPID"]) // units that are no services have none
	u.NRestarts, _ = strconv.Atoi(p["NRestarts"])
}
