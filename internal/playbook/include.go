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

// taskFile reads a file of tasks.
func (l *loader) taskFile(file string, sc scope) []Entry {
	sc.file = file
	return l.items(l.listFile(file, "a file of tasks", `begin each task with a dash: "- name: …"`), sc)
}

// importTasks replaces an import by the tasks of its file, in a block with its keywords.
func (l *loader) importTasks(t *Task, sc scope) *Block {
	b := &Block{Keywords: t.Keywords, Pos: t.Pos, Origin: FromImport, Parent: sc.parent, Role: sc.role}
	l.onlyArgs(t, "file")
	l.notOnImports(t)
	given, pos := t.fileArg()
	name, ok := l.resolve(given, pos)
	if !ok || name == "" {
		if _, template := given.(value.Template); !template {
			l.list.Add(diag.Errorf(t.Pos, "%s names no file", t.Module).WithHint("write \"%s: file.yaml\"", t.Module))
		}
		return nil
	}
	file, tried := l.search(name, sc)
	if file == "" {
		l.list.Add(missingFile(name, tried, pos))
		return nil
	}
	if !l.enter(filepath.Clean(file), pos) {
		return nil
	}
	defer l.leave()
	inner := sc
	inner.parent = b
	b.Block = l.taskFile(file, inner)
	return b
}

// fileArg returns the file that an import or an include of tasks names.
func (t *Task) fileArg() (value.Value, value.Position) {
	if t.FreeForm.Given() {
		return t.FreeForm.Value, t.FreeForm.Pos
	}
	v, ok := t.Args.Get("file")
	if !ok {
		return "", t.Pos
	}
	return v, t.ArgsPos["file"]
}

// IncludedFile returns the file that an include_tasks names: a text or a template.
func (t *Task) IncludedFile() Field {
	v, pos := t.fileArg()
	return Field{Value: v, Pos: pos}
}

func missingFile(name string, tried []string, pos value.Position) *diag.Diagnostic {
	d := diag.Errorf(pos, "the file %s does not exist", name)
	d.Detail = "looked for " + strings.Join(tried, ", ")
	var there []string
	for _, path := range tried {
		entries, err := os.ReadDir(filepath.Dir(path))
		if err != nil {
			continue
		}
		for _, e := range entries {
			there = append(there, filepath.Join(filepath.Dir(name), e.Name()))
		}
	}
	return d.WithHint("%s", diag.Suggest(name, there))
}

// search looks for a file of tasks: beside the file that names it, in the role, beside the
// playbook.
func (l *loader) search(name string, sc scope) (found string, tried []string) {
	if filepath.IsAbs(name) {
		tried = []string{name}
	} else {
		dirs := []string{filepath.Dir(sc.file)}
		if sc.role != nil {
			sub := "tasks"
			if sc.handler {
				sub = "handlers"
			}
			dirs = append(dirs, filepath.Join(sc.role.Path, sub), sc.role.Path)
		}
		for _, dir := range append(dirs, l.dir) {
			if path := filepath.Join(dir, name); !slices.Contains(tried, path) {
				tried = append(tried, path)
			}
		}
	}
	for _, path := range tried {
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path, tried
		}
	}
	return "", tried
}

// onlyArgs refuses arguments that an import or include does not know.
func (l *loader) onlyArgs(t *Task, known ...string) {
	for _, k := range t.Args.Keys() {
		name, _ := k.(string)
		if !slices.Contains(known, name) {
			l.list.Add(diag.Errorf(t.ArgsPos[name], "unknown argument %q of %s", name, t.Module).
				WithHint("%s", diag.Suggest(name, known)))
		}
	}
}

// notOnImports refuses keywords that belong to tasks that run.
func (l *loader) notOnImports(t *Task) {
	for _, k := range []struct {
		name string
		pos  value.Position
	}{
		{"notify", firstPos(t.Notify)}, {"until", exprPos(t.Until)}, {"retries", t.Retries.Pos}, {"delay", t.Delay.Pos},
		{"changed_when", exprPos(t.ChangedWhen)}, {"failed_when", exprPos(t.FailedWhen)}, {"async", t.Async.Pos}, {"poll", t.Poll.Pos},
	} {
		if k.pos.Line > 0 {
			l.list.Add(diag.Errorf(k.pos, "%s does not go with %s", k.name, t.Module).WithHint("give it to the tasks that come"))
		}
	}
	if t.Register != "" {
		l.list.Add(diag.Errorf(t.Pos, "register does not go with %s: it has no result", t.Module))
	}
}

func firstPos(fields []Field) (p value.Position) {
	if len(fields) > 0 {
		p = fields[0].Pos
	}
	return p
}

func exprPos(exprs []Expr) (p value.Position) {
	if len(exprs) > 0 {
		p = exprs[0].Pos
	}
	return p
}

// apply reads the keywords that an include hands to the tasks that come.
func (l *loader) apply(t *Task, n *yamlpos.Node) {
	l.notOnIncludes(t)
	if Short(t.Module) == "include_tasks" {
		l.onlyArgs(t, "file", "apply")
		if given, pos := t.fileArg(); given == value.Value("") {
			l.list.Add(diag.Errorf(pos, "%s names no file", t.Module).WithHint("write \"%s: file.yaml\"", t.Module))
		}
	} else {
		l.onlyArgs(t, append([]string{"apply", "public", "allow_duplicates", "rolespec_validate"}, roleArgs...)...)
		if t.Args.At("name") == nil && t.Args.At("role") == nil {
			l.list.Add(diag.Errorf(t.Pos, "%s needs the name of a role", t.Module))
		}
	}
	for _, from := range []*yamlpos.Node{n.Get(t.Module), n.Get("args")} {
		if from == nil {
			continue
		}
		node := from.Get("apply")
		if node.IsNull() {
			continue
		}
		if node.Kind != yamlpos.Mapping {
			l.list.Add(diag.Errorf(node.Pos, "apply must be a mapping of keywords, not %s", node.Describe()))
			continue
		}
		t.Apply = &Keywords{}
		for _, p := range node.Pairs {
			if !l.common(t.Apply, p) {
				l.unknown("apply", p.Key, l.names.block)
			}
		}
	}
	t.Args.Delete("apply")
}

// notOnIncludes refuses keywords that an include could only ignore.
func (l *loader) notOnIncludes(t *Task) {
	register := t.Register
	t.Register = ""
	l.notOnImports(t)
	t.Register = register
	for _, k := range []struct {
		name string
		f    Field
	}{
		{"become", t.Become}, {"become_user", t.BecomeUser}, {"delegate_to", t.DelegateTo}, {"check_mode", t.CheckMode},
		{"diff", t.Diff}, {"throttle", t.Throttle}, {"any_errors_fatal", t.AnyErrorsFatal}, {"connection", t.Connection},
		{"remote_user", t.RemoteUser}, {"port", t.Port}, {"ignore_unreachable", t.IgnoreUnreachable},
	} {
		if k.f.Given() {
			l.list.Add(diag.Errorf(k.f.Pos, "%s does not go with %s, which only reads tasks", k.name, t.Module).
				WithHint("give it to the tasks that come, by apply:"))
		}
	}
	if len(t.Environment) > 0 {
		l.list.Add(diag.Errorf(t.Environment[0].Pos, "environment does not go with %s, which only reads tasks", t.Module).
			WithHint("give it to the tasks that come, by apply:"))
	}
}
