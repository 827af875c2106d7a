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

// roleArgs are the arguments of import_role and include_role that say what is read.
var roleArgs = []string{"name", "role", "tasks_from", "vars_from", "defaults_from", "handlers_from"}

// A RoleUse is one use of a role: in roles:, as a dependency, imported or included.
type RoleUse struct {
	Keywords
	Name            string
	Pos             value.Position
	Params          *value.Map // what the use gives besides keywords; may be nil
	TasksFrom       string     // "" for main
	VarsFrom        string
	DefaultsFrom    string
	HandlersFrom    string
	AllowDuplicates bool
	Unvalidated     bool // rolespec_validate: false
}

// roleUses reads the roles of a play.
func (l *loader) roleUses(n *yamlpos.Node, sc scope) {
	if n.IsNull() {
		return
	}
	if n.Kind != yamlpos.Sequence {
		l.list.Add(diag.Errorf(n.Pos, "roles must be a list, not %s", n.Describe()).WithHint(`write "- name" for each role`))
		return
	}
	for _, item := range n.Items {
		use, ok := l.roleUse(item)
		if !ok {
			continue
		}
		if b := l.role(use, sc); b != nil {
			l.play.Roles = append(l.play.Roles, b)
		}
	}
}

// roleUse reads a name, or a mapping of role, keywords and parameters.
func (l *loader) roleUse(n *yamlpos.Node) (RoleUse, bool) {
	use := RoleUse{Pos: n.Pos, Params: value.NewMap()}
	nameNode := n
	if n.Kind == yamlpos.Mapping {
		if nameNode = n.Get("role"); nameNode == nil {
			nameNode = n.Get("name")
		}
		for _, p := range n.Pairs {
			switch {
			case p.Key.Raw == "role" || p.Key.Raw == "name":
			case p.Key.Raw == "vars":
				use.Vars, _ = l.vars(p.Value)
			case l.common(&use.Keywords, p):
			default:
				if l.notYet("keyword", p.Key) {
					continue
				}
				use.Params.Set(p.Key.Value, l.value(p.Value))
			}
		}
	}
	if nameNode == nil {
		l.list.Add(diag.Errorf(n.Pos, "the role has no name").WithHint(`write "- role: name"`))
		return use, false
	}
	name, ok := l.importName(nameNode)
	use.Name = name
	return use, ok
}

// importRole replaces an import by the tasks of its role.
func (l *loader) importRole(t *Task, sc scope) *Block {
	l.onlyArgs(t, append([]string{"allow_duplicates", "public", "rolespec_validate"}, roleArgs...)...)
	l.notOnImports(t)
	use := RoleUse{Keywords: t.Keywords, Pos: t.Pos}
	for _, a := range []struct {
		arg string
		to  *string
	}{
		{"role", &use.Name}, {"name", &use.Name}, {"tasks_from", &use.TasksFrom}, {"vars_from", &use.VarsFrom},
		{"defaults_from", &use.DefaultsFrom}, {"handlers_from", &use.HandlersFrom},
	} {
		if v, ok := t.Args.Get(a.arg); ok {
			if *a.to, ok = l.resolve(v, t.ArgsPos[a.arg]); !ok {
				return nil
			}
		}
	}
	use.Unvalidated = t.Args.At("rolespec_validate") != nil && !t.Args.Bool("rolespec_validate")
	use.AllowDuplicates = t.Args.At("allow_duplicates") == nil || t.Args.Bool("allow_duplicates")
	if use.Name == "" {
		l.list.Add(diag.Errorf(t.Pos, "%s needs the name of a role", t.Module))
		return nil
	}
	return l.role(use, sc)
}

// role loads a role and returns a block of its tasks, those of its dependencies first.
func (l *loader) role(use RoleUse, sc scope) *Block {
	path := l.findRole(use, sc)
	if path == "" || !l.enter("role "+use.Name, use.Pos) {
		return nil
	}
	defer l.leave()
	b := &Block{Keywords: use.Keywords, Pos: use.Pos, Origin: FromRole, Parent: sc.parent}
	b.Vars, b.VarsPos = nil, nil // the role has them, for its handlers too
	role, isNew := l.roleOf(use, path, sc.role)
	b.Role = role
	inner := scope{parent: b, role: role}
	meta := l.meta(role)
	b.Duplicates = use.AllowDuplicates || meta.allowDuplicates
	for _, item := range meta.dependencies {
		dep, ok := l.roleUse(item)
		if !ok {
			continue
		}
		if d := l.role(dep, scope{file: filepath.Join(path, "meta", "main.yml"), parent: b, role: role}); d != nil {
			b.Block = append(b.Block, d)
			d.Role.Dependency = d.Role.Dependency || d.Role.Pos == dep.Pos
			if isNew {
				role.Dependencies = append(role.Dependencies, d.Role)
			}
		}
	}
	if isNew {
		role.AllowDuplicates = use.AllowDuplicates || meta.allowDuplicates
		if file := l.roleFile(use, path, "handlers", use.HandlersFrom); file != "" {
			sc := inner
			sc.handler = true
			role.Handlers = flatten(l.taskFile(file, sc))
		}
		if !use.Unvalidated {
			l.describesArguments(role, meta)
		}
		l.play.RolesUsed = append(l.play.RolesUsed, role)
		l.play.Handlers = append(l.play.Handlers, role.Handlers...)
	}
	if file := l.roleFile(use, path, "tasks", use.TasksFrom); file != "" {
		entries := l.taskFile(file, inner)
		b.Block = append(b.Block, entries...)
		if isNew {
			role.Entries = entries
		}
	}
	return b
}

