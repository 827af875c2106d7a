package inventory

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kops/internal/diag"
	"kops/internal/value"
	"kops/internal/yamlpos"
)

// A VarsDir is what the folders group_vars and host_vars in one folder hold.
type VarsDir struct {
	groups map[string]fileVars
	hosts  map[string]fileVars
}

// fileVars are the variables of a file, or of the files of a folder, and where each stands.
type fileVars struct {
	vars *value.Map
	pos  map[string]value.Position
}

func (d *VarsDir) group(name string) fileVars {
	if d == nil {
		return fileVars{}
	}
	return d.groups[name]
}

func (d *VarsDir) host(name string) fileVars {
	if d == nil {
		return fileVars{}
	}
	return d.hosts[name]
}

// ReadVarsDir reads group_vars and host_vars in dir, for all names that inv knows and none
// else: the variables of another inventory's hosts may be encrypted with another password.
func ReadVarsDir(dir string, inv *Inventory, opts yamlpos.Options) (*VarsDir, diag.List) {
	d := &VarsDir{groups: map[string]fileVars{}, hosts: map[string]fileVars{}}
	var list diag.List
	var groups, hosts []string
	for _, g := range inv.Groups {
		groups = append(groups, g.Name)
	}
	for _, h := range inv.Hosts {
		hosts = append(hosts, h.Name)
	}
	for _, part := range []struct {
		dir   string
		names []string
		into  map[string]fileVars
	}{{"group_vars", groups, d.groups}, {"host_vars", hosts, d.hosts}} {
		base := filepath.Join(dir, part.dir)
		if info, err := os.Stat(base); err != nil || !info.IsDir() {
			continue
		}
		for _, name := range part.names {
			if strings.HasPrefix(name, "/") {
				continue
			}
			if m := readVars(filepath.Join(base, name), opts, &list); m.vars.Len() > 0 {
				part.into[name] = m
			}
		}
	}
	return d, list
}

// readVars reads the first that exists of path, path.yml, path.yaml and path.json. A folder
// stands for all files in it.
func readVars(path string, opts yamlpos.Options, list *diag.List) fileVars {
	read := fileVars{value.NewMap(), map[string]value.Position{}}
	for _, ext := range []string{"", ".yml", ".yaml", ".json"} {
		info, err := os.Stat(path + ext)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			list.Add(yamlpos.ReadError(path+ext, err))
			break
		}
		files := []string{path + ext}
		if info.IsDir() {
			files = varsFiles(path+ext, list)
		}
		for _, f := range files {
			m, n, l := yamlpos.LoadMap(f, opts)
			*list = append(*list, l...)
			read.vars.Merge(m)
			if n != nil {
				for _, p := range n.Pairs {
					read.pos[p.Key.Raw] = p.Key.Pos
				}
				port := n.Get("ansible_port")
				if port != nil {
					list.Add(checkPort("ansible_port", m.At("ansible_port"), port.Pos))
				}
			}
		}
		break
	}
	return read
}

// varsFiles returns the files of variables in a folder and the folders in it, by name.
func varsFiles(dir string, list *diag.List) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		list.Add(yamlpos.ReadError(dir, err))
		return nil
	}
	var files []string
	for _, e := range entries {
		name := e.Name()
		path := filepath.Join(dir, name)
		if strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") {
			continue
		}
		info, err := os.Stat(path)
		switch {
		case err != nil:
			list.Add(yamlpos.ReadError(path, err))
		case info.IsDir():
			files = append(files, varsFiles(path, list)...)
		case slices.Contains([]string{"", ".yml", ".yaml", ".json"}, filepath.Ext(name)):
			files = append(files, path)
		}
	}
	return files
}

// varsDirs adds what stands beside the inventory's sources.
func (l *loader) varsDirs() {
	for _, dir := range l.dirs {
		d, list := ReadVarsDir(dir, l.inv, l.opts)
		l.list = append(l.list, list...)
		for _, g := range l.inv.Groups {
			m := d.group(g.Name).vars.Clone()
			if p, ok := m.Get("ansible_group_priority"); ok {
				if n, isInt := intOf(p); isInt {
					g.Priority = n
				}
				m.Delete("ansible_group_priority")
			}
			g.FileVars.Merge(m)
			maps.Copy(g.FilePos, d.group(g.Name).pos)
		}
		for _, h := range l.inv.Hosts {
			h.FileVars.Merge(d.host(h.Name).vars)
			maps.Copy(h.FilePos, d.host(h.Name).pos)
		}
	}
}
