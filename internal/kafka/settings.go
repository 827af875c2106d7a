package kafka

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// A Resource is what has settings: a topic, a broker, all brokers together, or a broker's loggers.
type Resource struct {
	kind kmsg.ConfigResourceType
	name string
}

// TopicResource is a topic.
func TopicResource(name string) Resource { return Resource{kmsg.ConfigResourceTypeTopic, name} }

// BrokerResource is one broker; its settings win over those of all brokers.
func BrokerResource(id int32) Resource {
	return Resource{kmsg.ConfigResourceTypeBroker, strconv.Itoa(int(id))}
}

// AllBrokers are the settings that each broker has that has none of its own.
func AllBrokers() Resource { return Resource{kmsg.ConfigResourceTypeBroker, ""} }

// LoggerResource are a broker's loggers, whose settings are levels.
func LoggerResource(id int32) Resource {
	return Resource{kmsg.ConfigResourceTypeBrokerLogger, strconv.Itoa(int(id))}
}

// String names the resource for people.
func (r Resource) String() string {
	switch {
	case r.kind == kmsg.ConfigResourceTypeTopic:
		return "topic " + r.name
	case r.kind == kmsg.ConfigResourceTypeBrokerLogger:
		return "loggers of broker " + r.name
	case r.name == "":
		return "all brokers"
	}
	return "broker " + r.name
}

// owner is the source of what is set on the resource itself.
func (r Resource) owner() kmsg.ConfigSource {
	switch {
	case r.kind == kmsg.ConfigResourceTypeTopic:
		return kmsg.ConfigSourceDynamicTopicConfig
	case r.kind == kmsg.ConfigResourceTypeBrokerLogger:
		return kmsg.ConfigSourceDynamicBrokerLoggerConfig
	case r.name == "":
		return kmsg.ConfigSourceDynamicDefaultBrokerConfig
	}
	return kmsg.ConfigSourceDynamicBrokerConfig
}

// route finds who is asked about the resource: a broker knows its own settings best.
func (a Asker) route(r Resource) Asker {
	if r.kind == kmsg.ConfigResourceTypeTopic || r.name == "" {
		return a
	}
	id, err := strconv.ParseInt(r.name, 10, 32)
	if err != nil {
		return a // made by nobody here
	}
	return a.client.Broker(int32(id))
}

// A Setting is one setting of a resource, or one quota of an entity.
type Setting struct {
	Name      string
	Value     string
	Own       bool // set on the resource itself, not inherited
	Sensitive bool // its value is not told
	ReadOnly  bool // it is changed only in the broker's file
}

// Settings returns all settings of a resource, those that it inherits too, by name.
func (a Asker) Settings(ctx context.Context, r Resource) ([]Setting, error) {
	what := "ask for the settings of " + r.String()
	request := kmsg.NewPtrDescribeConfigsRequest()
	resource := kmsg.NewDescribeConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = r.kind, r.name
	request.Resources = append(request.Resources, resource)
	response, err := ask[*kmsg.DescribeConfigsResponse](ctx, a.route(r), what, request)
	if err != nil {
		return nil, err
	}
	var settings []Setting
	for _, found := range response.Resources {
		if err := refusal(found.ErrorCode, found.ErrorMessage); err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		for _, c := range found.Configs {
			s := Setting{Name: c.Name, Own: c.Source == r.owner(), Sensitive: c.IsSensitive, ReadOnly: c.ReadOnly}
			if c.Value != nil {
				s.Value = *c.Value
			}
			settings = append(settings, s)
		}
	}
	slices.SortFunc(settings, byName)
	return settings, nil
}

func byName(a, b Setting) int { return strings.Compare(a.Name, b.Name) }

// An Edit sets a setting of a resource, or deletes it there, so that it is inherited; or so a quota of an entity.
type Edit struct {
	Name   string
	Value  string
	Delete bool
}

// Edit changes settings of a resource and leaves the others, or only asks whether it would.
func (c *Client) Edit(ctx context.Context, r Resource, edits []Edit, validate bool) error {
	what := "change the settings of " + r.String()
	request := kmsg.NewPtrIncrementalAlterConfigsRequest()
	request.ValidateOnly = validate
	resource := kmsg.NewIncrementalAlterConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = r.kind, r.name
	for _, e := range edits {
		config := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
		config.Name, config.Value = e.Name, &e.Value
		if e.Delete {
			config.Op, config.Value = kmsg.IncrementalAlterConfigOpDelete, nil
		}
		resource.Configs = append(resource.Configs, config)
	}
	request.Resources = append(request.Resources, resource)
	response, err := ask[*kmsg.IncrementalAlterConfigsResponse](ctx, c.Any().route(r), what, request)
	if err != nil {
		return err
	}
	return refusals(what, response.Resources, func(r kmsg.IncrementalAlterConfigsResponseResource) (int16, *string) {
		return r.ErrorCode, r.ErrorMessage
	})
}
