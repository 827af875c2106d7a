package run

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"time"

	"kops/internal/module"
	"kops/internal/playbook"
	"kops/internal/remote"
	"kops/internal/run/action"
	"kops/internal/template"
	"kops/internal/value"
)

// errEarly refuses what must not be done before a task's turn.
var errEarly = errors.New("not before the task's turn")

// lookAhead begins, beside a task or an item of its loop, the plans of the items and tasks that follow. It is over
// when the function that it returns comes back; the plans themselves may be under way still. An error is
// dropped here: the task finds it again, and tells of it.
func (x *execution) lookAhead(ctx context.Context) func() {
	p := x.p
	epoch := p.epoch.Load() // before anything is evaluated
	room := x.h.ahead.room(epoch)
	m, ok := p.Plan.Registry().Find(x.t.Module)
	if room <= 0 || p.NoAhead || p.Check || p.crowded || x.h.opening != nil || !ok || stirs(m) || p.unusual(x.t) || x.t.Handler {
		return func() {}
	}
	s := &scout{p: p, h: x.h, ctx: ctx, epoch: epoch, room: room, users: x.h.ahead.known()}
	var wg sync.WaitGroup
	wg.Go(func() {
		defer func() { _ = recover() }()
		if x.t.Loop != nil && plannedEarly(m) && !s.items(&execution{p: p, h: x.h, t: x.t, item: x.item + 1}, s.scope(x.t), m, x.looped) {
			return
		}
		for t := range p.next.tasks() {
			if s.room <= 0 || p.Plan.Selected(t, p.Play) && !s.task(t) {
				return
			}
		}
	})
	return wg.Wait
}

// factsAhead asks for the facts of a host behind the script that takes its lock: they are of use where it does.
func (p *play) factsAhead(ctx context.Context, h *host) {
	m, ok := p.Plan.Registry().Find(p.facts.Module)
	if p.NoAhead || !ok || !slices.Contains(p.first, h) || p.unusual(p.facts) {
		return
	}
	s := &scout{p: p, h: h, ctx: ctx, epoch: p.epoch.Load(), room: 1, users: []remote.Become{h.access.become}}
	s.one(&execution{p: p, h: h, t: p.facts}, s.scope(p.facts), m)
}

// A following is what comes after an entry: the rest of its list, and then what comes after that.
type following struct {
	list []playbook.Entry
	then *following
}

// tasks are those that run if nothing fails.
func (f *following) tasks() iter.Seq[*playbook.Task] {
	return func(yield func(*playbook.Task) bool) {
		for ; f != nil; f = f.then {
			if !eachTask(f.list, yield) {
				return
			}
		}
	}
}

func eachTask(list []playbook.Entry, yield func(*playbook.Task) bool) bool {
	for _, e := range list {
		switch e := e.(type) {
		case *playbook.Task:
			if !yield(e) {
				return false
			}
		case *playbook.Block:
			if !eachTask(e.Block, yield) || !eachTask(e.Always, yield) {
				return false
			}
		}
	}
	return true
}

// A scout looks ahead on one host.
type scout struct {
	p     *play
	h     *host
	ctx   context.Context
	epoch int64
	room  int
	users []remote.Become // who is known to act on the host
}

// task begins the plans of a task. It returns false where nothing behind the task is to be planned before it has run.
func (s *scout) task(t *playbook.Task) bool {
	m, ok := s.p.Plan.Registry().Find(t.Module)
	switch {
	case !ok || s.p.unusual(t):
		return false
	case passedOver(m):
		return true
	case !plannedEarly(m):
		return false
	}
	x := &execution{p: s.p, h: s.h, t: t}
	scope := s.scope(t)
	if t.Loop == nil {
		return s.one(x, scope, m)
	}
	items, _, err := x.items(scope)
	return err == nil && s.items(x, scope, m, items)
}

// scope is that of a task before its turn.
func (s *scout) scope(t *playbook.Task) *template.Scope {
	return s.p.scope(s.ctx, s.h, t).Guarded(func(string) error { return errEarly })
}

// items begins the plans of the items of a task's loop, from x.item on.
func (s *scout) items(x *execution, scope *template.Scope, m *module.Module, items []value.Value) bool {
	for ; x.item < len(items); x.item++ {
		if s.room <= 0 {
			return false
		}
		_, vars, err := x.itemVars(scope, items, x.item)
		if err != nil || !s.one(x, s.p.scopeWith(scope, vars), m) {
			return false
		}
	}
	return true
}

