package run

import (
	"context"
	"sync"

	"kops/internal/event"
	"kops/internal/playbook"
	"kops/internal/template"
	"kops/internal/value"
	"kops/internal/vars"
)

// task runs one task on hosts, all at once as far as forks allow, and returns when all
// have ended.
func (p *play) task(ctx context.Context, hosts []*host, t *playbook.Task, rescuable bool) {
	if !p.Plan.Selected(t, p.Play) {
		return
	}
	switch p.Plan.ActionOf(t) {
	case "meta":
		p.meta(ctx, hosts, t)
		return
	case "include_tasks":
		p.include(ctx, hosts, t, rescuable)
		return
	}
	p.perform(ctx, hosts, t, rescuable)
}

// perform runs a task that is selected.
func (p *play) perform(ctx context.Context, hosts []*host, t *playbook.Task, rescuable bool) {
	p.batchMagic = p.newBatchMagic()
	id := p.announce(ctx, t, hosts)
	doing := hosts
	if p.once(ctx, hosts[0], t) {
		doing = hosts[:1]
	}
	outcomes := p.onHosts(ctx, doing, t, id, rescuable)
	if p.rolls != nil {
		p.rolls.foresees(t, outcomes)
	}
	var failed []*host
	for i, h := range hosts {
		o := outcomes[min(i, len(outcomes)-1)]
		p.absorb(h, t, o, i < len(doing), rescuable)
		if h.failed || h.unreachable {
			failed = append(failed, h)
		}
	}
	p.passes(hosts, t)
	p.settle(ctx, t, failed, rescuable)
}

// announce emits the start of a task and returns its identifier.
func (p *play) announce(ctx context.Context, t *playbook.Task, hosts []*host) int {
	id := int(p.tasks.Add(1))
	name := p.nameOf(ctx, hosts[0], t)
	role := ""
	if t.Role != nil {
		role = t.Role.Name
	}
	p.Emit(event.TaskStarted{Task: id, Name: name, Module: t.Module, Role: role, Pos: t.Pos, Handler: t.Handler, Hosts: names(hosts)})
	return id
}

// nameOf is the name of a task on a host: what its template gives.
func (p *play) nameOf(ctx context.Context, h *host, t *playbook.Task) string {
	name, err := text(p.scope(ctx, h, t), t.Name)
	if err != nil || name == "" {
		return taskName(t)
	}
	return name
}

func (p *play) once(ctx context.Context, h *host, t *playbook.Task) bool {
	switch p.Plan.ActionOf(t) {
	case "pause", "add_host": // once for all hosts, as in Ansible
		return true
	}
	f := keyword(t, p.Play.Play, func(k *playbook.Keywords) playbook.Field { return k.RunOnce })
	once, err := flag(p.scope(ctx, h, t), f, false)
	return err == nil && once
}

// onHosts runs the task on each host in a goroutine of its own; forks and throttle bound
// how many work at the same time.
func (p *play) onHosts(ctx context.Context, hosts []*host, t *playbook.Task, id int, rescuable bool) []*outcome {
	outcomes := make([]*outcome, len(hosts))
	p.crowded = len(hosts) > p.Forks
	throttle := p.throttle(ctx, hosts[0], t)
	name := p.nameOf(ctx, hosts[0], t)
	var wg sync.WaitGroup
	for i, h := range hosts {
		throttle <- struct{}{}
		p.slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-p.slots; <-throttle }()
			b := p.watch.begin(id, name, h.name)
			defer b.end()
			p.Emit(event.HostStarted{Task: id, Host: h.name})
			x := &execution{p: p, h: h, t: t, id: id, busy: b}
			outcomes[i] = x.run(ctx)
			h.ahead.ended(outcomes[i])
			x.settleOwed(ctx, outcomes[i], rescuable)
			p.Emit(outcomes[i].event(id, h))
		})
	}
	wg.Wait()
	return outcomes
}

// throttle returns a channel with room for as many hosts as may work on the task at once.
func (p *play) throttle(ctx context.Context, h *host, t *playbook.Task) chan struct{} {
	f := keyword(t, p.Play.Play, func(k *playbook.Keywords) playbook.Field { return k.Throttle })
	n, err := number(p.scope(ctx, h, t), f, 0)
	if err != nil || n <= 0 || n > int64(p.Forks) {
		n = int64(p.Forks)
	}
	return make(chan struct{}, n)
}

