package playbook

import (
	"strings"

	"kops/internal/diag"
	"kops/internal/value"
	"kops/internal/yamlpos"
)

// entries reads a list of tasks and blocks.
func (l *loader) entries(n *yamlpos.Node, what string, sc scope) (entries []Entry) {
	if n.IsNull() {
		return nil
	}
	if n.Kind != yamlpos.Sequence {
		l.list.Add(diag.Errorf(n.Pos, "%s must be a list of tasks, not %s", what, n.Describe()).
			WithHint(`begin each task with a dash: "- name: …"`))
		return nil
	}
	return l.items(n.Items, sc)
}

func (l *loader) items(nodes []*yamlpos.Node, sc scope) (entries []Entry) {
	for _, n := range nodes {
		if n.Kind != yamlpos.Mapping {
			l.list.Add(diag.Errorf(n.Pos, "a task must be a mapping, not %s", n.Describe()).
				WithHint(`write "- name: …", and the module below`))
			continue
		}
		switch {
		case n.Get("block") != nil:
			if sc.handler {
				l.list.Add(diag.Errorf(n.Pos, "a handler cannot be a block"))
				continue
			}
			entries = append(entries, l.block(n, sc))
		case n.Get("rescue") != nil || n.Get("always") != nil:
			l.list.Add(diag.Errorf(n.Pos, "rescue and always need a block before them").WithHint(`begin with "- block:"`))
		default:
			if e := l.task(n, sc); e != nil {
				entries = append(entries, e)
			}
		}
	}
	return entries
}

func (l *loader) block(n *yamlpos.Node, sc scope) *Block {
	b := &Block{Pos: n.Pos, Parent: sc.parent, Role: sc.role}
	inner := sc
	inner.parent = b
	for _, p := range n.Pairs {
		switch p.Key.Raw {
		case "block":
			b.Block = l.entries(p.Value, "block", inner)
		case "rescue":
			b.Rescue = l.entries(p.Value, "rescue", inner)
		case "always":
			b.Always = l.entries(p.Value, "always", inner)
		case "notify":
			b.Notify = l.texts(p)
		default:
			if !l.common(&b.Keywords, p) {
				l.unknown("a block", p.Key, l.names.block)
			}
		}
	}
	return b
}

// task reads a task, or what it imports.
func (l *loader) task(n *yamlpos.Node, sc scope) Entry {
	t := &Task{Pos: n.Pos, File: sc.file, Args: value.NewMap(), ArgsPos: map[string]value.Position{},
		Parent: sc.parent, Role: sc.role, Handler: sc.handler}
	var candidates []yamlpos.Pair
	for _, p := range n.Pairs {
		if p.Key.Raw != "args" && !l.common(&t.Keywords, p) && !l.taskKeyword(t, p) {
			candidates = append(candidates, p)
		}
	}
	for _, p := range n.Pairs {
		if p.Key.Raw == "args" { // what the module's own key says wins
			l.extraArgs(t, p)
		}
	}
	if !l.module(t, n, candidates) {
		return nil
	}
	l.checkLoop(t, n)
	switch Short(t.Module) {
	case "import_tasks":
		return l.entryOf(l.importTasks(t, sc))
	case "import_role":
		return l.entryOf(l.importRole(t, sc))
	case "include_tasks", "include_role":
		l.apply(t, n)
	}
	return t
}

// entryOf keeps a missing block from becoming an entry that is not nil.
func (l *loader) entryOf(b *Block) Entry {
	if b == nil {
		return nil
	}
	return b
}

