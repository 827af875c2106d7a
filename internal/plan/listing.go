package plan

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"kops/internal/playbook"
	"kops/internal/value"
)

// A Listing describes a play for --list-hosts, --list-tasks and --list-tags.
type Listing struct {
	Name, Pattern string
	Hosts         []string
	Tags          []string // of the play
	Tasks         []ListedTask
	AllTags       []string // of its tasks, sorted
}

// A ListedTask is a task that the tags select.
type ListedTask struct {
	Name string
	Tags []string
}

// Listing describes a play without running it. Tasks that a run includes are not known.
func (p *Plan) Listing(play *Play) (Listing, error) {
	hosts, pattern, err := p.Hosts(p.playScope(play), play)
	if err != nil {
		return Listing{}, err
	}
	if hosts, err = p.Order(p.playScope(play), play, hosts); err != nil {
		return Listing{}, err
	}
	l := Listing{Name: value.Str(play.Name.Value), Pattern: pattern}
	if !play.Name.Given() {
		l.Name = pattern
	}
	for _, h := range hosts {
		l.Hosts = append(l.Hosts, h.Name)
	}
	l.Tags = p.TagsOf(&playbook.Block{}, play)
	for _, section := range [][]playbook.Entry{play.PreTasks, play.Roles, play.Tasks, play.PostTasks} {
		p.listTasks(&l, section, play)
	}
	slices.Sort(l.AllTags)
	l.AllTags = slices.Compact(l.AllTags)
	return l, nil
}

func (p *Plan) listTasks(l *Listing, entries []playbook.Entry, play *Play) {
	for _, e := range entries {
		switch e := e.(type) {
		case *playbook.Block:
			for _, list := range [][]playbook.Entry{e.Block, e.Rescue, e.Always} {
				p.listTasks(l, list, play)
			}
		case *playbook.Task:
			tags := p.TagsOf(e, play)
			if plain(e.Module) == Meta || !p.opts.Tags.admits(tags) {
				continue
			}
			name := e.Module
			if e.Name.Given() {
				name = value.Str(e.Name.Value)
			}
			if e.Role != nil {
				name = e.Role.Name + " : " + name
			}
			slices.Sort(tags)
			l.Tasks = append(l.Tasks, ListedTask{Name: name, Tags: tags})
			l.AllTags = append(l.AllTags, tags...)
		}
	}
}

// AnyHosts tells whether a play of the run has a host. A pattern that only a run can
// evaluate counts as one.
func (p *Plan) AnyHosts() bool {
	return slices.ContainsFunc(p.plays, func(play *Play) bool {
		hosts, _, err := p.Hosts(p.playScope(play), play)
		return err != nil || len(hosts) > 0
	})
}

// Ask gets the answers to vars_prompt of all plays. Variables of the command line are not
// asked for; without a terminal the defaults count.
func (p *Plan) Ask(ask func(ctx context.Context, text string, secret bool) (string, error), terminal bool) error {
	for _, play := range p.plays {
		play.Prompted = &value.Map{}
		for _, prompt := range play.VarsPrompt {
			if _, given := p.opts.ExtraVars.Get(prompt.Name); given {
				continue
			}
			v, err := p.answer(play, prompt, ask, terminal)
			if err != nil {
				return fmt.Errorf("vars_prompt %s: %w", prompt.Name, err)
			}
			play.Prompted.Set(prompt.Name, v)
		}
	}
	return nil
}

func (p *Plan) answer(play *Play, prompt playbook.Prompt, ask func(context.Context, string, bool) (string, error), terminal bool) (value.Value, error) {
	var def value.Value
	if prompt.Default.Given() {
		v, err := p.playScope(play).Value(prompt.Default.Value)
		if err != nil {
			return nil, err
		}
		def = v
	}
	if !terminal {
		if def == nil {
			return nil, fmt.Errorf("there is no terminal to ask %q, and no default: give it with -e %s=…", prompt.Text, prompt.Name)
		}
		return def, nil
	}
	text := prompt.Text
	if def != nil && !prompt.Private {
		text += " [" + value.Str(def) + "]"
	}
	for range 3 {
		answer, err := ask(context.Background(), text+": ", prompt.Private)
		if err != nil {
			return nil, err
		}
		if answer == "" && def != nil {
			return def, nil
		}
		if !prompt.Confirm {
			return answer, nil
		}
		again, err := ask(context.Background(), "confirm "+text+": ", prompt.Private)
		if err != nil || again == answer {
			return answer, err
		}
	}
	return nil, errors.New("the two answers differ")
}
