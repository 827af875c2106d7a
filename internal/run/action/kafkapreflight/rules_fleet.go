package kafkapreflight

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"kops/internal/value"
)

// A fleetRule judges all hosts together.
type fleetRule func(f *fleet) []row

func fleetRules() []fleetRule {
	return []fleetRule{servers, brokers, controllers, zooKeeperIDs, brokerIDs, machines, racks, quorum, replication, minISR}
}

// ofGroup is a row about a group, which concerns all of its hosts.
func (f *fleet) ofGroup(k kind, rule string, found finding) []row {
	var hosts []string
	for _, h := range f.members(k) {
		hosts = append(hosts, h.Name)
	}
	return []row{{host: string(k), rule: rule, finding: found, hosts: hosts}}
}

// tolerates is how many voters may fail while a majority is left.
func tolerates(voters int) int { return (voters - 1) / 2 }

func plural(n int, what string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, what)
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func servers(f *fleet) []row {
	if f.Servers == 0 {
		return nil
	}
	found := finding{ok, fmt.Sprintf("%d, of which %d may fail", f.Servers, tolerates(f.Servers)), fmt.Sprintf("an odd number, %d or more", f.WantServers)}
	if f.Servers%2 == 0 {
		found.verdict = advice
		found.measured += fmt.Sprintf(", as of %d", f.Servers-1)
	}
	if f.Servers < f.WantServers {
		found.verdict = advice
	}
	if found.verdict != ok {
		found.measured += at(f.groupAt(zookeeper))
	}
	return f.ofGroup(zookeeper, "servers", found)
}

func brokers(f *fleet) []row {
	if f.Brokers == 0 {
		return nil
	}
	found := finding{ok, fmt.Sprint(f.Brokers), fmt.Sprintf("%d or more", f.WantBrokers)}
	if f.Brokers < f.WantBrokers {
		found.verdict = advice
		found.measured += at(f.groupAt(kafka))
	}
	return f.ofGroup(kafka, "brokers", found)
}

// controllers judges a quorum of KRaft controllers. playbooks/cluster.yaml refuses an even number.
func controllers(f *fleet) []row {
	if len(f.Controllers) == 0 {
		return nil
	}
	n := len(f.Controllers)
	found := finding{ok, fmt.Sprintf("%d, of which %d may fail", n, tolerates(n)), fmt.Sprintf("an odd number, %d or more", f.WantServers)}
	switch {
	case n%2 == 0:
		found.verdict = fault
		found.measured += ": " + strings.Join(f.Controllers, ", ")
	case n < f.WantServers:
		found.verdict = advice
	}
	return f.ofGroup(kafka, "controllers", found)
}

func zooKeeperIDs(f *fleet) []row {
	return f.ids(zookeeper, "zookeeper_id", func(id int64) bool { return id >= 1 && id <= 255 }, "a number from 1 to 255 for each server")
}

func brokerIDs(f *fleet) []row {
	return f.ids(kafka, "kafka_broker_id", func(id int64) bool { return id >= 0 }, "a number of its own for each broker")
}

// ids finds numbers that two hosts have, and numbers that cannot be.
func (f *fleet) ids(k kind, variable string, valid func(int64) bool, wanted string) []row {
	owners := map[int64][]*host{}
	for _, h := range f.members(k) {
		owners[h.member(k).ID] = append(owners[h.member(k).ID], h)
	}
	var rows []row
	var all []string
	for _, id := range slices.Sorted(maps.Keys(owners)) {
		all = append(all, fmt.Sprint(id))
		if len(owners[id]) == 1 && valid(id) {
			continue
		}
		var names []string
		var places []value.Position
		for _, h := range owners[id] {
			names = append(names, h.Name)
			places = append(places, f.setAt(h, variable))
		}
		text := fmt.Sprintf("%s: %s %d%s", strings.Join(names, " and "), variable, id, at(places...))
		rows = append(rows, row{host: string(k), rule: "ids", finding: finding{fault, text, wanted}, hosts: names})
	}
	if len(rows) > 0 || len(all) == 0 {
		return rows
	}
	return f.ofGroup(k, "ids", finding{ok, strings.Join(all, ", "), wanted})
}

// machines finds names of one machine: what fails together counts once.
func machines(f *fleet) []row {
	names := map[string][]*host{}
	var order []string
	for _, h := range f.hosts {
		if h.measured == nil || h.measured.Machine == "" {
			continue
		}
		if names[h.measured.Machine] == nil {
			order = append(order, h.measured.Machine)
		}
		names[h.measured.Machine] = append(names[h.measured.Machine], h)
	}
	var rows []row
	for _, machine := range order {
		if len(names[machine]) > 1 {
			rows = append(rows, f.oneMachine(names[machine])...)
		}
	}
	return rows
}

