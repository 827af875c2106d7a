package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// quorum fills in what KRaft's controllers say. With ZooKeeper there is nothing to ask.
func (c *Client) quorum(ctx context.Context, cluster *Cluster) error {
	call, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	kraft, err := c.knowsQuorum(call)
	if err != nil || !kraft {
		return err
	}
	cluster.KRaft = true
	request := kmsg.NewPtrDescribeQuorumRequest()
	topic := kmsg.NewDescribeQuorumRequestTopic()
	topic.Topic = "__cluster_metadata"
	topic.Partitions = append(topic.Partitions, kmsg.NewDescribeQuorumRequestTopicPartition())
	request.Topics = append(request.Topics, topic)
	response, err := request.RequestWith(call, c.kgo)
	if err != nil {
		return c.explain("ask for the controllers' quorum", err)
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
			cluster.Controller = p.LeaderID
			for _, v := range p.CurrentVoters {
				cluster.Voters = append(cluster.Voters, Voter{ID: v.ReplicaID, Lag: p.HighWatermark - v.LogEndOffset})
			}
		}
	}
	return nil
}

// knowsQuorum tells whether the brokers answer DescribeQuorum, as they do with KRaft alone.
func (c *Client) knowsQuorum(ctx context.Context) (bool, error) {
	request := kmsg.NewPtrApiVersionsRequest()
	request.ClientSoftwareName, request.ClientSoftwareVersion = "kops", "1"
	response, err := request.RequestWith(ctx, c.kgo)
	if err != nil {
		return false, c.explain("ask for the brokers' versions", err)
	}
	for _, key := range response.ApiKeys {
		if key.ApiKey == int16(kmsg.DescribeQuorum) {
			return true, nil
		}
	}
	return false, nil
}
