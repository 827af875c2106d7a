package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

func contains(hosts []*host, h *host) bool { return slices.Contains(hosts, h) }

// next chooses the hosts of the next batch: the servers that are out of service first and together, since the cluster is
// healthy only with all of them, then one that does not answer, the controller or leader last, as it is once the batch before has ended. A cluster that does not answer has no order, and
// needs none: its hosts come one by one, and the gate refuses the first of them that is to be changed.
func (r *roll) next(ctx context.Context, left []*host, racks bool, size int) ([]*host, error) {
	s, err := r.latest(ctx)
	if err != nil {
		return nil, err
	}
	if s.blind {
		return left[:1], nil
	}
	down := slices.DeleteFunc(slices.Clone(left), func(h *host) bool { return !s.down[h] || !h.alive() })
	if len(down) > 0 {
		return down, nil
	}
	for _, h := range left {
		if !s.serving[h] && h.alive() {
			return []*host{h}, nil
		}
	}
	if racks {
		return nextRack(s, left)
	}
	others := slices.DeleteFunc(slices.Clone(left), func(h *host) bool { return h == s.last })
	if len(others) == 0 {
		return left, nil
	}
	return others[:min(size, len(others))], nil
}

// latest is the cluster as the last batch left it.
func (r *roll) latest(ctx context.Context) (sight, error) {
	if r.seen != nil {
		return *r.seen, nil
	}
	s, err := r.see(ctx)
	var silent *noAnswer
	if errors.As(err, &silent) {
		s, err = sight{blind: true}, nil
	}
	if err == nil {
		r.seen = &s
	}
	return s, err
}

// nextRack returns the hosts of one rack, that of the controller last.
func nextRack(s sight, left []*host) ([]*host, error) {
	byRack := map[string][]*host{}
	var order []string
	for _, h := range left {
		rack := s.racks[h]
		if rack == "" {
			return nil, fmt.Errorf("serial: rack: the broker of %s tells no rack (broker.rack; variable kafka_rack)", h.name)
		}
		if byRack[rack] == nil {
			order = append(order, rack)
		}
		byRack[rack] = append(byRack[rack], h)
	}
	for _, rack := range order {
		if len(order) == 1 || !contains(byRack[rack], s.last) {
			return byRack[rack], nil
		}
	}
	return nil, nil
}
