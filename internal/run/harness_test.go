package run_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"kops/internal/event"
	"kops/internal/inventory"
	"kops/internal/module"
	"kops/internal/module/all"
	"kops/internal/plan"
	"kops/internal/playbook"
	"kops/internal/remote/local"
	"kops/internal/run"
	actions "kops/internal/run/action/all"
	"kops/internal/template"
	"kops/internal/value"
	"kops/internal/vars"
	"kops/internal/yamlpos"
)

// A setup is a playbook with the command line's options for it.
type setup struct {
	playbook, inventory string
	extra               *value.Map
	tags                plan.Tags
	limit               string
	modules             []*module.Module // in place of those of the same names
	options             run.Options
	watch               func(event.Event) // is told each event at once
}

// recorder keeps the events of a run.
type recorder struct {
	mu     sync.Mutex
	events []event.Event
}

func (r *recorder) emit(e event.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// of returns the events of one kind.
func of[T event.Event](r *recorder) []T {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []T
	for _, e := range r.events {
		if t, ok := e.(T); ok {
			out = append(out, t)
		}
	}
	return out
}

// load puts playbook and inventory together, as the command line does.
func (s setup) load(t testing.TB) *plan.Plan {
	t.Helper()
	inv, list := inventory.Load(t.Context(), []string{s.inventory}, yamlpos.Options{})
	reg := module.NewRegistry(all.Modules()).Override(actions.Modules()).Override(s.modules)
	engine := template.New(template.Options{ReadFile: os.ReadFile})
	special := []string{plan.Meta, plan.IncludeTasks, "import_tasks", "import_role", "import_playbook"}
	opts := playbook.Options{
		Known: func(name string) bool {
			_, ok := reg.Find(name)
			return ok || slices.Contains(special, playbook.Short(name))
		},
		Modules: append(reg.Names(), special...),
		Resolve: func(tpl value.Template, play *playbook.Play) (string, error) {
			set := (&vars.Set{}).With(vars.ExtraVars, s.extra)
			if play != nil {
				set = set.With(vars.PlayVars, play.Vars)
			}
			return engine.Scope(context.Background(), set, nil).Text(tpl)
		},
	}
	book, found := playbook.Load(s.playbook, opts)
	list = append(list, found...)
	dir, found := inventory.ReadVarsDir(filepath.Dir(s.playbook), inv, yamlpos.Options{})
	list = append(list, found...)
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	p, found := plan.New(plan.Options{
		Playbooks: []*playbook.Playbook{book}, Inventory: inv, VarsDir: dir, Registry: reg, Engine: engine,
		LoadTasks: func(path string, play *playbook.Play, under *playbook.Block, role *playbook.Role, handlers bool) ([]playbook.Entry, error) {
			entries, list := playbook.LoadTasks(path, play, under, role, handlers, opts)
			return entries, list.Err()
		},
		ExtraVars: s.extra, Limit: s.limit, Tags: s.tags,
	})
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return p
}

// run carries the playbook out and returns how it ended and what happened.
func (s setup) run(t *testing.T) (run.Summary, *recorder) {
	t.Helper()
	r := &recorder{}
	o := s.options
	o.Plan, o.Emit = s.load(t), r.emit
	if s.watch != nil {
		o.Emit = func(e event.Event) { r.emit(e); s.watch(e) }
	}
	if o.Dial == nil {
		o.Dial = local.Dial
	}
	summary, err := run.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return summary, r
}

// write writes a file for a test and returns its path.
func write(tb testing.TB, name, text string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}
