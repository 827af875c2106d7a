package run

import (
	"context"
	"path/filepath"
	"slices"

	"kops/internal/event"
	"kops/internal/plan"
	"kops/internal/playbook"
	"kops/internal/template"
	"kops/internal/value"
)

// inclusion is a file that some hosts include, with the variables of the loop's item.
type inclusion struct {
	file  string
	vars  *value.Map
	hosts []*host
}

// include runs include_tasks: the hosts that include the same file with the same item run
// it together, file by file.
func (p *play) include(ctx context.Context, hosts []*host, t *playbook.Task, rescuable bool) {
	p.batchMagic = p.newBatchMagic()
	id := p.announce(ctx, t, hosts)
	var list []*inclusion
	for _, h := range hosts {
		x := &execution{p: p, h: h, t: t, id: id}
		found, o := x.includes(ctx)
		p.report(h, id, o)
		p.absorb(h, t, o, true, rescuable)
		for _, f := range found {
			list = join(list, f, h)
		}
	}
	after := p.next
	for i, inc := range list {
		if p.next = nil; i == len(list)-1 { // else the tasks of the next file come first
			p.next = after
		}
		p.runInclusion(ctx, inc, t, rescuable)
	}
}

func join(list []*inclusion, f inclusion, h *host) []*inclusion {
	for _, have := range list {
		if have.file == f.file && value.Equal(have.vars, f.vars) {
			have.hosts = append(have.hosts, h)
			return list
		}
	}
	f.hosts = []*host{h}
	return append(list, &f)
}

// includes finds what one host includes.
func (x *execution) includes(ctx context.Context) ([]inclusion, *outcome) {
	s := x.p.scope(ctx, x.h, x.t)
	total := &outcome{task: x.t, status: event.OK, pos: x.t.Pos, result: &value.Map{}}
	if x.t.Loop == nil {
		inc, o := x.oneInclude(s, &value.Map{})
		return inc, o
	}
	items, unknown, err := x.items(s)
	switch {
	case unknown != nil:
		x.h.forecast.Doubt()
		return nil, total.unknown(unknown.Why)
	case err != nil && x.skippedAnyway(s):
		return nil, skipped(total)
	case err != nil:
		return nil, total.fails(err)
	}
	name, err := text(s, x.t.Loop.LoopVar)
	if err != nil {
		return nil, total.fails(err)
	}
	if name == "" {
		name = "item"
	}
	var all []inclusion
	ran := false
	for i, item := range items {
		m := value.NewMap(name, item, "ansible_loop_var", name)
		if index, _ := text(s, x.t.Loop.IndexVar); index != "" {
			m.Set(index, int64(i))
		}
		is := x.p.scopeWith(s, m)
		inc, o := x.oneInclude(is, m)
		if o.status == event.Failed || o.status == event.Unknown {
			return nil, o
		}
		ran = ran || o.status == event.OK
		o.item, o.label = true, x.label(is, item)
		o.finish()
		x.p.Emit(o.event(x.id, x.h))
		all = append(all, inc...)
	}
	if !ran {
		total.status, total.msg = event.Skipped, "no item includes anything"
	}
	return all, total
}

// oneInclude evaluates condition and file name of one inclusion.
func (x *execution) oneInclude(s *template.Scope, item *value.Map) ([]inclusion, *outcome) {
	o := &outcome{task: x.t, status: event.OK, pos: x.t.Pos, result: &value.Map{}}
	v, err := s.Conditions(x.p.conditions(x.t))
	switch {
	case err != nil:
		return nil, o.fails(err)
	case v.Unknown:
		x.h.forecast.Doubt()
		return nil, o.unknown(v.Why)
	case !v.Holds:
		skipped(o)
		o.merge(value.NewMap("false_condition", v.Clause))
		o.msg = "the condition is false: " + v.Clause
		return nil, o
	}
	raw := x.t.FreeForm.Value
	if f, ok := x.t.Args.Get("file"); ok {
		raw = f
	}
	name, err := s.Text(raw)
	if err != nil {
		return nil, o.fails(err)
	}
	path, err := x.includePath(s, name)
	if err != nil {
		return nil, o.fails(err)
	}
	o.result.Set("include", path)
	return []inclusion{{file: path, vars: item}}, o
}

// includePath finds an included file: in the role's tasks, beside the file that includes
// it, beside the playbook.
func (x *execution) includePath(s *template.Scope, name string) (string, error) {
	return x.p.Plan.Engine().Scope(s.Context(), s.Vars(), x.includeSearch()).Find("tasks", name)
}

func (x *execution) includeSearch() []string {
	var dirs []string
	if role := plan.RoleOf(x.t); role != nil {
		dirs = append(dirs, role.Path)
	}
	dirs = append(dirs, filepath.Dir(x.t.File))
	for _, dir := range x.p.searchPath(x.t) {
		if !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// runInclusion loads the file and runs its tasks below a block that carries the
// include's keywords and item.
func (p *play) runInclusion(ctx context.Context, inc *inclusion, t *playbook.Task, rescuable bool) {
	hosts := alive(inc.hosts)
	if len(hosts) == 0 {
		return
	}
	block, err := p.Plan.Include(p.Play, t, inc.file, inc.vars)
	if err != nil {
		id := p.announce(ctx, t, hosts)
		for _, h := range hosts {
			o := &outcome{task: t, err: err, pos: t.Pos}
			p.report(h, id, o)
			p.absorb(h, t, o, true, rescuable)
		}
		p.settle(ctx, t, hosts, rescuable)
		return
	}
	p.entries(ctx, hosts, block.Block, rescuable)
}
