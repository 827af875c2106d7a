// Package kafkahealth is the module kafka_health: it waits until a Kafka cluster is
// healthy, and changes nothing.
package kafkahealth

import (
	"context"
	"fmt"
	"strings"
	"time"

	"kops/internal/kafka"
	"kops/internal/module"
	"kops/internal/module/kafkaapi"
	"kops/internal/remote"
	"kops/internal/value"
)

// Spec is what is asked of the cluster.
type Spec struct {
	Brokers         value.Value `arg:"brokers,raw" doc:"how many brokers must be registered and answer, or the list of their ids"`
	UnderReplicated int         `arg:"under_replicated" doc:"how many partitions may lack an in-sync replica"`
	Offline         int         `arg:"offline" doc:"how many partitions may lack a leader"`
	Stopping        []int       `arg:"stopping" doc:"ids of brokers that are about to be stopped: without them each partition must keep min.insync.replicas"`
	IgnoreTopics    []string    `arg:"ignore_topics" doc:"globs of topics whose partitions do not count, such as those without replicas"`
	Controllers     []string    `arg:"controllers" doc:"host:port of controllers of KRaft, as this host reaches them: each must accept connections"`
	VoterLag        int         `arg:"voter_lag" doc:"how many records a KRaft controller may be behind the quorum's leader; -1 for any number"`
	Timeout         int         `arg:"timeout" doc:"seconds to wait until the cluster is healthy; 0 asks once"`
	Interval        int         `arg:"interval" doc:"seconds between two looks"`
	kafkaapi.Connection

	criteria kafka.Criteria
}

// New describes kafka_health.
func New() *module.Module {
	return &module.Module{
		Name: "kafka_health", Collection: "kops.kafka",
		Doc: module.Doc{
			Summary: "Wait until a Kafka cluster is healthy.",
			Notes: []string{
				kafkaapi.Note, "It never changes anything.",
				"In check mode it looks once. A cluster that is not healthy then is reported as unknown, not as failed.",
				"A broker that is registered but does not answer counts as missing: one that was killed stays registered until its session ends.",
				"With KRaft the quorum of controllers must have a leader; voter_lag limits how far the others may be behind, and controllers finds those that are out before the quorum has noticed.",
				"With stopping, a cluster with ZooKeeper is not healthy while its ensemble (zookeeper.connect of the brokers) has no quorum: a broker that is stopped then does not come back.",
				"While it waits, the run tells every ten seconds what for: partitions, brokers, controllers.",
			},
			Examples: `- name: The cluster can do without this broker
  kops.kafka.kafka_health:
    bootstrap: "{{ inventory_hostname }}:9092"
    brokers: 3
    stopping: "{{ kafka_broker_id }}"
    timeout: 300
`,
			Returns: []module.Return{
				{Name: "healthy", Type: "bool", Text: "whether nothing is wrong"},
				{Name: "problems", Type: "list", Text: "what is wrong, as sentences"},
				{Name: "silent", Type: "bool", Text: "whether who was asked accepts connections and does not answer in time"},
				{Name: "never", Type: "list", Text: "why the brokers of stopping can never be stopped, whatever else gets well, as sentences"},
				{Name: "cluster_id", Type: "str", Text: "the cluster's id"},
				{Name: "controller", Type: "int", Text: "id of the active controller, -1 if there is none"},
				{Name: "kraft", Type: "bool", Text: "whether the cluster runs without ZooKeeper"},
				{Name: "brokers", Type: "list", Text: "id, address, rack, answers and refused of each registered broker; refused is whether nobody listens at its address, as after it was stopped"},
				{Name: "voters", Type: "list", Text: "id and lag of each controller of KRaft's quorum"},
				{Name: "controllers", Type: "list", Text: "address, answers and refused (whether nobody listens there) of each of the argument's controllers"},
				{Name: "topics", Type: "int", Text: "how many topics there are, internal ones too"},
				{Name: "partitions", Type: "int", Text: "how many partitions there are"},
				{Name: "under_replicated", Type: "list", Text: "partitions that lack an in-sync replica"},
				{Name: "offline", Type: "list", Text: "partitions that lack a leader"},
				{Name: "under_min_isr", Type: "list", Text: "partitions with fewer in-sync replicas than min.insync.replicas"},
			},
		},
		New: func() module.Spec {
			return &Spec{Timeout: 300, Interval: 2, VoterLag: -1, Connection: kafkaapi.Default()}
		},
	}
}

// Validate checks what depends on each other, and the shape of brokers.
func (s *Spec) Validate() error {
	if err := s.Check(); err != nil {
		return err
	}
	for _, n := range []struct {
		name  string
		value int
	}{{"under_replicated", s.UnderReplicated}, {"offline", s.Offline}, {"timeout", s.Timeout}} {
		if n.value < 0 {
			return fmt.Errorf("%s: %d is negative", n.name, n.value)
		}
	}
	if s.Interval < 1 {
		return fmt.Errorf("interval: must be at least 1 second")
	}
	if len(s.Controllers) > 0 {
		if err := kafka.CheckAddresses(s.Controllers); err != nil {
			return fmt.Errorf("controllers: %w", err)
		}
	}
	if err := kafkaapi.CheckGlobs("ignore_topics", s.IgnoreTopics); err != nil {
		return err
	}
	return s.readBrokers()
}

// readBrokers fills in the criteria. brokers is a number, or a list of ids.
func (s *Spec) readBrokers() error {
	s.criteria = kafka.Criteria{UnderReplicated: s.UnderReplicated, Offline: s.Offline, VoterLag: int64(s.VoterLag), IgnoreTopics: s.IgnoreTopics}
	for _, id := range s.Stopping {
		s.criteria.Stopping = append(s.criteria.Stopping, int32(id))
	}
	var ids []value.Value
	switch v := s.Brokers.(type) {
	case nil:
		return nil
	case *value.List:
		ids = v.Items
	case value.Tuple:
		ids = v
	default:
		count, err := module.ToInt(v)
		if err != nil || count < 0 {
			return fmt.Errorf("brokers: wants a number of brokers or a list of ids, not %v", v)
		}
		s.criteria.BrokerCount = int(count)
		return nil
	}
	for _, v := range ids {
		id, err := module.ToInt(v)
		if err != nil {
			return fmt.Errorf("brokers: %w", err)
		}
		s.criteria.BrokerIDs = append(s.criteria.BrokerIDs, int32(id))
	}
	return nil
}

// Plan looks once. Where that is not enough, the step waits.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	// A file of the login that is not there is a mistake, nothing to wait for.
	client, err := s.Open(ctx, h)
	if err != nil {
		return module.Change{}, err
	}
	client.Close()
	seen := s.look(ctx, h)
	if len(seen.problems) == 0 {
		return module.Change{Result: s.result(seen)}, nil
	}
	return module.Change{
		Predict: module.Unknown,
		Why:     "whether the cluster gets healthy: " + strings.Join(seen.problems, "; "),
		Result:  s.result(seen),
		Steps:   []module.Step{{Summary: seen.waiting(), Do: s.wait}},
	}, nil
}

func (s *Spec) wait(ctx context.Context, h remote.Host) (module.Outcome, error) {
	return module.Wait{
		Unwell: "the cluster is not healthy", Timeout: time.Duration(s.Timeout) * time.Second, Interval: time.Duration(s.Interval) * time.Second,
		Look: func(ctx context.Context) ([]string, string, *value.Map) {
			seen := s.look(ctx, h)
			return seen.problems, seen.waiting(), s.result(seen)
		},
	}.Do(ctx)
}
