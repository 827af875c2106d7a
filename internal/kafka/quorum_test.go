package kafka

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// With KRaft the metadata names any registered broker as the controller, also one that was killed a moment ago.
func TestTheQuorumIsAskedOfABrokerThatLives(t *testing.T) {
	fake := start(t)
	answerAsKRaft(fake)
	dial := cutOff(fake.ListenAddrs()[2], errors.New("connection refused"))
	client, err := Open(dial, Options{Bootstrap: fake.ListenAddrs()[:1], CallTimeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	c, err := client.Describe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if !c.KRaft || c.Controller != 1 || len(c.Voters) != 1 {
		t.Errorf("the quorum is not known: %+v", c)
	}
}

// answerAsKRaft lets each broker answer for the quorum. Metadata names the last one of a fake cluster as the controller.
func answerAsKRaft(fake *kfake.Cluster) {
	fake.ControlKey(int16(kmsg.ApiVersions), func(request kmsg.Request) (kmsg.Response, error, bool) {
		fake.KeepControl()
		response := request.ResponseKind().(*kmsg.ApiVersionsResponse)
		for key := range int16(93) {
			k := kmsg.NewApiVersionsResponseApiKey()
			if named := kmsg.RequestForKey(key); named != nil {
				k.ApiKey, k.MaxVersion = key, named.MaxVersion()
				response.ApiKeys = append(response.ApiKeys, k)
			}
		}
		return response, nil, true
	})
	fake.ControlKey(int16(kmsg.DescribeQuorum), func(request kmsg.Request) (kmsg.Response, error, bool) {
		fake.KeepControl()
		response := request.ResponseKind().(*kmsg.DescribeQuorumResponse)
		topic, p := kmsg.NewDescribeQuorumResponseTopic(), kmsg.NewDescribeQuorumResponseTopicPartition()
		p.LeaderID = 1
		voter := kmsg.NewDescribeQuorumResponseTopicPartitionReplicaState()
		voter.ReplicaID = 1
		p.CurrentVoters = append(p.CurrentVoters, voter)
		topic.Partitions = append(topic.Partitions, p)
		response.Topics = append(response.Topics, topic)
		return response, nil, true
	})
}
