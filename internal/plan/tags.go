package plan

import (
	"path"
	"slices"
	"strings"

	"kops/internal/playbook"
	"kops/internal/value"
)

// Tags are the command line's choice of tags.
type Tags struct {
	Run  []string // empty means all
	Skip []string
}

// TagsOf returns the tags of an entry: its own, those around it, the play's. Templates in
// tags are taken from the command line's variables alone, since selection comes first.
func (p *Plan) TagsOf(e playbook.Entry, play *Play) []string {
	fields := slices.Clone(e.Base().Tags)
	for b := e.Up(); b != nil; b = b.Parent {
		fields = append(fields, b.Tags...)
	}
	var tags []string
	for _, f := range append(fields, play.Tags...) {
		for tag := range strings.SplitSeq(p.tagText(f, play), ",") {
			if tag = strings.TrimSpace(tag); tag != "" && !slices.Contains(tags, tag) {
				tags = append(tags, tag)
			}
		}
	}
	return tags
}

func (p *Plan) tagText(f playbook.Field, play *Play) string {
	if t, ok := f.Value.(value.Template); ok {
		if v, err := p.playScope(play).Value(t); err == nil {
			if l, ok := v.(*value.List); ok {
				parts := make([]string, len(l.Items))
				for i, item := range l.Items {
					parts[i] = value.Str(item)
				}
				return strings.Join(parts, ",")
			}
			return value.Str(v)
		}
	}
	return value.Str(f.Value)
}

// Selected tells whether a task is to run by tags and --start-at-task. Handlers always are.
func (p *Plan) Selected(t *playbook.Task, play *Play) bool {
	if t.Handler {
		return true
	}
	if !p.opts.Tags.admits(p.TagsOf(t, play)) {
		return false
	}
	if p.begun || t.Module == "setup" && t.Role == nil && t.Args.Len() == 0 && t.Parent == nil {
		return true
	}
	name := ""
	if v := t.Name.Value; v != nil {
		name = value.Str(v)
	}
	if p.startsAt(name) {
		p.begun = true
	}
	return p.begun
}

func (p *Plan) startsAt(name string) bool {
	ok, err := path.Match(p.opts.StartAt, name)
	return name == p.opts.StartAt || err == nil && ok
}

// Starts tells whether --start-at-task may meet a task, and else which names there are. A task
// that is included while running may have any name.
func (p *Plan) Starts() (bool, []string) {
	if p.opts.StartAt == "" {
		return true, nil
	}
	var names []string
	var met func(entries []playbook.Entry) bool
	met = func(entries []playbook.Entry) bool {
		return slices.ContainsFunc(entries, func(e playbook.Entry) bool {
			switch e := e.(type) {
			case *playbook.Block:
				return met(e.Block) || met(e.Rescue) || met(e.Always)
			case *playbook.Task:
				name := ""
				if e.Name.Given() {
					name = value.Str(e.Name.Value)
					names = append(names, name)
				}
				return plain(e.Module) == IncludeTasks || p.startsAt(name)
			}
			return false
		})
	}
	for _, play := range p.plays {
		for _, section := range [][]playbook.Entry{play.PreTasks, play.Roles, play.Tasks, play.PostTasks} {
			if met(section) {
				return true, nil
			}
		}
	}
	return false, names
}

// Begun tells whether --start-at-task has met its task.
func (p *Plan) Begun() bool { return p.begun }

// admits is Ansible's rule: always and never, all, tagged and untagged.
func (o Tags) admits(tags []string) bool {
	has := func(list []string, tag string) bool { return slices.Contains(list, tag) }
	shares := func(list []string) bool {
		return slices.ContainsFunc(tags, func(t string) bool { return has(list, t) })
	}
	tagged := len(tags) > 0
	if !tagged {
		tags = []string{"untagged"}
	}
	run := o.Run
	if len(run) == 0 {
		run = []string{"all"}
	}
	never := has(tags, "never")
	switch {
	case has(tags, "always"), has(run, "all") && !never, shares(run), has(run, "tagged") && tagged && !never:
	default:
		return false
	}
	switch {
	case len(o.Skip) == 0:
		return true
	case has(o.Skip, "all"):
		return has(tags, "always") && !has(o.Skip, "always")
	case shares(o.Skip), has(o.Skip, "tagged") && tagged:
		return false
	}
	return true
}
