package main

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
)

// scrapeTimeout bounds the questions to Kafka of one scrape.
const scrapeTimeout = 20 * time.Second

// A metric is one of the original's: its name, help and labels.
type metric struct{ *prometheus.Desc }

func newMetric(name, help string, labels ...string) metric {
	return metric{prometheus.NewDesc("kafka_"+name, help, labels, nil)}
}

func (m metric) send(ch chan<- prometheus.Metric, value float64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(m.Desc, prometheus.GaugeValue, value, labels...)
}

var (
	brokers          = newMetric("brokers", "Number of Brokers in the Kafka Cluster.")
	brokerInfo       = newMetric("broker_info", "Information about the Kafka Broker.", "id", "address")
	topicPartitions  = newMetric("topic_partitions", "Number of partitions for this Topic", "topic")
	currentOffset    = newMetric("topic_partition_current_offset", "Current Offset of a Broker at Topic/Partition", "topic", "partition")
	oldestOffset     = newMetric("topic_partition_oldest_offset", "Oldest Offset of a Broker at Topic/Partition", "topic", "partition")
	leader           = newMetric("topic_partition_leader", "Leader Broker ID of this Topic/Partition", "topic", "partition")
	leaderPreferred  = newMetric("topic_partition_leader_is_preferred", "1 if Topic/Partition is using the Preferred Broker", "topic", "partition")
	replicas         = newMetric("topic_partition_replicas", "Number of Replicas for this Topic/Partition", "topic", "partition")
	inSyncReplicas   = newMetric("topic_partition_in_sync_replica", "Number of In-Sync Replicas for this Topic/Partition", "topic", "partition")
	underReplicated  = newMetric("topic_partition_under_replicated_partition", "1 if Topic/Partition is under Replicated", "topic", "partition")
	groupMembers     = newMetric("consumergroup_members", "Amount of members in a consumer group", "consumergroup")
	groupOffset      = newMetric("consumergroup_current_offset", "Current Offset of a ConsumerGroup at Topic/Partition", "consumergroup", "topic", "partition")
	groupOffsetTotal = newMetric("consumergroup_current_offset_sum", "Current Offset of a ConsumerGroup at Topic for all partitions", "consumergroup", "topic")
	groupLag         = newMetric("consumergroup_lag", "Current Approximate Lag of a ConsumerGroup at Topic/Partition", "consumergroup", "topic", "partition")
	groupLagTotal    = newMetric("consumergroup_lag_sum", "Current Approximate Lag of a ConsumerGroup at Topic for all partitions", "consumergroup", "topic")
)

// A collector asks Kafka anew at each scrape. What cannot be learned is logged and left out, as in the original.
type collector struct {
	admin *kadm.Client
	opts  *options
}

// Describe lists the metrics.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range []metric{
		brokers, brokerInfo, topicPartitions, currentOffset, oldestOffset, leader, leaderPreferred, replicas, inSyncReplicas,
		underReplicated, groupMembers, groupOffset, groupOffsetTotal, groupLag, groupLagTotal,
	} {
		ch <- m.Desc
	}
}

// Collect sends the state of the cluster.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	meta, err := c.admin.Metadata(ctx)
	if err != nil {
		slog.Error("Cannot get the cluster's metadata", "error", err)
		return
	}
	brokers.send(ch, float64(len(meta.Brokers)))
	for _, b := range meta.Brokers {
		brokerInfo.send(ch, 1, strconv.Itoa(int(b.NodeID)), b.Host+":"+strconv.Itoa(int(b.Port)))
	}
	var names []string
	for name := range meta.Topics {
		if c.opts.wantsTopic(name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return // no name would mean all topics
	}
	ends, err := c.admin.ListEndOffsets(ctx, names...)
	if err != nil {
		slog.Error("Cannot get current offsets", "error", err)
	}
	starts, err := c.admin.ListStartOffsets(ctx, names...)
	if err != nil {
		slog.Error("Cannot get oldest offsets", "error", err)
	}
	for _, name := range names {
		collectTopic(ch, meta.Topics[name], ends, starts)
	}
	c.collectGroups(ctx, ch, meta.Topics, ends)
}