// report emits an outcome that came about without running the task.
func (p *play) report(h *host, id int, o *outcome) {
	if o.err != nil {
		o.fails(o.err)
	}
	o.finish()
	p.Emit(o.event(id, h))
}

// absorb takes an outcome over into the host's state: variables, counts, notifications,
// failure. did is false for the hosts to which run_once copies the result of another.
func (p *play) absorb(h *host, t *playbook.Task, o *outcome, did, rescuable bool) {
	if did {
		p.count(h, o)
	}
	p.variables(h, t, o)
	if o.status == event.Unreachable || o.status == event.Failed && !o.ignored {
		h.failedHandler = true
	}
	if did && len(o.notifies) > 0 {
		p.notify(h, o.notifies, t.Pos, "")
	}
	if did && len(o.mayNotify) > 0 {
		p.notify(h, o.mayNotify, t.Pos, "whether the task '"+taskName(t)+"' changes something, which notifies it")
	}
	switch {
	case o.status == event.Unreachable && !o.ignored:
		h.unreachable = true
	case o.status == event.Failed && !o.ignored && did:
		p.fail(h, o, rescuable)
	case o.status == event.Failed && !o.ignored:
		h.failed, h.rescuing = true, rescuable
	}
	h.publishAgain(p)
}

func (p *play) count(h *host, o *outcome) {
	switch o.status {
	case event.OK:
		h.counts.OK++
	case event.Changed:
		h.counts.OK++
		h.counts.Changed++
	case event.Skipped:
		h.counts.Skipped++
	case event.Unknown:
		h.counts.Unknown++
	case event.Unreachable:
		if o.ignored {
			h.counts.Ignored++
		} else {
			h.counts.Unreachable++
		}
	case event.Failed:
		if o.ignored {
			h.counts.OK++
			h.counts.Ignored++
			if o.result.Bool("changed") {
				h.counts.Changed++
			}
		}
	}
}

// variables records what the task leaves for later ones: register, facts, hosts, groups.
func (p *play) variables(h *host, t *playbook.Task, o *outcome) {
	if t.Register != "" {
		h.setFact(value.NewMap(t.Register, o.register()))
	}
	leaves := o.items
	if len(leaves) == 0 {
		leaves = []*outcome{o}
	}
	for _, leaf := range leaves {
		to := h
		if leaf.delegate != "" && p.delegatesFacts(t) {
			to = p.hostNamed(leaf.delegate)
		}
		p.takeFacts(to, leaf)
		if leaf.action.AddHost != nil {
			p.Plan.AddHost(leaf.action.AddHost.Name, leaf.action.AddHost.Groups, leaf.action.AddHost.Vars)
		}
		for _, group := range leaf.action.Groups {
			p.Plan.AddToGroup(h.inv, group)
		}
		if to != h {
			to.publishAgain(p)
		}
	}
}

func (p *play) takeFacts(h *host, o *outcome) {
	if facts, ok := o.result.At("ansible_facts").(*value.Map); ok && o.action.Facts == nil && o.status != event.Failed {
		h.addFacts(facts)
	}
	h.addFacts(o.action.Gathered)
	switch facts := o.action.Facts; {
	case facts == nil:
	case o.action.Level == 0:
		h.setFact(facts)
	case o.action.Level == 1:
		h.includeVars(facts)
	default:
		h.addFacts(facts)
	}
}

func (p *play) delegatesFacts(t *playbook.Task) bool {
	v, ok := keyword(t, p.Play.Play, func(k *playbook.Keywords) playbook.Field { return k.DelegateFacts }).Value.(bool)
	return ok && v
}

// publishAgain makes a new snapshot after a task.
func (h *host) publishAgain(p *play) { h.publish(p.vars) }

// scopeWith is the task's scope on a host with more variables on top: those of a loop.
func (p *play) scopeWith(s *template.Scope, m *value.Map) *template.Scope {
	return s.With(s.Vars().With(vars.Loop, m))
}
