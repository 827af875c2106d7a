package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A Topic is what a topic is made of, or is to be.
type Topic struct {
	Name        string
	Partitions  int // 0 for the brokers' default
	Replication int // replicas of each partition, the fewest where they differ; 0 for the brokers' default
	Settings    []Setting
}

// Topic returns a topic with its own settings; its error is ErrUnknownTopic where there is none.
func (a Asker) Topic(ctx context.Context, name string) (Topic, error) {
	what := "ask for topic " + name
	request := kmsg.NewPtrMetadataRequest()
	topic := kmsg.NewMetadataRequestTopic()
	topic.Topic = &name
	request.Topics = append(request.Topics, topic)
	request.AllowAutoTopicCreation = false
	response, err := ask[*kmsg.MetadataResponse](ctx, a, what, request)
	if err != nil {
		return Topic{}, err
	}
	if len(response.Topics) != 1 {
		return Topic{}, fmt.Errorf("%s: the answer has %d topics", what, len(response.Topics))
	}
	found := response.Topics[0]
	if err := kerr.ErrorForCode(found.ErrorCode); errors.Is(err, kerr.UnknownTopicOrPartition) {
		return Topic{}, fmt.Errorf("topic %s: %w", name, ErrUnknownTopic)
	} else if err != nil {
		return Topic{}, fmt.Errorf("%s: %w", what, err)
	}
	t := Topic{Name: name, Partitions: len(found.Partitions)}
	for i, p := range found.Partitions {
		if i == 0 || len(p.Replicas) < t.Replication {
			t.Replication = len(p.Replicas)
		}
	}
	settings, err := a.Settings(ctx, TopicResource(name))
	for _, s := range settings {
		if s.Own {
			t.Settings = append(t.Settings, s)
		}
	}
	return t, err
}

// CreateTopic makes a topic, or only asks the controller whether it would.
func (c *Client) CreateTopic(ctx context.Context, t Topic, validate bool) error {
	what := "create topic " + t.Name
	request := kmsg.NewPtrCreateTopicsRequest()
	request.ValidateOnly, request.TimeoutMillis = validate, c.millis()
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = t.Name, -1, -1
	if t.Partitions > 0 {
		topic.NumPartitions = int32(t.Partitions)
	}
	if t.Replication > 0 {
		topic.ReplicationFactor = int16(t.Replication)
	}
	for _, s := range t.Settings {
		config := kmsg.NewCreateTopicsRequestTopicConfig()
		config.Name, config.Value = s.Name, &s.Value
		topic.Configs = append(topic.Configs, config)
	}
	request.Topics = append(request.Topics, topic)
	response, err := ask[*kmsg.CreateTopicsResponse](ctx, c.Any(), what, request)
	if err != nil {
		return err
	}
	return refusals(what, response.Topics, func(r kmsg.CreateTopicsResponseTopic) (int16, *string) { return r.ErrorCode, r.ErrorMessage })
}

// AddPartitions makes a topic's partitions so many, or only asks the controller whether it would.
func (c *Client) AddPartitions(ctx context.Context, name string, total int, validate bool) error {
	what := fmt.Sprintf("give topic %s %d partitions", name, total)
	request := kmsg.NewPtrCreatePartitionsRequest()
	request.ValidateOnly, request.TimeoutMillis = validate, c.millis()
	topic := kmsg.NewCreatePartitionsRequestTopic()
	topic.Topic, topic.Count = name, int32(total)
	request.Topics = append(request.Topics, topic)
	response, err := ask[*kmsg.CreatePartitionsResponse](ctx, c.Any(), what, request)
	if err != nil {
		return err
	}
	return refusals(what, response.Topics, func(r kmsg.CreatePartitionsResponseTopic) (int16, *string) { return r.ErrorCode, r.ErrorMessage })
}

// DeleteTopic deletes a topic with its data.
func (c *Client) DeleteTopic(ctx context.Context, name string) error {
	call, cancel := c.limit(ctx)
	defer cancel()
	response, err := c.admin.DeleteTopic(call, name)
	if err != nil {
		return c.explain("delete topic "+name, err)
	}
	if response.Err != nil {
		return fmt.Errorf("delete topic %s: %w", name, response.Err)
	}
	return nil
}

// millis is the time limit of one call, as requests word it.
func (c *Client) millis() int32 { return int32(c.timeout.Milliseconds()) }

// IsUnknownTopic tells whether a broker refused because there is no such topic.
func IsUnknownTopic(err error) bool { return errors.Is(err, kerr.UnknownTopicOrPartition) }