func collectTopic(ch chan<- prometheus.Metric, topic kadm.TopicDetail, ends, starts kadm.ListedOffsets) {
	if topic.Err != nil {
		slog.Error("Cannot describe a topic", "topic", topic.Topic, "error", topic.Err)
		return
	}
	topicPartitions.send(ch, float64(len(topic.Partitions)), topic.Topic)
	for _, p := range topic.Partitions.Sorted() {
		labels := []string{topic.Topic, strconv.Itoa(int(p.Partition))}
		leader.send(ch, float64(p.Leader), labels...)
		replicas.send(ch, float64(len(p.Replicas)), labels...)
		inSyncReplicas.send(ch, float64(len(p.ISR)), labels...)
		leaderPreferred.send(ch, oneIf(len(p.Replicas) > 0 && p.Leader == p.Replicas[0]), labels...)
		underReplicated.send(ch, oneIf(len(p.ISR) < len(p.Replicas)), labels...)
		if end, ok := ends.Lookup(topic.Topic, p.Partition); ok && end.Err == nil {
			currentOffset.send(ch, float64(end.Offset), labels...)
		}
		if start, ok := starts.Lookup(topic.Topic, p.Partition); ok && start.Err == nil {
			oldestOffset.send(ch, float64(start.Offset), labels...)
		}
	}
}

func (c *collector) collectGroups(ctx context.Context, ch chan<- prometheus.Metric, topics kadm.TopicDetails, ends kadm.ListedOffsets) {
	listed, err := c.admin.ListGroups(ctx)
	if err != nil {
		slog.Error("Cannot list consumer groups", "error", err)
	}
	var names []string
	for _, name := range listed.Groups() {
		if c.opts.wantsGroup(name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return
	}
	described, err := c.admin.DescribeGroups(ctx, names...)
	if err != nil {
		slog.Error("Cannot describe consumer groups", "error", err)
	}
	for _, group := range described.Sorted() {
		if group.Err != nil {
			slog.Error("Cannot describe a consumer group", "group", group.Group, "error", group.Err)
			continue
		}
		groupMembers.send(ch, float64(len(group.Members)), group.Group)
	}
	for name, answer := range c.admin.FetchManyOffsets(ctx, names...) {
		if answer.Err != nil {
			slog.Error("Cannot get a consumer group's offsets", "group", name, "error", answer.Err)
			continue
		}
		for topic := range answer.Fetched {
			if detail, ok := topics[topic]; ok && c.opts.wantsTopic(topic) {
				collectGroupTopic(ch, name, detail, answer.Fetched, ends)
			}
		}
	}
}

// collectGroupTopic sends a group's place in one topic. A partition without a committed offset has offset and lag -1,
// which do not count in the sums.
func collectGroupTopic(ch chan<- prometheus.Metric, group string, topic kadm.TopicDetail, committed kadm.OffsetResponses, ends kadm.ListedOffsets) {
	var offsets, lags int64
	for _, p := range topic.Partitions.Sorted() {
		end, ok := ends.Lookup(topic.Topic, p.Partition)
		if !ok || end.Err != nil {
			continue
		}
		offset, lag := int64(-1), int64(-1)
		if at, ok := committed.Lookup(topic.Topic, p.Partition); ok && at.Err == nil && at.At >= 0 {
			offset, lag = at.At, end.Offset-at.At
			offsets += offset
			lags += lag
		}
		labels := []string{group, topic.Topic, strconv.Itoa(int(p.Partition))}
		groupOffset.send(ch, float64(offset), labels...)
		groupLag.send(ch, float64(lag), labels...)
	}
	groupOffsetTotal.send(ch, float64(offsets), group, topic.Topic)
	groupLagTotal.send(ch, float64(lags), group, topic.Topic)
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
