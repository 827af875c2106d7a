package run

import (
	"context"
	"fmt"
	"slices"

	"kops/internal/event"
	"kops/internal/plan"
	"kops/internal/playbook"
	"kops/internal/template"
	"kops/internal/value"
	"kops/internal/vars"
)

// A play is a play of the plan under way.
type play struct {
	*runner
	*plan.Play
	number     int
	name       string
	all        []*host // all that the pattern and the limit leave
	hosts      []*host // those of them that no earlier play lost, in the play's order
	batch      []*host // those of the current batch
	batchMagic *value.Map
	vars       *vars.Set        // the play's own layers
	stopped    string           // why the play ends before its end
	ended      bool             // meta: end_play
	stage      string           // the section that is under way
	locking    bool             // it holds the locks of its hosts
	reading    bool             // it reads what its hosts are owed
	facts      *playbook.Task   // gathers facts
	first      []*host          // those whose facts are asked for while their locks are taken
	becomers   []*playbook.Task // that say as whom they act
	next       *following       // what comes after the task that is under way
	crowded    bool             // there are more hosts than work at once: nothing is gained by looking ahead
	rolls      *roll            // strategy kafka_rolling; nil for linear
	started    bool             // its first batch has been told of
}

// play runs one play, batch by batch.
func (r *runner) play(ctx context.Context, number int, pl *plan.Play) error {
	p := &play{runner: r, Play: pl, number: number}
	if err := p.prepare(ctx); err != nil {
		return err
	}
	if len(p.hosts) == 0 {
		r.Emit(event.PlayStarted{Play: number, Name: p.name, Pos: p.Pos, Skipped: "no hosts matched"})
		return nil
	}
	if value.Str(p.Strategy.Value) == playbook.KafkaRolling {
		return r.roll(ctx, p)
	}
	batches, err := p.Plan.Batches(pl, names(p.hosts))
	if err != nil {
		return err
	}
	left := p.hosts
	for i := 1; len(left) > 0; i++ {
		size := min(batches.Size(i), len(left))
		p.batch, left = left[:size], left[size:]
		p.start(i, batches.Count(len(p.hosts)))
		if !p.ready(ctx, i) {
			left = p.hosts
			break
		}
		p.runBatch(ctx)
		if p.stopped == "" && allFailed(p.batch) {
			p.stopped = "every host of the batch failed"
		}
		if p.stopped != "" || p.ended || r.stopping(ctx) {
			break
		}
	}
	if p.stopped != "" || len(left) > 0 && !p.ended {
		r.Emit(event.PlayEnded{Play: number, Stopped: p.why(ctx), Untried: names(left)})
	}
	r.halted = p.stopped != ""
	return nil
}

func (p *play) why(ctx context.Context) string {
	if p.stopped == "" && p.stopping(ctx) {
		return "interrupted"
	}
	return p.stopped
}

// prepare finds the play's hosts and variables. What it evaluates needs no host.
func (p *play) prepare(ctx context.Context) error {
	p.facts = p.factsTask()
	base := (&vars.Set{}).With(vars.PlayVars, p.Play.Play.Vars).With(vars.PlayPrompts, p.Prompted).
		With(vars.ExtraVars, p.Plan.ExtraVars())
	for _, role := range p.RolesUsed {
		base = base.With(vars.RoleDefaults, role.Defaults).With(vars.RoleVars, role.Vars)
	}
	p.vars = base
	s := p.Plan.Engine().Scope(ctx, base, nil)
	name, err := text(s, p.Name)
	if err != nil {
		name = value.Str(p.Name.Value)
	}
	invs, pattern, err := p.Plan.Hosts(s, p.Play)
	if err != nil {
		return err
	}
	if p.name = name; name == "" {
		p.name = pattern
	}
	for _, inv := range invs {
		p.all = append(p.all, p.host(inv))
	}
	if invs, err = p.Plan.Order(s, p.Play, invs); err != nil {
		return err
	}
	for _, inv := range invs {
		h := p.host(inv)
		if h.unreachable {
			continue
		}
		if h.failed { // a host that failed in an earlier play is out, as in Ansible
			continue
		}
		h.ended, h.roles, h.files, h.doubt = false, nil, nil, ""
		p.hosts = append(p.hosts, h)
		p.participate(h)
	}
	return nil
}

func names(hosts []*host) []string {
	out := make([]string, len(hosts))
	for i, h := range hosts {
		out[i] = h.name
	}
	return out
}

func alive(hosts []*host) []*host {
	var out []*host
	for _, h := range hosts {
		if h.alive() {
			out = append(out, h)
		}
	}
	return out
}

func allFailed(hosts []*host) bool {
	return !slices.ContainsFunc(hosts, func(h *host) bool { return !h.failed && !h.unreachable })
}

