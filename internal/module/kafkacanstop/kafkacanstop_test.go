package kafkacanstop

import (
	"errors"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"kops/internal/module"
	"kops/internal/module/kafkaapi/kafkatest"
	"kops/internal/module/moduletest"
	"kops/internal/value"
)

func TestArguments(t *testing.T) {
	args := moduletest.Args
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "neither", Args: args(), Err: "brokers"},
		{Name: "both", Args: args("brokers", int64(1), "rack", "a"), Err: "brokers"},
		{Name: "glob", Args: args("brokers", int64(1), "ignore_topics", "["), Err: "ignore_topics: "},
	})
}

// Each partition has three replicas, one for each broker.
func TestCanStop(t *testing.T) {
	c := kafkatest.Start(t, kfake.SeedTopics(2, "orders"))
	tests := []struct {
		name string
		args []value.Value
		err  string
	}{
		{name: "one", args: []value.Value{"brokers", int64(1)}},
		{name: "all together", args: []value.Value{"brokers", value.NewList(int64(0), int64(1), int64(2))}, err: "2 (orders-0, orders-1) have no other in-sync replica"},
		{name: "not registered", args: []value.Value{"broker", int64(7)}, err: "brokers: broker 7 is not registered"},
		{name: "no such rack", args: []value.Value{"rack", "x"}, err: `rack: no broker is in rack "x"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			change, err := c.Plan(t, New(), tt.args...)
			if tt.err == "" {
				if err != nil || !change.Result.Bool("can_stop") || len(change.Steps) > 0 {
					t.Errorf("result %v, error %v", change.Result, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
		})
	}
}

func TestANoIsAResult(t *testing.T) {
	c := kafkatest.Start(t, kfake.SeedTopics(2, "orders"))
	brokers := value.NewList(int64(0), int64(1), int64(2))
	_, err := c.Plan(t, New(), "brokers", brokers)
	var failure *module.Failure
	if !errors.As(err, &failure) {
		t.Fatalf("error %v", err)
	}
	change, err := c.Plan(t, New(), "brokers", brokers, "fail", false)
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range []*value.Map{failure.Result, change.Result} {
		partitions := result.At("partitions").(*value.List).Items
		if result.Bool("can_stop") || len(partitions) != 2 {
			t.Fatalf("result %v", result)
		}
		if p := partitions[0].(*value.Map); p.String("partition") != "orders-0" || p.At("left") != int64(0) || p.String("reason") == "" {
			t.Errorf("partition %v", p)
		}
	}
}
