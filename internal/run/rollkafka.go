package run

import (
	"context"
	"fmt"
	"net"

	"kops/internal/module"
	"kops/internal/value"
)

// brokers is a Kafka cluster whose brokers are rolled.
type brokers struct {
	kafkaServers
	named map[string]*host // the host of a name or an address; nil where several have it
}

func newBrokers(ctx context.Context, r *roll) (*brokers, error) {
	servers, err := newKafkaServers(ctx, r)
	if err != nil {
		return nil, err
	}
	b := &brokers{servers, map[string]*host{}}
	for _, h := range r.members {
		for name := range b.names[h] {
			if other, taken := b.named[name]; taken && other != h {
				b.named[name] = nil
			} else {
				b.named[name] = h
			}
		}
	}
	return b, nil
}

func (b *brokers) name() string { return "the cluster" }

func (b *brokers) hint() string {
	return "topics that may be away meanwhile are named in kafka_health_ignore_topics"
}

func (b *brokers) health(asked *host, stopping []*host, timeout value.Value) (string, *value.Map) {
	name, args := b.kafkaServers.health(asked, stopping, timeout)
	ids := value.NewList()
	for _, h := range b.r.members {
		ids.Append(int64(b.ids[h]))
	}
	args.Set("brokers", ids)
	return name, args
}

func (b *brokers) see(result *value.Map) (sight, error) {
	s := sight{serving: map[*host]bool{}, racks: map[*host]string{}, listens: map[*host]string{}}
	known := b.owners()
	for _, m := range mappings(result, "brokers") {
		id, err := module.ToInt(m.At("id"))
		if err != nil {
			continue
		}
		h, address := known[int32(id)], m.String("address")
		if h == nil {
			s.strangers = append(s.strangers, fmt.Sprintf("%d (%s)", id, address))
			continue
		}
		if other := b.elsewhere(h, address); other != nil {
			return s, fmt.Errorf("the inventory does not fit the cluster: %s of %s is %d, and that broker is at %s, which is %s", brokerID, h.name, id, address, other.name)
		}
		if m.Bool("answers") {
			s.serving[h] = true
		}
		s.racks[h], s.listens[h] = m.String("rack"), address
	}
	s.last = b.controller(result, known)
	return s, nil
}

// elsewhere is the host that an address belongs to, where that is another one.
func (b *brokers) elsewhere(h *host, address string) *host {
	name, _, err := net.SplitHostPort(address)
	if err != nil || b.names[h][name] || name == "localhost" || net.ParseIP(name).IsLoopback() {
		return nil
	}
	return b.named[name]
}

// address is where the broker is, as it tells; where it is not registered, as the inventory says.
func (b *brokers) address(s sight, h *host) string {
	if address := s.listens[h]; address != "" {
		return address
	}
	return b.own[h]
}

// alone asks a broker whether it knows its cluster.
func (b *brokers) alone(h *host) (string, *value.Map) {
	name, args := b.kafkaServers.health(h, nil, int64(0))
	args.Set("bootstrap", value.Strings([]string{b.own[h]}))
	args.Set("call_timeout", int64(knockTimeout.Seconds()/4))
	return name, args
}

func (b *brokers) refuses(sight, []*host) string { return "" }

func (b *brokers) after(asked *host) (string, *value.Map) {
	args := b.args[asked].Clone()
	args.Delete("ignore_topics")
	return "kops.kafka.kafka_preferred_leaders", args
}