// unusual tells whether a task does not simply run once on its host, or waits.
func (p *play) unusual(t *playbook.Task) bool {
	if len(t.Until) > 0 || t.Retries.Given() || t.Async.Given() || t.Poll.Given() || t.Loop != nil && (t.Loop.Pause.Given() || len(t.Loop.BreakWhen) > 0) {
		return true
	}
	return keyword(t, p.Play.Play, func(k *playbook.Keywords) playbook.Field {
		for _, f := range []playbook.Field{k.DelegateTo, k.RunOnce, k.Throttle, k.Timeout, k.CheckMode} {
			if f.Given() {
				return f
			}
		}
		return playbook.Field{}
	}).Given()
}

// one begins the plan of one turn, where it can be told now what the task will be. It returns false where what
// follows is better left alone.
func (s *scout) one(x *execution, scope *template.Scope, m *module.Module) bool {
	at := turn{x.t, x.item}
	if s.h.ahead.has(at) {
		return true
	}
	v, err := scope.Conditions(s.p.conditions(x.t))
	if err != nil || !v.Holds {
		return !errors.Is(err, errEarly)
	}
	w, err := s.way(x, scope)
	if err != nil {
		return false
	}
	spec, err := s.spec(x, scope, m)
	if err != nil {
		return !errors.Is(err, errEarly)
	}
	e := &early{spec: spec, way: w, epoch: s.epoch, begun: time.Now(), done: make(chan struct{})}
	if s.h.ahead.add(at, e) {
		s.room--
		s.p.early.Go(func() { e.plan(s.ctx) })
	}
	return true
}

// way is how the task will get to its host: it must have been gone before.
func (s *scout) way(x *execution, scope *template.Scope) (way, error) {
	tg, err := x.target(s.ctx, scope)
	if err != nil {
		return way{}, err
	}
	settings, err := s.p.settings(x.t, tg)
	if err != nil {
		return way{}, err
	}
	conn := s.h.connected(settings)
	if conn == nil || tg.host != s.h || !slices.Contains(s.users, tg.become) {
		return way{}, errEarly
	}
	return way{conn, tg.become, tg.env}, nil
}

// spec evaluates the task's arguments and does what its action would.
func (s *scout) spec(x *execution, scope *template.Scope, m *module.Module) (module.Spec, error) {
	args, err := x.arguments(scope)
	if err != nil {
		return nil, err
	}
	if !plain(args) {
		return nil, errors.New("the arguments hold more than data")
	}
	spec, problems := m.Decode(args)
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	a, ok := spec.(action.Spec)
	if !ok {
		return spec, nil
	}
	warned := false
	out, err := a.Act(s.ctx, s.env(x, scope, args, &warned))
	if err == nil && (warned || out.Spec == nil) {
		err = errors.New("the action has more to say than what is to be planned")
	}
	return out.Spec, err
}

// env is what an action may use before its turn: what reads the controller.
func (s *scout) env(x *execution, scope *template.Scope, args *value.Map, warned *bool) *action.Env {
	return &action.Env{
		Host: s.h.name, Task: taskName(x.t), Pos: x.t.Pos, Scope: scope, Raw: args, Written: x.t.Args,
		Verbosity: s.p.Verbosity,
		Facts: func(context.Context) (*value.Map, error) {
			if s.h.injected.Len() == 0 {
				return nil, errEarly
			}
			return s.h.injected, nil
		},
		Reader:   func(context.Context) (remote.Reader, error) { return nil, errEarly },
		Changing: func(context.Context) error { return errEarly },
		LoadVars: s.p.Plan.LoadVars,
		Registry: s.p.Plan.Registry(),
		Warn:     func(string) { *warned = true },
	}
}

// plain tells whether v is data alone, which can be compared with what the same argument is later.
func plain(v value.Value) bool {
	switch v := v.(type) {
	case *value.List:
		for _, item := range v.Items {
			if !plain(item) {
				return false
			}
		}
	case value.Tuple:
		for _, item := range v {
			if !plain(item) {
				return false
			}
		}
	case *value.Map:
		for k, item := range v.All() {
			if !plain(k) || !plain(item) {
				return false
			}
		}
	case value.Object, value.Unknown:
		return false
	}
	return true
}
