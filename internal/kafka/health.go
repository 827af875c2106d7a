package kafka

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
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
		problems = append(problems, c.StopProblems(want.Stopping, want.IgnoreTopics...)...)
	}
	return problems
}

// A Loss is a partition that would suffer if brokers stopped.
type Loss struct {
	Partition
	Rest int // in-sync replicas that would be left
}

// Reason says what would happen to the partition.
func (l Loss) Reason() string {
	if l.Rest == 0 {
		return "it would go offline: no in-sync replica would be left"
	}
	return fmt.Sprintf("%d of %d in-sync replicas would be left, and %s is %d", l.Rest, len(l.ISR), minISRConfig, l.MinISR)
}

// CanStop looks at each partition that has a replica on one of the brokers, but for those of topics
// that do not count: without these brokers it must keep a leader and min.insync.replicas. What is returned says no.
func (c Cluster) CanStop(brokers []int32, ignoreTopics ...string) []Loss {
	var found []Loss
	for _, p := range (Criteria{IgnoreTopics: ignoreTopics}).counted(c.Partitions) {
		rest, hit := 0, false
		for _, id := range p.ISR {
			switch {
			case slices.Contains(brokers, id):
				hit = true
			case !c.silent(id): // one that was killed stays in sync until its session ends
				rest++
			}
		}
		if hit && (rest == 0 || rest < p.MinISR) {
			found = append(found, Loss{p, rest})
		}
	}
	return found
}

// StopProblems tells what would break if these brokers stopped at once, as sentences; nothing if they may.
func (c Cluster) StopProblems(brokers []int32, ignoreTopics ...string) []string {
	problems := stopProblems(c.CanStop(brokers, ignoreTopics...), brokers)
	if c.KRaft && len(c.Voters) == 0 && len(brokers) > 0 {
		problems = append(problems, "the controllers' quorum is hidden from the login: it needs the right to Describe the cluster, or nobody knows whether the quorum can do without broker "+numbers(brokers))
	}
	if loss := c.QuorumLoss(brokers); loss != "" {
		problems = append(problems, fmt.Sprintf("stopping broker %s: %s", numbers(brokers), loss))
	}
	return problems
}

// NeverStoppable tells what would break if these brokers stopped at once, even with every replica in sync and
// every controller keeping up: what no waiting mends.
func (c Cluster) NeverStoppable(brokers []int32, ignoreTopics ...string) []string {
	best := Cluster{Controller: c.Controller}
	for _, p := range c.Partitions {
		p.ISR = p.Replicas
		best.Partitions = append(best.Partitions, p)
	}
	for _, v := range c.Voters {
		best.Voters = append(best.Voters, Voter{ID: v.ID})
	}
	for _, b := range c.Brokers {
		best.Brokers = append(best.Brokers, Broker{ID: b.ID})
	}
	return best.StopProblems(brokers, ignoreTopics...)
}

// QuorumLoss tells why KRaft's controllers could not do without these of them; "" if they can, or none
// of the brokers is a voter.
func (c Cluster) QuorumLoss(stopping []int32) string {
	votes, rest := 0, 0
	for _, v := range c.Voters {
		if slices.Contains(stopping, v.ID) {
			votes++
		} else if v.ID == c.Controller || v.Lag <= maxVoterLag && v.Behind <= maxVoterDelay && !c.silent(v.ID) {
			rest++
		}
	}
	if votes == 0 || rest > len(c.Voters)/2 {
		return ""
	}
	if len(c.Voters) == 1 && len(c.Brokers) == 1 { // a cluster of one: its topics say whether it may be away
		return ""
	}
	return fmt.Sprintf("%d of %d controllers that keep up would be left: no majority", rest, len(c.Voters))
}

// How far a voter may be behind and still be counted on. Controllers write two records a second where
// nothing happens.
const (
	maxVoterLag   = 100
	maxVoterDelay = 10 * time.Second
)

// silent tells whether a broker is known not to answer.
func (c Cluster) silent(id int32) bool {
	return slices.ContainsFunc(c.Brokers, func(b Broker) bool { return b.ID == id && b.Err != nil })
}

// Rack returns the brokers of a rack.
func (c Cluster) Rack(name string) []int32 {
	var ids []int32
	for _, b := range c.Brokers {
		if b.Rack == name {
			ids = append(ids, b.ID)
		}
	}
	return ids
}

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

// stopProblems words the losses.
func stopProblems(found []Loss, stopping []int32) []string {
	var lost, below []Partition
	for _, l := range found {
		if l.Rest == 0 {
			lost = append(lost, l.Partition)
		} else {
			below = append(below, l.Partition)
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
