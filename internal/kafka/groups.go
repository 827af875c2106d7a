package kafka

import (
	"context"
	"slices"
)

// CommittedGroups are the names of the groups that have committed offsets: those that have a lag. Groups that
// merely coordinate, as those of Kafka Connect's workers do, are not among them, and neither are those that the
// login may not see.
func (c *Client) CommittedGroups(ctx context.Context) ([]string, error) {
	const what = "ask for consumer groups"
	call, cancel := c.limit(ctx)
	defer cancel()
	groups, err := c.admin.ListGroups(call)
	if err != nil {
		return nil, c.explain(what, err)
	}
	committed := []string{}
	for name, offsets := range c.admin.FetchManyOffsets(call, groups.Groups()...) {
		if offsets.Err != nil {
			return nil, c.explain(what+": group "+name, offsets.Err)
		}
		if len(offsets.Fetched) > 0 {
			committed = append(committed, name)
		}
	}
	slices.Sort(committed)
	return committed, nil
}
