package run

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"kops/internal/diag"
	"kops/internal/event"
	"kops/internal/module"
	"kops/internal/playbook"
	"kops/internal/remote"
	"kops/internal/remote/overlay"
	"kops/internal/run/action"
	"kops/internal/template"
	"kops/internal/value"
)

// maxReplans bounds how often steps may ask for a new plan.
const maxReplans = 3

// target finds the host that does the task's work, and as which user.
func (x *execution) target(ctx context.Context, s *template.Scope) (*target, error) {
	tg := &target{host: x.h, scope: s}
	f := x.keyword(func(k *playbook.Keywords) playbook.Field { return k.DelegateTo })
	name, err := text(s, f)
	if err != nil {
		return nil, err
	}
	if f.Given() && name == "" {
		return nil, diag.Errorf(f.Pos, "delegate_to is empty")
	}
	if name != "" && name != x.h.name {
		tg.host = x.p.hostNamed(name)
		tg.scope = x.p.hostScope(s, tg.host)
	}
	if tg.become, err = x.p.become(x.t, tg); err != nil {
		return nil, err
	}
	tg.env, err = x.p.environment(x.t, s)
	return tg, err
}

// hostNamed returns the host of the inventory, or one made for delegation alone.
func (r *runner) hostNamed(name string) *host { return r.host(r.Plan.HostOrNew(name)) }

// arguments evaluates what the task gives its module: module_defaults, args, the task's own.
func (x *execution) arguments(s *template.Scope) (*value.Map, error) {
	args := &value.Map{}
	defaults, err := x.moduleDefaults(s)
	if err != nil {
		return nil, err
	}
	args.Merge(defaults)
	if x.t.ArgsFrom.Given() {
		v, err := s.Value(x.t.ArgsFrom.Value)
		if err != nil {
			return nil, err
		}
		m, ok := v.(*value.Map)
		if !ok {
			return nil, diag.Errorf(x.t.ArgsFrom.Pos, "args must be a mapping, not %s", value.TypeName(v))
		}
		args.Merge(m)
	}
	own, err := s.Map(x.t.Args)
	if err != nil {
		return nil, err
	}
	args.Merge(own)
	if x.t.FreeForm.Given() {
		v, err := s.Value(x.t.FreeForm.Value)
		if err != nil {
			return nil, err
		}
		m, ok := x.p.Plan.Registry().Find(x.t.Module)
		if !ok || m.FreeForm == "" {
			return nil, diag.Errorf(x.t.FreeForm.Pos, "module %s takes no free text: write its arguments as name: value", x.t.Module)
		}
		args.Set(m.FreeForm, v)
	}
	return args, nil
}

// moduleDefaults merges the defaults for the task's module, outermost first.
func (x *execution) moduleDefaults(s *template.Scope) (*value.Map, error) {
	fields := append([]playbook.Field(nil), x.p.ModuleDefaults...)
	for _, b := range blocksOf(x.t) {
		fields = append(fields, b.ModuleDefaults...)
	}
	out := &value.Map{}
	for _, f := range append(fields, x.t.ModuleDefaults...) {
		v, err := s.Value(f.Value)
		if err != nil {
			return nil, err
		}
		all, ok := v.(*value.Map)
		if !ok {
			return nil, diag.Errorf(f.Pos, "module_defaults must be a mapping, not %s", value.TypeName(v))
		}
		for name, defaults := range all.All() {
			if m, ok := defaults.(*value.Map); ok && x.p.Plan.SameModule(value.Str(name), x.t.Module) {
				out.Merge(m)
			}
		}
	}
	return out, nil
}

func firstUnknown(v value.Value) *value.Unknown {
	switch v := v.(type) {
	case value.Unknown:
		return &v
	case *value.List:
		for _, item := range v.Items {
			if u := firstUnknown(item); u != nil {
				return u
			}
		}
	case *value.Map:
		for _, item := range v.All() {
			if u := firstUnknown(item); u != nil {
				return u
			}
		}
	}
	return nil
}

