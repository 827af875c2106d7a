package kafka

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Criteria say what a healthy cluster is.
type Criteria struct {
	BrokerCount     int      // brokers that must be registered and answer; 0 for any number
	BrokerIDs       []int32  // these, and no others missing; nil for any
	UnderReplicated int      // most partitions that may lack an in-sync replica
	Offline         int      // most partitions that may lack a leader
	Stopping        []int32  // brokers that must be stoppable, together
	VoterLag        int64    // most records that a KRaft voter may be behind; negative for any
	IgnoreTopics    []string // globs of topics whose partitions do not count
}

// namedExamples limits how many partitions a problem names.
const namedExamples = 5

// Problems tells what keeps the cluster from being healthy, as sentences for people; none
// if it is.
func (c Cluster) Problems(want Criteria) []string {
	var problems []string
	problems = append(problems, c.brokerProblems(want)...)
	if c.Controller < 0 {
		problems = append(problems, "there is no active controller")
	}
	counted := want.counted(c.Partitions)
	offline := filter(counted, Partition.Offline)
	if len(offline) > want.Offline {
		problems = append(problems, fmt.Sprintf("offline partitions: %s%s", list(offline), most(want.Offline)))
	}
	under := filter(counted, Partition.UnderReplicated)
	if len(under) > want.UnderReplicated {
		problems = append(problems, fmt.Sprintf("under-replicated partitions: %s%s%s",
			list(under), missingReplicas(under), most(want.UnderReplicated)))
	}
	if want.VoterLag >= 0 {
		for _, v := range c.Voters {
			if v.Lag > want.VoterLag {
				problems = append(problems, fmt.Sprintf("controller %d is %d records behind the quorum's leader", v.ID, v.Lag))
			}
		}
	}
	if len(want.Stopping) > 0 && len(problems) == 0 {
		problems = append(problems, c.stopProblems(counted, want.Stopping)...)
	}
	return problems
}

// CanStop tells what would break if these brokers stopped at once; nothing if they may.
func (c Cluster) CanStop(brokers ...int32) []string { return c.stopProblems(c.Partitions, brokers) }

func (c Cluster) brokerProblems(want Criteria) []string {
	var problems []string
	var registered []int32
	for _, b := range c.Brokers {
		registered = append(registered, b.ID)
		if b.Err != nil {
			problems = append(problems, fmt.Sprintf("broker %d (%s) is registered but does not answer: %v", b.ID, b.Address, b.Err))
		}
	}
	var missing []int32
	for _, id := range want.BrokerIDs {
		if !slices.Contains(registered, id) {
			missing = append(missing, id)
		}
	}
	if len(missing) > 0 {
		problems = append(problems, fmt.Sprintf("not registered: broker %s (registered: %s)", numbers(missing), numbers(registered)))
	}
	if len(registered) < want.BrokerCount {
		problems = append(problems, fmt.Sprintf("%d of %d brokers are registered: %s", len(registered), want.BrokerCount, numbers(registered)))
	}
	return problems
}

// stopProblems looks at each partition that has a replica on one of the brokers: without
// them it must keep a leader and min.insync.replicas.
func (c Cluster) stopProblems(partitions []Partition, stopping []int32) []string {
	var lost, below []Partition
	for _, p := range partitions {
		rest := 0
		for _, id := range p.ISR {
			if !slices.Contains(stopping, id) {
				rest++
			}
		}
		switch {
		case rest == len(p.ISR):
		case rest == 0:
			lost = append(lost, p)
		case rest < p.MinISR:
			below = append(below, p)
		}
	}
	var problems []string
	if len(lost) > 0 {
		problems = append(problems, fmt.Sprintf("stopping broker %s would take partitions offline: %s have no other in-sync replica",
			numbers(stopping), list(lost)))
	}
	if len(below) > 0 {
		problems = append(problems, fmt.Sprintf("stopping broker %s would leave partitions with fewer in-sync replicas than min.insync.replicas: %s",
			numbers(stopping), list(below)))
	}
	return problems
}

func (want Criteria) counted(partitions []Partition) []Partition {
	if len(want.IgnoreTopics) == 0 {
		return partitions
	}
	return filter(partitions, func(p Partition) bool {
		return !slices.ContainsFunc(want.IgnoreTopics, func(glob string) bool {
			match, err := path.Match(glob, p.Topic)
			return err == nil && match
		})
	})
}

func filter(partitions []Partition, keep func(Partition) bool) []Partition {
	var kept []Partition
	for _, p := range partitions {
		if keep(p) {
			kept = append(kept, p)
		}
	}
	return kept
}

// list returns the number of partitions and names a few: "12 (orders-0, orders-1, …)".
func list(partitions []Partition) string {
	var names []string
	for i, p := range partitions {
		if i == namedExamples {
			names = append(names, "…")
			break
		}
		names = append(names, p.String())
	}
	return fmt.Sprintf("%d (%s)", len(partitions), strings.Join(names, ", "))
}

// missingReplicas names the brokers whose replicas are not in sync.
func missingReplicas(partitions []Partition) string {
	count := map[int32]int{}
	for _, p := range partitions {
		for _, id := range p.Replicas {
			if !slices.Contains(p.ISR, id) {
				count[id]++
			}
		}
	}
	var ids []int32
	for id := range count {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ", replicas missing on broker " + numbers(ids)
}

func most(limit int) string {
	if limit == 0 {
		return ""
	}
	return fmt.Sprintf(", at most %d allowed", limit)
}

func numbers(ids []int32) string {
	if len(ids) == 0 {
		return "none"
	}
	var text []string
	for _, id := range ids {
		text = append(text, strconv.Itoa(int(id)))
	}
	return strings.Join(text, ", ")
}
