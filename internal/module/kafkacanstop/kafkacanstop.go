// Package kafkacanstop is the module kafka_can_stop: may these brokers stop now?
package kafkacanstop

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kops/internal/kafka"
	"kops/internal/module"
	"kops/internal/module/kafkaapi"
	"kops/internal/remote"
	"kops/internal/value"
)

// Spec says which brokers, and of which cluster.
type Spec struct {
	Brokers      []int    `arg:"brokers,alias=broker,oneof=which" doc:"ids of the brokers that would be down at the same time: they are judged together"`
	Rack         string   `arg:"rack,oneof=which" doc:"all brokers of this rack, judged together"`
	IgnoreTopics []string `arg:"ignore_topics" doc:"globs of topics whose partitions do not count, such as those without replicas"`
	Fail         bool     `arg:"fail" doc:"whether a no fails the task"`
	kafkaapi.Connection
}

// New describes kafka_can_stop.
func New() *module.Module {
	return &module.Module{
		Name: "kafka_can_stop", Collection: "kops.kafka",
		Doc: module.Doc{
			Summary: "Ask a Kafka cluster whether brokers may stop now.",
			Notes: []string{
				kafkaapi.Note, "It never changes anything, and answers at once: kafka_health waits.",
				"Without the brokers each of their partitions must keep at least min.insync.replicas in-sync replicas, and one at least. A replica whose broker does not answer does not count, even while it still is in the in-sync set.",
				"With KRaft, brokers that are controllers too may stop only if a majority of the controllers is left that keeps up.",
			},
			Examples: `- name: May this broker stop?
  kops.kafka.kafka_can_stop:
    bootstrap: "{{ inventory_hostname }}:9092"
    brokers: "{{ kafka_broker_id }}"

- name: May the whole rack?
  kops.kafka.kafka_can_stop:
    bootstrap: "{{ inventory_hostname }}:9092"
    rack: eu-central-1a
    fail: false
  register: rack
`,
			Returns: []module.Return{
				{Name: "can_stop", Type: "bool", Text: "the answer"},
				{Name: "brokers", Type: "list", Text: "the ids that were judged"},
				{Name: "problems", Type: "list", Text: "what says no, as sentences"},
				{Name: "partitions", Type: "list", Text: "the partitions that say no: partition, leader, replicas, isr, min_isr, left (in-sync replicas that would be left) and reason"},
			},
		},
		New: func() module.Spec { return &Spec{Fail: true, Connection: kafkaapi.Default()} },
	}
}

// Validate checks the globs.
func (s *Spec) Validate() error {
	if err := kafkaapi.CheckGlobs("ignore_topics", s.IgnoreTopics); err != nil {
		return err
	}
	return s.Check()
}

// Plan asks the cluster.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	client, err := s.Open(ctx, h)
	if err != nil {
		return module.Change{}, err
	}
	defer client.Close()
	cluster, err := client.DescribeAll(ctx)
	if err != nil {
		return module.Change{}, err
	}
	brokers, err := s.stopping(cluster)
	if err != nil {
		return module.Change{}, err
	}
	problems := cluster.StopProblems(brokers, s.IgnoreTopics...)
	result := value.NewMap(
		"can_stop", len(problems) == 0,
		"brokers", kafkaapi.IDs(brokers),
		"problems", value.Strings(problems),
		"partitions", losses(cluster.CanStop(brokers, s.IgnoreTopics...)),
	)
	if len(problems) > 0 && s.Fail {
		return module.Change{}, &module.Failure{Msg: strings.Join(problems, "; "), Result: result}
	}
	return module.Change{Result: result}, nil
}

// stopping are the brokers that are asked about. One that is not registered is a slip, or is down already.
func (s *Spec) stopping(c kafka.Cluster) ([]int32, error) {
	var known, brokers []int32
	var racks []string
	for _, b := range c.Brokers {
		known = append(known, b.ID)
		racks = append(racks, fmt.Sprintf("%q", b.Rack))
	}
	if s.Rack != "" {
		if brokers = c.Rack(s.Rack); len(brokers) == 0 {
			slices.Sort(racks)
			return nil, fmt.Errorf("rack: no broker is in rack %q; the brokers' racks are %s", s.Rack, strings.Join(slices.Compact(racks), ", "))
		}
		return brokers, nil
	}
	for _, id := range s.Brokers {
		if !slices.Contains(known, int32(id)) {
			return nil, fmt.Errorf("brokers: broker %d is not registered; registered are %v", id, known)
		}
		brokers = append(brokers, int32(id))
	}
	return brokers, nil
}

func losses(all []kafka.Loss) *value.List {
	var list []value.Value
	for _, l := range all {
		list = append(list, value.NewMap("partition", l.String(), "leader", int64(l.Leader), "replicas", kafkaapi.IDs(l.Replicas),
			"isr", kafkaapi.IDs(l.ISR), "min_isr", int64(l.MinISR), "left", int64(l.Rest), "reason", l.Reason()))
	}
	return value.NewList(list...)
}
