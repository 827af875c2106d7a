package run

import (
	"context"
	"slices"

	"kops/internal/event"
	"kops/internal/playbook"
	"kops/internal/value"
)

// entries runs tasks and blocks in order, each on the hosts that are still alive: all
// hosts end a task before the next begins. rescuable says that a rescue section around
// the entries takes over where a host fails.
func (p *play) entries(ctx context.Context, hosts []*host, list []playbook.Entry, rescuable bool) {
	after := p.next
	defer func() { p.next = after }()
	for i, e := range list {
		p.next = &following{list[i+1:], after}
		hosts = alive(hosts)
		if len(hosts) == 0 || p.stopping(ctx) {
			return
		}
		switch e := e.(type) {
		case *playbook.Block:
			p.block(ctx, hosts, e, rescuable)
		case *playbook.Task:
			p.task(ctx, hosts, e, rescuable)
		}
	}
}

// block runs a block, its rescue for the hosts that failed in it, and its always for all.
func (p *play) block(ctx context.Context, hosts []*host, b *playbook.Block, rescuable bool) {
	if b.Origin == playbook.FromRole {
		p.role(ctx, hosts, b, rescuable)
		return
	}
	hasRescue := len(b.Rescue) > 0
	before, after := unknowns(hosts), p.next
	p.next = &following{b.Always, after}
	p.entries(ctx, hosts, b.Block, rescuable || hasRescue)
	if hasRescue {
		p.rescue(ctx, hosts, b, rescuable)
		if p.Check {
			p.mayRescue(ctx, hosts, b, before)
		}
	}
	p.next = after
	if len(b.Always) > 0 {
		p.always(ctx, hosts, b, rescuable)
	}
}

// rescue revives the hosts that failed in the block and runs its rescue section on them.
func (p *play) rescue(ctx context.Context, hosts []*host, b *playbook.Block, rescuable bool) {
	var failed []*host
	for _, h := range hosts {
		if h.failed && !h.unreachable && !h.ended {
			h.failed, h.rescuing = false, false
			failed = append(failed, h)
		}
	}
	if len(failed) == 0 {
		return
	}
	if p.stopped != "" && allAlive(hosts) { // what stopped the play has been rescued
		p.stopped = ""
	}
	p.entries(ctx, failed, b.Rescue, rescuable)
}

func allAlive(hosts []*host) bool {
	return !slices.ContainsFunc(hosts, func(h *host) bool { return h.failed })
}

// always runs on every host that is reachable; those that had failed stay failed.
func (p *play) always(ctx context.Context, hosts []*host, b *playbook.Block, rescuable bool) {
	var failed, run []*host
	for _, h := range hosts {
		if h.unreachable || h.ended {
			continue
		}
		if h.failed {
			failed = append(failed, h)
			h.failed = false
		}
		run = append(run, h)
	}
	p.entries(ctx, run, b.Always, rescuable)
	for _, h := range failed {
		h.failed = true
	}
}

// fail marks a host as failed at a task. Where a rescue section follows, it learns from
// variables what happened.
func (p *play) fail(h *host, o *outcome, rescuable bool) {
	h.failed, h.rescuing = true, rescuable
	if !rescuable {
		h.counts.Failed++
		return
	}
	h.counts.Rescued++
	if o != nil && o.task != nil {
		name := ""
		if o.task.Name.Given() {
			name = taskName(o.task)
		}
		h.setFact(value.NewMap(
			"ansible_failed_task", value.NewMap("name", name, "action", o.task.Module),
			"ansible_failed_result", o.register(),
		))
		h.publishAgain(p)
	}
}

// flushHandlers runs the handlers that were notified, in the order in which they are
// defined, again as long as they notify others.
func (p *play) flushHandlers(ctx context.Context, batch []*host) {
	for range len(p.Handlers) + 1 {
		ran := false
		for _, t := range p.Handlers {
			if p.stopping(ctx) {
				return
			}
			hosts := p.notifiedOf(batch, t)
			if len(hosts) == 0 {
				continue
			}
			ran = true
			for _, h := range hosts {
				delete(h.notified, t)
			}
			p.handler(ctx, hosts, t)
		}
		if !ran {
			return
		}
	}
}

// handler runs one handler; with force_handlers on failed hosts too.
func (p *play) handler(ctx context.Context, hosts []*host, t *playbook.Task) {
	var failed []*host
	for _, h := range hosts {
		if h.failed {
			h.failed = false
			failed = append(failed, h)
		}
		h.failedHandler = false
	}
	for _, h := range hosts { // hosts that may be notified do not know whether they get here
		if why := h.unsure[t]; why != "" && h.doubt == "" {
			h.doubt = why
			defer func() { h.doubt = "" }()
		}
		delete(h.unsure, t)
	}
	p.task(ctx, hosts, t, false)
	p.paid(ctx, p.succeeded(ctx, hosts, t), t)
	for _, h := range failed {
		h.failed = true
	}
}

// succeeded are the hosts on which a handler has done all that it is for.
func (p *play) succeeded(ctx context.Context, hosts []*host, t *playbook.Task) []*host {
	if p.Plan.ActionOf(t) == "include_tasks" && p.stopping(ctx) {
		return nil // what it includes may have been left out
	}
	var done []*host
	for _, h := range hosts {
		if !h.failedHandler {
			done = append(done, h)
		}
	}
	return done
}

func (p *play) notifiedOf(batch []*host, t *playbook.Task) []*host {
	force := p.Defaults.ForceHandlers
	if v, ok := p.ForceHandlers.Value.(bool); ok {
		force = v
	}
	var hosts []*host
	for _, h := range batch {
		if h.notified[t] && (h.alive() || force && h.failed && !h.unreachable) {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

// notify marks handlers by name or by what they listen to.
// unsure, where not "", says why it is not known whether that happens.
func (p *play) notify(h *host, names []string, pos value.Position, unsure string) {
	var handlers []string
	for _, name := range names {
		found := p.Plan.HandlersOf(p.Play, name)
		if len(found) == 0 {
			p.Emit(event.Warning{Host: h.name, Pos: pos, Msg: "the handler '" + name + "' does not exist: nothing is notified"})
		}
		for _, t := range found {
			switch {
			case unsure == "":
				delete(h.unsure, t)
			case !h.notified[t]:
				h.unsure[t] = unsure
			}
			h.notified[t] = true
			handlers = append(handlers, taskName(t))
		}
	}
	if len(handlers) > 0 && unsure == "" {
		p.Emit(event.Notified{Host: h.name, Handlers: handlers})
	}
}
