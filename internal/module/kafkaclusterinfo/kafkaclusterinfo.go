// Package kafkaclusterinfo is the module kafka_cluster_info: what a Kafka cluster is and how
// it does at this moment.
package kafkaclusterinfo

import (
	"context"
	"slices"

	"kops/internal/kafka"
	"kops/internal/module"
	"kops/internal/module/kafkaapi"
	"kops/internal/remote"
	"kops/internal/value"
)

// Spec says which cluster, and what of it costs more requests.
type Spec struct {
	kafkaapi.Connection
	ConsumerGroups bool `arg:"consumer_groups" doc:"also ask which consumer groups have committed offsets: a request for each group"`
}

// New describes kafka_cluster_info.
func New() *module.Module {
	return &module.Module{
		Name: "kafka_cluster_info", Collection: "kops.kafka",
		Doc: module.Doc{
			Summary: "Tell what a Kafka cluster is and how it does.",
			Notes:   []string{kafkaapi.Note, "It never changes anything, and does not fail because the cluster is not healthy: kafka_health does."},
			Examples: `- name: What is this cluster?
  kops.kafka.kafka_cluster_info:
    bootstrap: "{{ inventory_hostname }}:9092"
  register: cluster
- debug:
    msg: "controller {{ cluster.controller }}, {{ cluster.under_replicated_count }} partitions lack a replica"
`,
			Returns: []module.Return{
				{Name: "cluster_id", Type: "str", Text: "the cluster's id"},
				{Name: "version", Type: "str", Text: "the newest Kafka version whose requests the broker that was asked knows: brokers do not tell their own"},
				{Name: "kraft", Type: "bool", Text: "whether the cluster runs without ZooKeeper"},
				{Name: "controller", Type: "int", Text: "id of the active controller, -1 if there is none"},
				{Name: "brokers", Type: "list", Text: "id, address, rack, answers and refused (whether nobody listens at its address) of each registered broker; error where it does not answer"},
				{Name: "racks", Type: "dict", Text: "the ids of each rack's brokers; brokers without a rack are left out"},
				{Name: "quorum", Type: "dict", Text: "with KRaft: leader, epoch, metadata_level, voters and observers, each with id, lag in records and behind in seconds"},
				{Name: "topics", Type: "int", Text: "how many topics there are, internal ones too"},
				{Name: "partitions", Type: "int", Text: "how many partitions there are"},
				{Name: "under_replicated_count", Type: "int", Text: "how many partitions lack an in-sync replica"},
				{Name: "under_replicated", Type: "list", Text: "these partitions"},
				{Name: "offline_count", Type: "int", Text: "how many partitions lack a leader"},
				{Name: "offline", Type: "list", Text: "these partitions"},
				{Name: "under_min_isr_count", Type: "int", Text: "how many partitions have fewer in-sync replicas than min.insync.replicas"},
				{Name: "under_min_isr", Type: "list", Text: "these partitions"},
				{Name: "not_preferred_count", Type: "int", Text: "how many partitions are led by another broker than their first replica"},
				{Name: "consumer_groups", Type: "list", Text: "with consumer_groups: the groups that have committed offsets, as far as the login may see them"},
			},
		},
		New: func() module.Spec { return &Spec{Connection: kafkaapi.Default()} },
	}
}

// Plan asks the cluster.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	client, err := s.Open(ctx, h)
	if err != nil {
		return module.Change{}, err
	}
	defer client.Close()
	cluster, err := client.Describe(ctx)
	if err != nil {
		return module.Change{}, err
	}
	m := result(cluster)
	if s.ConsumerGroups {
		groups, err := client.CommittedGroups(ctx)
		if err != nil {
			return module.Change{}, err
		}
		m.Set("consumer_groups", value.Strings(groups))
	}
	return module.Change{Result: m}, nil
}

func result(c kafka.Cluster) *value.Map {
	m := value.NewMap(
		"cluster_id", c.ID,
		"version", c.Version,
		"kraft", c.KRaft,
		"controller", int64(c.Controller),
		"brokers", kafkaapi.Brokers(c),
		"racks", racks(c),
		"topics", kafkaapi.Topics(c.Partitions),
		"partitions", int64(len(c.Partitions)),
	)
	if c.KRaft {
		m.Set("quorum", value.NewMap("leader", int64(c.Controller), "epoch", int64(c.Epoch), "metadata_level", int64(c.MetadataLevel),
			"voters", voters(c.Voters), "observers", voters(c.Observers)))
	}
	for _, kind := range []struct {
		name  string
		holds func(kafka.Partition) bool
	}{{"under_replicated", kafka.Partition.UnderReplicated}, {"offline", kafka.Partition.Offline}, {"under_min_isr", kafka.Partition.UnderMinISR}} {
		found := kafkaapi.Names(c.Partitions, kind.holds)
		m.Set(kind.name+"_count", int64(len(found.Items)))
		m.Set(kind.name, found)
	}
	m.Set("not_preferred_count", int64(len(kafkaapi.Names(c.Partitions, kafka.Partition.NotPreferred).Items)))
	return m
}

func racks(c kafka.Cluster) *value.Map {
	var names []string
	for _, b := range c.Brokers {
		if b.Rack != "" && !slices.Contains(names, b.Rack) {
			names = append(names, b.Rack)
		}
	}
	slices.Sort(names)
	m := value.NewMap()
	for _, name := range names {
		m.Set(name, kafkaapi.IDs(c.Rack(name)))
	}
	return m
}

func voters(all []kafka.Voter) *value.List {
	var list []value.Value
	for _, v := range all {
		list = append(list, value.NewMap("id", int64(v.ID), "lag", v.Lag, "behind", v.Behind.Seconds()))
	}
	return value.NewList(list...)
}
