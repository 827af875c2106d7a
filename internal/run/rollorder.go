package run

import (
	"context"
	"fmt"
	"slices"
)

func contains(hosts []*host, h *host) bool { return slices.Contains(hosts, h) }

// next chooses the hosts of the next batch: a server that is out of service alone and first, the controller
// or leader last, as it is at this moment.
func (r *roll) next(ctx context.Context, left []*host, racks bool, size int) ([]*host, error) {
	s, err := r.see(ctx)
	if err != nil {
		return nil, err
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
