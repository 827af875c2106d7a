package kafka

import (
	"context"
	"fmt"
	"slices"
	"strconv"
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

// QuotaText writes the number of a quota.
func QuotaText(number float64) string { return strconv.FormatFloat(number, 'f', -1, 64) }

// Quotas returns the quotas of exactly this entity, by name.
func (a Asker) Quotas(ctx context.Context, e Entity) ([]Setting, error) {
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
	var found []Setting
	for _, entry := range response.Entries {
		for _, v := range entry.Values {
			found = append(found, Setting{Name: v.Key, Value: QuotaText(v.Value), Own: true})
		}
	}
	slices.SortFunc(found, byName)
	return found, nil
}

// EditQuotas changes quotas of an entity and leaves the others, or only asks whether it would.
func (c *Client) EditQuotas(ctx context.Context, e Entity, edits []Edit, validate bool) error {
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
		op.Key, op.Remove = edit.Name, edit.Delete
		if !edit.Delete {
			number, err := strconv.ParseFloat(edit.Value, 64)
			if err != nil {
				return fmt.Errorf("%s: %s: %q is not a number", what, edit.Name, edit.Value)
			}
			op.Value = number
		}
		entry.Ops = append(entry.Ops, op)
	}
	request.Entries = append(request.Entries, entry)
	response, err := ask[*kmsg.AlterClientQuotasResponse](ctx, c.Any(), what, request)
	if err != nil {
		return err
	}
	return refusals(what, response.Entries, func(r kmsg.AlterClientQuotasResponseEntry) (int16, *string) { return r.ErrorCode, r.ErrorMessage })
}
