package kafka

import (
	"context"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// An Entity is whom a quota limits: a user, a client id, both, or an address. A part is nil
// where it does not matter, and points at DefaultEntity for all that have no quota of their own.
type Entity struct {
	User, ClientID, IP *string
}

// DefaultEntity stands for everybody without a quota of their own.
const DefaultEntity = "<default>"

type entityPart struct {
	kind string
	name *string // nil for the default
}

func (e Entity) parts() []entityPart {
	var parts []entityPart
	for _, p := range []struct {
		kind string
		name *string
	}{{"user", e.User}, {"client-id", e.ClientID}, {"ip", e.IP}} {
		switch {
		case p.name == nil:
		case *p.name == DefaultEntity:
			parts = append(parts, entityPart{p.kind, nil})
		default:
			parts = append(parts, entityPart{p.kind, p.name})
		}
	}
	return parts
}

// String words the entity for people.
func (e Entity) String() string {
	var parts []string
	for _, p := range e.parts() {
		name := DefaultEntity
		if p.name != nil {
			name = *p.name
		}
		parts = append(parts, p.kind+" "+name)
	}
	return strings.Join(parts, ", ")
}

// Quotas returns the quotas of exactly this entity.
func (a Asker) Quotas(ctx context.Context, e Entity) (map[string]float64, error) {
	what := "ask for the quotas of " + e.String()
	request := kmsg.NewPtrDescribeClientQuotasRequest()
	request.Strict = true
	for _, p := range e.parts() {
		component := kmsg.NewDescribeClientQuotasRequestComponent()
		component.EntityType, component.Match = p.kind, p.name
		component.MatchType = kmsg.QuotasMatchTypeExact
		if p.name == nil {
			component.MatchType = kmsg.QuotasMatchTypeDefault
		}
		request.Components = append(request.Components, component)
	}
	response, err := ask[*kmsg.DescribeClientQuotasResponse](ctx, a, what, request)
	if err != nil {
		return nil, err
	}
	if err := refusal(response.ErrorCode, response.ErrorMessage); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	found := map[string]float64{}
	for _, entry := range response.Entries {
		for _, v := range entry.Values {
			found[v.Key] = v.Value
		}
	}
	return found, nil
}

// A QuotaEdit sets a quota of an entity, or removes it.
type QuotaEdit struct {
	Name   string
	Value  float64
	Remove bool
}

// EditQuotas changes quotas of an entity and leaves the others, or only asks whether it would.
func (c *Client) EditQuotas(ctx context.Context, e Entity, edits []QuotaEdit, validate bool) error {
	what := "change the quotas of " + e.String()
	request := kmsg.NewPtrAlterClientQuotasRequest()
	request.ValidateOnly = validate
	entry := kmsg.NewAlterClientQuotasRequestEntry()
	for _, p := range e.parts() {
		entity := kmsg.NewAlterClientQuotasRequestEntryEntity()
		entity.Type, entity.Name = p.kind, p.name
		entry.Entity = append(entry.Entity, entity)
	}
	for _, edit := range edits {
		op := kmsg.NewAlterClientQuotasRequestEntryOp()
		op.Key, op.Value, op.Remove = edit.Name, edit.Value, edit.Remove
		entry.Ops = append(entry.Ops, op)
	}
	request.Entries = append(request.Entries, entry)
	response, err := ask[*kmsg.AlterClientQuotasResponse](ctx, c.Any(), what, request)
	if err != nil {
		return err
	}
	for _, r := range response.Entries {
		if err := refusal(r.ErrorCode, r.ErrorMessage); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return nil
}
