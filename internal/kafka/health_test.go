package kafka

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// healthy is a cluster of three brokers with one fully replicated topic.
func healthy() Cluster {
	return Cluster{
		Controller: 1,
		Brokers:    []Broker{{ID: 1, Address: "kafka1:9092"}, {ID: 2, Address: "kafka2:9092"}, {ID: 3, Address: "kafka3:9092"}},
		Partitions: []Partition{
			{Topic: "orders", Number: 0, Leader: 1, Replicas: []int32{1, 2, 3}, ISR: []int32{1, 2, 3}, MinISR: 2},
			{Topic: "orders", Number: 1, Leader: 2, Replicas: []int32{2, 3, 1}, ISR: []int32{2, 3, 1}, MinISR: 2},
		},
	}
}

func TestProblems(t *testing.T) {
	all := Criteria{BrokerCount: 3, BrokerIDs: []int32{1, 2, 3}, Stopping: []int32{2}}
	tests := []struct {
		name   string
		change func(*Cluster)
		want   Criteria
		text   []string // parts of the problems, in order; none for a healthy cluster
	}{
		{name: "healthy", want: all},
		{name: "a broker is missing", want: all, change: func(c *Cluster) { c.Brokers = c.Brokers[:2] },
			text: []string{"not registered: broker 3 (registered: 1, 2)", "2 of 3 brokers are registered: 1, 2"}},
		{name: "a broker does not answer", want: all, change: func(c *Cluster) { c.Brokers[2].Err = errors.New("connection refused") },
			text: []string{"broker 3 (kafka3:9092) is registered but does not answer: connection refused"}},
		{name: "no controller", want: all, change: func(c *Cluster) { c.Controller = -1 }, text: []string{"no active controller"}},
		{name: "offline", want: all, change: func(c *Cluster) { c.Partitions[1].Leader = -1 },
			text: []string{"offline partitions: 1 (orders-1)"}},
		{name: "under-replicated", want: all, change: func(c *Cluster) { c.Partitions[0].ISR = []int32{1, 3} },
			text: []string{"under-replicated partitions: 1 (orders-0), replicas missing on broker 2"}},
		{name: "as many as allowed", want: Criteria{UnderReplicated: 1}, change: func(c *Cluster) { c.Partitions[0].ISR = []int32{1, 3} }},
		{name: "topics that do not count", want: Criteria{IgnoreTopics: []string{"ord*"}}, change: func(c *Cluster) { c.Partitions[0].ISR = nil }},
		{name: "stopping leaves too few", want: Criteria{Stopping: []int32{2}}, change: func(c *Cluster) { c.Partitions[1].MinISR = 3 },
			text: []string{"stopping broker 2 would leave partitions with fewer in-sync replicas than min.insync.replicas: 1 (orders-1)"}},
		{name: "stopping the only replica", want: Criteria{Stopping: []int32{3}},
			change: func(c *Cluster) { c.Partitions[1].Replicas, c.Partitions[1].ISR = []int32{3}, []int32{3} },
			text:   []string{"stopping broker 3 would take partitions offline: 1 (orders-1)"}},
		{name: "the quorum is hidden", want: all, change: func(c *Cluster) { c.KRaft = true }, text: []string{"needs the right to Describe the cluster"}},
		{name: "the quorum is hidden, and nobody is stopped", want: Criteria{BrokerCount: 3}, change: func(c *Cluster) { c.KRaft = true }},
		{name: "a voter lags", want: Criteria{VoterLag: 10}, change: func(c *Cluster) { c.Voters = []Voter{{ID: 1}, {ID: 2, Lag: 11}} },
			text: []string{"controller 2 is 11 records behind"}},
		{name: "a voter may lag", want: Criteria{VoterLag: -1}, change: func(c *Cluster) { c.Voters = []Voter{{ID: 2, Lag: 11}} }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := healthy()
			if tt.change != nil {
				tt.change(&c)
			}
			got := c.Problems(tt.want)
			if len(got) != len(tt.text) {
				t.Fatalf("problems %q, want %q", got, tt.text)
			}
			for i, part := range tt.text {
				if !strings.Contains(got[i], part) {
					t.Errorf("problem %q, want %q", got[i], part)
				}
			}
		})
	}
}

