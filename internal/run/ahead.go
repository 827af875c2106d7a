package run

import (
	"context"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"kops/internal/event"
	"kops/internal/module"
	"kops/internal/playbook"
	"kops/internal/remote"
)

const (
	// maxEarly bounds how many plans of a host wait for their turn.
	maxEarly = 8
	// earlyAge is how old a plan may get: what others do to the host must not stay unseen for long.
	earlyAge = 5 * time.Second
)

// An early plan is a task's Plan that was begun before the task's turn. It is used only where it finds
// nothing to change: what is changed on a host follows from what was read when it was due. The steps of such a
// plan are those that the task asks for whatever there is, like a daemon-reload.
type early struct {
	spec  module.Spec
	way   way
	epoch int64
	begun time.Time
	trips atomic.Int64

	done   chan struct{} // closed once the rest is there
	change module.Change
	ok     bool
}

// A way is how a task gets to its host: by which connection, as whom, with what environment.
type way struct {
	conn   remote.Connection
	become remote.Become
	env    []string
}

func (w way) host() remote.Host {
	h := w.conn.As(w.become)
	if len(w.env) > 0 {
		h = withEnvironment(h, w.env)
	}
	return h
}

func (w way) is(other way) bool {
	return w.conn == other.conn && w.become == other.become && slices.Equal(w.env, other.env)
}

// A turn is a task, or an item of its loop.
type turn struct {
	task *playbook.Task
	item int
}

// A lookahead holds the early plans of a host.
type lookahead struct {
	mu    sync.Mutex
	plans map[turn]*early
	users []remote.Become // who has acted on the host: others may be refused, and are not tried early
	reach int             // how many plans may wait
}

// room tells for how many more plans there is room, once those are gone that can no longer be used.
func (l *lookahead) room(epoch int64) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	for t, e := range l.plans {
		if !e.fresh(epoch) {
			delete(l.plans, t)
		}
	}
	return l.reach - len(l.plans)
}

// add keeps a plan for its turn; false where there is one.
func (l *lookahead) add(t turn, e *early) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.plans == nil {
		l.plans = map[turn]*early{}
	}
	if l.plans[t] != nil {
		return false
	}
	l.plans[t] = e
	return true
}

func (l *lookahead) has(t turn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.plans[t] != nil
}

// take returns the plan of a turn, which has then been had.
func (l *lookahead) take(t turn) *early {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.plans[t]
	delete(l.plans, t)
	return e
}

// acted remembers that a user could act on the host.
func (l *lookahead) acted(b remote.Become) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Contains(l.users, b) {
		l.users = append(l.users, b)
	}
}

func (l *lookahead) known() []remote.Become {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.users)
}

// ended takes note of how a task has ended, and forgets what was planned for it. Where a task changes something, so may
// the next; the more of them change nothing, the further ahead it pays to look.
func (l *lookahead) ended(o *outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch o.status {
	case event.OK:
		l.reach = min(2*l.reach+1, maxEarly)
	case event.Skipped:
	default:
		l.reach, l.plans = 0, nil
	}
	for t := range l.plans {
		if t.task == o.task {
			delete(l.plans, t)
		}
	}
}

func (e *early) fresh(epoch int64) bool { return e.epoch == epoch && time.Since(e.begun) < earlyAge }

// plan reads the host. A panic is found again by the task itself, which tells of it.
func (e *early) plan(ctx context.Context) {
	defer close(e.done)
	defer func() { _ = recover() }()
	var err error
	e.change, err = e.spec.Plan(remote.CountTrips(remote.Ahead(ctx), &e.trips), e.way.host())
	e.ok = err == nil && e.change.Predict == module.None
}

// stir ends the use of all plans that were made up to now, on whichever host: something may have changed.
// It is called before whatever changes something, and after it.
func (r *runner) stir() { r.epoch.Add(1) }

// stirs tells whether a task may change something without a step: all but those that are known to be harmless.
func stirs(m *module.Module) bool { return !plannedEarly(m) && !passedOver(m) && m.Name != "setup" }

// plannedEarly tells whether a module's Plan may be made before its turn: it reads files, accounts, packages and
// units, which nothing but a change changes.
func plannedEarly(m *module.Module) bool {
	switch m.Name {
	case "apt", "copy", "dnf", "file", "group", "lineinfile", "package", "ping", "service", "slurp", "stat", "systemd", "template", "user":
		return true
	}
	return false
}

// passedOver tells whether what stands behind a task of this module may be planned before it: it changes
// variables at most, and those are compared.
func passedOver(m *module.Module) bool {
	switch m.Name {
	case "assert", "debug", "include_vars", "set_fact":
		return true
	}
	return false
}

// plan is the change that the module finds necessary: that of an early plan, where there is one that holds. The
// spec is the one that made it, which is to be asked again where a step wants that.
func (w *work) plan(ctx context.Context, r remote.Reader, spec module.Spec, attempt int) (module.Spec, module.Change, error) {
	if attempt == 0 {
		if e := w.planned(ctx, spec); e != nil {
			return e.spec, e.change, nil
		}
	}
	c, err := spec.Plan(ctx, r)
	if err == nil {
		w.tg.host.ahead.acted(w.tg.become)
	}
	return spec, c, err
}

// planned returns the early plan for this turn, once it is there. It holds where all is as it was assumed.
func (w *work) planned(ctx context.Context, spec module.Spec) *early {
	x := w.x
	e := x.h.ahead.take(turn{x.t, x.item})
	if e == nil || w.check || w.tg.host != x.h || !e.way.is(w.way) || !e.fresh(x.p.epoch.Load()) {
		return nil
	}
	select {
	case <-e.done:
	case <-ctx.Done():
		return nil
	}
	if !e.ok || !e.fresh(x.p.epoch.Load()) || !reflect.DeepEqual(e.spec, spec) {
		return nil
	}
	w.trips.Add(e.trips.Load())
	return e
}
