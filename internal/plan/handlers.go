package plan

import (
	"slices"

	"kops/internal/diag"
	"kops/internal/playbook"
	"kops/internal/value"
)

// HandlersOf returns the handlers that a notification means: the one with that name, or
// as "role : name", and of those that listen to it one of each name. Where a name occurs
// twice, the play's own wins over its roles', a later role over an earlier one, and within
// one list the first.
func (p *Plan) HandlersOf(play *Play, name string) []*playbook.Task {
	var found []*playbook.Task
	handlers := byPriority(play.Handlers)
	for _, t := range handlers {
		if p.handlerNamed(play, t, name) {
			found = append(found, t)
			break
		}
	}
	var seen []string
	for _, t := range handlers {
		if !slices.ContainsFunc(t.Listen, func(f playbook.Field) bool { return value.Str(f.Value) == name }) {
			continue
		}
		if own := value.Str(t.Name.Value); t.Name.Given() {
			if slices.Contains(seen, own) {
				continue
			}
			seen = append(seen, own)
		}
		found = append(found, t)
	}
	return found
}

// Notifies returns the error where a notification at pos means no handler.
func (p *Plan) Notifies(play *Play, name string, pos value.Position) error {
	if len(p.HandlersOf(play, name)) > 0 {
		return nil
	}
	var names []string
	for _, h := range play.Handlers {
		if h.Name.Given() {
			names = append(names, value.Str(h.Name.Value))
		}
		for _, f := range h.Listen {
			names = append(names, value.Str(f.Value))
		}
	}
	return diag.Errorf(pos, "notify: the play has no handler %q", name).WithHint("%s", diag.Suggest(name, names))
}

// byPriority reverses the order of the lists, not that within each.
func byPriority(handlers []*playbook.Task) []*playbook.Task {
	var out []*playbook.Task
	for end := len(handlers); end > 0; {
		begin := end - 1
		for begin > 0 && handlers[begin-1].Role == handlers[end-1].Role {
			begin--
		}
		out = append(out, handlers[begin:end]...)
		end = begin
	}
	return out
}

func (p *Plan) handlerNamed(play *Play, t *playbook.Task, name string) bool {
	text, ok := t.Name.Value.(string)
	if template, is := t.Name.Value.(value.Template); is {
		v, err := p.playScope(play).Value(template)
		if err != nil {
			return template.Source == name
		}
		text, ok = v.(string)
	}
	if !ok {
		return false
	}
	return text == name || t.Role != nil && t.Role.Name+" : "+text == name
}
