package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A Cluster is what the brokers say of themselves at one moment.
type Cluster struct {
	ID string
	// Controller is the active controller: with ZooKeeper a broker; with KRaft the leader
	// of the controllers' quorum, which need not be a broker. -1 if there is none.
	Controller int32
	KRaft      bool
	// Version is the newest Kafka version whose requests the broker that was asked knows: "3.9",
	// "at least 4.1" where that is newer than what this client knows.
	Version       string
	MetadataLevel int     // of the feature metadata.version; 0 with ZooKeeper
	Epoch         int32   // of the quorum's leader; 0 with ZooKeeper
	Voters        []Voter // of the controllers' quorum; none with ZooKeeper
	Observers     []Voter // brokers that follow the quorum without a vote
	Brokers       []Broker
	Partitions    []Partition // by topic and number, internal topics too
}

// A Broker is a registered broker.
type Broker struct {
	ID      int32
	Address string // host:port, as it tells clients
	Rack    string
	Err     error // why it does not answer although it is registered; nil if it does
}

// A Voter is a controller of a KRaft quorum.
type Voter struct {
	ID     int32
	Lag    int64         // records behind the leader
	Behind time.Duration // since it last had all of the leader's records; 0 where the leader does not tell
}

// A Partition is where a partition's replicas are, and which of them keep up.
type Partition struct {
	Topic    string
	Number   int32
	Leader   int32 // -1 if there is none
	Replicas []int32
	ISR      []int32
	MinISR   int // min.insync.replicas of its topic
}

// String returns topic and number: "orders-3".
func (p Partition) String() string { return fmt.Sprintf("%s-%d", p.Topic, p.Number) }

// Offline tells whether no broker leads the partition.
func (p Partition) Offline() bool { return p.Leader < 0 }

// UnderReplicated tells whether a replica is missing from the in-sync set.
func (p Partition) UnderReplicated() bool { return len(p.ISR) < len(p.Replicas) }

// UnderMinISR tells whether producers that wait for all replicas are refused.
func (p Partition) UnderMinISR() bool { return len(p.ISR) < p.MinISR }

// NotPreferred tells whether another broker than the first replica leads the partition.
func (p Partition) NotPreferred() bool {
	return p.Leader >= 0 && len(p.Replicas) > 0 && p.Leader != p.Replicas[0]
}

const minISRConfig = "min.insync.replicas"

// concurrentProbes limits how many brokers are asked at once whether they answer.
const concurrentProbes = 16

// Describe asks for brokers, partitions and quorum, and asks each broker whether it
// answers: one that was killed stays registered until its session ends.
func (c *Client) Describe(ctx context.Context) (Cluster, error) {
	call, cancel := c.limit(ctx)
	defer cancel()
	meta, err := c.admin.Metadata(call)
	if err != nil {
		return Cluster{}, c.explain("ask for the cluster's metadata", err)
	}
	cluster := Cluster{ID: meta.Cluster, Controller: meta.Controller, Brokers: brokersOf(meta)}
	minISR, err := c.minISR(ctx, meta)
	if err != nil {
		return Cluster{}, err
	}
	if cluster.Partitions, err = partitionsOf(meta, minISR); err != nil {
		return Cluster{}, err
	}
	c.probe(ctx, cluster.Brokers)
	if err := c.quorum(ctx, &cluster); err != nil {
		return Cluster{}, err
	}
	return cluster, nil
}

func brokersOf(meta kadm.Metadata) []Broker {
	var brokers []Broker
	for _, b := range meta.Brokers {
		_, host := unnumbered(b.Host)
		broker := Broker{ID: b.NodeID, Address: net.JoinHostPort(host, strconv.Itoa(int(b.Port)))}
		if b.Rack != nil {
			broker.Rack = *b.Rack
		}
		brokers = append(brokers, broker)
	}
	slices.SortFunc(brokers, func(a, b Broker) int { return int(a.ID - b.ID) })
	return brokers
}

func partitionsOf(meta kadm.Metadata, minISR map[string]int) ([]Partition, error) {
	var partitions []Partition
	for _, topic := range meta.Topics.Sorted() {
		// One that is being made or deleted has no partitions yet, or no more.
		if topic.Err != nil && !kerr.IsRetriable(topic.Err) {
			return nil, fmt.Errorf("topic %s: %w", topic.Topic, topic.Err)
		}
		for _, p := range topic.Partitions.Sorted() {
			if errors.Is(p.Err, kerr.ListenerNotFound) {
				return nil, fmt.Errorf("partition %s-%d: its leader has no listener of the name by which the bootstrap address is reached: use the port of a listener that all brokers have: %w", p.Topic, p.Partition, p.Err)
			}
			// LEADER_NOT_AVAILABLE is a state, not a failure: the leader is -1 then.
			if p.Err != nil && !kerr.IsRetriable(p.Err) {
				return nil, fmt.Errorf("partition %s-%d: %w", p.Topic, p.Partition, p.Err)
			}
			leader := p.Leader
			if errors.Is(p.Err, kerr.LeaderNotAvailable) {
				leader = -1
			}
			partitions = append(partitions, Partition{
				Topic: p.Topic, Number: p.Partition, Leader: leader,
				Replicas: p.Replicas, ISR: p.ISR, MinISR: minISR[p.Topic],
			})
		}
	}
	return partitions, nil
}

// minISR asks for min.insync.replicas of every topic.
func (c *Client) minISR(ctx context.Context, meta kadm.Metadata) (map[string]int, error) {
	found := map[string]int{}
	if len(meta.Topics) == 0 {
		return found, nil
	}
	call, cancel := c.limit(ctx)
	defer cancel()
	configs, err := c.admin.DescribeTopicConfigs(call, meta.Topics.Names()...)
	if err != nil {
		return nil, c.explain("ask for the topics' "+minISRConfig, err)
	}
	for _, topic := range configs {
		if errors.Is(topic.Err, kerr.UnknownTopicOrPartition) {
			continue // deleted since
		}
		if topic.Err != nil {
			return nil, fmt.Errorf("ask for %s of topic %s: %w", minISRConfig, topic.Name, topic.Err)
		}
		found[topic.Name] = 1
		for _, config := range topic.Configs {
			if config.Key != minISRConfig || config.Value == nil {
				continue
			}
			n, err := strconv.Atoi(*config.Value)
			if err != nil {
				return nil, fmt.Errorf("%s of topic %s: %w", minISRConfig, topic.Name, err)
			}
			found[topic.Name] = n
		}
	}
	return found, nil
}

// probe asks each broker for itself and fills in Err.
func (c *Client) probe(ctx context.Context, brokers []Broker) {
	var wait sync.WaitGroup
	slots := make(chan struct{}, concurrentProbes)
	for i := range brokers {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			call, cancel := c.limit(ctx)
			defer cancel()
			request := kmsg.NewPtrMetadataRequest()
			request.Topics = []kmsg.MetadataRequestTopic{}
			_, brokers[i].Err = c.kgo.Broker(int(brokers[i].ID)).Request(call, request)
		})
	}
	wait.Wait()
}
