// Package plan puts a playbook and an inventory together: it finds every error that needs
// no host, all of them at once, and gives the runner its work piece by piece: plays,
// their hosts and batches, handlers, and what is included later.
package plan

import (
	"strings"
	"sync"

	"kops/internal/diag"
	"kops/internal/inventory"
	"kops/internal/module"
	"kops/internal/playbook"
	"kops/internal/template"
	"kops/internal/value"
	"kops/internal/yamlpos"
)

// Options are what a plan is made of.
type Options struct {
	Playbooks []*playbook.Playbook
	Inventory *inventory.Inventory
	VarsDir   *inventory.VarsDir // group_vars and host_vars beside the playbook; may be nil
	Registry  *module.Registry
	Engine    *template.Engine
	YAML      yamlpos.Options
	// LoadTasks reads a file of tasks that a run includes, below the given block.
	LoadTasks func(path string, play *playbook.Play, under *playbook.Block, role *playbook.Role, handlers bool) ([]playbook.Entry, error)
	ExtraVars *value.Map
	Limit     string
	Tags      Tags
	StartAt   string
	// Partial says that errors were found before: what they hide is not missed.
	Partial bool
	// IsSecret tells secrets by their value, to warn where they stand in the line of a
	// command; nil does not look.
	IsSecret func(text string) bool
}

// A Play is a play with what the plan knows about it.
type Play struct {
	*playbook.Play
	Prompted *value.Map // answers to vars_prompt
}

// A Plan is the work of a run. Its methods are called from the runner's goroutines; what
// changes the inventory is locked.
type Plan struct {
	opts   Options
	plays  []*Play
	mu     sync.RWMutex // the inventory and the caches below
	hosts  map[string]*Host
	groups *value.Map
	begun  bool // --start-at-task has been reached
}

// New makes a plan and checks it. The diagnostics hold warnings where the plan is good.
func New(opts Options) (*Plan, diag.List) {
	p := &Plan{opts: opts, hosts: map[string]*Host{}, begun: opts.StartAt == ""}
	var list diag.List
	for _, book := range opts.Playbooks {
		for _, play := range book.Plays {
			p.plays = append(p.plays, &Play{Play: play})
		}
	}
	c := p.checker(&list)
	for _, play := range p.plays {
		c.play(play)
	}
	if !c.growing {
		list = append(list, c.patterns...)
	}
	list.Sort()
	return p, list
}

// Plays returns the plays in order.
func (p *Plan) Plays() []*Play { return p.plays }

// Engine returns the template engine.
func (p *Plan) Engine() *template.Engine { return p.opts.Engine }

// Registry returns the modules and actions.
func (p *Plan) Registry() *module.Registry { return p.opts.Registry }

// ExtraVars returns the variables of the command line.
func (p *Plan) ExtraVars() *value.Map { return p.opts.ExtraVars }

// Limit returns --limit as it was given.
func (p *Plan) Limit() string { return p.opts.Limit }

// Tags returns the tags of the command line.
func (p *Plan) Tags() Tags { return p.opts.Tags }

// The names that are no modules: the runner carries them out itself.
const (
	Meta         = "meta"
	IncludeTasks = "include_tasks"
)

// ActionOf returns the plain name of what a task calls: "copy" for "ansible.builtin.copy".
func (p *Plan) ActionOf(t *playbook.Task) string { return plain(t.Module) }

func plain(name string) string {
	for _, prefix := range []string{"ansible.builtin.", "ansible.legacy."} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return rest
		}
	}
	return name
}

// MetaOf returns what a meta task does.
func (p *Plan) MetaOf(t *playbook.Task) string {
	name, _ := t.FreeForm.Value.(string)
	return strings.TrimSpace(name)
}

// SameModule tells whether a name in module_defaults means the module of a task.
func (p *Plan) SameModule(name, taskModule string) bool {
	a, ok := p.opts.Registry.Find(name)
	b, ok2 := p.opts.Registry.Find(taskModule)
	return ok && ok2 && a == b
}
