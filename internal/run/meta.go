package run

import (
	"context"
	"slices"
	"strings"

	"kops/internal/playbook"
	"kops/internal/template"
)

// forAll are the meta tasks that concern the play as a whole: as in Ansible, the first
// host's variables decide about their condition.
var forAll = []string{"end_play", "end_batch", "clear_facts", "clear_host_errors"}

// mayEnd says of a host, or of all where the task would end more, that nobody knows whether the rest of the play is
// for it: the task's condition is unknown.
func (p *play) mayEnd(h *host, t *playbook.Task, why string) {
	hosts := p.batch
	switch p.Plan.MetaOf(t) {
	case "end_host":
		hosts = []*host{h}
	case "end_batch", "end_play":
	default:
		return
	}
	for _, h := range hosts {
		h.doubt = "whether the play has ended for the host, and so on " + why
	}
}

// meta carries out a meta task: it changes the run, not a host, and counts in no recap.
func (p *play) meta(ctx context.Context, hosts []*host, t *playbook.Task) {
	var chosen []*host
	asked := hosts
	if slices.Contains(forAll, p.Plan.MetaOf(t)) {
		asked = hosts[:1]
	}
	for _, h := range asked {
		v, err := p.scope(ctx, h, t).Conditions(p.conditions(t))
		if err == nil && v.Holds && h.doubt != "" && strings.HasPrefix(p.Plan.MetaOf(t), "end_") {
			v = template.Verdict{Unknown: true, Why: h.doubt}
		}
		switch {
		case err != nil || v.Unknown:
			id := p.announce(ctx, t, []*host{h})
			o := &outcome{task: t, pos: t.Pos, err: err}
			if v.Unknown {
				o.unknown(v.Why)
				p.mayEnd(h, t, v.Why)
			}
			p.report(h, id, o)
			p.absorb(h, t, o, true, false)
		case v.Holds:
			chosen = append(chosen, h)
		}
	}
	if len(chosen) == 0 {
		return
	}
	switch p.Plan.MetaOf(t) {
	case "flush_handlers":
		p.flushHandlers(ctx, chosen)
	case "end_host":
		for _, h := range chosen {
			h.ended = true
		}
	case "end_batch":
		for _, h := range p.batch {
			h.ended = true
		}
	case "end_play":
		p.ended = true
		for _, h := range p.batch {
			h.ended = true
		}
	case "clear_facts":
		for _, h := range hosts {
			h.clearFacts()
			h.publishAgain(p)
		}
	case "clear_host_errors":
		for _, h := range p.batch {
			h.failed, h.rescuing, h.unreachable = false, false, false
		}
	case "reset_connection":
		for _, h := range chosen {
			h.reset()
		}
	}
}
