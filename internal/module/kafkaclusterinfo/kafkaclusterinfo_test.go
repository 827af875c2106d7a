package kafkaclusterinfo

import (
	"errors"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"kops/internal/kafka"
	"kops/internal/module/kafkaapi/kafkatest"
	"kops/internal/module/moduletest"
	"kops/internal/value"
)

func TestArguments(t *testing.T) {
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "nobody listens", Args: moduletest.Args("bootstrap", "127.0.0.1:1"), Err: "127.0.0.1:1"},
		{Name: "no time", Args: moduletest.Args("call_timeout", int64(0)), Err: "call_timeout: "},
	})
}

func TestInfo(t *testing.T) {
	c := kafkatest.Start(t, kfake.SeedTopics(4, "orders"), kfake.ClusterID("lab"))
	change, err := c.Plan(t, New())
	if err != nil || len(change.Steps) > 0 {
		t.Fatalf("change %+v, error %v", change, err)
	}
	for name, want := range map[string]value.Value{"cluster_id": "lab", "topics": int64(1), "partitions": int64(4), "offline_count": int64(0), "kraft": false} {
		if got := change.Result.At(name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
}

func TestSickCluster(t *testing.T) {
	got := result(kafka.Cluster{
		KRaft: true, Controller: 1, Epoch: 7, Voters: []kafka.Voter{{ID: 1}, {ID: 2, Lag: 5}},
		Brokers: []kafka.Broker{{ID: 1, Rack: "b"}, {ID: 2, Rack: "a", Err: errors.New("refused")}, {ID: 3, Rack: "b"}},
		Partitions: []kafka.Partition{
			{Topic: "orders", Number: 0, Leader: 2, Replicas: []int32{1, 2}, ISR: []int32{2}, MinISR: 2},
			{Topic: "orders", Number: 1, Leader: -1, Replicas: []int32{2}, MinISR: 1},
		},
	})
	const want = `{"cluster_id":"","version":"","kraft":true,"controller":1,"brokers":[{"id":1,"address":"","rack":"b","answers":true,"refused":false},{"id":2,"address":"","rack":"a","answers":false,"refused":false,"error":"refused"},{"id":3,"address":"","rack":"b","answers":true,"refused":false}],"racks":{"a":[2],"b":[1,3]},"topics":1,"partitions":2,"quorum":{"leader":1,"epoch":7,"metadata_level":0,"voters":[{"id":1,"lag":0,"behind":0.0},{"id":2,"lag":5,"behind":0.0}],"observers":[]},"under_replicated_count":2,"under_replicated":["orders-0","orders-1"],"offline_count":1,"offline":["orders-1"],"under_min_isr_count":2,"under_min_isr":["orders-0","orders-1"],"not_preferred_count":1}`
	text, err := value.JSON(got, value.JSONOptions{})
	if err != nil || text != want {
		t.Errorf("result\n%s\nerror %v, want\n%s", text, err, want)
	}
}

func TestConsumerGroups(t *testing.T) {
	c := kafkatest.Start(t, kfake.SeedTopics(1, "orders"))
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	groups := func(args ...value.Value) value.Value {
		t.Helper()
		change, err := c.Plan(t, New(), args...)
		if err != nil {
			t.Fatal(err)
		}
		return change.Result.At("consumer_groups")
	}
	if got := groups("consumer_groups", true); !value.Equal(got, value.NewList()) {
		t.Errorf("before one commits: %v", got)
	}
	offsets := kadm.Offsets{}
	offsets.AddOffset("orders", 0, 0, -1)
	if _, err := kadm.NewClient(client).CommitOffsets(t.Context(), "billing", offsets); err != nil {
		t.Fatal(err)
	}
	if got := groups("consumer_groups", true); !value.Equal(got, value.NewList("billing")) {
		t.Errorf("after billing has committed: %v", got)
	}
	if got := groups(); got != nil {
		t.Errorf("without being asked: %v", got)
	}
}
