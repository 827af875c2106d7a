// Package kafkaconfig is the module kafka_config: settings of a topic, of a broker, or of all
// brokers, that hold without a restart.
package kafkaconfig

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"kops/internal/kafka"
	"kops/internal/module"
	"kops/internal/module/kafkaapi"
	"kops/internal/remote"
	"kops/internal/value"
)

// Spec says whose settings are to be what.
type Spec struct {
	Topic      string     `arg:"topic,oneof=whose" doc:"the topic whose settings they are"`
	Broker     *int       `arg:"broker,oneof=whose" doc:"id of the broker whose settings they are; they win over those of all_brokers, and over its file"`
	AllBrokers bool       `arg:"all_brokers,oneof=whose" doc:"whether they are the settings of all brokers that have none of their own"`
	Configs    *value.Map `arg:"configs,required,alias=config|options" doc:"the settings; one without a value (null) is deleted, so that what it inherits holds"`
	State      string     `arg:"state,choices=present|absent" doc:"absent deletes the settings that configs names, whatever their values"`
	kafkaapi.Connection

	resource kafka.Resource
	edits    []kafka.Edit
}

// New describes kafka_config.
func New() *module.Module {
	return &module.Module{
		Name: "kafka_config", Collection: "kops.kafka",
		Doc: module.Doc{
			Summary: "Set or delete settings of a topic or of brokers, without a restart.",
			Notes: []string{
				kafkaapi.Note,
				"Settings that configs does not name stay as they are.",
				"The cluster itself is asked before whether it would accept the change, in check mode too: settings that only a broker's file can change are refused then.",
				"A secret setting (a password) is not told by the broker: it is set anew each time, and the task is changed each time. Diffs and results show stars in its place, as for all settings whose names end as a secret's do (password, secret, jaas.config, keystore.key …).",
			},
			Examples: `- name: Keep orders for a day
  kops.kafka.kafka_config:
    bootstrap: "{{ inventory_hostname }}:9092"
    topic: orders
    configs: {retention.ms: 86400000}
  run_once: true

- name: More threads in the background, on all brokers
  kops.kafka.kafka_config:
    bootstrap: "{{ inventory_hostname }}:9092"
    all_brokers: true
    configs: {background.threads: 8}
  run_once: true
`,
			Returns: []module.Return{
				{Name: "configs", Type: "dict", Text: "the settings that the topic or broker has of its own, or would have"},
			},
		},
		New: func() module.Spec { return &Spec{State: "present", Connection: kafkaapi.Default()} },
	}
}

// Validate reads the settings.
func (s *Spec) Validate() error {
	switch {
	case s.Topic != "":
		s.resource = kafka.TopicResource(s.Topic)
	case s.Broker != nil:
		s.resource = kafka.BrokerResource(int32(*s.Broker))
	case s.AllBrokers:
		s.resource = kafka.AllBrokers()
	default:
		return errors.New("all_brokers: false says of no one whose settings they are: give topic, broker, or all_brokers: true")
	}
	var err error
	if s.edits, err = kafkaapi.Edits("configs", s.Configs); err != nil {
		return err
	}
	if len(s.edits) == 0 {
		return errors.New("configs: names no setting")
	}
	if s.State == "absent" {
		for i := range s.edits {
			s.edits[i] = kafka.Edit{Name: s.edits[i].Name, Delete: true}
		}
	}
	return s.Check()
}

// Plan compares, and asks the cluster whether it would accept the change.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	object, name := s.object()
	if err := kafkaapi.Foreseen(h, object, name); err != nil {
		return module.Change{}, err
	}
	client, err := s.Open(ctx, h)
	if err != nil {
		return module.Change{}, err
	}
	defer client.Close()
	have, err := client.Any().Settings(ctx, s.resource)
	if err != nil {
		if s.Topic != "" && kafka.IsUnknownTopic(err) {
			err = fmt.Errorf("topic %s: %w", s.Topic, kafka.ErrUnknownTopic)
		}
		return module.Change{}, err
	}
	needed := kafkaapi.Needed(have, s.edits)
	after := kafkaapi.After(have, needed)
	change := module.Change{Result: value.NewMap("configs", kafkaapi.Dict(after))}
	if len(needed) == 0 {
		return change, nil
	}
	err = s.Amend(ctx, client, &change, kafkaapi.Amendment{
		Kind: object, Name: name, Title: s.resource.String(), Summary: summary(s.resource.String(), needed),
		Before: kafkaapi.Text(have, ""), After: kafkaapi.Text(after, ""),
		Make: func(ctx context.Context, client *kafka.Client, validate bool) error {
			return client.Edit(ctx, s.resource, needed, validate)
		},
		Seen: func(ctx context.Context, a kafka.Asker) (bool, error) {
			have, err := a.Settings(ctx, s.resource)
			return err == nil && settled(have, needed), err
		},
	})
	return change, err
}

// object is what the settings belong to, as effects name it.
func (s *Spec) object() (kind, name string) {
	switch {
	case s.Topic != "":
		return "topic", s.Topic
	case s.Broker != nil:
		return "broker", strconv.Itoa(*s.Broker)
	}
	return "brokers", "all"
}

// settled tells whether the edits are seen; of a secret, that it is set.
func settled(have []kafka.Setting, edits []kafka.Edit) bool {
	for _, e := range kafkaapi.Needed(have, edits) {
		secret := false
		for _, s := range have {
			secret = secret || s.Name == e.Name && s.Own && s.Sensitive
		}
		if e.Delete || !secret {
			return false
		}
	}
	return true
}

func summary(name string, edits []kafka.Edit) string {
	var names []string
	for _, e := range edits {
		verb := "set "
		if e.Delete {
			verb = "delete "
		}
		names = append(names, verb+e.Name)
	}
	return fmt.Sprintf("%s: %s", name, strings.Join(names, ", "))
}
