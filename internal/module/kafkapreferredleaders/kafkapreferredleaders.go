// Package kafkapreferredleaders is the module kafka_preferred_leaders: partitions are led by their
// first replicas again, as they were laid out, after brokers have been away.
package kafkapreferredleaders

import (
	"context"
	"fmt"
	"strings"

	"kops/internal/kafka"
	"kops/internal/module"
	"kops/internal/module/kafkaapi"
	"kops/internal/remote"
	"kops/internal/value"
)

// Spec says of which cluster.
type Spec struct{ kafkaapi.Connection }

// New describes kafka_preferred_leaders.
func New() *module.Module {
	return &module.Module{
		Name: "kafka_preferred_leaders", Collection: "kops.kafka",
		Doc: module.Doc{
			Summary: "Have the preferred replicas lead their partitions again.",
			Notes: []string{
				kafkaapi.Note,
				"A broker that was restarted leads nothing until then: the others carry its load. Partitions whose preferred replica is not in sync are left as they are.",
			},
			Examples: `- name: Every broker leads its share again
  kops.kafka.kafka_preferred_leaders:
    bootstrap: "{{ inventory_hostname }}:9092"
`,
			Returns: []module.Return{{Name: "partitions", Type: "list", Text: "those that another replica led"}},
		},
		New: func() module.Spec { return &Spec{Connection: kafkaapi.Default()} },
	}
}

// Plan finds the partitions that another replica leads.
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
	displaced := cluster.Displaced()
	var before, after strings.Builder
	for _, p := range displaced {
		fmt.Fprintf(&before, "%s: broker %d\n", p, p.Leader)
		fmt.Fprintf(&after, "%s: broker %d\n", p, p.Replicas[0])
	}
	change := module.Change{Result: value.NewMap("partitions", kafkaapi.Names(displaced, func(kafka.Partition) bool { return true }))}
	if len(displaced) == 0 {
		return change, nil
	}
	change.Predict = module.Changes
	change.Diffs = []module.Diff{{BeforeHeader: "leaders", AfterHeader: "leaders", Before: before.String(), After: after.String()}}
	change.Steps = []module.Step{{
		Summary: fmt.Sprintf("elect the preferred leaders of %d partitions", len(displaced)),
		Do: func(ctx context.Context, h remote.Host) (module.Outcome, error) {
			client, err := s.Open(ctx, h)
			if err != nil {
				return module.Outcome{}, err
			}
			defer client.Close()
			return module.Outcome{Changed: true}, client.ElectPreferred(ctx, displaced)
		},
	}}
	return change, nil
}
