// Package kafkapreflight is the action kafka_preflight: it judges the hosts of a fleet by what
// was measured of them and by what they are meant to be.
package kafkapreflight

import (
	"context"
	"fmt"
	"slices"

	"kops/internal/module"
	"kops/internal/run/action"
	"kops/internal/value"
)

// Spec is the action's arguments.
type Spec struct {
	action.OnController
	Hosts       []*value.Map `arg:"hosts,required" doc:"what each host is meant to be and is held to: see the notes"`
	Measured    *value.Map   `arg:"measured,required" doc:"by host, what kafka_preflight_facts returned of it; a host that is not in it is judged by what it is meant to be alone"`
	Brokers     int          `arg:"brokers" doc:"how many brokers the fleet has; those among hosts if 0"`
	Servers     int          `arg:"zookeeper_servers" doc:"how many ZooKeeper servers it has; those among hosts if 0"`
	WantBrokers int          `arg:"brokers_wanted" doc:"least number of brokers"`
	WantServers int          `arg:"zookeeper_servers_wanted" doc:"least number of ZooKeeper servers"`
	WantRacks   int          `arg:"racks_wanted" doc:"least number of racks or zones"`
	Controllers []string     `arg:"controllers" doc:"hosts that are KRaft controllers; none with ZooKeeper"`
	Replication int          `arg:"replication_factor" doc:"of topics that are made without one; 0 if not known"`
	MinISR      int          `arg:"min_insync_replicas" doc:"of topics that are made without it; 0 if not known"`
	SkewAdvice  int          `arg:"clock_skew_ms" doc:"milliseconds that a clock may be away from the fleet's"`
	SkewFault   int          `arg:"clock_fault_ms" doc:"milliseconds from which that is a fault"`

	fleet *fleet
}

// New describes the action.
func New() *module.Module {
	return &module.Module{
		Name: "kafka_preflight", Collection: "kops.kafka",
		Doc: module.Doc{
			Summary: "Judge whether a fleet is fit for Kafka and ZooKeeper.",
			Notes: []string{
				"playbooks/preflight.yaml calls it, once for all hosts. It touches no host and never fails by its verdicts: the playbook does.",
				"What cannot work is a fault, what is less than recommended is advice. What a host does not tell is not known, and ok.",
				"A host is a mapping of name, rack, swappiness, java (least, wanted, install), filesystems, mount_options, ports (port, owners), names (its own), and kafka and zookeeper: null where it is none, " +
					"else id, cpus, memory_gb, heap (Java's flags), heap_percent, heap_least_mb, paths, disk_gb, disks, ssd, network_mbit, unit, managed, open_files.",
			},
			Examples: "- kops.kafka.kafka_preflight:\n    hosts: \"{{ ansible_play_hosts_all | map('extract', hostvars, 'preflight_host') | list }}\"\n" +
				"    measured: \"{{ dict(ansible_play_hosts | zip(ansible_play_hosts | map('extract', hostvars, 'preflight_measured'))) }}\"\n  run_once: true\n  register: preflight\n",
			Returns: []module.Return{
				{Name: "rows", Type: "list", Text: "host (or group), rule, verdict (ok, advice or fault), measured, recommended, hosts (those concerned) and text (all of it as a sentence)"},
				{Name: "faults", Type: "int", Text: "how many rows are faults"},
				{Name: "advice", Type: "int", Text: "how many rows are advice"},
				{Name: "show_table", Type: "list", Text: "the columns of the table that people see"},
			},
		},
		New: func() module.Spec {
			return &Spec{WantBrokers: 3, WantServers: 3, WantRacks: 3, SkewAdvice: 100, SkewFault: 1000}
		},
	}
}

// Validate reads the hosts.
func (s *Spec) Validate() error {
	s.fleet = &fleet{Spec: s}
	for i, m := range s.Hosts {
		h := &host{}
		if err := read(m, h); err != nil {
			return fmt.Errorf("hosts: item %d: %w", i+1, err)
		}
		if found, ok := s.Measured.At(h.Name).(*value.Map); ok {
			h.measured = &measured{}
			if err := read(found, h.measured); err != nil {
				return fmt.Errorf("measured: %s: %w", h.Name, err)
			}
		}
		s.fleet.hosts = append(s.fleet.hosts, h)
	}
	s.Brokers = max(s.Brokers, len(s.fleet.members(kafka)))
	s.Servers = max(s.Servers, len(s.fleet.members(zookeeper)))
	return nil
}

// Act judges.
func (s *Spec) Act(_ context.Context, env *action.Env) (action.Outcome, error) {
	s.fleet.inventory = env.Inventory
	rows := s.fleet.judge()
	list := value.NewList()
	count := map[verdict]int64{}
	for _, r := range rows {
		count[r.verdict]++
		list.Append(value.NewMap("host", r.host, "rule", r.rule, "verdict", string(r.verdict), "measured", r.measured,
			"recommended", r.recommended, "hosts", value.Strings(r.hosts), "text", r.text()))
	}
	return action.Outcome{Result: value.NewMap("rows", list, "faults", count[fault], "advice", count[advice],
		"show_table", value.Strings([]string{"host", "rule", "verdict", "measured", "recommended"}))}, nil
}

// judge applies all rules: those of the fleet, then those of each host.
func (f *fleet) judge() []row {
	var rows []row
	for _, judge := range fleetRules() {
		rows = append(rows, judge(f)...)
	}
	for _, h := range f.hosts {
		for _, r := range hostRules() {
			if found := r.judge(f, h); found.measured != "" {
				rows = append(rows, row{host: h.Name, rule: r.name, finding: found, hosts: []string{h.Name}})
			}
		}
		for _, k := range []kind{zookeeper, kafka} {
			rows = append(rows, h.judgeMember(k)...)
		}
	}
	return rows
}

// judgeMember applies the rules of one of the host's parts. Where it plays two, the rule says for which.
func (h *host) judgeMember(k kind) []row {
	m := h.member(k)
	if m == nil || h.measured == nil {
		return nil
	}
	var rows []row
	for _, r := range memberRules() {
		name := r.name
		if h.Kafka != nil && h.ZooKeeper != nil {
			name += " (" + string(k) + ")"
		}
		if found := r.judge(h, m); found.measured != "" {
			rows = append(rows, row{host: h.Name, rule: name, finding: found, hosts: []string{h.Name}})
		}
	}
	return rows
}

// members are the hosts that play a part.
func (f *fleet) members(k kind) []*host {
	return slices.DeleteFunc(slices.Clone(f.hosts), func(h *host) bool { return h.member(k) == nil })
}