// roleOf returns the role of a use. Uses of the same role with the same parameters share it,
// so that the runner can tell that it has run already.
func (l *loader) roleOf(use RoleUse, path string, parent *Role) (role *Role, isNew bool) {
	files := strings.Join([]string{use.TasksFrom, use.VarsFrom, use.DefaultsFrom, use.HandlersFrom}, "\x00")
	key := path + "\x00" + files
	params := use.Params
	if params == nil {
		params = value.NewMap()
	}
	given := params.Len() + use.Vars.Len()
	if found := l.roles[key]; found != nil && given == 0 && found.Params.Len()+found.UseVars.Len() == 0 {
		if parent != nil && !slices.Contains(found.Parents, parent) {
			found.Parents = append(found.Parents, parent)
		}
		return found, false
	}
	role = &Role{Name: use.Name, Path: path, Params: params, UseVars: use.Vars, Files: files, Pos: use.Pos}
	if parent != nil {
		role.Parents = append([]*Role{parent}, parent.Parents...)
	}
	role.Defaults = l.roleVars(use, path, "defaults", use.DefaultsFrom)
	role.Vars = l.roleVars(use, path, "vars", use.VarsFrom)
	l.roles[key] = role
	return role, true
}

// findRole looks for a role's folder: in roles beside the playbook, in the roles path, beside
// the role that needs it, and beside the playbook.
func (l *loader) findRole(use RoleUse, sc scope) string {
	dirs := append([]string{filepath.Join(l.dir, "roles")}, l.opts.RolesPath...)
	if sc.role != nil {
		dirs = append(dirs, filepath.Join(sc.role.Path, "roles"), filepath.Dir(sc.role.Path))
	}
	dirs = append(dirs, l.dir)
	if filepath.IsAbs(use.Name) {
		dirs = []string{""}
	}
	var there []string
	for _, dir := range dirs {
		path := filepath.Join(dir, use.Name)
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return path
		}
		if entries, err := os.ReadDir(dir); err == nil && dir != l.dir {
			for _, e := range entries {
				there = append(there, e.Name())
			}
		}
	}
	d := diag.Errorf(use.Pos, "the role %s does not exist", use.Name)
	d.Detail = "looked in " + strings.Join(dirs, ", ")
	l.list.Add(d.WithHint("%s", diag.Suggest(use.Name, there)))
	return ""
}

// roleFile returns the file of a part of a role, "" where there is none. One that the use
// names must be there.
func (l *loader) roleFile(use RoleUse, path, part, from string) string {
	name := "main"
	if from != "" {
		name = from
	}
	file := withExtension(filepath.Join(path, part, name))
	if file == "" && from != "" {
		l.list.Add(diag.Errorf(use.Pos, "the role %s has no file %s in its %s", use.Name, from, part))
	}
	return file
}

// withExtension returns the file of a name to which an extension may be added, "" where there is none.
func withExtension(name string) string {
	for _, ext := range []string{".yml", ".yaml", ".json", ""} {
		if info, err := os.Stat(name + ext); err == nil && !info.IsDir() {
			return name + ext
		}
	}
	return ""
}

// roleVars reads defaults or vars: a file, or all files of the folder main.
func (l *loader) roleVars(use RoleUse, path, part, from string) *value.Map {
	vars := value.NewMap()
	var files []string
	dir := filepath.Join(path, part, "main")
	if info, err := os.Stat(dir); from == "" && err == nil && info.IsDir() {
		entries, err := os.ReadDir(dir)
		l.list.Add(err)
		for _, e := range entries {
			if ext := filepath.Ext(e.Name()); !e.IsDir() && slices.Contains([]string{".yml", ".yaml", ".json"}, ext) {
				files = append(files, filepath.Join(dir, e.Name()))
			}
		}
	} else if file := l.roleFile(use, path, part, from); file != "" {
		files = []string{file}
	}
	for _, file := range files {
		m, _, list := yamlpos.LoadMap(file, yamlpos.Options{Decrypter: l.opts.Decrypter})
		l.list = append(l.list, list...)
		vars.Merge(m)
	}
	return vars
}

type roleMeta struct {
	dependencies    []*yamlpos.Node
	allowDuplicates bool
	argumentSpecs   value.Position // where the role describes its arguments; zero if it does not
}

// describesArguments warns where a role says which arguments it takes: Ansible would hold those that it is given against that.
func (l *loader) describesArguments(role *Role, meta roleMeta) {
	pos := meta.argumentSpecs
	if file := withExtension(filepath.Join(role.Path, "meta", "argument_specs")); file != "" {
		pos = value.Position{File: file, Line: 1, Column: 1}
	}
	if pos.Line > 0 {
		l.list.Add(diag.Warningf(pos, "the role %s describes its arguments here, and kops does not check them", role.Name).
			WithHint("what the role relies on can be checked by a task: assert"))
	}
}

// meta reads what concerns a run in a role's meta/main.yml; the rest describes it for people.
func (l *loader) meta(role *Role) (m roleMeta) {
	file := l.roleFile(RoleUse{}, role.Path, "meta", "")
	if file == "" {
		return m
	}
	n, list := yamlpos.Load(file, yamlpos.Options{Decrypter: l.opts.Decrypter})
	l.list = append(l.list, list...)
	if n.IsNull() {
		return m
	}
	for _, p := range n.Pairs {
		switch p.Key.Raw {
		case "dependencies":
			if p.Value.Kind != yamlpos.Sequence && !p.Value.IsNull() {
				l.wrong(p, "a list of roles")
			}
			m.dependencies = p.Value.Items
		case "allow_duplicates":
			m.allowDuplicates, _ = l.boolean(p).Value.(bool)
		case "argument_specs":
			m.argumentSpecs = p.Key.Pos
		}
	}
	return m
}