func TestCanStop(t *testing.T) {
	voters := []Voter{{ID: 1}, {ID: 2}, {ID: 3}}
	tests := []struct {
		name     string
		change   func(*Cluster)
		stopping []int32
		ignore   []string
		text     []string
	}{
		{name: "one of three", stopping: []int32{1}},
		{name: "a rack of two", stopping: []int32{1, 3}, text: []string{"1, 3 would leave partitions with fewer in-sync replicas than min.insync.replicas: 2"}},
		{name: "all", stopping: []int32{1, 2, 3}, text: []string{"would take partitions offline: 2 (orders-0, orders-1)"}},
		{name: "topics that do not count", stopping: []int32{1, 2, 3}, ignore: []string{"ord*"}},
		{name: "another was killed, and is still in sync", stopping: []int32{1}, change: func(c *Cluster) { c.Brokers[1].Err = errors.New("refused") },
			text: []string{"fewer in-sync replicas"}},
		{name: "it is out of sync already", stopping: []int32{1}, change: func(c *Cluster) {
			for i := range c.Partitions {
				c.Partitions[i].ISR = []int32{2, 3}
			}
		}},
		{name: "the quorum is hidden", stopping: []int32{1}, change: func(c *Cluster) { c.KRaft = true }, text: []string{"the controllers' quorum is hidden from the login"}},
		{name: "nobody is stopped", change: func(c *Cluster) { c.KRaft = true }},
		{name: "KRaft", stopping: []int32{1}, change: func(c *Cluster) { c.KRaft, c.Voters = true, voters }},
		{name: "a controller of three", stopping: []int32{1}, change: func(c *Cluster) { c.Voters = voters }},
		{name: "two controllers of three", stopping: []int32{1, 2}, ignore: []string{"*"}, change: func(c *Cluster) { c.Voters = voters },
			text: []string{"1 of 3 controllers that keep up would be left: no majority"}},
		{name: "a controller while another lags", stopping: []int32{2}, change: func(c *Cluster) { c.Voters = []Voter{{ID: 1}, {ID: 2}, {ID: 3, Lag: 900}} },
			text: []string{"1 of 3 controllers"}},
		{name: "a controller while another is silent", stopping: []int32{2}, change: func(c *Cluster) { c.Voters = []Voter{{ID: 1}, {ID: 2}, {ID: 3, Behind: time.Minute}} },
			text: []string{"1 of 3 controllers"}},
		{name: "a cluster of one, whose topics may be away", stopping: []int32{1}, ignore: []string{"*"}, change: func(c *Cluster) { c.Voters, c.Brokers = voters[:1], c.Brokers[:1] }},
		{name: "a cluster of one", stopping: []int32{1}, change: func(c *Cluster) {
			*c = Cluster{Controller: 1, Voters: voters[:1], Brokers: c.Brokers[:1], Partitions: []Partition{{Topic: "orders", Leader: 1, Replicas: []int32{1}, ISR: []int32{1}, MinISR: 1}}}
		}, text: []string{"would take partitions offline: 1 (orders-0)"}},
		{name: "a broker that is no controller", stopping: []int32{3}, change: func(c *Cluster) { c.Voters = []Voter{{ID: 11}, {ID: 12, Lag: 900}, {ID: 13, Lag: 900}} }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := healthy()
			if tt.change != nil {
				tt.change(&c)
			}
			got := c.StopProblems(tt.stopping, tt.ignore...)
			if len(got) != len(tt.text) {
				t.Fatalf("problems %q, want %q", got, tt.text)
			}
			for i, part := range tt.text {
				if !strings.Contains(got[i], part) {
					t.Errorf("problem %q, want %q", got[i], part)
				}
			}
		})
	}
}

// What only has to be waited for is not what never can be.
func TestNeverStoppable(t *testing.T) {
	hidden := healthy()
	hidden.KRaft = true
	if never := hidden.NeverStoppable([]int32{1}); len(never) > 0 {
		t.Errorf("a quorum that is hidden: never %q", never)
	}
	c := healthy()
	for i := range c.Partitions {
		c.Partitions[i].ISR = c.Partitions[i].ISR[:1]
	}
	c.Brokers[1].Err = errors.New("refused")
	c.Voters = []Voter{{ID: 1}, {ID: 2, Lag: 900}, {ID: 3, Behind: time.Minute}}
	if now, never := c.StopProblems([]int32{1}), c.NeverStoppable([]int32{1}); len(now) == 0 || len(never) > 0 {
		t.Errorf("now %q, never %q", now, never)
	}
	c.Partitions[0].MinISR = len(c.Partitions[0].Replicas)
	if never := c.NeverStoppable([]int32{1}); len(never) != 1 || !strings.Contains(never[0], "orders-0") {
		t.Errorf("never %q, want orders-0 alone", never)
	}
	one := Cluster{Controller: 1, Voters: c.Voters[:1], Brokers: c.Brokers[:1], Partitions: c.Partitions[:1]}
	if never := one.NeverStoppable([]int32{1}, "*"); len(never) > 0 {
		t.Errorf("a cluster of one, whose topics may be away: never %q", never)
	}
	if never := c.NeverStoppable([]int32{1, 2}, "*"); len(never) != 1 || !strings.Contains(never[0], "no majority") {
		t.Errorf("never %q, want the majority alone", never)
	}
}

func TestListNamesAFew(t *testing.T) {
	c := healthy()
	for n := range int32(9) {
		c.Partitions = append(c.Partitions, Partition{Topic: "many", Number: n, Leader: -1})
	}
	got := strings.Join(c.Problems(Criteria{}), "; ")
	if want := "9 (many-0, many-1, many-2, many-3, many-4, …)"; !strings.Contains(got, want) {
		t.Errorf("problems %q, want %q", got, want)
	}
}

func TestDisplaced(t *testing.T) {
	c := Cluster{Partitions: []Partition{
		{Topic: "well", Leader: 1, Replicas: []int32{1, 2}, ISR: []int32{1, 2}},
		{Topic: "moved", Leader: 2, Replicas: []int32{1, 2}, ISR: []int32{2, 1}},
		{Topic: "behind", Leader: 2, Replicas: []int32{1, 2}, ISR: []int32{2}},
		{Topic: "offline", Leader: -1, Replicas: []int32{1, 2}, ISR: []int32{1}},
	}}
	got := c.Displaced()
	if len(got) != 1 || got[0].Topic != "moved" {
		t.Errorf("displaced are %v, want moved-0 alone", got)
	}
}
