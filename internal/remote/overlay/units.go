package overlay

import (
	"context"
	"path"
	"slices"
	"strings"

	"kops/internal/remote"
)

// unitFolders are where systemd looks for units, the first wins.
var unitFolders = []string{"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"}

func (s *State) setUnit(e remote.Effect) {
	u := *e.Unit
	u.Foreseen = true
	if e.Gone {
		u = remote.Unit{Name: u.Name, LoadState: "not-found", ActiveState: "inactive", SubState: "dead", Foreseen: true}
	}
	s.units[u.Name] = u
	s.unwritten(u)
	if e.Acts {
		s.acted[u.Name] = true
	}
}

// unwritten says that systemd has read the unit's files.
func (s *State) unwritten(u remote.Unit) {
	delete(s.written, u.FragmentPath)
	for p := range s.written {
		if path.Base(path.Dir(p)) == u.Name+".d" {
			delete(s.written, p)
		}
	}
}

// Units implements remote.Reader.
func (r *Reader) Units(ctx context.Context, names ...string) ([]remote.Unit, error) {
	units, err := r.Reader.Units(ctx, names...)
	if err != nil {
		return nil, err
	}
	s := r.state
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, name := range names {
		if units[i], err = r.unit(ctx, units[i], name); err != nil {
			return nil, err
		}
	}
	return units, nil
}

func (r *Reader) unit(ctx context.Context, u remote.Unit, name string) (remote.Unit, error) {
	s := r.state
	if s.doubts["unit "+name] {
		return u, r.Unknown("unit " + name)
	}
	known, touched := s.units[name]
	switch {
	case touched:
		u = known
	case s.reloaded:
		u.NeedDaemonReload = false
	}
	if !u.Exists() {
		return r.newUnit(ctx, u, name)
	}
	for other := range s.acted {
		if other != name && related(s.units[other], u) {
			return u, r.Unknown("state of " + name + ", which " + other + " may start or stop")
		}
	}
	if !touched && s.packageBears(name, u.Exists()) {
		return u, r.Unknown("unit " + name + ", which a package may take")
	}
	return r.stale(ctx, u)
}

// newUnit is a unit that systemd does not know: an earlier task may write its file.
func (r *Reader) newUnit(ctx context.Context, u remote.Unit, name string) (remote.Unit, error) {
	s := r.state
	if len(s.nodes) > 0 {
		var paths []string
		for _, dir := range unitFolders {
			paths = append(paths, path.Join(dir, name))
		}
		if err := r.prefetch(ctx, paths...); err != nil {
			return u, err
		}
	}
	for _, dir := range unitFolders {
		if len(s.nodes) == 0 {
			break
		}
		at, err := r.locate(ctx, path.Join(dir, name), true)
		if err != nil {
			return u, err
		}
		if at.node == nil || !at.file.Exists && !at.node.doubt {
			continue
		}
		if !at.node.known {
			return u, r.Unknown("unit " + name)
		}
		return fromText(name, at.path, string(at.node.file.Content)), nil
	}
	if s.packageBears(name, false) {
		return u, r.Unknown("unit " + name + ", which a package may bring")
	}
	return u, nil
}

// fromText is a unit as systemd knows it once it has read the file.
func fromText(name, fragment, text string) remote.Unit {
	u := remote.Unit{Name: name, LoadState: "loaded", ActiveState: "inactive", SubState: "dead", UnitFileState: "static",
		FragmentPath: fragment, Result: "success", Properties: map[string]string{"Type": "simple", "RemainAfterExit": "no"}, Foreseen: true}
	section := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		key, val, _ := strings.Cut(line, "=")
		key, val = strings.TrimSpace(key), strings.TrimSpace(val)
		switch {
		case strings.HasPrefix(line, "["):
			section = line
		case section == "[Install]" && slices.Contains([]string{"WantedBy", "RequiredBy", "UpheldBy", "Also", "Alias"}, key):
			u.UnitFileState = "disabled"
		case section == "[Service]" && (key == "Type" || key == "RemainAfterExit"):
			u.Properties[key] = val
		case section == "[Unit]" && slices.Contains(relations, key):
			u.Properties[key] += " " + val
		}
	}
	return u
}

// relations are the properties that name units which start or stop together with a unit.
var relations = []string{"Requires", "Requisite", "Wants", "BindsTo", "PartOf", "Upholds", "Conflicts", "ConflictedBy", "RequiredBy",
	"RequisiteOf", "WantedBy", "BoundBy", "ConsistsOf", "UpheldBy", "Triggers", "TriggeredBy", "PropagatesStopTo", "OnSuccess", "OnFailure"}

// related tells whether one unit names the other among those that it starts or stops.
func related(a, b remote.Unit) bool {
	names := func(u remote.Unit, other string) bool {
		return slices.ContainsFunc(relations, func(k string) bool {
			return k != "WantedBy" && slices.Contains(strings.Fields(u.Properties[k]), other)
		})
	}
	return names(a, b.Name) || names(b, a.Name)
}

// stale tells systemd's own view of files that earlier tasks would write: they are newer than what it has read.
func (r *Reader) stale(ctx context.Context, u remote.Unit) (remote.Unit, error) {
	s := r.state
	if len(s.written) == 0 || u.FragmentPath == "" && !u.Exists() {
		return u, nil
	}
	changed, err := r.rewritten(ctx, u)
	if err != nil || !changed || u.NeedDaemonReload {
		return u, err
	}
	switch {
	case u.ActiveState == "active" || u.ActiveState == "reloading" || u.UnitFileState == "enabled":
		u.NeedDaemonReload = true
	case u.ActiveState == "inactive" && u.UnitFileState == "disabled":
		// Nothing holds it in memory: systemd reads its file when it is asked for.
	default:
		return u, r.Unknown("whether systemd has read the files of " + u.Name)
	}
	return u, nil
}

// rewritten tells whether a file of the unit would be written after systemd last read it.
func (r *Reader) rewritten(ctx context.Context, u remote.Unit) (bool, error) {
	s := r.state
	changed := false
	if u.FragmentPath != "" {
		at, err := r.locate(ctx, u.FragmentPath, true)
		if err != nil {
			return false, err
		}
		if at.node != nil && (at.node.doubt || !at.file.Exists) || at.missing {
			return false, r.Unknown("unit " + u.Name + ", whose file would be gone or may change")
		}
		changed = s.written[at.path]
	}
	for p := range s.written {
		if path.Base(path.Dir(p)) == u.Name+".d" && strings.HasSuffix(p, ".conf") {
			if !slices.Contains(strings.Fields(u.Properties["DropInPaths"]), p) {
				return false, r.Unknown("whether systemd notices " + p) // it knows folders only from when it last read all
			}
			changed = true
		}
	}
	return changed, nil
}
