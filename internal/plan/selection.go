package plan

import (
	"slices"

	"kops/internal/diag"
	"kops/internal/playbook"
	"kops/internal/value"
)

// Selection warns of a --limit that no host has and of tags that nothing has: most often they
// are mistyped, and a run that does nothing looks like one that had nothing to do.
func (p *Plan) Selection() diag.List {
	var list diag.List
	if p.opts.Limit != "" {
		_, found := p.opts.Inventory.Match(p.opts.Limit)
		for _, d := range found {
			if d.Severity == diag.Warning {
				d.Summary = "--limit: " + d.Summary
				list.Add(d)
			}
		}
	}
	have, all := p.allTags()
	missing := func(flag string, wanted []string) {
		for _, tag := range wanted {
			if !slices.Contains(have, tag) {
				list.Add(diag.Warningf(value.Position{}, "%s: nothing has the tag %q", flag, tag).WithHint("%s", diag.Suggest(tag, have)))
			}
		}
	}
	// An include runs if its own tags are wanted; what it brings may have any.
	if all || !slices.ContainsFunc(p.opts.Tags.Run, func(tag string) bool { return slices.Contains(have, tag) }) {
		missing("--tags", p.opts.Tags.Run)
	}
	if all {
		missing("--skip-tags", p.opts.Tags.Skip)
	}
	return list
}

// allTags are the tags of all tasks, and those that stand for others. It is not known which they
// are where a run includes tasks.
func (p *Plan) allTags() (tags []string, known bool) {
	tags, known = []string{"all", "always", "never", "tagged", "untagged"}, true
	for _, play := range p.plays {
		var walk func([]playbook.Entry)
		walk = func(entries []playbook.Entry) {
			for _, e := range entries {
				if b, ok := e.(*playbook.Block); ok {
					walk(b.Block)
					walk(b.Rescue)
					walk(b.Always)
				}
				if t, ok := e.(*playbook.Task); ok {
					known = known && plain(t.Module) != IncludeTasks
				}
				tags = append(tags, p.TagsOf(e, play)...)
			}
		}
		for _, section := range [][]playbook.Entry{play.PreTasks, play.Roles, play.Tasks, play.PostTasks} {
			walk(section)
		}
		tags = append(tags, p.TagsOf(&playbook.Block{}, play)...)
	}
	return tags, known
}