// do runs the action, and what it or the task leaves for the host.
func (x *execution) do(ctx context.Context, s *template.Scope, o *outcome, tg *target, m *module.Module, spec module.Spec, args *value.Map) {
	check, diff, err := x.modes(s)
	if err != nil {
		o.fails(err)
		return
	}
	if stirs(m) {
		x.p.stir()
		defer x.p.stir()
	}
	w := &work{x: x, tg: tg, check: check, diff: diff, name: m.Name}
	ctx = remote.CountTrips(ctx, &w.trips)
	defer func() { o.trips = w.trips.Load() }()
	if a, ok := spec.(action.Spec); ok {
		out, err := a.Act(ctx, w.env(s, args))
		o.action, o.verbosity = out, out.Verbosity
		o.merge(out.Result)
		switch {
		case w.unsure(o, err):
			return
		case err != nil:
			o.fails(err)
			return
		case out.Skipped != "":
			o.status, o.msg = event.Skipped, out.Skipped
			if o.result.At("msg") == nil {
				o.merge(value.NewMap("msg", out.Skipped))
			}
			return
		case out.Unknown != "":
			o.unknown(out.Unknown)
			return
		case out.Spec == nil:
			if out.Changed {
				o.status = event.Changed
			}
			return
		}
		spec = out.Spec
	}
	w.module(ctx, o, spec)
}

// modes are check and diff mode for this task.
func (x *execution) modes(s *template.Scope) (check, diff bool, err error) {
	if check, err = flag(s, x.keyword(func(k *playbook.Keywords) playbook.Field { return k.CheckMode }), x.p.Check); err != nil {
		return
	}
	diff, err = flag(s, x.keyword(func(k *playbook.Keywords) playbook.Field { return k.Diff }), x.p.Diff)
	return
}

// work is the part of an execution that touches a host.
type work struct {
	x           *execution
	tg          *target
	check, diff bool
	name        string
	way         way
	host        remote.Host // at its end
	trips       atomic.Int64
	seen        *overlay.Reader // check mode: what the task's Plan reads by
}

func (w *work) connect(ctx context.Context) (remote.Host, error) {
	if w.host != nil {
		return w.host, nil
	}
	if err := w.x.opening(w.tg); err != nil {
		return nil, err
	}
	way, err := w.x.p.connect(ctx, w.x.t, w.tg)
	if err != nil {
		return nil, err
	}
	w.way, w.host = way, way.host()
	return w.host, nil
}

// opening is why the play could not be begun on the task's host, told once: the host is not asked
// again for what it has just refused.
func (x *execution) opening(tg *target) error {
	err := x.h.opening
	var c *remote.ConnectError
	if err == nil || tg.host != x.h || errors.As(err, &c) && c.Become() && tg.become != x.h.access.become {
		return nil
	}
	x.h.opening = nil
	return err
}

// reader is the host as Plan sees it: in check mode with what earlier tasks would have done.
func (w *work) reader(ctx context.Context) (remote.Reader, error) {
	h, err := w.connect(ctx)
	if err != nil {
		return nil, err
	}
	return w.foreseen(h), nil
}

// module plans and, unless in check mode, carries out.
func (w *work) module(ctx context.Context, o *outcome, spec module.Spec) {
	o.status = event.OK
	w.x.p.meet(spec, w.x.t, w.tg)
	for attempt := range maxReplans {
		r, err := w.reader(ctx)
		if err != nil {
			o.fails(err)
			return
		}
		w.x.busy.step("")
		var change module.Change
		spec, change, err = w.plan(ctx, r, spec, attempt)
		if w.unsure(o, err) {
			return
		}
		if err != nil {
			o.fails(err)
			return
		}
		o.merge(change.Result)
		w.keepDiffs(o, change.Diffs)
		if w.check {
			w.predict(ctx, o, change)
			return
		}
		w.stale(o)
		again, err := w.carryOut(ctx, o, change)
		if err != nil {
			o.fails(err)
			return
		}
		if !again {
			return
		}
	}
	o.fails(fmt.Errorf("the host still differs after %d attempts: something else is changing it", maxReplans))
}

