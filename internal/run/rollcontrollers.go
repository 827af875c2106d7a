package run

import (
	"context"

	"kops/internal/module"
	"kops/internal/value"
)

// controllers are those of a KRaft cluster, on hosts of their own. Brokers are asked for their quorum.
type controllers struct{ kafkaServers }

// How many records a controller may be behind, as kafka_health counts a majority.
const controllerLag = int64(100)

func newControllers(ctx context.Context, r *roll) (*controllers, error) {
	servers, err := newKafkaServers(ctx, r)
	return &controllers{servers}, err
}

func (c *controllers) name() string { return "the controllers' quorum" }

func (c *controllers) hint() string { return "" }

func (c *controllers) health(asked *host, stopping []*host, timeout value.Value) (string, *value.Map) {
	name, args := c.kafkaServers.health(asked, stopping, timeout)
	addresses := value.NewList()
	for _, h := range c.r.members {
		addresses.Append(c.quorum[h])
	}
	args.Set("controllers", addresses)
	args.Set("voter_lag", controllerLag)
	return name, args
}

// see finds those of the quorum that serve: a voter that is out stays one, and its port tells at once.
func (c *controllers) see(result *value.Map) (sight, error) {
	s := sight{serving: map[*host]bool{}, listens: map[*host]string{}}
	known := c.owners()
	for _, m := range mappings(result, "voters") {
		id, err := module.ToInt(m.At("id"))
		if err != nil {
			continue
		}
		if h := known[int32(id)]; h != nil {
			s.listens[h] = c.quorum[h]
		} else {
			s.strangers = append(s.strangers, value.Str(id))
		}
	}
	for _, m := range mappings(result, "controllers") {
		for h, address := range s.listens {
			if m.String("address") == address && m.Bool("answers") {
				s.serving[h] = true
			}
		}
	}
	s.last = c.controller(result, known)
	return s, nil
}

func (c *controllers) address(_ sight, h *host) string { return c.quorum[h] }

func (c *controllers) alone(*host) (string, *value.Map) { return "", nil }

func (c *controllers) refuses(sight, []*host) string { return "" }

func (c *controllers) after(*host) (string, *value.Map) { return "", nil }
