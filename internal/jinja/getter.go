package jinja

import (
	"strconv"
	"strings"

	"kops/internal/value"
)

// A getter reads an attribute: "a.b.0", 0, or nothing for the item itself.
type getter struct {
	parts      []value.Value
	ignoreCase bool
	def        value.Value // nil: none
}

func newGetter(attr value.Value, ignoreCase bool) getter {
	g := getter{ignoreCase: ignoreCase}
	switch attr := attr.(type) {
	case nil, missing:
	case string:
		for _, part := range strings.Split(attr, ".") {
			if n, err := strconv.ParseInt(part, 10, 64); err == nil && isMethod(part, "isdigit") {
				g.parts = append(g.parts, n)
			} else {
				g.parts = append(g.parts, part)
			}
		}
	default:
		g.parts = []value.Value{attr}
	}
	return g
}

func (g getter) get(c *Call, item value.Value) (value.Value, error) {
	for _, part := range g.parts {
		var err error
		if item, err = c.Item(item, part); err != nil {
			return nil, err
		}
		if _, undefined := item.(value.Undefined); undefined && g.def != nil {
			item = g.def
		}
	}
	if s, ok := item.(string); ok && g.ignoreCase {
		return strings.ToLower(s), nil
	}
	return item, nil
}

// key is get for sorting: what is undefined has no order.
func (g getter) key(c *Call, item value.Value) (value.Value, error) {
	v, err := g.get(c, item)
	if u, ok := v.(value.Undefined); ok {
		return nil, c.frame.undefined(c.at, u)
	}
	return ungroup(v), err
}
