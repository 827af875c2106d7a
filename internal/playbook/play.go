package playbook

import (
	"kops/internal/diag"
	"kops/internal/yamlpos"
)

// onePlay reads a play. Its variables come first, since names of imports may use them.
func (l *loader) onePlay(n *yamlpos.Node, file string) *Play {
	play := &Play{Pos: n.Pos, File: file}
	l.play, l.roles = play, map[string]*Role{}
	var roles *yamlpos.Node
	lists := map[string]*yamlpos.Node{}
	for _, p := range n.Pairs {
		switch key := p.Key.Raw; key {
		case "pre_tasks", "tasks", "post_tasks", "handlers":
			lists[key] = p.Value
		case "roles":
			roles = p.Value
		case "when", "delegate_to", "delegate_facts":
			l.unknown("a play", p.Key, l.names.play)
		default:
			if !l.common(&play.Keywords, p) && !l.playKeyword(play, p) {
				l.unknown("a play", p.Key, l.names.play)
			}
		}
	}
	if !play.Hosts.Given() {
		l.list.Add(diag.Errorf(n.Pos, "the play has no hosts").WithHint(`say which hosts it is for: "hosts: all"`))
	}
	sc := scope{file: file}
	play.PreTasks = l.entries(lists["pre_tasks"], "pre_tasks", sc)
	handlers := l.handlers(lists["handlers"], sc)
	l.roleUses(roles, sc)
	play.Tasks = l.entries(lists["tasks"], "tasks", sc)
	play.PostTasks = l.entries(lists["post_tasks"], "post_tasks", sc)
	play.Handlers = append(play.Handlers, handlers...)
	return play
}

func (l *loader) playKeyword(play *Play, p yamlpos.Pair) bool {
	switch p.Key.Raw {
	case "hosts":
		play.Hosts = l.hosts(p)
	case "gather_facts":
		play.GatherFacts = l.boolean(p)
	case "gather_subset":
		play.GatherSubset = l.field(p.Value)
	case "gather_timeout":
		play.GatherTimeout = l.number(p)
	case "fact_path":
		play.FactPath = l.text(p)
	case "serial":
		play.Serial = l.field(p.Value)
	case "max_fail_percentage":
		play.MaxFailPercentage = l.number(p)
	case "order":
		play.Order = l.text(p)
	case "strategy":
		play.Strategy = l.text(p)
	case "force_handlers":
		play.ForceHandlers = l.boolean(p)
	case "vars_files":
		l.varsFiles(play, p)
	case "vars_prompt":
		for _, n := range items(p.Value) {
			play.VarsPrompt = append(play.VarsPrompt, l.prompt(n))
		}
	default:
		return false
	}
	l.notYet("keyword", p.Key)
	return true
}

// hosts is a pattern or a list of patterns.
func (l *loader) hosts(p yamlpos.Pair) Field {
	if p.Value.IsNull() {
		l.list.Add(diag.Errorf(p.Key.Pos, "hosts is empty").WithHint(`say which hosts the play is for: "hosts: all"`))
		return Field{Pos: p.Key.Pos}
	}
	if p.Value.Kind == yamlpos.Mapping {
		l.wrong(p, "a pattern or a list of patterns")
	}
	for _, n := range items(p.Value) {
		if n.Kind != yamlpos.Scalar || n.IsNull() {
			l.wrong(yamlpos.Pair{Key: p.Key, Value: n}, "a pattern or a list of patterns")
		}
	}
	return l.field(p.Value)
}

func (l *loader) varsFiles(play *Play, p yamlpos.Pair) {
	for _, n := range items(p.Value) {
		for _, name := range items(n) {
			if _, ok := name.Str(); !ok {
				l.wrong(yamlpos.Pair{Key: p.Key, Value: name}, "names of files")
				return
			}
		}
		if f := l.field(n); f.Given() {
			play.VarsFiles = append(play.VarsFiles, f)
		}
	}
}

// prompt reads one question of vars_prompt.
func (l *loader) prompt(n *yamlpos.Node) Prompt {
	ask := Prompt{Private: true, Pos: n.Pos}
	if n.Kind != yamlpos.Mapping {
		l.list.Add(diag.Errorf(n.Pos, "a question of vars_prompt must be a mapping with name and prompt, not %s", n.Describe()))
		return ask
	}
	for _, p := range n.Pairs {
		switch p.Key.Raw {
		case "name":
			ask.Name, _ = l.text(p).Value.(string)
		case "prompt":
			ask.Text, _ = l.text(p).Value.(string)
		case "private":
			ask.Private, _ = l.boolean(p).Value.(bool)
		case "confirm":
			ask.Confirm, _ = l.boolean(p).Value.(bool)
		case "default":
			ask.Default = l.field(p.Value)
		case "encrypt", "salt", "salt_size", "unsafe":
			l.list.Add(diag.Errorf(p.Key.Pos, "%s of vars_prompt is not supported yet", p.Key.Raw).
				WithHint("hash the answer where it is used: {{ answer | password_hash('sha512') }}"))
		default:
			l.unknown("a question of vars_prompt", p.Key, []string{"name", "prompt", "private", "confirm", "default"})
		}
	}
	if !variableName.MatchString(ask.Name) {
		l.list.Add(diag.Errorf(n.Pos, "a question of vars_prompt needs the name of a variable"))
	}
	return ask
}
