package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kops/internal/diag"
	"kops/internal/event"
	"kops/internal/module"
	"kops/internal/playbook"
	"kops/internal/run/action"
	"kops/internal/template"
	"kops/internal/value"
)

// An execution is one task on one host, with all items of its loop.
type execution struct {
	p    *play
	h    *host
	t    *playbook.Task
	id   int
	busy *busy

	hidden bool // no_log: neither heartbeats nor retries say what is done

	scope  *template.Scope // the task's own, without an item
	looped []value.Value   // the loop's items
	item   int             // which of them is under way
	owing  bool            // it is written down which handlers the task notifies
	wrote  []*debt         // by this task
}

// run runs the task, once or for each item. A panic is a failed result of this host alone:
// the other hosts go on.
func (x *execution) run(ctx context.Context) (o *outcome) {
	began := time.Now()
	defer func() {
		if cause := recover(); cause != nil {
			o = x.panicked(cause)
			o.began = began
			o.finish()
		}
	}()
	s := x.p.scope(ctx, x.h, x.t)
	x.scope = s
	if x.t.Loop != nil {
		return x.loop(ctx, s)
	}
	return x.tries(ctx, s)
}

// panicked is the outcome of a task in which kops itself broke. What the panic says may hold
// arguments: it is hidden as no_log asks.
func (x *execution) panicked(cause any) *outcome {
	o := &outcome{task: x.t, noLog: x.hidden}
	return o.fails(diag.Errorf(x.t.Pos, "%s panicked: %v", x.t.Module, cause).
		WithHint("this is a bug in kops, not in the playbook: please report it with this message"))
}

func (x *execution) keyword(pick func(*playbook.Keywords) playbook.Field) playbook.Field {
	return keyword(x.t, x.p.Play.Play, pick)
}

// tries runs the task until its until: holds.
func (x *execution) tries(ctx context.Context, s *template.Scope) *outcome {
	began := time.Now()
	defer x.lookAhead(ctx)()
	hidden, err := flag(s, x.keyword(func(k *playbook.Keywords) playbook.Field { return k.NoLog }), false)
	x.hidden = hidden || err != nil
	retries, delay, err := x.retries(s)
	if err != nil {
		return x.close(s, (&outcome{task: x.t, began: began}).fails(err))
	}
	for attempt := 1; ; attempt++ {
		if attempt > 1 {
			x.p.stir() // time has passed
		}
		o := x.bounded(ctx, s)
		o.began = began
		if retries > 0 && o.status != event.Skipped && o.status != event.Unknown && o.status != event.Unreachable {
			o.attempts = attempt
			o.merge(value.NewMap("attempts", int64(attempt)))
		}
		done, err := x.until(s, o)
		if err != nil {
			return x.close(s, o.fails(err))
		}
		if !done && retries > 0 {
			if x.later(s, o); o.status == event.Unknown {
				return x.close(s, o)
			}
		}
		if done || attempt > int(retries) {
			if !done && retries > 0 {
				o.merge(value.NewMap("attempts", retries)) // as Ansible counts where none succeeded
			}
			if !done && o.status != event.Failed {
				o.fails(fmt.Errorf("until did not hold after %d attempts", attempt))
			}
			return x.close(s, o)
		}
		x.retrying(attempt, int(retries)-attempt+1, o)
		x.busy.step(fmt.Sprintf("attempt %d of %d failed, waiting", attempt, retries+1))
		if !sleep(ctx, time.Duration(delay)*time.Second) {
			return x.close(s, o)
		}
	}
}

func (x *execution) retrying(attempt, left int, o *outcome) {
	e := event.Retry{Task: x.id, Host: x.h.name, Attempt: attempt, Left: left, Msg: o.msg}
	if x.hidden {
		e.Msg = ""
	}
	x.p.Emit(e)
}

// doing tells the heartbeat what the task does.
func (x *execution) doing(step string) {
	if x.hidden {
		step = ""
	}
	x.busy.step(step)
}

// waits tells it what a step of the task waits for.
func (x *execution) waits(what string) {
	if x.hidden {
		what = ""
	}
	x.busy.waits(what)
}

// retries returns how often to try again; 0 without until and retries.
func (x *execution) retries(s *template.Scope) (retries, delay int64, err error) {
	if len(x.t.Until) == 0 && !x.t.Retries.Given() {
		return 0, 0, nil
	}
	if retries, err = number(s, x.t.Retries, 3); err != nil {
		return 0, 0, err
	}
	delay, err = number(s, x.t.Delay, 5)
	return max(retries, 0), max(delay, 0), err
}