func (f *fleet) oneMachine(hosts []*host) []row {
	var names []string
	parts := map[kind]int{}
	racks := map[string]bool{}
	for _, h := range hosts {
		text := h.Name
		if h.Rack != "" {
			racks[h.Rack] = true
			text += " in rack " + h.Rack + at(f.setAt(h, "kafka_rack"))
		}
		names = append(names, text)
		for _, k := range []kind{zookeeper, kafka} {
			if h.member(k) != nil {
				parts[k]++
			}
		}
	}
	found := finding{fault, "one machine: " + strings.Join(names, ", "), "one rack for a machine"}
	if len(racks) < 2 {
		found.verdict, found.recommended = advice, "a machine for each"
		if parts[zookeeper] < 2 && parts[kafka] < 2 {
			return nil
		}
	}
	concerned := make([]string, len(hosts))
	for i, h := range hosts {
		concerned[i] = h.Name
	}
	return []row{{host: hosts[0].Name, rule: "machine", finding: found, hosts: concerned}}
}

// partial tells whether --limit leaves members out: how those that are left are spread says nothing.
func (f *fleet) partial(k kind) bool {
	return len(f.members(k)) < map[kind]int{zookeeper: f.Servers, kafka: f.Brokers}[k]
}

// racksOf counts the members in each rack; "" is for those of which it is not known.
func (f *fleet) racksOf(k kind) (count map[string]int, names []string) {
	count = map[string]int{}
	for _, h := range f.members(k) {
		count[h.zone()]++
	}
	for _, name := range slices.Sorted(maps.Keys(count)) {
		if name != "" {
			names = append(names, name)
		}
	}
	return count, names
}

// racks judges how the brokers and the servers are spread.
func racks(f *fleet) []row {
	var rows []row
	for _, k := range []kind{zookeeper, kafka} {
		if len(f.members(k)) == 0 || f.partial(k) {
			continue
		}
		count, names := f.racksOf(k)
		found := finding{verdict: unless(len(names) >= f.WantRacks && count[""] == 0, advice), recommended: fmt.Sprintf("%d or more, all known", f.WantRacks)}
		var parts []string
		for _, name := range names {
			parts = append(parts, fmt.Sprintf("%s: %d", name, count[name]))
		}
		if count[""] > 0 {
			parts = append(parts, fmt.Sprintf("not known of %d", count[""]))
		}
		found.measured = strings.Join(parts, ", ")
		rows = append(rows, f.ofGroup(k, "racks", found)...)
	}
	return rows
}

// quorum asks of each rack whether a majority is left without it.
func quorum(f *fleet) []row {
	voters := map[string]int{}
	k, total := zookeeper, f.Servers
	for _, h := range f.hosts {
		if len(f.Controllers) > 0 {
			k, total = kafka, len(f.Controllers)
			if !slices.Contains(f.Controllers, h.Name) {
				continue
			}
		} else if h.ZooKeeper == nil {
			continue
		}
		voters[h.zone()]++
	}
	delete(voters, "")
	if len(voters) == 0 || f.partial(k) {
		return nil
	}
	found := finding{ok, "any rack may fail", "a majority without any one rack"}
	for _, name := range slices.Sorted(maps.Keys(voters)) {
		if left := total - voters[name]; left <= total/2 {
			found.verdict = advice
			found.measured = fmt.Sprintf("without rack %s %d of %d are left", name, left, total)
		}
	}
	return f.ofGroup(k, "quorum", found)
}

func replication(f *fleet) []row {
	if f.Replication == 0 || f.Brokers == 0 {
		return nil
	}
	_, names := f.racksOf(kafka)
	found := finding{ok, fmt.Sprintf("%d, on %s", f.Replication, plural(f.Brokers, "broker")), "3, and no more than there are brokers and racks"}
	if f.partial(kafka) {
		names = nil
	}
	if len(names) > 0 {
		found.measured += fmt.Sprintf(" in %s", plural(len(names), "rack"))
	}
	switch {
	case f.Replication > f.Brokers:
		found.verdict = fault
		found.measured += at(f.ofMember(kafka, "kafka_replication_factor"))
	case f.Replication < 3, len(names) > 0 && f.Replication > len(names):
		found.verdict = advice
	}
	return f.ofGroup(kafka, "replication factor", found)
}

func minISR(f *fleet) []row {
	if f.MinISR == 0 || f.Replication == 0 || f.Brokers == 0 {
		return nil
	}
	found := finding{ok, fmt.Sprintf("%d of %d: %s may fail", f.MinISR, f.Replication, plural(f.Replication-f.MinISR, "broker")), "2, and less than the replication factor"}
	switch {
	case f.MinISR > f.Replication:
		found.verdict = fault
		found.measured = fmt.Sprintf("%d of %d: nothing can be produced%s", f.MinISR, f.Replication, at(f.ofMember(kafka, "kafka_min_insync_replicas")))
	case f.MinISR == f.Replication, f.MinISR < 2:
		found.verdict = advice
	}
	return f.ofGroup(kafka, "min.insync.replicas", found)
}