func (l *loader) taskKeyword(t *Task, p yamlpos.Pair) bool {
	key := p.Key.Raw
	switch key {
	case "loop":
		l.loop(t, "", p)
	case "loop_control":
		l.loopControl(t, p)
	case "register":
		t.Register, _ = l.text(p).Value.(string)
		if !variableName.MatchString(t.Register) {
			l.list.Add(diag.Errorf(p.Value.Pos, "register must be the name of a variable, not %q", p.Value.Raw))
		}
	case "until":
		t.Until = l.exprs(p)
	case "retries":
		t.Retries = l.number(p)
	case "delay":
		t.Delay = l.number(p)
	case "changed_when":
		t.ChangedWhen = l.exprs(p)
	case "failed_when":
		t.FailedWhen = l.exprs(p)
	case "notify":
		t.Notify = l.texts(p)
	case "async":
		t.Async = l.number(p)
	case "poll":
		t.Poll = l.number(p)
	case "listen":
		if !t.Handler {
			l.list.Add(diag.Errorf(p.Key.Pos, "listen belongs to handlers; this is a task").WithHint("move it below handlers:, or use notify"))
		}
		t.Listen = l.texts(p)
	default:
		if strings.HasPrefix(key, "with_") {
			l.loop(t, strings.TrimPrefix(key, "with_"), p)
			break
		}
		return false
	}
	l.notYet("keyword", p.Key)
	return true
}

// loop notes what a task is repeated for: with is the lookup's name, "" for loop.
func (l *loader) loop(t *Task, with string, p yamlpos.Pair) {
	if t.Loop == nil {
		t.Loop = &Loop{}
	}
	if t.Loop.Items.Given() {
		l.list.Add(diag.Errorf(p.Key.Pos, "a task can have one loop only, and this is the second"))
		return
	}
	t.Loop.With = with
	t.Loop.Items = l.field(p.Value)
	if p.Value.IsNull() {
		l.list.Add(diag.Errorf(p.Key.Pos, "%s is empty", p.Key.Raw).WithHint("give it a list, or a template of one"))
		t.Loop.Items.Pos = p.Key.Pos
	}
	if _, isText := t.Loop.Items.Value.(string); with == "" && (isText || p.Value.Kind == yamlpos.Mapping) {
		d := diag.Errorf(p.Value.Pos, "loop must be a list, not %s", p.Value.Describe())
		if isText {
			d.WithHint("for the value of a variable, write loop: \"{{ %s }}\"", p.Value.Raw)
		}
		l.list.Add(d)
	}
}

func (l *loader) loopControl(t *Task, p yamlpos.Pair) {
	if p.Value.Kind != yamlpos.Mapping {
		l.wrong(p, "a mapping")
		return
	}
	if t.Loop == nil {
		t.Loop = &Loop{}
	}
	for _, c := range p.Value.Pairs {
		switch c.Key.Raw {
		case "loop_var":
			t.Loop.LoopVar = l.text(c)
		case "index_var":
			t.Loop.IndexVar = l.text(c)
		case "label":
			t.Loop.Label = l.field(c.Value)
		case "pause":
			t.Loop.Pause = l.number(c)
		case "extended":
			t.Loop.Extended = l.boolean(c)
		case "extended_allitems":
			t.Loop.ExtendedAllitems = l.boolean(c)
		case "break_when":
			t.Loop.BreakWhen = l.exprs(c)
		default:
			l.unknown("loop_control", c.Key, []string{"loop_var", "index_var", "label", "pause", "extended", "extended_allitems", "break_when"})
		}
	}
}

// checkLoop reports what only means something together.
func (l *loader) checkLoop(t *Task, n *yamlpos.Node) {
	if t.Loop == nil {
		return
	}
	if !t.Loop.Items.Given() {
		l.list.Add(diag.Errorf(n.Get("loop_control").Pos, "loop_control needs a loop"))
	}
	if name := Short(t.Module); name == "import_tasks" || name == "import_role" {
		l.list.Add(diag.Errorf(t.Loop.Items.Pos, "%s is done once, before the run, so it cannot loop", t.Module).
			WithHint("use %s", strings.Replace(t.Module, "import_", "include_", 1)))
	}
}

// handlers reads handlers; what they import is taken apart, since a notify finds them by name.
func (l *loader) handlers(n *yamlpos.Node, sc scope) []*Task {
	sc.handler = true
	return flatten(l.entries(n, "handlers", sc))
}

func flatten(entries []Entry) (tasks []*Task) {
	for _, e := range entries {
		switch e := e.(type) {
		case *Task:
			tasks = append(tasks, e)
		case *Block:
			tasks = append(tasks, flatten(e.Block)...)
		}
	}
	return tasks
}
