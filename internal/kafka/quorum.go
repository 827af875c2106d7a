package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// quorum fills in what KRaft's controllers say. With ZooKeeper there is nothing to ask.
func (c *Client) quorum(ctx context.Context, cluster *Cluster) error {
	if err := c.versions(ctx, cluster); err != nil || !cluster.KRaft {
		return err
	}
	request := kmsg.NewPtrDescribeQuorumRequest()
	topic := kmsg.NewDescribeQuorumRequestTopic()
	topic.Topic = "__cluster_metadata"
	topic.Partitions = append(topic.Partitions, kmsg.NewDescribeQuorumRequestTopicPartition())
	request.Topics = append(request.Topics, topic)
	response, err := ask[*kmsg.DescribeQuorumResponse](ctx, c.living(cluster.Brokers), "ask for the controllers' quorum", request)
	if err != nil {
		return err
	}
	if err := kerr.ErrorForCode(response.ErrorCode); err != nil {
		if errors.Is(err, kerr.ClusterAuthorizationFailed) {
			return nil // who may not see the quorum still sees brokers and partitions
		}
		return fmt.Errorf("ask for the controllers' quorum: %w", err)
	}
	for _, t := range response.Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return fmt.Errorf("ask for the controllers' quorum: %w", err)
			}
			cluster.Controller, cluster.Epoch = p.LeaderID, p.LeaderEpoch
			cluster.Voters, cluster.Observers = voters(p, p.CurrentVoters), voters(p, p.Observers)
		}
	}
	return nil
}

func voters(p kmsg.DescribeQuorumResponseTopicPartition, replicas []kmsg.DescribeQuorumResponseTopicPartitionReplicaState) []Voter {
	var found []Voter
	var now int64 // by the leader's clock
	for _, r := range p.CurrentVoters {
		if r.ReplicaID == p.LeaderID {
			now = r.LastCaughtUpTimestamp
		}
	}
	for _, r := range replicas {
		// One that has never fetched says -1; one may be ahead of what the others have confirmed.
		lag := max(0, p.HighWatermark-max(0, r.LogEndOffset))
		behind := time.Duration(0)
		if now > 0 && r.LastCaughtUpTimestamp > 0 {
			behind = max(0, time.Duration(now-r.LastCaughtUpTimestamp)*time.Millisecond)
		}
		found = append(found, Voter{ID: r.ReplicaID, Lag: lag, Behind: behind})
	}
	slices.SortFunc(found, func(a, b Voter) int { return int(a.ID - b.ID) })
	return found
}

// versions fills in what the brokers are, by what they answer: none of them tells its version,
// and only with KRaft they answer DescribeQuorum.
func (c *Client) versions(ctx context.Context, cluster *Cluster) error {
	request := kmsg.NewPtrApiVersionsRequest()
	request.Version = request.MaxVersion() // features are told since version 3
	request.ClientSoftwareName, request.ClientSoftwareVersion = "kops", "1"
	response, err := ask[*kmsg.ApiVersionsResponse](ctx, c.living(cluster.Brokers), "ask for the brokers' versions", request)
	if err != nil {
		return err
	}
	known := kversion.FromApiVersionsResponse(response)
	_, cluster.KRaft = known.LookupMaxKeyVersion(int16(kmsg.DescribeQuorum))
	cluster.Version = strings.TrimPrefix(known.VersionGuess(), "v")
	for _, f := range response.FinalizedFeatures {
		if f.Name == "metadata.version" {
			cluster.MetadataLevel = int(f.MaxVersionLevel)
		}
	}
	return nil
}
