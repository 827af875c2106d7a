package inventory

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kops/internal/diag"
	"kops/internal/value"
	"kops/internal/yamlpos"
)

// ignoredEndings mark files of an inventory folder that are no inventory.
var ignoredEndings = []string{".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry"}

// ignoredNames are what else an inventory folder holds.
var ignoredNames = []string{"group_vars", "host_vars", "vars_plugins"}

type loader struct {
	ctx  context.Context
	inv  *Inventory
	opts yamlpos.Options
	list diag.List
	dirs []string // folders that may hold group_vars and host_vars
}

// Load reads sources, merges them in their order, and adds group_vars and host_vars that
// stand beside them. A source is a file in YAML, JSON or INI, an executable script, a folder
// of these, or a list of hosts with a comma in it. The diagnostics hold warnings too.
func Load(ctx context.Context, sources []string, opts yamlpos.Options) (*Inventory, diag.List) {
	l := &loader{ctx: ctx, inv: New(), opts: opts}
	for _, s := range sources {
		_, err := os.Stat(s)
		switch {
		case err != nil && strings.Contains(s, ","):
			l.listSource(s)
		case err != nil:
			l.list.Add(diag.Errorf(value.Position{File: s}, "cannot read the inventory: %s", yamlpos.ReadError(s, err).Summary).
				WithHint("a list of hosts needs a comma: -i host1,"))
		default:
			l.path(s)
		}
	}
	l.list = append(l.list, l.inv.finish()...)
	if !l.list.HasErrors() {
		l.varsDirs()
	}
	l.list.Sort()
	return l.inv, l.list
}

// path reads a file or a folder.
func (l *loader) path(path string) {
	info, err := os.Stat(path)
	if err != nil {
		l.list.Add(yamlpos.ReadError(path, err))
		return
	}
	if !info.IsDir() {
		l.addDir(filepath.Dir(path))
		l.file(path, info)
		return
	}
	l.addDir(path)
	entries, err := os.ReadDir(path)
	if err != nil {
		l.list.Add(yamlpos.ReadError(path, err))
		return
	}
	for _, e := range entries {
		name := e.Name()
		ignored := strings.HasPrefix(name, ".") || slices.Contains(ignoredNames, name) ||
			slices.ContainsFunc(ignoredEndings, func(end string) bool { return strings.HasSuffix(name, end) })
		if !ignored {
			l.path(filepath.Join(path, name))
		}
	}
}

func (l *loader) addDir(dir string) {
	if !slices.Contains(l.dirs, dir) {
		l.dirs = append(l.dirs, dir)
	}
}

// file reads a file in the format that its mode, name and text say.
func (l *loader) file(path string, info os.FileInfo) {
	src, err := os.ReadFile(path)
	if err != nil {
		l.list.Add(yamlpos.ReadError(path, err))
		return
	}
	ext := filepath.Ext(path)
	switch {
	case bytes.HasPrefix(src, []byte("#!")) && info.Mode()&0o111 != 0:
		l.script(path)
	case ext == ".toml":
		l.list.Add(diag.Errorf(value.Position{File: path}, "inventories in TOML are not supported").
			WithHint("write it in YAML"))
	case ext != ".yml" && ext != ".yaml" && ext != ".json" && looksLikeINI(src):
		l.iniSource(path, src)
	default:
		n, list := yamlpos.Load(path, l.opts)
		l.list = append(l.list, list...)
		if !list.HasErrors() {
			l.yamlSource(n)
		}
	}
}

// looksLikeINI looks at the first line that says something: YAML begins with a key or a
// document's dashes.
func looksLikeINI(src []byte) bool {
	for line := range strings.Lines(string(src)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if i := strings.Index(line, " #"); i >= 0 {
			line = strings.TrimSpace(line[:i])
		}
		yaml := strings.HasPrefix(line, "---") || strings.HasPrefix(line, "{") || strings.HasPrefix(line, "$ANSIBLE_VAULT") ||
			strings.HasSuffix(line, ":")
		return !yaml
	}
	return false
}
