package run

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"time"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/value"
)

// knockTimeout limits how long a server that does not answer is knocked at, and asked.
const knockTimeout = 20 * time.Second

// see asks one server after the other for the cluster, until one answers.
func (r *roll) see(ctx context.Context) (sight, error) {
	var errs []error
	for _, h := range r.inOrder(nil) {
		name, args := r.cluster.health(h, nil, int64(0))
		change, err := r.plan(ctx, h, name, args)
		if err == nil {
			var s sight
			if s, err = r.cluster.see(change.Result); err != nil {
				return s, err
			}
			if len(s.serving)+len(s.strangers) > 0 {
				r.knock(ctx, &s, h)
				return s, r.misfit(s)
			}
			err = errors.New(strings.Join(sentencesOf(change, "problems"), "; "))
		}
		if ctx.Err() != nil {
			return sight{}, context.Cause(ctx)
		}
		errs = append(errs, fmt.Errorf("%s: %w", h.name, err))
	}
	if len(r.members) == 1 { // it is the cluster
		s := sight{serving: map[*host]bool{}}
		if r.knock(ctx, &s, r.members[0]); s.down[r.members[0]] {
			return s, nil
		}
	}
	return sight{}, &noAnswer{r.cluster.name(), errors.Join(errs...)}
}

// knock finds the servers that are out of service for sure: at their address, connections are refused, to their own host
// and to the one that was asked, which may know that name as another address. The cluster that answered may be another one
// than theirs, and who does not answer in time may lead partitions. One that stands still and is not registered any more leads
// none.
func (r *roll) knock(ctx context.Context, s *sight, asked *host) {
	ctx, cancel := context.WithTimeout(ctx, knockTimeout)
	defer cancel()
	var mu sync.Mutex
	var wait sync.WaitGroup
	s.down = map[*host]bool{}
	for _, h := range r.members {
		if s.serving[h] || h.unreachable {
			continue
		}
		wait.Go(func() {
			address := r.cluster.address(*s, h)
			if r.refused(ctx, h, address) && (h == asked || r.refused(ctx, asked, address)) || r.hangs(ctx, *s, h) {
				mu.Lock()
				defer mu.Unlock()
				s.down[h] = true
			}
		})
	}
	wait.Wait()
}

func (r *roll) refused(ctx context.Context, from *host, address string) bool {
	host, err := r.p.hostFor(ctx, r.p.facts, from)
	if err != nil {
		return false
	}
	conn, err := host.Dial(ctx, "tcp", address)
	if err == nil {
		err = conn.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

// hangs tells whether the server of a host is not registered, and accepts connections but does not answer when it is asked by
// itself, in the way in which others do.
func (r *roll) hangs(ctx context.Context, s sight, h *host) bool {
	name, args := r.cluster.alone(h)
	if _, registered := s.listens[h]; registered || name == "" || len(s.serving) == 0 {
		return false
	}
	change, err := r.plan(ctx, h, name, args)
	return err == nil && change.Result.Bool("silent")
}

// misfit tells that a registered broker is no host's while a host's broker runs and is not registered: numbers are
// wrong, or it is another cluster's.
func (r *roll) misfit(s sight) error {
	if len(s.strangers) == 0 {
		return nil
	}
	var missing []string
	for _, h := range r.members {
		if _, registered := s.listens[h]; !registered && !s.down[h] {
			missing = append(missing, r.cluster.called(h))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("the inventory does not fit the cluster: registered, yet no host's, is broker %s; not registered is that of %s",
		strings.Join(s.strangers, ", "), strings.Join(missing, ", "))
}

// plan is what a host's look by a module finds.
func (r *roll) plan(ctx context.Context, h *host, name string, args *value.Map) (module.Change, error) {
	host, err := r.p.hostFor(ctx, r.p.facts, h)
	if err != nil {
		return module.Change{}, err
	}
	spec, err := r.spec(ctx, h, name, args)
	if err != nil {
		return module.Change{}, err
	}
	return spec.Plan(ctx, host)
}

// ask returns a server to ask, if possible none of those that are to be stopped.
func (r *roll) ask(ctx context.Context, stopping []*host) (*host, remote.Host, error) {
	var errs []error
	for _, h := range r.inOrder(stopping) {
		host, err := r.p.hostFor(ctx, r.p.facts, h)
		if err == nil {
			return h, host, nil
		}
		errs = append(errs, err)
	}
	return nil, nil, errors.Join(errs...)
}

// inOrder lists the members with those of the play that are well first, and these last of all.
func (r *roll) inOrder(last []*host) []*host {
	var first, rest, end []*host
	for _, h := range r.members {
		switch {
		case h.unreachable:
		case contains(last, h):
			end = append(end, h)
		case contains(r.p.hosts, h) && h.alive():
			first = append(first, h)
		default:
			rest = append(rest, h)
		}
	}
	return append(append(first, end...), rest...)
}
