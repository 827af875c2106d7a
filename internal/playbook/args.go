package playbook

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"kops/internal/diag"
	"kops/internal/value"
	"kops/internal/yamlpos"
)

// freeForm are the modules that take a text as it is, besides these arguments.
var (
	freeForm     = []string{"command", "shell", "raw", "script", "win_command", "win_shell"}
	freeFormArgs = []string{"creates", "removes", "chdir", "executable", "warn", "stdin", "stdin_add_newline", "strip_empty_ends"}
	// oneText are those that may take one text besides key=value.
	oneText     = []string{"include_vars", "include_tasks", "include_role", "import_tasks", "import_role", "add_host", "group_by", "set_fact", "meta"}
	oneTemplate = regexp.MustCompile(`^\s*\{\{[^{}]*\}\}\s*$`)
)

// module finds the module among the keys of a task that are no keywords, or in action and
// local_action, and reads its arguments.
func (l *loader) module(t *Task, n *yamlpos.Node, candidates []yamlpos.Pair) bool {
	if action, local := n.Get("action"), n.Get("local_action"); action != nil || local != nil {
		candidates = slices.DeleteFunc(candidates, func(p yamlpos.Pair) bool {
			return p.Key.Raw == "action" || p.Key.Raw == "local_action"
		})
		for _, p := range candidates {
			l.unknown("a task", p.Key, l.names.task)
		}
		if action != nil && local != nil {
			l.list.Add(diag.Errorf(local.Pos, "a task has action or local_action, not both"))
			return false
		}
		if local != nil {
			t.DelegateTo = Field{Value: "localhost", Pos: local.Pos}
			action = local
		}
		return l.action(t, action)
	}
	p, ok := l.choose(n, candidates, t.Handler)
	if !ok {
		return false
	}
	t.Module, t.ModulePos = p.Key.Raw, p.Key.Pos
	return l.args(t, p.Value)
}

// choose returns the one key that names a module, and explains the others.
func (l *loader) choose(n *yamlpos.Node, candidates []yamlpos.Pair, handler bool) (yamlpos.Pair, bool) {
	keywords := l.names.task
	if handler {
		keywords = l.names.handler
	}
	var modules, others []yamlpos.Pair
	for _, p := range candidates {
		switch {
		case slices.Contains(refused, p.Key.Raw):
			l.notYet("keyword", p.Key)
		case l.notYet("module", p.Key):
			others = append(others, p)
		case l.known(p.Key.Raw):
			modules = append(modules, p)
		case len(candidates) == 1:
			l.unknownModule(p.Key, keywords)
			return p, false
		default:
			others = append(others, p)
		}
	}
	l.unknownKeys(others, modules, append(slices.Clone(keywords), l.opts.Modules...))
	switch {
	case len(candidates) == 0:
		l.list.Add(diag.Errorf(n.Pos, "the task names no module").WithHint("say what is to be done, for example: \"command: uptime\""))
		return yamlpos.Pair{}, false
	case len(modules) > 1:
		d := diag.Errorf(modules[1].Key.Pos, "a task has one module, and this one has two: %s and %s", modules[0].Key.Raw, modules[1].Key.Raw)
		l.list.Add(d.WithHint("make two tasks of it; if %s is an argument of %s, indent it", modules[1].Key.Raw, modules[0].Key.Raw))
		return yamlpos.Pair{}, false
	case len(modules) == 0:
		return yamlpos.Pair{}, false
	}
	return modules[0], len(others) == 0 || !modules[0].Value.IsNull()
}

// unknownKeys reports keys that are neither keywords nor modules. Below a module that has no
// arguments they are most likely its arguments, not indented.
func (l *loader) unknownKeys(others, modules []yamlpos.Pair, candidates []string) {
	for _, p := range others {
		if slices.Contains(l.opts.NotYet, Short(p.Key.Raw)) {
			continue // said already
		}
		before := len(l.list)
		l.unknown("a task", p.Key, candidates)
		if d := l.list[before]; len(modules) == 1 && modules[0].Value.IsNull() {
			d.Hint = ""
			d.WithHint("if it is an argument of %s, indent it", modules[0].Key.Raw)
		}
	}
}

func (l *loader) unknownModule(key *yamlpos.Node, keywords []string) {
	d := diag.Errorf(key.Pos, "unknown module %q", key.Raw)
	short := Short(key.Raw)
	if i := strings.LastIndexByte(short, '.'); i >= 0 {
		short = short[i+1:]
	}
	hint := diag.Suggest(short, l.opts.Modules)
	if hint == "" {
		hint = diag.Suggest(key.Raw, keywords)
	}
	if hint == "" {
		hint = "kops doc lists the modules that there are"
	}
	l.list.Add(d.WithHint("%s", hint))
}

