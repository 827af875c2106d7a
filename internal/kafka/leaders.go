package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// Displaced are the partitions that another broker leads than the preferred one, their first replica,
// although that is in sync.
func (c Cluster) Displaced() []Partition {
	return filter(c.Partitions, func(p Partition) bool {
		return len(p.Replicas) > 0 && p.Leader >= 0 && p.Leader != p.Replicas[0] && slices.Contains(p.ISR, p.Replicas[0])
	})
}

// ElectPreferred has the preferred replicas lead these partitions. A partition that needed no
// election, or whose preferred replica has fallen out of sync since, is none of its errors.
func (c *Client) ElectPreferred(ctx context.Context, partitions []Partition) error {
	call, cancel := c.limit(ctx)
	defer cancel()
	topics := kadm.TopicsSet{}
	for _, p := range partitions {
		topics.Add(p.Topic, p.Number)
	}
	results, err := c.admin.ElectLeaders(call, kadm.ElectPreferredReplica, topics)
	if err != nil {
		return c.explain("elect the preferred leaders", err)
	}
	for topic, numbers := range results {
		for number, r := range numbers {
			if r.Err != nil && !errors.Is(r.Err, kerr.ElectionNotNeeded) && !errors.Is(r.Err, kerr.PreferredLeaderNotAvailable) {
				return fmt.Errorf("elect the preferred leader of %s-%d: %w", topic, number, r.Err)
			}
		}
	}
	return nil
}
