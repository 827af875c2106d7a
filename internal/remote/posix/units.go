package posix

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/coreos/go-systemd/v22/dbus"
	godbus "github.com/godbus/dbus/v5"

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
	units, err := h.units(ctx, names)
	for _, u := range units {
		if u.NeedDaemonReload { // somebody else has changed them
			h.hosts.files.change()()
		}
	}
	return units, err
}

func (h *Host) units(ctx context.Context, names []string) ([]remote.Unit, error) {
	h.machine.RoundTrip(ctx)
	watched, p := h.watched(ctx, "read the properties of "+strings.Join(names, ", "), h.hosts.limits.Read, 0)
	defer p.stop()
	conn, err := h.hosts.readBus(watched)
	if err != nil {
		if watched.Err() != nil || isLost(err) {
			return nil, silence(watched, err)
		}
		return h.showUnits(ctx, names)
	}
	units, err := busUnits(watched, conn, names)
	if err != nil && ctx.Err() == nil && !conn.Connected() {
		return h.showUnits(ctx, names)
	}
	return units, silence(watched, err)
}

// busUnits asks for everything at once and then reads the answers.
func busUnits(ctx context.Context, conn *godbus.Conn, names []string) ([]remote.Unit, error) {
	units := make([]remote.Unit, len(names))
	errs := make([]error, len(names))
	var all sync.WaitGroup
	for i, name := range names {
		all.Go(func() {
			var properties map[string]godbus.Variant
			unit := conn.Object("org.freedesktop.systemd1", godbus.ObjectPath("/org/freedesktop/systemd1/unit/"+dbus.PathBusEscape(name)))
			if err := unit.CallWithContext(ctx, "org.freedesktop.DBus.Properties.GetAll", 0, "").Store(&properties); err != nil {
				errs[i] = fmt.Errorf("read the properties of %s: %w", name, err)
				return
			}
			units[i].Properties = make(map[string]string, len(properties))
			for k, v := range properties {
				units[i].Properties[k] = wording(k, v.Value())
			}
			fillUnit(&units[i], name)
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return units, nil
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
