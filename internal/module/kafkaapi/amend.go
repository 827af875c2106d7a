package kafkaapi

import (
	"context"

	"kops/internal/kafka"
	"kops/internal/module"
	"kops/internal/remote"
)

// An Amendment changes what an object of the cluster has: its settings, quotas or levels.
type Amendment struct {
	Kind, Name    string // the object as effects name it
	Title         string // the object for people: "topic orders"
	Summary       string // of the step
	Before, After string // for a diff
	// Make asks the cluster for the change, or with validate whether it would accept it.
	Make func(ctx context.Context, client *kafka.Client, validate bool) error
	// Seen tells whether a broker shows what was made; nil where only one broker needs to know.
	Seen func(ctx context.Context, a kafka.Asker) (bool, error)
}

// Amend adds the amendment to a change, if the cluster says that it would accept it.
func (c *Connection) Amend(ctx context.Context, client *kafka.Client, change *module.Change, a Amendment) error {
	if err := a.Make(ctx, client, true); err != nil {
		return err
	}
	change.Predict = module.Changes
	change.Diffs = append(change.Diffs, module.Diff{BeforeHeader: a.Title, AfterHeader: a.Title + " (new)", Before: a.Before, After: a.After})
	change.Effects = append(change.Effects, module.Effect{Object: Object(a.Kind, a.Name)})
	change.Steps = append(change.Steps, module.Step{Summary: a.Summary, Do: func(ctx context.Context, h remote.Host) (module.Outcome, error) {
		return c.amend(ctx, h, a)
	}})
	return nil
}

func (c *Connection) amend(ctx context.Context, h remote.Host, a Amendment) (module.Outcome, error) {
	client, err := c.Open(ctx, h)
	if err != nil {
		return module.Outcome{}, err
	}
	defer client.Close()
	if err := a.Make(ctx, client, false); err != nil {
		return module.Outcome{}, err
	}
	if a.Seen != nil {
		err = client.Settle(ctx, a.Summary, a.Seen)
	}
	return module.Outcome{Changed: true}, err
}
