// Package kafkatopic is the module kafka_topic: a topic, its partitions and its settings.
package kafkatopic

import (
	"errors"
	"fmt"
	"regexp"

	"kops/internal/kafka"
	"kops/internal/module"
	"kops/internal/module/kafkaapi"
	"kops/internal/value"
)

// Spec is what the topic is to be.
type Spec struct {
	Name        string     `arg:"name,required,alias=topic" doc:"the topic"`
	State       string     `arg:"state,choices=present|absent" doc:"absent deletes the topic with all its data"`
	Partitions  int        `arg:"partitions" doc:"how many partitions it has: more are added, fewer are refused; the brokers' default for a new topic if not given"`
	Replication int        `arg:"replication_factor,alias=replica_factor" doc:"how many replicas a new topic's partitions have; another number than that of a topic which is there is an error"`
	Configs     *value.Map `arg:"configs,alias=config|options" doc:"settings of the topic; one without a value (null) is deleted, so that the brokers' default holds"`
	Purge       bool       `arg:"purge" doc:"delete settings of the topic that configs does not name"`
	kafkaapi.Connection

	edits []kafka.Edit
}

// New describes kafka_topic.
func New() *module.Module {
	return &module.Module{
		Name: "kafka_topic", Collection: "kops.kafka",
		Doc: module.Doc{
			Summary: "Create, change or delete a topic of a Kafka cluster.",
			Notes: []string{
				kafkaapi.Note,
				"Partitions are never taken away, and replicas are not moved: what would need that is an error before anything is changed.",
				"The cluster itself is asked before whether it would accept the change, in check mode too: an unknown setting or too few brokers are found then.",
				"It returns when all brokers that answer know the change.",
			},
			Examples: `- name: Orders
  kops.kafka.kafka_topic:
    bootstrap: "{{ inventory_hostname }}:9092"
    name: orders
    partitions: 12
    replication_factor: 3
    configs:
      min.insync.replicas: 2
      retention.ms: 604800000
      cleanup.policy: [compact, delete]
  run_once: true
`,
			Returns: []module.Return{
				{Name: "name", Type: "str", Text: "the topic"},
				{Name: "partitions", Type: "int", Text: "how many partitions it has, or would have; 0 where the brokers' default decides, or it is absent"},
				{Name: "replication_factor", Type: "int", Text: "how many replicas each partition has; 0 likewise"},
				{Name: "configs", Type: "dict", Text: "the settings that are its own"},
			},
		},
		New: func() module.Spec { return &Spec{State: "present", Connection: kafkaapi.Default()} },
	}
}

// topicName is what Kafka allows.
var topicName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)

// Validate checks the name, the numbers and the settings.
func (s *Spec) Validate() error {
	switch {
	case !topicName.MatchString(s.Name) || s.Name == "." || s.Name == "..":
		return fmt.Errorf("name: %q is no topic's name: up to 249 letters, digits, dots, underscores and hyphens", s.Name)
	case s.Partitions < 0:
		return errors.New("partitions: must be at least 1")
	case s.Replication < 0:
		return errors.New("replication_factor: must be at least 1")
	case s.State == "absent" && (s.Partitions > 0 || s.Replication > 0 || s.Configs != nil):
		return errors.New("state: absent takes neither partitions nor replication_factor nor configs")
	}
	var err error
	if s.edits, err = kafkaapi.Edits("configs", s.Configs); err != nil {
		return err
	}
	return s.Check()
}

// A difference is what must be done to a topic; which of its parts are needed is for needed to say.
type difference struct {
	before, after *kafka.Topic // nil where there is none
	create        bool
	remove        bool
	add           bool // partitions
	edits         []kafka.Edit
}

func (d difference) none() bool { return !d.create && !d.remove && !d.add && len(d.edits) == 0 }

// compare decides what is to be done to the topic that is there; nil for none.
func (s *Spec) compare(have *kafka.Topic) (difference, error) {
	d := difference{before: have}
	switch {
	case s.State == "absent":
		d.remove = have != nil
		return d, nil
	case have == nil:
		d.create = true
		d.after = &kafka.Topic{Name: s.Name, Partitions: s.Partitions, Replication: s.Replication, Settings: kafkaapi.After(nil, s.edits)}
		return d, nil
	case s.Partitions > 0 && s.Partitions < have.Partitions:
		return d, fmt.Errorf("partitions: topic %s has %d partitions, and Kafka cannot take any away: %d is too few", s.Name, have.Partitions, s.Partitions)
	case s.Replication > 0 && s.Replication != have.Replication:
		return d, fmt.Errorf("replication_factor: topic %s has %d replicas of each partition, not %d: kops does not move replicas; kafka-reassign-partitions.sh does", s.Name, have.Replication, s.Replication)
	}
	d.add = s.Partitions > have.Partitions
	wanted := s.edits
	if s.Purge {
		wanted = append(s.purged(have), wanted...)
	}
	d.edits = kafkaapi.Needed(have.Settings, wanted)
	after := *have
	after.Partitions = max(have.Partitions, s.Partitions)
	after.Settings = kafkaapi.After(have.Settings, d.edits)
	d.after = &after
	return d, nil
}

// purged deletes the topic's settings that nobody names.
func (s *Spec) purged(have *kafka.Topic) []kafka.Edit {
	named := map[string]bool{}
	for _, e := range s.edits {
		named[e.Name] = true
	}
	var edits []kafka.Edit
	for _, setting := range have.Settings {
		if !named[setting.Name] {
			edits = append(edits, kafka.Edit{Name: setting.Name, Delete: true})
		}
	}
	return edits
}