func (w *work) keepDiffs(o *outcome, diffs []module.Diff) {
	if !w.diff {
		return
	}
	for _, d := range diffs {
		o.diffs = append(o.diffs, event.Diff{BeforeHeader: d.BeforeHeader, AfterHeader: d.AfterHeader, Before: d.Before, After: d.After, Note: d.Note})
	}
}

// predict is what check mode reports of a change.
func (w *work) predict(ctx context.Context, o *outcome, c module.Change) {
	w.keepEffects(ctx, c.Effects)
	for _, s := range c.Steps {
		o.steps = append(o.steps, s.Summary)
	}
	switch c.Predict {
	case module.Changes:
		o.status = event.Changed
		w.openEnds(o)
	case module.Unknown:
		o.unknown(w.reason(c))
	}
}

// carryOut does the steps; again says that a new plan is wanted.
func (w *work) carryOut(ctx context.Context, o *outcome, c module.Change) (again bool, err error) {
	if len(c.Steps) > 0 {
		w.x.p.stir()
		defer w.x.p.stir()
	}
	host := w.x.withDebts(w.host, w.tg)
	ctx = module.Telling(ctx, w.x.waits)
	for _, s := range c.Steps {
		if err := ctx.Err(); err != nil {
			return false, fmt.Errorf("%s: %w", s.Summary, err)
		}
		if w.x.p.rolls != nil {
			if err := w.x.p.rolls.gate(ctx, w); err != nil {
				return false, err
			}
		}
		w.x.doing(s.Summary)
		out, err := s.Do(ctx, metered{host, w.x.busy})
		o.merge(out.Result)
		if out.Changed {
			o.status = event.Changed
			o.steps = append(o.steps, s.Summary)
			o.merge(value.NewMap("changed", true))
		}
		if err != nil {
			return false, stepError(s.Summary, err)
		}
		again = again || out.Replan
	}
	return again, nil
}

// stepError says which step failed, unless the error is the module's own verdict.
func stepError(summary string, err error) error {
	var f *module.Failure
	var c *remote.ConnectError
	if errors.As(err, &f) || errors.As(err, &c) || strings.HasPrefix(err.Error(), summary) {
		return err
	}
	return fmt.Errorf("%s: %w", summary, err)
}

// env is what the task's action may use.
func (w *work) env(s *template.Scope, args *value.Map) *action.Env {
	x := w.x
	return &action.Env{
		Host: x.h.name, Task: taskName(x.t), Pos: x.t.Pos, Scope: s, Raw: args, Written: x.t.Args,
		Check: w.check, Diff: w.diff, Verbosity: x.p.Verbosity,
		Facts:     func(ctx context.Context) (*value.Map, error) { return w.facts(ctx) },
		Reader:    w.reader,
		Changing:  x.owe,
		LoadVars:  x.p.Plan.LoadVars,
		Inventory: places{x.p.Plan},
		Registry:  x.p.Plan.Registry(),
		Artifacts: x.p.Artifacts,
		Ask:       x.p.Ask,
		Warn:      func(msg string) { x.p.warn(x.h.name, x.t.Pos, msg) },
	}
}

// facts returns the target's facts; where none were gathered, those of a minimal setup.
func (w *work) facts(ctx context.Context) (*value.Map, error) {
	if w.tg.host.injected.Len() > 0 {
		return w.tg.host.injected, nil
	}
	m, ok := w.x.p.Plan.Registry().Find("setup")
	if !ok {
		return &value.Map{}, nil
	}
	spec, problems := m.Decode(value.NewMap("gather_subset", value.NewList("!all", "min")))
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	r, err := w.reader(ctx)
	if err != nil {
		return nil, err
	}
	c, err := spec.Plan(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("gather the facts that the task needs: %w", err)
	}
	facts, _ := c.Result.At("ansible_facts").(*value.Map)
	return facts, nil
}
