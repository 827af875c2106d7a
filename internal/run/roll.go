package run

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"kops/internal/event"
	"kops/internal/module"
	"kops/internal/playbook"
	"kops/internal/remote"
	"kops/internal/value"
)

// A roll is a play of strategy kafka_rolling under way: the cluster itself says which of its servers
// comes next, and whether it may be touched. A server that needs nothing is asked for nothing.
type roll struct {
	p       *play
	cluster cluster
	members []*host // all servers of the cluster, those too that the play leaves out
	touched []*host // for which a gate was opened

	mu     sync.Mutex // what follows is the batch's
	tried  bool       // its gate has been tried
	closed error      // why it did not open
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
		p.rolls.tried, p.rolls.closed = false, nil
		p.runBatch(ctx)
		p.rolls.settle(ctx)
		if p.ended {
			break
		}
	}
	if p.stopped == "" && !p.ended && !r.stopping(ctx) {
		p.rolls.finish(ctx)
	}
	if p.stopped != "" || len(left) > 0 && !p.ended {
		p.startOnce()
		r.Emit(event.PlayEnded{Play: p.number, Stopped: p.rolls.report(p.why(ctx), left), Untried: names(left)})
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

// gate is called before a step that may take the host's server out of service. The first call
// of a batch waits until the cluster can do without all servers of the batch at the same time; the
// others wait for that.
func (r *roll) gate(ctx context.Context, w *work) error {
	if slices.Contains(onlyLook, w.name) {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.tried {
		r.tried = true
		r.closed = r.open(ctx, w.x.busy)
	}
	return r.closed
}

// open waits until the cluster can do without the batch.
func (r *roll) open(ctx context.Context, b *busy) error {
	s, err := r.see(ctx)
	if err != nil {
		return err
	}
	var stopping []*host
	for _, h := range alive(r.p.batch) {
		if s.serving[h] {
			stopping = append(stopping, h)
		}
	}
	r.touched = append(r.touched, r.p.batch...)
	if len(stopping) == 0 { // they are out already
		return nil
	}
	if why := r.cluster.refuses(s, stopping); why != "" {
		return &module.Failure{Msg: r.refusal(stopping, why)}
	}
	e := event.Gate{Play: r.p.number, Hosts: names(stopping), Cluster: r.cluster.name()}
	err = r.wait(ctx, b, stopping, &e)
	if err == nil {
		e.Open, e.Problems = true, nil
		r.p.Emit(e)
	}
	return err
}

func (r *roll) refusal(stopping []*host, why string) string {
	return sentence(fmt.Sprintf("%s cannot do without %s: %s", r.cluster.name(), strings.Join(names(stopping), ", "), why))
}

// wait asks a server until the cluster is healthy and can do without those that are to be stopped.
func (r *roll) wait(ctx context.Context, b *busy, stopping []*host, e *event.Gate) error {
	asked, h, err := r.ask(ctx, stopping)
	if err != nil {
		return err
	}
	change, err := r.judge(ctx, asked, h, stopping)
	if err != nil || len(change.Steps) == 0 {
		return err
	}
	if never := sentencesOf(change, "never"); len(never) > 0 {
		return &module.Failure{Msg: r.refusal(stopping, strings.Join(never, "; "))}
	}
	e.Problems = sentencesOf(change, "problems")
	r.p.Emit(*e)
	b.step(change.Steps[0].Summary)
	if _, err = change.Steps[0].Do(ctx, h); err != nil {
		return &module.Failure{Msg: r.refusal(stopping, err.Error())}
	}
	return nil
}

// judge looks whether the cluster is healthy, and can do without the servers.
func (r *roll) judge(ctx context.Context, asked *host, h remote.Host, stopping []*host) (module.Change, error) {
	name, args := r.cluster.healthy(asked, stopping)
	spec, err := r.spec(ctx, asked, name, args)
	if err != nil {
		return module.Change{}, err
	}
	return spec.Plan(ctx, h)
}

// settle ends a batch: servers that were out of service must be back, and the cluster healthy,
// before another is touched.
func (r *roll) settle(ctx context.Context) {
	p := r.p
	if p.stopped == "" {
		for _, h := range p.batch {
			if h.failed || h.unreachable {
				p.stopped = h.name + " failed, and no other server is touched"
				break
			}
		}
	}
	hosts := alive(p.batch)
	if !r.tried || p.stopped != "" || len(hosts) == 0 || p.stopping(ctx) {
		return
	}
	name, args := r.cluster.healthy(hosts[0], nil)
	p.perform(ctx, hosts[:1], p.own(sentence(r.cluster.name()+" is healthy again"), name, args), false)
	if hosts[0].failed || hosts[0].unreachable {
		p.stopped = r.cluster.name() + " did not get healthy after " + strings.Join(names(hosts), ", ")
	}
}

// finish gives the servers back what they led before.
func (r *roll) finish(ctx context.Context) {
	hosts := alive(r.touched)
	if len(hosts) == 0 {
		return
	}
	name, args := r.cluster.after(hosts[0])
	if name == "" {
		return
	}
	r.p.batch = hosts[:1]
	r.p.perform(ctx, hosts[:1], r.p.own("Preferred replicas lead again", name, args), false)
}

// report says why a roll ended early, what has been done, and how it goes on.
func (r *roll) report(why string, left []*host) string {
	var done, out []string
	for _, h := range r.touched {
		if h.failed || h.unreachable {
			out = append(out, h.name)
		} else if !slices.Contains(left, h) {
			done = append(done, h.name)
		}
	}
	text := why
	if len(done) > 0 {
		text += "; done: " + strings.Join(done, ", ")
	}
	if len(out) > 0 {
		text += "; perhaps out of service: " + strings.Join(out, ", ")
	}
	if command := r.p.Started.Command; len(command) > 0 {
		text += "; the same command goes on from here: " + commandLine(command)
	}
	return text
}

// sentence begins a text with a capital.
func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

func commandLine(args []string) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = module.Quote(a)
	}
	return strings.Join(quoted, " ")
}

// own is a task that the strategy adds to the play.
func (p *play) own(name, mod string, args *value.Map) *playbook.Task {
	t := p.factsTask()
	t.Name.Value, t.Module, t.Args = name, mod, args
	return t
}
