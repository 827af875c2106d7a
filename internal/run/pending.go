package run

import (
	"context"
	"errors"
	"fmt"

	"kops/internal/remote"
	"kops/internal/state"
)

// An Owing is a handler that a host is owed, and where that is kept.
type Owing struct {
	Host string
	state.Debt
	OnHost bool // else on this controller
}

// A Pending is what hosts are owed, and why some of them could not be asked.
type Pending struct {
	Owed   []Owing
	Failed []HostError
}

// A HostError is why a host could not be asked.
type HostError struct {
	Host string
	Err  error
}

// ListOwed reads what the hosts of the plan's one play are owed.
func ListOwed(ctx context.Context, opts Options) (Pending, error) {
	return pending(ctx, opts, nil)
}

// ForgetOwed crosses off what the hosts of the plan's one play are owed, as far as chosen, and returns
// that. It holds the hosts' locks meanwhile, and fails on those on which a run is at work.
func ForgetOwed(ctx context.Context, opts Options, chosen func(state.Debt) bool) (Pending, error) {
	return pending(ctx, opts, chosen)
}

func pending(ctx context.Context, opts Options, forget func(state.Debt) bool) (Pending, error) {
	r := newRunner(opts)
	defer r.closeAll()
	p := &play{runner: r, Play: r.Plan.Plays()[0], number: 1}
	if err := p.prepare(ctx); err != nil {
		return Pending{}, err
	}
	p.reading, p.locking = true, forget != nil
	p.preview(ctx)
	p.each(p.hosts, func(h *host) {
		if by := p.open(ctx, h, 0); by != nil {
			h.opening = fmt.Errorf("the host is locked by %s", by)
		}
	})
	var out Pending
	for _, h := range p.hosts {
		p.openHome(h)
		for _, a := range []*account{h.onHost, h.atHome} {
			if a == nil {
				continue
			}
			for _, d := range sorted(a.debts) {
				if forget != nil && !forget(d) {
					continue
				}
				if forget != nil {
					if err := a.remove(ctx, []state.Debt{d}); err != nil {
						h.opening = err
						continue
					}
				}
				out.Owed = append(out.Owed, Owing{Host: h.name, Debt: d, OnHost: a == h.onHost})
			}
		}
		if h.opening != nil {
			out.Failed = append(out.Failed, HostError{h.name, h.opening})
		}
	}
	return out, nil
}

// Unreachable tells whether the host was not reached at all.
func (e HostError) Unreachable() bool {
	var c *remote.ConnectError
	return errors.As(e.Err, &c) && !c.Become()
}
