package run

import (
	"context"

	"kops/internal/playbook"
	"kops/internal/remote"
	"kops/internal/template"
	"kops/internal/value"
)

// A Fleet is the hosts of a plan's one play, for commands that look at hosts without running tasks. Connections, users and
// variables are those that a task of the play would have.
type Fleet struct {
	Hosts []*Reachable

	play *play
}

// A Reachable is a host of a fleet.
type Reachable struct {
	play *play
	host *host
	task *playbook.Task // what would be done on it
}

// Reach makes a fleet. No host is connected to yet. Whoever gets it calls Close.
func Reach(ctx context.Context, opts Options) (*Fleet, error) {
	r := newRunner(opts)
	p := &play{runner: r, Play: r.Plan.Plays()[0], number: 1}
	if err := p.prepare(ctx); err != nil {
		return nil, err
	}
	p.preview(ctx)
	f := &Fleet{play: p}
	for _, h := range p.hosts {
		f.Hosts = append(f.Hosts, &Reachable{play: p, host: h, task: p.factsTask()})
	}
	return f, nil
}

// Close ends the connections.
func (f *Fleet) Close() { f.play.closeAll() }

// Name is the host's name in the inventory.
func (r *Reachable) Name() string { return r.host.name }

// Text is the text of a variable of the host; false where it is not set.
func (r *Reachable) Text(ctx context.Context, variable string) (string, bool, error) {
	v, ok, err := r.scope(ctx).Var(variable)
	if err != nil || !ok || v == nil {
		return "", false, err
	}
	return value.Str(v), true, nil
}

// Connect connects to the host, as the user that its variables and the command line name. A connection that was lost is
// made again by the next use of the host that it returns.
func (r *Reachable) Connect(ctx context.Context) (remote.Host, error) {
	return r.play.hostFor(ctx, r.task, r.host)
}

func (r *Reachable) scope(ctx context.Context) *template.Scope {
	return r.play.scope(ctx, r.host, r.task)
}

// ExitCode is the exit code of a command that could not do its work on these hosts: 0 where there are none.
func ExitCode(failed []HostError) int {
	code := 0
	for _, h := range failed {
		if h.Unreachable() {
			code |= ExitUnreachable
		} else {
			code |= ExitFailed
		}
	}
	return code
}