// action reads "copy src=a dest=b", or a mapping whose key module names it.
func (l *loader) action(t *Task, n *yamlpos.Node) bool {
	key := &yamlpos.Node{Pos: n.Pos}
	rest := n
	if n.Kind == yamlpos.Mapping {
		name, ok := n.Get("module").Str()
		if !ok {
			l.list.Add(diag.Errorf(n.Pos, "an action that is a mapping needs the key module"))
			return false
		}
		key.Raw, key.Pos = name, n.Get("module").Pos
		copied := *n
		copied.Pairs = slices.DeleteFunc(slices.Clone(n.Pairs), func(p yamlpos.Pair) bool { return p.Key.Raw == "module" })
		rest = &copied
	} else {
		text, ok := n.Str()
		text = strings.TrimSpace(text)
		if !ok || text == "" {
			l.list.Add(diag.Errorf(n.Pos, "an action is a module's name with its arguments, not %s", n.Describe()))
			return false
		}
		name, args, _ := strings.Cut(text, " ")
		key.Raw = name
		copied := *n
		copied.Raw, copied.Value = args, args
		copied.Text.Column += utf8.RuneCountInString(name) + 1
		if strings.TrimSpace(args) == "" {
			copied.Value = nil
		}
		rest = &copied
	}
	if l.notYet("module", key) {
		return false
	}
	if !l.known(key.Raw) {
		l.unknownModule(key, nil)
		return false
	}
	t.Module, t.ModulePos = key.Raw, key.Pos
	return l.args(t, rest)
}

// extraArgs reads the keyword args.
func (l *loader) extraArgs(t *Task, p yamlpos.Pair) {
	l.notYet("keyword", p.Key)
	switch n := p.Value; {
	case n.IsNull():
	case n.Kind == yamlpos.Mapping:
		l.mapping(t, n)
	default:
		f := l.field(n)
		if _, ok := f.Value.(value.Template); !ok {
			l.wrong(p, "a mapping of arguments")
			return
		}
		t.ArgsFrom = f
	}
}

func (l *loader) mapping(t *Task, n *yamlpos.Node) {
	for _, p := range n.Pairs {
		name, ok := p.Key.Str()
		if !ok {
			l.list.Add(diag.Errorf(p.Key.Pos, "the name of an argument must be a text, not %s", p.Key.Describe()))
			continue
		}
		t.Args.Set(name, l.value(p.Value))
		t.ArgsPos[name] = p.Key.Pos
	}
}

// args reads what stands behind a module, and tells whether that could be read.
func (l *loader) args(t *Task, n *yamlpos.Node) bool {
	before := len(l.list)
	l.anyArgs(t, n)
	return len(l.list) == before
}

// anyArgs reads a mapping, key=value, or a text.
func (l *loader) anyArgs(t *Task, n *yamlpos.Node) {
	name := Short(t.Module)
	switch {
	case n.IsNull():
		return
	case n.Kind == yamlpos.Mapping:
		l.mapping(t, n)
		return
	case n.Kind == yamlpos.Sequence:
		l.list.Add(diag.Errorf(n.Pos, "the arguments of %s must be a mapping, not a list", t.Module))
		return
	}
	text, ok := n.Str()
	if !ok || n.Tag != "" {
		if !slices.Contains(freeForm, name) && !slices.Contains(oneText, name) {
			l.list.Add(diag.Errorf(n.Pos, "the arguments of %s must be a mapping, not %s", t.Module, n.Describe()))
			return
		}
		t.FreeForm = Field{Value: n.Raw, Pos: n.Text}
		return
	}
	raw := slices.Contains(freeForm, name)
	if !raw && !slices.Contains(oneText, name) && oneTemplate.MatchString(text) {
		t.ArgsFrom = l.field(n)
		return
	}
	l.keyValues(t, n, text, raw)
}

// keyValues reads "src=a dest='b c'"; raw texts keep all but a few arguments of their own.
func (l *loader) keyValues(t *Task, n *yamlpos.Node, text string, raw bool) {
	words, err := splitArgs(text)
	if err != nil {
		l.list.Add(diag.Errorf(n.Pos, "cannot read the arguments of %s: %w", t.Module, err))
		return
	}
	var rest []string
	first, at := -1, 0
	for _, word := range words {
		if i := strings.Index(text[at:], strings.TrimRight(word, " \n")); i >= 0 {
			at += i
		}
		pos := within(n, at)
		key, val, ok := keyValue(word)
		if !ok || raw && !slices.Contains(freeFormArgs, key) {
			if first < 0 {
				first = at
			}
			rest = append(rest, leftOver(word, ok))
		} else {
			t.ArgsPos[key] = pos
			quoted := len(word) > len(key)+1 && (word[len(key)+1] == '"' || word[len(key)+1] == '\'')
			pos.Column += utf8.RuneCountInString(key) + 1
			if quoted {
				pos.Column++
			}
			t.Args.Set(key, yamlpos.Text(val, pos))
		}
		at += min(len(strings.TrimRight(word, " \n")), len(text)-at)
	}
	if len(rest) == 0 {
		return
	}
	if !raw && !slices.Contains(oneText, Short(t.Module)) {
		l.list.Add(diag.Errorf(within(n, first), "%s takes arguments as key: value or key=value, and %q is neither", t.Module, rest[0]))
		return
	}
	pos := within(n, first)
	t.FreeForm = Field{Value: yamlpos.Text(joinArgs(rest), pos), Pos: pos}
}

// within returns the place of a byte of a scalar's text, as far as the text is as written.
func within(n *yamlpos.Node, at int) value.Position {
	pos := n.Text
	if at <= 0 || n.Style == yamlpos.Folded {
		return pos
	}
	before := n.Raw[:min(at, len(n.Raw))]
	if i := strings.LastIndexByte(before, '\n'); i >= 0 {
		if n.Style != yamlpos.Literal {
			return pos
		}
		pos.Line += strings.Count(before, "\n")
		before = before[i+1:]
	}
	pos.Column += utf8.RuneCountInString(before)
	return pos
}
