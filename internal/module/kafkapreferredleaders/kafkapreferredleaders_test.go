package kafkapreferredleaders

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kops/internal/module"
	"kops/internal/module/kafkaapi/kafkatest"
	"kops/internal/module/moduletest"
	"kops/internal/value"
)

func TestArguments(t *testing.T) { moduletest.Run(t, New(), nil) }

func TestNothingToElect(t *testing.T) {
	change, err := kafkatest.Start(t, kfake.SeedTopics(4, "orders")).Plan(t, New())
	if err != nil || change.Predict != module.None || len(change.Steps) > 0 {
		t.Errorf("every replica is the preferred one: %+v, %v", change, err)
	}
}

// An electorate is a cluster whose partition orders-1 broker 2 leads in place of broker 0, until an election.
type electorate struct {
	*kafkatest.Cluster
	mu      sync.Mutex
	leader  int32 // of orders-1
	elected []string
}

// electing starts one that answers each partition of an election with a code, and the election as a whole with another.
func electing(t *testing.T, whole, each int16) *electorate {
	e := &electorate{Cluster: kafkatest.Start(t), leader: 2}
	e.ControlKey(int16(kmsg.Metadata), func(request kmsg.Request) (kmsg.Response, error, bool) {
		e.KeepControl()
		return e.metadata(request), nil, true
	})
	e.ControlKey(int16(kmsg.DescribeConfigs), func(request kmsg.Request) (kmsg.Response, error, bool) {
		e.KeepControl()
		return request.ResponseKind(), nil, true
	})
	e.ControlKey(int16(kmsg.ElectLeaders), func(request kmsg.Request) (kmsg.Response, error, bool) {
		e.KeepControl()
		return e.elect(request.(*kmsg.ElectLeadersRequest), whole, each), nil, true
	})
	return e
}

func (e *electorate) metadata(request kmsg.Request) kmsg.Response {
	e.mu.Lock()
	defer e.mu.Unlock()
	response := request.ResponseKind().(*kmsg.MetadataResponse)
	for id, address := range e.ListenAddrs() {
		broker := kmsg.NewMetadataResponseBroker()
		broker.NodeID = int32(id)
		if _, err := fmt.Sscanf(strings.Replace(address, ":", " ", 1), "%s %d", &broker.Host, &broker.Port); err != nil {
			panic(err)
		}
		response.Brokers = append(response.Brokers, broker)
	}
	response.ControllerID = 0
	name := "orders"
	topic := kmsg.NewMetadataResponseTopic()
	topic.Topic = &name
	for number, leader := range []int32{0, e.leader} {
		p := kmsg.NewMetadataResponseTopicPartition()
		p.Partition, p.Leader, p.Replicas, p.ISR = int32(number), leader, []int32{0, 1, 2}, []int32{2, 1, 0}
		topic.Partitions = append(topic.Partitions, p)
	}
	response.Topics = append(response.Topics, topic)
	return response
}

// elect keeps what was asked for, and carries it out where nothing is refused.
func (e *electorate) elect(request *kmsg.ElectLeadersRequest, whole, each int16) kmsg.Response {
	e.mu.Lock()
	defer e.mu.Unlock()
	response := request.ResponseKind().(*kmsg.ElectLeadersResponse)
	response.ErrorCode = whole
	for _, asked := range request.Topics {
		topic := kmsg.NewElectLeadersResponseTopic()
		topic.Topic = asked.Topic
		for _, number := range asked.Partitions {
			e.elected = append(e.elected, fmt.Sprintf("%s-%d by election type %d", asked.Topic, number, request.ElectionType))
			p := kmsg.NewElectLeadersResponseTopicPartition()
			p.Partition, p.ErrorCode = number, each
			topic.Partitions = append(topic.Partitions, p)
			if whole == 0 && each == 0 && asked.Topic == "orders" && number == 1 {
				e.leader = 0
			}
		}
		response.Topics = append(response.Topics, topic)
	}
	return response
}

func (e *electorate) asked() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.Join(e.elected, ", ")
}

const preferred = "orders-1 by election type 0"

func TestElection(t *testing.T) {
	e := electing(t, 0, 0)
	change, err := e.Plan(t, New())
	if err != nil || !value.Equal(change.Result.At("partitions"), value.NewList("orders-1")) || e.asked() != "" {
		t.Fatalf("the plan %+v, error %v, elected %q", change, err, e.asked())
	}
	if got, want := e.Apply(t, New()), "-orders-1: broker 2\n+orders-1: broker 0\n"; got != want {
		t.Errorf("diff\n%swant\n%s", got, want)
	}
	if e.asked() != preferred {
		t.Errorf("elected %q, want %q", e.asked(), preferred)
	}
}

func TestElectionIsRefused(t *testing.T) {
	tests := []struct {
		name        string
		whole, each int16
		err         string
	}{
		{name: "it leads by now", each: kerr.ElectionNotNeeded.Code},
		{name: "it fell out of sync", each: kerr.PreferredLeaderNotAvailable.Code},
		{name: "one partition", each: kerr.UnknownServerError.Code, err: "elect the preferred leader of orders-1: UNKNOWN_SERVER_ERROR"},
		{name: "all", whole: kerr.ClusterAuthorizationFailed.Code, err: "CLUSTER_AUTHORIZATION_FAILED"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := electing(t, tt.whole, tt.each)
			change, err := e.Plan(t, New())
			if err != nil || len(change.Steps) != 1 {
				t.Fatalf("change %+v, error %v", change, err)
			}
			_, err = change.Steps[0].Do(t.Context(), e.Host)
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
			if e.asked() != preferred {
				t.Errorf("elected %q, want %q", e.asked(), preferred)
			}
		})
	}
}
