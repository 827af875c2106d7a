package kafkatopic

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"kops/internal/kafka"
	"kops/internal/module"
	"kops/internal/module/kafkaapi"
	"kops/internal/remote"
	"kops/internal/value"
)

// Plan compares, and asks the cluster whether it would accept the change.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	if err := kafkaapi.Foreseen(h, "topic", s.Name); err != nil {
		return module.Change{}, err
	}
	client, err := s.Open(ctx, h)
	if err != nil {
		return module.Change{}, err
	}
	defer client.Close()
	have, err := s.look(ctx, client.Any())
	if err != nil {
		return module.Change{}, err
	}
	d, err := s.compare(have)
	if err != nil {
		return module.Change{}, err
	}
	change := module.Change{Result: result(s.Name, d)}
	if d.none() {
		return change, nil
	}
	if err := s.apply(ctx, client, d, true); err != nil {
		return module.Change{}, err
	}
	change.Predict = module.Changes
	change.Diffs = []module.Diff{{
		BeforeHeader: "topic " + s.Name, AfterHeader: "topic " + s.Name + " (new)", Before: text(d.before), After: text(d.after),
	}}
	change.Effects = []module.Effect{{Object: kafkaapi.Object("topic", s.Name), Gone: d.remove}}
	change.Steps = []module.Step{{Summary: d.summary(s.Name), Do: func(ctx context.Context, h remote.Host) (module.Outcome, error) {
		return s.do(ctx, h, d)
	}}}
	return change, nil
}

// look returns the topic; nil where there is none.
func (s *Spec) look(ctx context.Context, a kafka.Asker) (*kafka.Topic, error) {
	t, err := a.Topic(ctx, s.Name)
	if errors.Is(err, kafka.ErrUnknownTopic) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &t, nil
}

func (s *Spec) do(ctx context.Context, h remote.Host, d difference) (module.Outcome, error) {
	client, err := s.Open(ctx, h)
	if err != nil {
		return module.Outcome{}, err
	}
	defer client.Close()
	if err := s.apply(ctx, client, d, false); err != nil {
		return module.Outcome{}, err
	}
	var seen difference
	err = client.Settle(ctx, d.summary(s.Name), func(ctx context.Context, a kafka.Asker) (bool, error) {
		have, err := s.look(ctx, a)
		if err != nil {
			return false, err
		}
		seen, err = s.compare(have)
		return err == nil && seen.none(), err
	})
	return module.Outcome{Changed: true, Result: result(s.Name, seen)}, err
}

// apply makes the change, or asks whether the cluster would accept it.
func (s *Spec) apply(ctx context.Context, c *kafka.Client, d difference, validate bool) error {
	switch {
	case d.remove && validate:
		return nil
	case d.remove:
		return c.DeleteTopic(ctx, s.Name)
	case d.create:
		return c.CreateTopic(ctx, *d.after, validate)
	}
	if d.add {
		if err := c.AddPartitions(ctx, s.Name, d.after.Partitions, validate); err != nil {
			return err
		}
	}
	if len(d.edits) == 0 {
		return nil
	}
	return c.Edit(ctx, kafka.TopicResource(s.Name), d.edits, validate)
}

func (d difference) summary(name string) string {
	switch {
	case d.create:
		return "create topic " + name
	case d.remove:
		return "delete topic " + name
	}
	var parts []string
	if d.add {
		parts = append(parts, fmt.Sprintf("%d partitions", d.after.Partitions))
	}
	for _, e := range d.edits {
		parts = append(parts, e.Name)
	}
	return fmt.Sprintf("change topic %s: %s", name, strings.Join(parts, ", "))
}

// text is a topic for a diff.
func text(t *kafka.Topic) string {
	if t == nil {
		return ""
	}
	number := func(n int) string {
		if n == 0 {
			return "the brokers' default"
		}
		return fmt.Sprint(n)
	}
	out := fmt.Sprintf("partitions: %s\nreplication_factor: %s\n", number(t.Partitions), number(t.Replication))
	if settings := kafkaapi.Text(t.Settings, "  "); settings != "" {
		out += "configs:\n" + settings
	}
	return out
}

func result(name string, d difference) *value.Map {
	t := d.after
	if t == nil {
		t = &kafka.Topic{}
	}
	return value.NewMap("name", name, "partitions", int64(t.Partitions), "replication_factor", int64(t.Replication), "configs", kafkaapi.Dict(t.Settings))
}