// until tells whether no other attempt is needed.
func (x *execution) until(s *template.Scope, o *outcome) (bool, error) {
	if o.status == event.Skipped || o.status == event.Unknown || o.status == event.Unreachable {
		return true, nil
	}
	if len(x.t.Until) == 0 {
		return o.status != event.Failed, nil
	}
	v, err := x.withResult(s, o).Conditions(clauses(x.t.Until))
	if v.Unknown {
		if o.status != event.Changed { // what would be changed would be so at the first attempt
			o.unknown(v.Why)
		}
		return true, err
	}
	return v.Holds, err
}

// withResult is the scope in which until, changed_when and failed_when see the result.
func (x *execution) withResult(s *template.Scope, o *outcome) *template.Scope {
	o.finish()
	if x.t.Register == "" {
		return s
	}
	seen := o.register()
	if o.stale != "" && o.status != event.Unknown { // what it found decides about itself
		seen = o.result
	}
	return x.p.scopeWith(s, value.NewMap(x.t.Register, seen))
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// bounded runs the task once, within its timeout:.
func (x *execution) bounded(ctx context.Context, s *template.Scope) *outcome {
	seconds, err := number(s, x.keyword(func(k *playbook.Keywords) playbook.Field { return k.Timeout }), 0)
	if err != nil {
		return (&outcome{task: x.t}).fails(err)
	}
	if seconds <= 0 {
		return x.once(ctx, s)
	}
	bounded, cancel := context.WithTimeout(ctx, time.Duration(seconds)*time.Second)
	defer cancel()
	o := x.once(bounded, s)
	if o.status == event.Failed && errors.Is(bounded.Err(), context.DeadlineExceeded) && ctx.Err() == nil {
		o.fails(fmt.Errorf("the task took longer than its timeout of %d seconds and was ended", seconds))
	}
	return o
}

// once runs the task a single time: condition, arguments, action, module, verdicts.
func (x *execution) once(ctx context.Context, s *template.Scope) *outcome {
	o := &outcome{task: x.t, status: event.OK, pos: x.t.Pos, result: &value.Map{}}
	verdict, err := s.Conditions(x.p.conditions(x.t))
	switch {
	case err != nil:
		return o.fails(err)
	case verdict.Unknown:
		x.touch(ctx, s)
		return o.unknown(verdict.Why)
	case !verdict.Holds:
		o.status = event.Skipped
		o.msg = "the condition is false: " + verdict.Clause
		o.merge(value.NewMap("skip_reason", "Conditional result was False", "false_condition", verdict.Clause))
		return o
	case x.h.doubt != "":
		x.touch(ctx, s)
		return o.unknown(x.h.doubt)
	}
	x.perform(ctx, s, o)
	x.verdicts(s, o)
	if o.stale != "" && o.status == event.Failed {
		o.err = nil
		o.unknown(o.stale)
	}
	if o.status == event.Unknown {
		x.touch(ctx, s)
	}
	return o
}

// perform evaluates the arguments and runs the action or module.
func (x *execution) perform(ctx context.Context, s *template.Scope, o *outcome) {
	tg, err := x.target(ctx, s)
	if err != nil {
		o.fails(err)
		return
	}
	if tg.host != x.h {
		o.delegate = tg.host.name
	}
	args, err := x.arguments(s)
	if err != nil {
		o.fails(err)
		return
	}
	if u := firstUnknown(args); u != nil {
		o.unknown(u.Why)
		if x.p.Plan.ActionOf(x.t) == "set_fact" { // what the fact was before is not what it will be
			o.action = action.Outcome{Facts: args, Level: action.SetFact}
		}
		return
	}
	m, _ := x.p.Plan.Registry().Find(x.t.Module)
	x.p.hideArguments(m, args)
	spec, problems := m.Decode(args)
	if len(problems) > 0 {
		o.fails(x.argumentErrors(problems))
		return
	}
	x.do(ctx, s, o, tg, m, spec, args)
}

// argumentErrors joins what is wrong with the arguments, at the place of the first.
func (x *execution) argumentErrors(problems []error) error {
	pos := x.t.ModulePos
	var a *module.ArgumentError
	if errors.As(problems[0], &a) {
		if at, ok := x.t.ArgsPos[a.Argument]; ok {
			pos = at
		}
	}
	return diag.Errorf(pos, "%w", errors.Join(problems...))
}

// verdicts applies changed_when and failed_when.
func (x *execution) verdicts(s *template.Scope, o *outcome) {
	if o.status == event.Unreachable || o.status == event.Unknown || o.status == event.Skipped {
		return
	}
	if len(x.t.ChangedWhen) == 0 && len(x.t.FailedWhen) == 0 {
		return
	}
	rs := x.withResult(s, o)
	if len(x.t.FailedWhen) > 0 {
		v, err := rs.Conditions(clauses(x.t.FailedWhen))
		switch {
		case err != nil:
			o.fails(err)
			return
		case v.Unknown:
			if o.status != event.Changed {
				o.err = nil
				o.unknown(v.Why)
				return
			}
		case v.Holds:
			o.merge(value.NewMap("failed_when_result", true))
			o.fails(failedWhen(x.t, o))
		default:
			o.merge(value.NewMap("failed_when_result", false, "failed", false))
			if o.status == event.Failed {
				o.status, o.err, o.msg = event.OK, nil, ""
				if o.result.Bool("changed") {
					o.status = event.Changed
				}
			}
		}
	}
	x.changedWhen(rs, o)
}

// changedWhen decides whether the task counts as changed. Of a task that failed, only the
// result says so; a condition that cannot be evaluated does not hide why it failed.
func (x *execution) changedWhen(rs *template.Scope, o *outcome) {
	if len(x.t.ChangedWhen) == 0 {
		return
	}
	v, err := rs.Conditions(clauses(x.t.ChangedWhen))
	switch {
	case o.status == event.Failed:
		if err == nil {
			o.merge(value.NewMap("changed", v.Holds))
		}
	case err != nil:
		o.fails(err)
	case v.Unknown:
		o.unknown(v.Why)
	case v.Holds:
		o.status = event.Changed
	default:
		o.status = event.OK
	}
}

// failedWhen is the error of a failed_when that holds: what the module said, and the clause.
func failedWhen(t *playbook.Task, o *outcome) error {
	if o.err != nil {
		return o.err
	}
	clause := t.FailedWhen[0].Source
	if clause == "" {
		clause = value.Str(t.FailedWhen[0].Literal)
	}
	if msg := o.result.String("msg"); msg != "" {
		return fmt.Errorf("failed_when holds: %s (%s)", clause, msg)
	}
	return fmt.Errorf("failed_when holds: %s", clause)
}

// close completes an outcome: ignore_errors, no_log, notifications.
func (x *execution) close(s *template.Scope, o *outcome) *outcome {
	if o.pos == (value.Position{}) {
		o.pos = x.t.Pos
	}
	var err error
	o.noLog, err = flag(s, x.keyword(func(k *playbook.Keywords) playbook.Field { return k.NoLog }), false)
	if err != nil {
		o.noLog = true
		o.fails(err)
	}
	if o.noLog {
		x.p.hideOutcome(o)
	}
	switch o.status {
	case event.Failed:
		if len(o.items) > 0 { // each item has decided for itself
			break
		}
		o.ignored = x.ignores(s, o, func(k *playbook.Keywords) playbook.Field { return k.IgnoreErrors })
	case event.Unreachable:
		o.ignored = x.ignores(s, o, func(k *playbook.Keywords) playbook.Field { return k.IgnoreUnreachable })
	case event.Changed:
		if len(o.items) == 0 {
			o.notifies = x.notifies(s, o)
			if x.t.Loop == nil { // of a loop the sum decides
				err = x.heard(o.notifies)
			}
			if err != nil {
				o.notifies = nil
				o.fails(err)
			}
		}
	case event.Unknown:
		if len(o.items) == 0 && x.mayNotify(s, o) {
			o.mayNotify = x.notifies(s, o)
		}
	}
	o.finish()
	return o
}

func (x *execution) ignores(s *template.Scope, o *outcome, pick func(*playbook.Keywords) playbook.Field) bool {
	ignored, err := flag(x.withResult(s, o), x.keyword(pick), false)
	return err == nil && ignored
}

// heard finds that a name which is notified is no handler's: as with ansible-core, that is an
// error as soon as the task changes something, and ignore_errors does not cover it.
func (x *execution) heard(names []string) error {
	for _, name := range names {
		if err := x.p.Plan.Notifies(x.p.Play, name, x.t.Notify[0].Pos); err != nil {
			return err
		}
	}
	return nil
}

func (x *execution) notifies(s *template.Scope, o *outcome) []string {
	var names []string
	for _, f := range x.t.Notify {
		v, err := s.Value(f.Value)
		if err != nil {
			o.fails(err)
			return nil
		}
		switch v := v.(type) {
		case *value.List:
			for _, item := range v.Items {
				names = append(names, value.Str(item))
			}
		default:
			names = append(names, value.Str(v))
		}
	}
	return names
}
