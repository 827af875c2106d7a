package playbook

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kops/internal/diag"
	"kops/internal/value"
	"kops/internal/yamlpos"
)

// Options say what a loader needs to know from others.
type Options struct {
	// Decrypter opens vault texts; nil makes them errors.
	Decrypter yamlpos.Decrypter
	// Known tells whether a module or an action exists under a name as it is written.
	Known func(name string) bool
	// Modules are the names that are suggested for unknown ones.
	Modules []string
	// NotYet are keywords and modules of Ansible that the caller cannot do yet.
	NotYet []string
	// RolesPath are folders of roles, besides "roles" beside the playbook.
	RolesPath []string
	// Resolve evaluates a template in the name of an import, which must be known before the
	// run. Nil makes such names errors.
	Resolve func(t value.Template, play *Play) (string, error)
}

// loader reads one playbook, or the tasks of one include, and collects what is wrong.
type loader struct {
	opts  Options
	list  diag.List
	dir   string // the folder of the playbook that is being read
	play  *Play  // nil outside of plays
	roles map[string]*Role
	stack []string // files that are being imported, and roles that are being loaded
	names names
}

// scope is where entries stand.
type scope struct {
	file    string
	parent  *Block
	role    *Role
	handler bool
}

func newLoader(file string, opts Options) *loader {
	return &loader{opts: opts, dir: filepath.Dir(file), roles: map[string]*Role{}, names: allNames()}
}

// Load reads a playbook with all that it imports. The diagnostics hold warnings too, and
// every error that the files hold; the playbook then lacks what could not be read.
func Load(file string, opts Options) (*Playbook, diag.List) {
	l := newLoader(file, opts)
	pb := &Playbook{File: file, Plays: l.playbook(file)}
	l.list.Sort()
	return pb, l.list
}

// LoadTasks reads the file of an include_tasks, as the runner comes to it. The entries stand
// in parent, which holds what the include gives them.
func LoadTasks(file string, play *Play, parent *Block, role *Role, handler bool, opts Options) ([]Entry, diag.List) {
	l := newLoader(play.File, opts)
	l.play = play
	entries := l.taskFile(file, scope{parent: parent, role: role, handler: handler})
	l.list.Sort()
	return entries, l.list
}

// LoadRole reads the role of an include_role, as the runner comes to it. The block it returns
// stands in parent; handlers are those that the role brings.
func LoadRole(use RoleUse, play *Play, parent *Block, role *Role, opts Options) (b *Block, handlers []*Task, list diag.List) {
	l := newLoader(play.File, opts)
	temporary := *play
	temporary.Handlers, temporary.RolesUsed = nil, nil
	l.play = &temporary
	b = l.role(use, scope{file: play.File, parent: parent, role: role})
	l.list.Sort()
	return b, temporary.Handlers, l.list
}

// FindTasks returns the file that an include_tasks in file means, or an error that lists
// where it was looked for.
func FindTasks(name, file string, play *Play, role *Role, handler bool) (string, error) {
	l := &loader{dir: filepath.Dir(play.File)}
	path, tried := l.search(name, scope{file: file, role: role, handler: handler})
	if path == "" {
		return "", diag.Errorf(value.Position{File: file}, "the file %s does not exist; looked for %s", name, strings.Join(tried, ", "))
	}
	return path, nil
}

// listFile reads a file that must hold a list.
func (l *loader) listFile(file, what, hint string) []*yamlpos.Node {
	n, list := yamlpos.Load(file, yamlpos.Options{Decrypter: l.opts.Decrypter})
	l.list = append(l.list, list...)
	if list.HasErrors() {
		return nil
	}
	if n.Kind != yamlpos.Sequence && !n.IsNull() {
		l.list.Add(diag.Errorf(n.Pos, "%s must be a list, not %s", what, n.Describe()).WithHint("%s", hint))
	}
	return n.Items
}

// enter notes that a file or role is being read; it says no where that is so already.
func (l *loader) enter(what string, pos value.Position) bool {
	if i := slices.Index(l.stack, what); i >= 0 {
		way := append(slices.Clone(l.stack[i:]), what)
		for j, w := range way {
			way[j] = strings.TrimPrefix(w, "role ")
		}
		l.list.Add(diag.Errorf(pos, "this goes in a circle: %s", strings.Join(way, " → ")).
			WithHint("remove one of these; with a condition, use include_tasks, which is read only when it is reached"))
		return false
	}
	l.stack = append(l.stack, what)
	return true
}

