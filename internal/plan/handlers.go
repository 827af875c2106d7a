package plan

import (
	"kops/internal/playbook"
	"kops/internal/value"
)

// HandlersOf returns the handlers that a notification means: the last one defined with
// that name, or as "role : name", and all that listen to it.
func (p *Plan) HandlersOf(play *Play, name string) []*playbook.Task {
	var found []*playbook.Task
	for i := len(play.Handlers) - 1; i >= 0; i-- {
		t := play.Handlers[i]
		if p.handlerNamed(play, t, name) {
			found = append(found, t)
			break
		}
	}
	for _, t := range play.Handlers {
		for _, f := range t.Listen {
			if value.Str(f.Value) == name {
				found = append(found, t)
			}
		}
	}
	return found
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
