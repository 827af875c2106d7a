package run

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kops/internal/diag"
	"kops/internal/module"
	"kops/internal/template"
	"kops/internal/value"
)

// brokers is a Kafka cluster whose brokers, or whose controllers on hosts of their own, are rolled.
type brokers struct {
	r           *roll
	controllers bool
	ids         map[*host]int32
	args        map[*host]*value.Map // how each host asks the cluster
	address     map[*host]string     // of controllers, as they reach each other
}

// How many records a controller may be behind, as the gate's majority counts them.
const controllerLag = int64(100)

// kafkaArguments are those of the health module, and the variables that they come from.
var kafkaArguments = []struct{ argument, variable string }{
	{"security_protocol", "kafka_security_protocol"},
	{"sasl_mechanism", "kafka_sasl_mechanism"},
	{"sasl_username", "kafka_sasl_username"},
	{"sasl_password", "kafka_sasl_password"},
	{"tls_ca", "kafka_tls_ca"},
	{"tls_cert", "kafka_tls_cert"},
	{"tls_key", "kafka_tls_key"},
	{"tls_server_name", "kafka_tls_server_name"},
	{"tls_skip_verify", "kafka_tls_skip_verify"},
	{"ignore_topics", "kafka_health_ignore_topics"},
}

const brokerID = "kafka_broker_id"

func newBrokers(ctx context.Context, r *roll, controllers bool) (*brokers, error) {
	b := &brokers{r: r, controllers: controllers, ids: map[*host]int32{}, args: map[*host]*value.Map{}, address: map[*host]string{}}
	owner := map[int32]*host{}
	bootstrap := map[*host][]string{}
	for _, h := range r.members {
		s := r.p.ownScope(ctx, h)
		v, ok, err := s.Var(brokerID)
		if err == nil && !ok {
			err = fmt.Errorf("it is not defined")
		}
		var id int64
		if err == nil {
			id, err = module.ToInt(v)
		}
		if err != nil {
			return nil, diag.Errorf(r.p.Strategy.Pos, "strategy kafka_rolling needs to know which broker runs on %s: variable %s: %w", h.name, brokerID, err)
		}
		if other := owner[int32(id)]; other != nil {
			return nil, diag.Errorf(r.p.Strategy.Pos, "%s and %s have the same %s, %d", other.name, h.name, brokerID, id)
		}
		owner[int32(id)], b.ids[h] = h, int32(id)
		if b.args[h], err = kafkaArgs(s); err != nil {
			return nil, err
		}
		if b.address[h], err = controllerAddress(s, h); err != nil {
			return nil, err
		}
		if bootstrap[h], err = listOf(s, "kafka_bootstrap"); err != nil {
			return nil, err
		}
	}
	// Each host begins with its own broker, as it knows it, and goes on with the others.
	for _, h := range r.members {
		all := bootstrap[h]
		for _, other := range r.members {
			for _, a := range bootstrap[other] {
				if !slices.Contains(all, a) {
					all = append(all, a)
				}
			}
		}
		if len(all) > 0 {
			b.args[h].Set("bootstrap", value.Strings(all))
		}
	}
	return b, nil
}

// controllerAddress is where a controller listens.
func controllerAddress(s *template.Scope, h *host) (string, error) {
	name, err := textOf(s, "kafka_address", h.name)
	if err != nil {
		return "", err
	}
	port, err := textOf(s, "kafka_controller_port", "9093")
	return name + ":" + port, err
}

func (b *brokers) name() string {
	if b.controllers {
		return "the controllers' quorum"
	}
	return "the cluster"
}

func (b *brokers) look(asked *host) (string, *value.Map) { return b.health(asked, nil, int64(0)) }

func (b *brokers) healthy(asked *host, stopping []*host) (string, *value.Map) {
	return b.health(asked, stopping, healthTimeout(b.r, asked))
}

func (b *brokers) health(asked *host, stopping []*host, timeout value.Value) (string, *value.Map) {
	args := b.args[asked].Clone()
	ids, addresses := value.NewList(), value.NewList()
	for _, h := range b.r.members {
		ids.Append(int64(b.ids[h]))
		addresses.Append(b.address[h])
	}
	if b.controllers {
		args.Set("controllers", addresses)
		args.Set("voter_lag", controllerLag)
	} else {
		args.Set("brokers", ids)
	}
	stop := value.NewList()
	for _, h := range stopping {
		stop.Append(int64(b.ids[h]))
	}
	args.Set("stopping", stop)
	args.Set("timeout", timeout)
	return "kops.kafka.kafka_health", args
}

func (b *brokers) see(result *value.Map) (sight, error) {
	s := sight{serving: map[*host]bool{}, racks: map[*host]string{}}
	known := map[int32]*host{}
	for h, id := range b.ids {
		known[id] = h
	}
	key := "brokers"
	if b.controllers {
		key = "voters"
	}
	var strangers []string
	list, _ := result.At(key).(*value.List)
	if list == nil {
		return s, nil
	}
	for _, item := range list.Items {
		m, ok := item.(*value.Map)
		if !ok {
			continue
		}
		id, err := module.ToInt(m.At("id"))
		if err != nil {
			continue
		}
		h := known[int32(id)]
		if h == nil {
			strangers = append(strangers, fmt.Sprintf("%d (%s)", id, value.Str(m.At("address"))))
			continue
		}
		if m.Bool("answers") {
			s.serving[h] = true
		}
		s.racks[h] = m.String("rack")
	}
	if b.controllers {
		b.seeControllers(result, s)
	}
	var missing []string
	for _, h := range b.r.members {
		if _, ok := s.racks[h]; !ok {
			missing = append(missing, fmt.Sprintf("%s (%s %d)", h.name, brokerID, b.ids[h]))
		}
	}
	if len(strangers) > 0 && len(missing) > 0 {
		return s, fmt.Errorf("the inventory does not fit the cluster: registered, yet no host's, is broker %s; not registered is that of %s",
			strings.Join(strangers, ", "), strings.Join(missing, ", "))
	}
	if id, err := module.ToInt(result.At("controller")); err == nil {
		s.last = known[int32(id)]
	}
	return s, nil
}

// seeControllers finds those of the quorum that serve: a voter that is out stays one.
func (b *brokers) seeControllers(result *value.Map, s sight) {
	list, _ := result.At("controllers").(*value.List)
	if list == nil {
		return
	}
	for _, item := range list.Items {
		m, ok := item.(*value.Map)
		for h, address := range b.address {
			if _, votes := s.racks[h]; ok && votes && m.String("address") == address && m.Bool("answers") {
				s.serving[h] = true
			}
		}
	}
}

func (b *brokers) refuses(sight, []*host) string { return "" }

func (b *brokers) after(asked *host) (string, *value.Map) {
	if b.controllers {
		return "", nil
	}
	args := b.args[asked].Clone()
	args.Delete("ignore_topics")
	return "kops.kafka.kafka_preferred_leaders", args
}
