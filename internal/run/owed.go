package run

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"kops/internal/diag"
	"kops/internal/event"
	"kops/internal/playbook"
	"kops/internal/remote"
	"kops/internal/state"
	"kops/internal/value"
)

// A ledger is which handlers one host is owed in one play.
type ledger struct {
	store  *account
	debts  map[string]*debt
	passed map[string]int // how many tasks of a name that notify the host has come through
}

// A debt is a handler that is owed.
type debt struct {
	state.Debt
	store    debtStore        // that it stands in
	handlers []*playbook.Task // that have still to succeed: several may listen to one topic without a name
	waiting  bool             // of an earlier run: the place where it would have been notified is still to come
}

// The sections of a play, in their order: handlers run after each.
const (
	sectionPre  = "pre_tasks"
	sectionMain = "tasks"
	sectionPost = "post_tasks"
)

// debtOf names a handler in this play, apart from who owes it.
func (p *play) debtOf(t *playbook.Task) state.Debt {
	d := state.Debt{File: filepath.Base(p.File), Play: p.writtenName()}
	if t.Role != nil {
		d.Role = t.Role.Name
	}
	switch {
	case t.Name.Given():
		d.Handler = taskName(t)
	case len(t.Listen) > 0:
		d.Topic = value.Str(t.Listen[0].Value)
	default:
		d.Handler = t.Module
	}
	return d
}

// writtenName is the play's name as its file has it, the same whatever variables say.
func (p *play) writtenName() string { return writtenName(p.Play.Play) }

func writtenName(p *playbook.Play) string {
	f := p.Name
	if !f.Given() {
		f = p.Hosts
	}
	if t, ok := f.Value.(value.Template); ok {
		return t.Source
	}
	return value.Str(f.Value)
}

// place names a task among those that a host comes through.
func place(t *playbook.Task) string {
	if t.Role != nil {
		return t.Role.Name + "\x00" + taskName(t)
	}
	return "\x00" + taskName(t)
}

// owe writes down, before the task changes anything, that the handlers which it notifies are
// owed.
func (x *execution) owe(ctx context.Context) error {
	return x.oweBefore(ctx, nil)
}

// oweBefore does what owe does. Where a call of the host is handed in that can have a script of kops's
// own run first, and the user who acts is the one who keeps what is owed, both take one round trip.
func (x *execution) oweBefore(ctx context.Context, joined func(first string) error) error {
	if x.owing || x.h.ledger == nil || len(x.t.Notify) == 0 {
		return callWith(joined, "")
	}
	names := x.notified()
	fresh := x.fresh(names)
	l := x.h.ledger
	_, there := l.store.debtStore.(onHost)
	var err error
	switch {
	case len(fresh) == 0:
		x.owing = true
		return callWith(joined, "")
	case joined != nil && there:
		var first string
		if first, err = putDebts(states(fresh)); err != nil {
			return err
		}
		err = joined(first)
		var failed *remote.FirstError
		if !errors.As(err, &failed) {
			l.store.hold(states(fresh)) // or so it may be, where the connection was lost
			x.wroteDown(fresh)
			return err
		}
	default:
		if err = l.store.put(ctx, states(fresh)); err == nil {
			x.wroteDown(fresh)
			return callWith(joined, "")
		}
	}
	return diag.Errorf(x.t.Pos, "nothing was changed: it could not be written down that this notifies %v: %w", names, err).
		WithHint("a run that ends early would lose the handler; `kops pending` lists what is owed")
}

func callWith(joined func(string) error, first string) error {
	if joined == nil {
		return nil
	}
	return joined(first)
}

// notified names what the task notifies; of a loop, what all of its items do.
func (x *execution) notified() []string {
	var names []string
	for _, s := range x.scopes() {
		names = append(names, x.notifies(s, &outcome{})...)
	}
	return names
}

// fresh are the debts for the handlers of these names that are not written down yet.
func (x *execution) fresh(names []string) []*debt {
	l := x.h.ledger
	var fresh []*debt
	for _, name := range names {
		for _, t := range x.p.Plan.HandlersOf(x.p.Play, name) {
			d := x.p.debtOf(t)
			have := l.debts[d.Key()]
			if i := slices.IndexFunc(fresh, func(f *debt) bool { return f.Key() == d.Key() }); i >= 0 {
				have = fresh[i]
			}
			if have == nil {
				have = &debt{Debt: x.p.signed(d, x.t, l), store: l.store}
				fresh = append(fresh, have)
			}
			if !slices.Contains(have.handlers, t) {
				have.handlers = append(have.handlers, t)
			}
		}
	}
	return fresh
}

func (x *execution) wroteDown(fresh []*debt) {
	for _, d := range fresh {
		x.h.ledger.debts[d.Key()] = d
	}
	x.wrote = append(x.wrote, fresh...)
	x.owing = true
}

// signed completes a debt with who owes it.
func (p *play) signed(d state.Debt, t *playbook.Task, l *ledger) state.Debt {
	d.Section, d.Task, d.Nth = p.stage, taskName(t), l.passed[place(t)]+1
	if t.Role != nil {
		d.TaskRole = t.Role.Name
	}
	d.Since = time.Now().UTC().Truncate(time.Second)
	d.Run, d.User, d.Host = p.Started.Run, p.Started.User, p.Started.Host
	return d
}

