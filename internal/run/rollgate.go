package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"kops/internal/event"
	"kops/internal/module"
	"kops/internal/playbook"
	"kops/internal/remote"
)

// gateHolds is how long what the cluster said counts for the steps that follow: an unpacking or a pause may lie between
// the first of them and the restart.
const gateHolds = 15 * time.Second

// saysItLooks tells whether a task says of itself that it only reads: it runs in check mode, and never changes anything.
func saysItLooks(t *playbook.Task) bool {
	return t.CheckMode.Given() && t.CheckMode.Value == false && len(t.ChangedWhen) == 1 && t.ChangedWhen[0].Literal == false
}

// gate is called before a step that may take the host's server out of service. The first call
// of a batch waits until the cluster can do without all servers of the batch at the same time; the
// others wait for that.
func (r *roll) gate(ctx context.Context, w *work) error {
	if slices.Contains(onlyLook, w.name) || saysItLooks(w.x.t) || r.ending {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.tried || r.closed == nil && time.Since(r.judged) > gateHolds {
		r.tried = true
		r.closed = r.open(ctx, w.x.busy)
		r.judged = time.Now()
	}
	if r.closed == nil && !contains(r.begun, w.x.h) {
		r.begun = append(r.begun, w.x.h)
	}
	return r.closed
}

// open waits until the cluster can do without the batch. A server that merely does not answer counts as one that is
// to be stopped.
func (r *roll) open(ctx context.Context, b *busy) error {
	s, err := r.see(ctx)
	if err != nil {
		return err
	}
	r.seen = &s
	var stopping []*host
	for _, h := range alive(r.p.batch) {
		if !s.down[h] {
			stopping = append(stopping, h)
		}
	}
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
		if hint := r.cluster.hint(); hint != "" {
			never = append(never, hint)
		}
		return &module.Failure{Msg: r.refusal(stopping, strings.Join(never, "; "))}
	}
	e.Problems = sentencesOf(change, "problems")
	r.p.Emit(*e)
	b.step(change.Steps[0].Summary)
	ctx, done := r.p.whileWanted(ctx)
	defer done()
	if _, err = change.Steps[0].Do(module.Telling(ctx, b.step), h); errors.Is(err, errInterrupted) {
		return err
	}
	if err != nil {
		return &module.Failure{Msg: r.refusal(stopping, err.Error())}
	}
	return nil
}

var errInterrupted = errors.New("the run was interrupted while it waited for the cluster: nothing was changed by this wait")

// whileWanted is a context for what only waits: it ends with the first sign that the run is to end, and not with the
// steps that are under way.
func (r *runner) whileWanted(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-r.Stop:
			cancel(errInterrupted)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// judge looks whether the cluster is healthy, and can do without the servers.
func (r *roll) judge(ctx context.Context, asked *host, h remote.Host, stopping []*host) (module.Change, error) {
	name, args := r.cluster.health(asked, stopping, r.timeout)
	spec, err := r.spec(ctx, asked, name, args)
	if err != nil {
		return module.Change{}, err
	}
	return spec.Plan(ctx, h)
}