// runBatch runs the play's sections on one batch, with the handlers after each.
func (p *play) runBatch(ctx context.Context) {
	for _, h := range p.batch {
		h.publish(p.vars)
	}
	p.batchMagic = p.newBatchMagic()
	p.varsFiles(ctx)
	p.gatherFacts(ctx)
	p.section(ctx, sectionPre, p.PreTasks)
	p.section(ctx, sectionMain, append(slices.Clone(p.Roles), p.Tasks...))
	p.section(ctx, sectionPost, p.PostTasks)
}

// section runs a section and then the handlers that are due.
func (p *play) section(ctx context.Context, name string, entries []playbook.Entry) {
	p.stage = name
	p.entries(ctx, alive(p.batch), entries, false)
	if !p.stopping(ctx) {
		p.fallsAfter(name)
	}
	p.flushHandlers(ctx, p.batch)
}

// varsFiles loads vars_files for each host: their names may depend on its variables.
func (p *play) varsFiles(ctx context.Context) {
	for _, h := range alive(p.batch) {
		s := p.Plan.Engine().Scope(ctx, p.withMagic(h.snapshot.Load(), h, &playbook.Block{}), p.searchPath(&playbook.Block{}))
		layers, err := p.Plan.VarsFiles(s, p.Play)
		if err != nil {
			p.report(h, p.announce(ctx, p.facts, []*host{h}), &outcome{err: err, pos: p.Pos})
			p.fail(h, nil, false)
			continue
		}
		if len(layers) > 0 {
			h.files = layers
			h.publish(p.vars)
		}
	}
}

// factsTask is the task that gathers facts.
func (p *play) factsTask() *playbook.Task {
	args := &value.Map{}
	if p.GatherSubset.Given() {
		args.Set("gather_subset", p.GatherSubset.Value)
	}
	if p.GatherTimeout.Given() {
		args.Set("gather_timeout", p.GatherTimeout.Value)
	}
	if p.FactPath.Given() {
		args.Set("fact_path", p.FactPath.Value)
	}
	t := &playbook.Task{Pos: p.Pos, File: p.File, Module: "setup", Args: args}
	t.Name = playbook.Field{Value: "Gathering Facts", Pos: p.Pos}
	t.Tags = []playbook.Field{{Value: "always", Pos: p.Pos}}
	return t
}

// gathers tells whether the play gathers facts.
func (p *play) gathers(ctx context.Context) (bool, error) {
	return flag(p.Plan.Engine().Scope(ctx, p.vars, nil), p.GatherFacts, true)
}

func (p *play) gatherFacts(ctx context.Context) {
	wanted, err := p.gathers(ctx)
	hosts := alive(p.batch)
	if err == nil && !wanted || len(hosts) == 0 {
		return
	}
	if err != nil {
		for _, h := range hosts {
			p.report(h, p.announce(ctx, p.facts, hosts), &outcome{err: err, pos: p.GatherFacts.Pos})
			p.fail(h, nil, false)
		}
		return
	}
	if p.next = (&following{list: p.PreTasks}); len(p.PreTasks) == 0 {
		p.next = &following{p.Roles, &following{list: p.Tasks}}
	}
	p.task(ctx, hosts, p.facts, false)
	p.next = nil
}

// settle is called after each task with the hosts that failed at it: it stops the play
// where its failures are too many. Failures that a rescue section takes over count for
// any_errors_fatal alone.
func (p *play) settle(ctx context.Context, t *playbook.Task, failed []*host, rescuable bool) {
	if len(failed) == 0 || p.stopped != "" {
		return
	}
	s := p.Plan.Engine().Scope(ctx, p.vars, nil)
	fatal, err := flag(s, keyword(t, p.Play.Play, func(k *playbook.Keywords) playbook.Field { return k.AnyErrorsFatal }), false)
	switch {
	case err != nil:
		p.stopped = err.Error()
	case fatal:
		p.stopped = fmt.Sprintf("any_errors_fatal: %s failed in task %q", failed[0].name, p.nameOf(ctx, failed[0], t))
	default:
		p.stopped = p.tooMany(s)
	}
	if p.stopped != "" {
		for _, h := range p.batch {
			if h.alive() {
				h.failed, h.rescuing = true, rescuable
			}
		}
	}
}

func (p *play) tooMany(s *template.Scope) string {
	if !p.MaxFailPercentage.Given() {
		return ""
	}
	failed := 0
	for _, h := range p.batch {
		if h.unreachable || h.failed && !h.rescuing {
			failed++
		}
	}
	limit, err := percentage(s, p.MaxFailPercentage)
	if err != nil {
		return err.Error()
	}
	if float64(failed)/float64(len(p.batch))*100 <= limit {
		return ""
	}
	return fmt.Sprintf("max_fail_percentage: %d of %d hosts failed, more than %g %%", failed, len(p.batch), limit)
}
