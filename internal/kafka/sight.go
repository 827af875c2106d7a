package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// DescribeAll is Describe for who judges the cluster: it is an error that the login may not see all of
// its topics. Brokers leave those out of their answers without a word, and a cluster whose sick topics are
// hidden looks healthy.
func (c *Client) DescribeAll(ctx context.Context) (Cluster, error) {
	cluster, err := c.Describe(ctx)
	if err != nil || !c.named && c.unlimited(ctx) {
		return cluster, err
	}
	hidden, err := c.hidden(ctx, cluster)
	if err != nil {
		return Cluster{}, err
	}
	if len(hidden) > 0 {
		return Cluster{}, fmt.Errorf("%s hidden from the login%s: it needs the right to Describe all topics, or nobody knows whether the cluster is healthy",
			someTopics(hidden), c.as())
	}
	return cluster, nil
}

// unlimited tells, for one request, whether who says no name may do everything: where brokers ask nobody who may do
// what. Brokers older than Kafka 2.8 do not tell.
func (c *Client) unlimited(ctx context.Context) bool {
	request := kmsg.NewPtrDescribeClusterRequest()
	request.IncludeClusterAuthorizedOperations = true
	response, err := ask[*kmsg.DescribeClusterResponse](ctx, c.Any(), "ask what this client may do", request)
	if err != nil || response.ErrorCode != 0 {
		return false
	}
	return response.ClusterAuthorizedOperations&(1<<kmsg.ACLOperationAlter) != 0
}

// someTopics names the first of the topics, and says how many there are: "topic a is", "topic a and 2 others are".
func someTopics(names []string) string {
	switch others := len(names) - 1; others {
	case 0:
		return "topic " + names[0] + " is"
	case 1:
		return "topic " + names[0] + " and 1 other are"
	default:
		return fmt.Sprintf("topic %s and %d others are", names[0], others)
	}
}

// as names the login, where it has a name.
func (c *Client) as() string {
	if c.login == "" {
		return ""
	}
	return " (" + c.login + ")"
}

// hidden are the topics that brokers store and that the login may not see. What brokers store is told to whom may
// describe the cluster.
func (c *Client) hidden(ctx context.Context, cluster Cluster) ([]string, error) {
	const what = "ask for all topics that are stored"
	call, cancel := c.limit(ctx)
	defer cancel()
	dirs, err := c.admin.DescribeAllLogDirs(call, nil)
	if errors.Is(err, kerr.ClusterAuthorizationFailed) || err == nil && !anyDir(dirs) {
		return nil, fmt.Errorf("%s: the login%s needs the right to Describe the cluster: %w", what, c.as(), kerr.ClusterAuthorizationFailed)
	}
	if len(dirs) == 0 && err != nil { // one that does not answer is the probe's matter
		return nil, c.explain(what, err)
	}
	strange := map[string]bool{}
	dirs.Each(func(d kadm.DescribedLogDir) {
		d.Topics.Each(func(p kadm.DescribedLogDirPartition) { strange[p.Topic] = true })
	})
	for _, p := range cluster.Partitions {
		delete(strange, p.Topic)
	}
	if len(strange) == 0 {
		return nil, nil
	}
	return c.forbidden(ctx, strange)
}

func anyDir(all kadm.DescribedAllLogDirs) bool {
	for _, dirs := range all {
		if len(dirs) > 0 {
			return true
		}
	}
	return false
}

// forbidden are those of the topics that the login may not see; the others were just made or deleted.
func (c *Client) forbidden(ctx context.Context, topics map[string]bool) ([]string, error) {
	request := kmsg.NewPtrMetadataRequest()
	for name := range topics {
		topic := kmsg.NewMetadataRequestTopic()
		topic.Topic = &name
		request.Topics = append(request.Topics, topic)
	}
	response, err := ask[*kmsg.MetadataResponse](ctx, c.Any(), "ask for topics that were not told", request)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, topic := range response.Topics {
		if topic.Topic != nil && topic.ErrorCode == kerr.TopicAuthorizationFailed.Code {
			found = append(found, *topic.Topic)
		}
	}
	slices.Sort(found)
	return found, nil
}