func (l *loader) leave() { l.stack = l.stack[:len(l.stack)-1] }

// playbook reads the plays of a file.
func (l *loader) playbook(file string) []*Play {
	if !l.enter(filepath.Clean(file), value.Position{File: file}) {
		return nil
	}
	defer l.leave()
	defer func(dir string) { l.dir = dir }(l.dir)
	l.dir = filepath.Dir(file)
	nodes := l.listFile(file, "a playbook", `begin each play with a dash: "- hosts: …"`)
	if len(nodes) == 0 && !l.list.HasErrors() {
		l.list.Add(diag.Errorf(value.Position{File: file, Line: 1, Column: 1}, "the playbook holds no play").
			WithHint(`begin each play with a dash: "- hosts: …"`))
	}
	var plays []*Play
	for _, n := range nodes {
		switch {
		case n.Kind != yamlpos.Mapping:
			l.list.Add(diag.Errorf(n.Pos, "a play must be a mapping, not %s", n.Describe()).WithHint(`write "- hosts: …"`))
		case importNode(n) != nil:
			plays = append(plays, l.importPlaybook(n, file)...)
		default:
			plays = append(plays, l.onePlay(n, file))
		}
	}
	return plays
}

func importNode(n *yamlpos.Node) *yamlpos.Node {
	for _, name := range []string{"import_playbook", "ansible.builtin.import_playbook"} {
		if found := n.Get(name); found != nil {
			return found
		}
	}
	return nil
}

// importPlaybook reads the plays of another file, and gives them the import's keywords.
func (l *loader) importPlaybook(n *yamlpos.Node, file string) []*Play {
	var kw Keywords
	for _, p := range n.Pairs {
		switch key := p.Key.Raw; key {
		case "import_playbook", "ansible.builtin.import_playbook":
		case "name", "tags", "when", "vars":
			l.common(&kw, p)
		default:
			l.unknown("an import of a playbook", p.Key, []string{"import_playbook", "name", "tags", "when", "vars"})
		}
	}
	target := importNode(n)
	name, ok := l.importName(target)
	if !ok {
		return nil
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(filepath.Dir(file), name)
	}
	if _, err := os.Stat(name); err != nil {
		l.list.Add(diag.Errorf(target.Pos, "cannot import the playbook %s: %s", name, yamlpos.ReadError(name, err).Summary))
		return nil
	}
	plays := l.importAt(target.Pos, name)
	for _, p := range plays {
		p.Tags = append(slices.Clone(kw.Tags), p.Tags...)
		p.When = append(slices.Clone(kw.When), p.When...)
		if kw.Vars.Len() > 0 {
			p.Vars = p.Vars.Clone().Merge(kw.Vars)
		}
	}
	return plays
}

// importAt reads a playbook; a circle is reported where the import stands.
func (l *loader) importAt(pos value.Position, file string) []*Play {
	if slices.Contains(l.stack, filepath.Clean(file)) {
		l.enter(filepath.Clean(file), pos)
		return nil
	}
	return l.playbook(file)
}

// importName returns the name of something that is imported, its template evaluated.
func (l *loader) importName(n *yamlpos.Node) (string, bool) {
	text, ok := n.Str()
	if !ok || strings.TrimSpace(text) == "" {
		l.list.Add(diag.Errorf(n.Pos, "the name of a file is expected, not %s", n.Describe()))
		return "", false
	}
	return l.resolve(yamlpos.Text(strings.TrimSpace(text), n.Text), n.Pos)
}

func (l *loader) resolve(v value.Value, pos value.Position) (string, bool) {
	t, ok := v.(value.Template)
	if !ok {
		s, isText := v.(string)
		return s, isText
	}
	if l.opts.Resolve == nil {
		l.list.Add(diag.Errorf(pos, "the name of an import cannot hold a template here"))
		return "", false
	}
	name, err := l.opts.Resolve(t, l.play)
	if err != nil {
		l.list.Add(diag.Errorf(pos, "cannot tell which file is imported: %w", err).
			WithHint("imports are read before the run, so only variables of the play and of -e are known; include_tasks is read when it is reached"))
		return "", false
	}
	return name, true
}
