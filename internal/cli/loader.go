package cli

import (
	"context"
	"slices"

	"kops/internal/diag"
	"kops/internal/module"
	"kops/internal/plan"
	"kops/internal/playbook"
	"kops/internal/template"
	"kops/internal/value"
	"kops/internal/vars"
)

// notYet are keywords and modules of Ansible that the runner cannot do yet: they are
// refused at load, with their place.
var notYet = []string{"async", "poll", "include_role", "include", "validate_argspec"}

// loader reads playbooks and what they include.
type loader struct {
	opts playbook.Options
}

func (s *session) loader(reg *module.Registry, extra *value.Map) *loader {
	names := append(reg.Names(), plan.Meta, plan.IncludeTasks, "import_tasks", "import_role")
	return &loader{playbook.Options{
		Decrypter: s.vault,
		Known: func(name string) bool {
			_, ok := reg.Find(name)
			return ok || slices.Contains(names, playbook.Short(name))
		},
		Modules: names,
		NotYet:  notYet,
		Resolve: func(t value.Template, play *playbook.Play) (string, error) { return resolve(s.engine, t, play, extra) },
	}}
}

// resolve evaluates the name of an import with the variables of its play and the command
// line: those of hosts are not known before the run.
func resolve(engine *template.Engine, t value.Template, play *playbook.Play, extra *value.Map) (string, error) {
	set := (&vars.Set{}).With(vars.ExtraVars, extra)
	if play != nil {
		set = set.With(vars.PlayVars, play.Vars)
	}
	return engine.Scope(context.Background(), set, nil).Text(t)
}

// Playbook reads a playbook with all that it imports.
func (l *loader) Playbook(path string) (*playbook.Playbook, diag.List) {
	return playbook.Load(path, l.opts)
}

// Tasks reads a file of tasks that a run includes.
func (l *loader) Tasks(path string, play *playbook.Play, under *playbook.Block, role *playbook.Role, handlers bool) ([]playbook.Entry, error) {
	entries, list := playbook.LoadTasks(path, play, under, role, handlers, l.opts)
	return entries, list.Err()
}