func states(debts []*debt) []state.Debt {
	out := make([]state.Debt, len(debts))
	for i, d := range debts {
		out[i] = d.Debt
	}
	return out
}

// settleOwed makes what is written down fit how the task ended. What ended unchanged owes
// nothing. What failed may have changed something, so the debt stays, unless the play takes the
// failure over: a failure that is ignored or rescued notifies nobody, as in Ansible.
func (x *execution) settleOwed(ctx context.Context, o *outcome, rescuable bool) {
	l := x.h.ledger
	if l == nil || len(x.t.Notify) == 0 {
		return
	}
	unchanged := o.status == event.OK || o.status == event.Skipped || o.status == event.Unknown ||
		o.status == event.Failed && (o.ignored || rescuable) && ctx.Err() == nil
	switch {
	case o.status == event.Changed && !x.p.Check:
		x.withdraw(ctx, x.unnotified(o.notifies))
		// A step has owed the others already, unless changed_when alone says that something changed.
		fresh := x.fresh(o.notifies)
		if len(fresh) == 0 {
			return
		}
		if err := l.store.put(ctx, states(fresh)); err != nil {
			x.p.warn(x.h.name, x.t.Pos, "it could not be written down that handlers are owed, so a run that ends early loses them: "+err.Error())
			return
		}
		x.wroteDown(fresh)
	case unchanged:
		x.withdraw(ctx, x.wrote)
	}
}

// withdraw crosses off what the task has written down and does not owe after all.
func (x *execution) withdraw(ctx context.Context, debts []*debt) {
	if len(debts) == 0 {
		return
	}
	if err := x.h.ledger.store.remove(ctx, states(debts)); err != nil {
		return // it stays written down: at worst the handler runs once more than it must
	}
	for _, d := range debts {
		delete(x.h.ledger.debts, d.Key())
	}
}

// unnotified are those debts of the task whose handlers it has not notified: a loop that ends early
// does not come to all of its items.
func (x *execution) unnotified(names []string) []*debt {
	return slices.DeleteFunc(slices.Clone(x.wrote), func(d *debt) bool {
		return slices.ContainsFunc(names, func(name string) bool {
			return slices.ContainsFunc(x.p.Plan.HandlersOf(x.p.Play, name), func(t *playbook.Task) bool { return slices.Contains(d.handlers, t) })
		})
	})
}

// passes counts that hosts have come through a task, and makes due what was owed from there.
func (p *play) passes(hosts []*host, t *playbook.Task) {
	if len(t.Notify) == 0 {
		return
	}
	for _, h := range hosts {
		l := h.ledger
		if l == nil {
			continue
		}
		at := place(t)
		l.passed[at]++
		for _, d := range l.debts {
			if d.waiting && d.Nth == l.passed[at] && d.Task == taskName(t) && d.TaskRole == roleName(t) {
				h.falls(d)
			}
		}
	}
}

func roleName(t *playbook.Task) string {
	if t.Role == nil {
		return ""
	}
	return t.Role.Name
}

// falls makes a debt due: its handlers run at the next flush.
func (h *host) falls(d *debt) {
	d.waiting = false
	for _, t := range d.handlers {
		h.notified[t] = true
	}
}

// fallsAfter makes due what was owed in a section that has ended, also where the task that
// owed it was not met.
func (p *play) fallsAfter(section string) {
	order := []string{sectionPre, sectionMain, sectionPost}
	for _, h := range alive(p.batch) {
		if h.ledger == nil {
			continue
		}
		for _, d := range h.ledger.debts {
			if d.waiting && slices.Index(order, d.Section) <= slices.Index(order, section) {
				h.falls(d)
			}
		}
	}
}

// paid crosses off a handler on the hosts on which it succeeded.
func (p *play) paid(ctx context.Context, hosts []*host, t *playbook.Task) {
	if p.Check {
		return
	}
	p.each(hosts, func(h *host) {
		if h.ledger == nil {
			return
		}
		for _, d := range h.ledger.debts {
			if d.waiting || !slices.Contains(d.handlers, t) {
				continue
			}
			if len(d.handlers) > 1 {
				d.handlers = slices.DeleteFunc(slices.Clone(d.handlers), func(o *playbook.Task) bool { return o == t })
				continue
			}
			if err := d.store.remove(ctx, []state.Debt{d.Debt}); err != nil {
				p.warn(h.name, t.Pos, fmt.Sprintf("the handler '%s' has run, but it could not be crossed off and will run once more: %v", d.Name(), err))
				continue
			}
			delete(h.ledger.debts, d.Key())
		}
	})
}

// each does something with each host, as many at a time as forks allow.
func (p *play) each(hosts []*host, do func(*host)) {
	var wg sync.WaitGroup
	for _, h := range hosts {
		p.slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-p.slots }()
			do(h)
		})
	}
	wg.Wait()
}
