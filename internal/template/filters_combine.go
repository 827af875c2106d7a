package template

import (
	"errors"
	"fmt"
	"slices"

	"kops/internal/jinja"
	"kops/internal/value"
)

// A merger merges mappings as combine does.
type merger struct {
	recursive bool
	lists     string // what becomes of two lists: replace, keep, append, prepend, append_rp, prepend_rp
}

func combine(c *jinja.Call) (value.Value, error) {
	m := merger{lists: "replace"}
	for k, v := range c.Kwargs.All() {
		switch k {
		case "recursive":
			m.recursive = value.Truth(v)
		case "list_merge":
			m.lists = value.Str(v)
		default:
			return nil, errors.New("'recursive' and 'list_merge' are the only valid keyword arguments")
		}
	}
	dicts, err := flatten(nil, c.Args, 1, true, 0)
	if err != nil {
		return nil, err
	}
	switch len(dicts) {
	case 0:
		return &value.Map{}, nil
	case 1:
		return dicts[0], nil
	}
	if !slices.Contains([]string{"replace", "keep", "append", "prepend", "append_rp", "prepend_rp"}, m.lists) {
		return nil, errors.New("merge_hash: 'list_merge' argument can only be equal to 'replace', 'keep', 'append', 'prepend', 'append_rp' or 'prepend_rp'")
	}
	result := dicts[len(dicts)-1]
	for i := len(dicts) - 2; i >= 0; i-- {
		x, xok, err := asMap(dicts[i])
		if err != nil {
			return nil, err
		}
		y, yok, err := asMap(result)
		if err != nil {
			return nil, err
		}
		if !xok || !yok {
			return nil, fmt.Errorf("failed to combine variables, expected dicts but got a '%s' and a '%s'",
				value.TypeName(dicts[i]), value.TypeName(result))
		}
		result = m.merge(x, y)
	}
	return result, nil
}

// merge returns x with the entries of y, which come first, laid over it.
func (m merger) merge(x, y *value.Map) *value.Map {
	if x.Len() == 0 || value.Equal(x, y) {
		return y.Clone()
	}
	out := x.Clone()
	for k, over := range y.All() {
		under, ok := out.Get(k)
		if !ok {
			out.Set(k, over)
			continue
		}
		out.Set(k, m.value(under, over))
	}
	return out
}

func (m merger) value(under, over value.Value) value.Value {
	if x, ok := under.(*value.Map); ok {
		if y, ok := over.(*value.Map); ok && m.recursive {
			return m.merge(x, y)
		}
		return over
	}
	x, xok := under.(*value.List)
	y, yok := over.(*value.List)
	if !xok || !yok {
		return over
	}
	switch m.lists {
	case "keep":
		return under
	case "append":
		return value.NewList(slices.Concat(x.Items, y.Items)...)
	case "prepend":
		return value.NewList(slices.Concat(y.Items, x.Items)...)
	case "append_rp":
		return value.NewList(slices.Concat(without(x.Items, y.Items), y.Items)...)
	case "prepend_rp":
		return value.NewList(slices.Concat(y.Items, without(x.Items, y.Items))...)
	}
	return over
}

// without returns the items that others has not.
func without(items, others []value.Value) []value.Value {
	var out []value.Value
	for _, item := range items {
		if !slices.ContainsFunc(others, func(o value.Value) bool { return value.Equal(o, item) }) {
			out = append(out, item)
		}
	}
	return out
}
