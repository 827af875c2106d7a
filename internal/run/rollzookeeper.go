package run

import (
	"context"
	"fmt"
	"strings"

	"kops/internal/value"
)

// ensemble is a ZooKeeper ensemble.
type ensemble struct {
	r       *roll
	address map[*host]string
}

func newEnsemble(ctx context.Context, r *roll) (*ensemble, error) {
	e := &ensemble{r: r, address: map[*host]string{}}
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
		e.address[h] = address + ":" + port
	}
	return e, nil
}

func (e *ensemble) name() string { return "the ensemble" }

func (e *ensemble) look(asked *host) (string, *value.Map) { return e.health(int64(0)) }

func (e *ensemble) healthy(asked *host, _ []*host) (string, *value.Map) {
	return e.health(healthTimeout(e.r, asked))
}

func (e *ensemble) health(timeout value.Value) (string, *value.Map) {
	var servers []string
	for _, h := range e.r.members {
		servers = append(servers, e.address[h])
	}
	return "kops.kafka.zookeeper_health", value.NewMap("servers", value.Strings(servers), "quorum", true, "timeout", timeout)
}

func (e *ensemble) see(result *value.Map) (sight, error) {
	s := sight{serving: map[*host]bool{}}
	modes, _ := result.At("modes").(*value.Map)
	for _, h := range e.r.members {
		if modes != nil && modes.At(e.address[h]) != nil {
			s.serving[h] = true
		}
		if result.String("leader") == e.address[h] {
			s.last = h
		}
	}
	return s, nil
}

// refuses where the rest would be no majority.
func (e *ensemble) refuses(_ sight, stopping []*host) string {
	all := len(e.r.members)
	if rest := all - len(stopping); rest <= all/2 {
		return fmt.Sprintf("without %s only %d of %d servers are left, which is no majority", strings.Join(names(stopping), ", "), rest, all)
	}
	return ""
}

func (e *ensemble) after(*host) (string, *value.Map) { return "", nil }
