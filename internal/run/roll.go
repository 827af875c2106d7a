package run

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"kops/internal/event"
	"kops/internal/playbook"
	"kops/internal/value"
)

// A roll is a play of strategy kafka_rolling under way: the cluster itself says which of its servers
// comes next, and whether it may be touched. A server that needs nothing is asked for nothing.
type roll struct {
	p       *play
	cluster cluster
	timeout value.Value // seconds that a gate waits
	members []*host     // all servers of the cluster, those too that the play leaves out
	seen    *sight      // the cluster as it was asked last; nil where it may have moved since
	done    []*host     // servers that were changed, after which the cluster was healthy again
	settled bool        // the batch is at its end
	ending  bool        // all batches are
	foresee bool        // check mode: some server would be changed, or may be

	mu     sync.Mutex // what follows is the batch's
	tried  bool       // its gate has been tried
	closed error      // why it did not open
	judged time.Time  // when it was
	begun  []*host    // of all batches: on which a step that may change something has begun
}

// roll runs a play of strategy kafka_rolling.
func (r *runner) roll(ctx context.Context, p *play) error {
	batches, err := p.Plan.Batches(p.Play, names(p.hosts))
	if err != nil {
		return err
	}
	if p.rolls, err = p.newRoll(ctx); err != nil {
		return err
	}
	left := p.hosts
	p.batch = p.hosts
	p.begin(ctx)
	for i := 1; len(left) > 0 && p.stopped == "" && !r.stopping(ctx); i++ {
		if p.batch, err = p.rolls.next(ctx, left, batches.Rack, batches.Size(i)); err != nil {
			p.batch = left
			p.lost(ctx, left[0], err)
			break
		}
		left = slices.DeleteFunc(slices.Clone(left), func(h *host) bool { return slices.Contains(p.batch, h) })
		p.start(i, batches.Count(len(p.hosts)))
		if i > 1 {
			p.openLate(ctx)
		}
		p.rolls.tried, p.rolls.closed, p.rolls.settled = false, nil, false
		p.runBatch(ctx)
		p.rolls.settle(ctx)
		if p.ended {
			break
		}
	}
	if p.stopped == "" && !p.ended && !r.stopping(ctx) {
		p.rolls.finish(ctx)
	}
	if p.stopped != "" || (len(left) > 0 || !p.rolls.settled) && !p.ended {
		p.startOnce()
		r.Emit(event.PlayEnded{Play: p.number, Stopped: p.rolls.report(p.why(ctx)), Untried: names(p.rolls.untouched(left))})
	}
	r.halted = p.stopped != ""
	return nil
}

// lost ends the roll: the cluster does not say which server may be next.
func (p *play) lost(ctx context.Context, h *host, err error) {
	p.startOnce()
	id := p.announce(ctx, p.own("Which server is next?", playbook.KafkaRolling, &value.Map{}), []*host{h})
	p.report(h, id, &outcome{err: err, pos: p.Strategy.Pos})
	p.fail(h, nil, false)
	p.stopped = p.rolls.cluster.name() + " does not say which server may be next"
}

// start begins a batch.
func (p *play) start(batch, batches int) {
	p.started = true
	p.Emit(event.PlayStarted{Play: p.number, Name: p.name, Pos: p.Pos, Hosts: names(p.batch), Batch: batch, Batches: max(batch, batches)})
}

// startOnce begins a play that comes to no batch.
func (p *play) startOnce() {
	if !p.started {
		p.start(1, 1)
	}
}

// settle ends a batch: servers that were touched must be back, and the cluster healthy, before another is
// touched.
func (r *roll) settle(ctx context.Context) {
	p := r.p
	for _, h := range p.batch {
		if p.stopped == "" && (h.failed || h.unreachable) {
			p.stopped = h.name + " failed, and no other server is touched"
		}
	}
	if p.stopped != "" || p.stopping(ctx) {
		return
	}
	var changed []*host
	for _, h := range p.batch {
		if contains(r.begun, h) {
			changed = append(changed, h)
		}
	}
	if len(changed) > 0 && !r.healthyAgain(ctx, changed) {
		return
	}
	r.done = append(r.done, changed...)
	r.settled = true
}

// healthyAgain waits until the cluster is healthy after servers were changed.
func (r *roll) healthyAgain(ctx context.Context, changed []*host) bool {
	p, asked := r.p, changed[0]
	r.seen = nil
	name, args := r.cluster.health(asked, nil, r.timeout)
	ctx, done := p.whileWanted(ctx)
	defer done()
	p.perform(ctx, changed[:1], p.own(sentence(r.cluster.name()+" is healthy again"), name, args), false)
	well := !asked.failed && !asked.unreachable
	if !well && !p.stopping(ctx) {
		p.stopped = r.cluster.name() + " did not get healthy after " + strings.Join(names(changed), ", ")
	}
	return well && p.stopped == ""
}

// finish gives the servers back what they led before. In check mode nobody knows what that will be.
func (r *roll) finish(ctx context.Context) {
	p, asked := r.p, r.p.hosts[0]
	name, args := r.cluster.after(asked)
	if name == "" || !r.foresee && len(r.begun) == 0 {
		return
	}
	r.ending = true
	p.batch = []*host{asked}
	t := p.own("Preferred replicas lead again", name, args)
	t.Pos = p.Strategy.Pos
	if !r.foresee {
		p.perform(ctx, p.batch, t, false)
		return
	}
	o := (&outcome{task: t, pos: t.Pos}).unknown("who leads once the servers have been changed")
	p.report(asked, p.announce(ctx, t, p.batch), o)
	p.count(asked, o)
}

// foresees learns in check mode how a task ended: whether it would change a server, or may.
func (r *roll) foresees(t *playbook.Task, outcomes []*outcome) {
	m, ok := r.p.Plan.Registry().Find(t.Module)
	if !r.p.Check || !ok || slices.Contains(onlyLook, m.Name) || slices.Contains(atHome, m.Name) {
		return
	}
	for _, o := range outcomes {
		if o.status == event.Changed || o.status == event.Unknown {
			r.foresee = true
		}
	}
}

// own is a task that the strategy adds to the play. What the play says of failures and of time is said of its tasks: a
// cluster that is not healthy ends the roll.
func (p *play) own(name, mod string, args *value.Map) *playbook.Task {
	t := p.factsTask()
	t.Name.Value, t.Module, t.Args = name, mod, args
	t.IgnoreErrors = playbook.Field{Value: false, Pos: p.Strategy.Pos}
	t.IgnoreUnreachable = t.IgnoreErrors
	t.Timeout = playbook.Field{Value: int64(0), Pos: p.Strategy.Pos}
	return t
}
