package run

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kops/internal/module"
	"kops/internal/value"
)

// ensemble is a ZooKeeper ensemble.
type ensemble struct {
	r       *roll
	at      map[*host]string
	mayFail bool // an ensemble of one server may be away
}

// mayBeAway names the variable that allows an ensemble of one server to be away while it restarts.
const mayBeAway = "zookeeper_may_be_away"

func newEnsemble(ctx context.Context, r *roll) (*ensemble, error) {
	e := &ensemble{r: r, at: map[*host]string{}}
	v, err := valueOf(r.p.ownScope(ctx, r.members[0]), mayBeAway, false)
	if err == nil {
		e.mayFail, err = module.ToBool(v)
	}
	if err != nil {
		return nil, fmt.Errorf("variable %s: %w", mayBeAway, err)
	}
	for _, h := range r.members {
		s := r.p.ownScope(ctx, h)
		address, err := textOf(s, "zookeeper_address", h.name)
		if err != nil {
			return nil, err
		}
		port, err := textOf(s, "zookeeper_client_port", "2181")
		if err != nil {
			return nil, err
		}
		e.at[h] = address + ":" + port
	}
	return e, nil
}

func (e *ensemble) name() string { return "the ensemble" }

func (e *ensemble) health(_ *host, _ []*host, timeout value.Value) (string, *value.Map) {
	var servers []string
	for _, h := range e.r.members {
		servers = append(servers, e.at[h])
	}
	return "kops.kafka.zookeeper_health", value.NewMap("servers", value.Strings(servers), "quorum", true, "timeout", timeout)
}

func (e *ensemble) see(result *value.Map) (sight, error) {
	s := sight{serving: map[*host]bool{}, observers: map[*host]bool{}}
	modes, _ := result.At("modes").(*value.Map)
	for _, h := range e.r.members {
		if modes != nil && modes.At(e.at[h]) != nil {
			s.serving[h] = true
			s.observers[h] = modes.String(e.at[h]) == "observer"
		}
		if result.String("leader") == e.at[h] {
			s.last = h
		}
	}
	return s, nil
}

func (e *ensemble) address(_ sight, h *host) string { return e.at[h] }

func (e *ensemble) alone(*host) (string, *value.Map) { return "", nil }

func (e *ensemble) keepsLogs() bool { return false }

func (e *ensemble) called(h *host) string { return h.name }

// refuses where the rest would be no majority. Observers have no vote.
func (e *ensemble) refuses(s sight, stopping []*host) string {
	all, rest := 0, 0
	for _, h := range e.r.members {
		if s.votes(h) {
			all++
			if !contains(stopping, h) {
				rest++
			}
		}
	}
	switch {
	case all == 1 && e.mayFail, rest > all/2, !slices.ContainsFunc(stopping, s.votes):
		return ""
	case all == 1:
		return fmt.Sprintf("it is the only server, and away while it restarts; %s: true says that it may be", mayBeAway)
	}
	return fmt.Sprintf("without %s only %d of %d servers are left, which is no majority", strings.Join(names(stopping), ", "), rest, all)
}

func (e *ensemble) hint() string { return "" }

func (e *ensemble) after(*host) (string, *value.Map) { return "", nil }
