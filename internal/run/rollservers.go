package run

import (
	"context"
	"fmt"
	"slices"

	"kops/internal/diag"
	"kops/internal/module"
	"kops/internal/template"
	"kops/internal/value"
)

// kafkaServers are what brokers and controllers have in common: their numbers, and how their cluster is asked.
type kafkaServers struct {
	r      *roll
	ids    map[*host]int32
	args   map[*host]*value.Map      // how each host asks the cluster
	names  map[*host]map[string]bool // what each host is called, and its address
	own    map[*host]string          // where a broker listens, as the inventory says
	quorum map[*host]string          // where a controller listens, as the others reach it
}

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

func newKafkaServers(ctx context.Context, r *roll) (kafkaServers, error) {
	k := kafkaServers{r, map[*host]int32{}, map[*host]*value.Map{}, map[*host]map[string]bool{}, map[*host]string{}, map[*host]string{}}
	owner := map[int32]*host{}
	bootstrap := map[*host][]string{}
	for _, h := range r.members {
		s := r.p.ownScope(ctx, h)
		id, err := k.number(s, h)
		if err != nil {
			return k, err
		}
		if other := owner[id]; other != nil {
			return k, diag.Errorf(r.p.Strategy.Pos, "%s and %s have the same %s, %d", other.name, h.name, brokerID, id)
		}
		owner[id], k.ids[h] = h, id
		if err := k.places(s, h); err != nil {
			return k, err
		}
		if k.args[h], err = kafkaArgs(s); err != nil {
			return k, err
		}
		if bootstrap[h], err = listOf(s, "kafka_bootstrap"); err != nil {
			return k, err
		}
	}
	k.join(bootstrap)
	return k, nil
}

// number is that of a host's broker.
func (k kafkaServers) number(s *template.Scope, h *host) (int32, error) {
	v, ok, err := s.Var(brokerID)
	if err == nil && !ok {
		err = fmt.Errorf("it is not defined")
	}
	var id int64
	if err == nil {
		id, err = module.ToInt(v)
	}
	if err != nil {
		return 0, diag.Errorf(k.r.p.Strategy.Pos, "strategy kafka_rolling needs to know which broker runs on %s: variable %s: %w", h.name, brokerID, err)
	}
	return int32(id), nil
}

// places are where a host's broker and controller listen, and what the host is called.
func (k kafkaServers) places(s *template.Scope, h *host) error {
	found := map[string]string{}
	for _, v := range []struct{ name, otherwise string }{{"kafka_address", h.name}, {"ansible_host", h.name}, {"kafka_port", "9092"}, {"kafka_controller_port", "9093"}} {
		text, err := textOf(s, v.name, v.otherwise)
		if err != nil {
			return err
		}
		found[v.name] = text
	}
	k.names[h] = map[string]bool{h.name: true, found["kafka_address"]: true, found["ansible_host"]: true}
	k.own[h] = found["kafka_address"] + ":" + found["kafka_port"]
	k.quorum[h] = found["kafka_address"] + ":" + found["kafka_controller_port"]
	return nil
}

// join has each host know, beside its own addresses of the cluster, those of the others.
func (k kafkaServers) join(bootstrap map[*host][]string) {
	for _, h := range k.r.members {
		all := bootstrap[h]
		for _, other := range k.r.members {
			for _, a := range bootstrap[other] {
				if !slices.Contains(all, a) {
					all = append(all, a)
				}
			}
		}
		if len(all) > 0 {
			k.args[h].Set("bootstrap", value.Strings(all))
		}
	}
}

// health is kafka_health with what is the same for brokers and controllers.
func (k kafkaServers) health(asked *host, stopping []*host, timeout value.Value) (string, *value.Map) {
	args := k.args[asked].Clone()
	stop := value.NewList()
	for _, h := range stopping {
		stop.Append(int64(k.ids[h]))
	}
	args.Set("stopping", stop)
	args.Set("timeout", timeout)
	return "kops.kafka.kafka_health", args
}

// owners are the hosts by their servers' numbers.
func (k kafkaServers) owners() map[int32]*host {
	known := map[int32]*host{}
	for h, id := range k.ids {
		known[id] = h
	}
	return known
}

// controller is the host of the active controller; nil where that is none of them.
func (k kafkaServers) controller(result *value.Map, known map[int32]*host) *host {
	id, err := module.ToInt(result.At("controller"))
	if err != nil {
		return nil
	}
	return known[int32(id)]
}

func (k kafkaServers) keepsLogs() bool { return true }

func (k kafkaServers) called(h *host) string {
	return fmt.Sprintf("%s (%s %d)", h.name, brokerID, k.ids[h])
}

// mappings are those of a list in a module's result.
func mappings(result *value.Map, name string) []*value.Map {
	list, _ := result.At(name).(*value.List)
	if list == nil {
		return nil
	}
	var found []*value.Map
	for _, item := range list.Items {
		if m, ok := item.(*value.Map); ok {
			found = append(found, m)
		}
	}
	return found
}
