package jinja

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode/utf8"

	"kops/internal/value"
)

func filterDefault(c *Call) (value.Value, error) {
	if len(c.Args) > 3 || c.Kwargs.Len() > 2 {
		return nil, fmt.Errorf("default() takes 3 positional arguments but %d were given", len(c.Args))
	}
	v, def := c.Args[0], c.Arg(1, "default_value", "")
	if u, ok := v.(value.Unknown); ok {
		return u, nil
	}
	if _, undefined := v.(value.Undefined); undefined {
		return def, nil
	}
	boolean := c.Arg(2, "boolean", false)
	if u, ok := boolean.(value.Undefined); ok {
		return u, nil
	}
	if value.Truth(boolean) && !value.Truth(v) {
		return def, nil
	}
	return v, nil
}

func filterAttr(c *Call) (value.Value, error) {
	name, err := c.String(1, "name", "")
	if err != nil {
		return nil, err
	}
	if m, ok := c.Args[0].(*value.Map); ok && !hasMethod(m, name) {
		return noAttribute(m, name), nil
	}
	return c.frame.getattr(c.Args[0], name)
}

func filterLength(c *Call) (value.Value, error) {
	n, ok := length(c.Args[0])
	if !ok {
		return nil, fmt.Errorf("object of type '%s' has no len()", value.TypeName(c.Args[0]))
	}
	return int64(n), nil
}

func length(v value.Value) (int, bool) {
	switch v := v.(type) {
	case string:
		return utf8.RuneCountInString(v), true
	case value.Bytes:
		return len(v), true
	case *value.List:
		return len(v.Items), true
	case value.Tuple:
		return len(v), true
	case *value.Map:
		return v.Len(), true
	case *group:
		return 2, true
	case *loop:
		return len(v.items), true
	case value.Object:
		if objectKind(v) != "" {
			return len(v.Keys()), true
		}
	}
	return 0, false
}

func filterFirst(c *Call) (value.Value, error) {
	items, err := c.Iterate(c.Args[0])
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return value.Undefined{Hint: "No first item, sequence was empty."}, nil
	}
	return items[0], nil
}

func filterLast(c *Call) (value.Value, error) {
	items, err := c.Iterate(c.Args[0])
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return value.Undefined{Hint: "No last item, sequence was empty."}, nil
	}
	return items[len(items)-1], nil
}

func filterRandom(c *Call) (value.Value, error) {
	items, err := c.Iterate(c.Args[0])
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return value.Undefined{Hint: "No random item, sequence was empty."}, nil
	}
	return items[rand.IntN(len(items))], nil
}

func filterItems(c *Call) (value.Value, error) {
	switch m := c.Args[0].(type) {
	case *value.Map:
		return pairs(m), nil
	case value.Object:
		if objectKind(m) != "" {
			return c.frame.objectMethod(c, m, "items")
		}
	}
	return nil, errors.New("can only get item pairs from a mapping")
}

func filterList(c *Call) (value.Value, error) {
	items, err := c.Iterate(c.Args[0])
	if err != nil {
		return nil, err
	}
	return value.NewList(slices.Clone(items)...), c.Spend(16 * len(items))
}

func filterReverse(c *Call) (value.Value, error) {
	if s, ok := c.Args[0].(string); ok {
		runes := []rune(s)
		slices.Reverse(runes)
		return string(runes), nil
	}
	v, err := filterList(c)
	if err != nil {
		return nil, errors.New("argument must be iterable")
	}
	slices.Reverse(v.(*value.List).Items)
	return v, nil
}

// sorted returns items in the order of their keys.
func sorted(items []value.Value, reverse bool, key func(value.Value) (value.Value, error)) ([]value.Value, error) {
	type pair struct{ key, item value.Value }
	pairs := make([]pair, len(items))
	for i, item := range items {
		k, err := key(item)
		if err != nil {
			return nil, err
		}
		pairs[i] = pair{k, item}
	}
	var failed error
	slices.SortStableFunc(pairs, func(a, b pair) int {
		n, err := value.Compare(a.key, b.key)
		if err != nil {
			failed = err
		}
		if reverse {
			return -n
		}
		return n
	})
	out := make([]value.Value, len(pairs))
	for i, p := range pairs {
		out[i] = p.item
	}
	return out, failed
}

func filterSort(c *Call) (value.Value, error) {
	args, err := c.Bind("value", "reverse=", "case_sensitive=", "attribute=")
	if err != nil {
		return nil, err
	}
	items, err := c.Iterate(args[0])
	if err != nil {
		return nil, err
	}
	ignoreCase := !c.Bool(2, "case_sensitive", false)
	var getters []getter
	if s, ok := args[3].(string); ok {
		for _, attr := range strings.Split(s, ",") {
			getters = append(getters, newGetter(attr, ignoreCase))
		}
	} else {
		getters = []getter{newGetter(args[3], ignoreCase)}
	}
	out, err := sorted(items, c.Bool(1, "reverse", false), func(item value.Value) (value.Value, error) {
		keys := make(value.Tuple, len(getters))
		for i, g := range getters {
			if keys[i], err = g.key(c, item); err != nil {
				return nil, err
			}
		}
		return keys, nil
	})
	return value.NewList(out...), err
}

func filterDictsort(c *Call) (value.Value, error) {
	args, err := c.Bind("value", "case_sensitive=", "by=", "reverse=")
	if err != nil {
		return nil, err
	}
	m, ok := args[0].(*value.Map)
	if !ok {
		return nil, fmt.Errorf("'%s' object has no attribute 'items'", value.TypeName(args[0]))
	}
	by, err := c.String(2, "by", "key")
	if err != nil || by != "key" && by != "value" {
		return nil, errors.New(`you can only sort by either "key" or "value"`)
	}
	g := newGetter(map[string]value.Value{"key": int64(0), "value": int64(1)}[by], !c.Bool(1, "case_sensitive", false))
	out, err := sorted(pairs(m).Items, c.Bool(3, "reverse", false), func(item value.Value) (value.Value, error) { return g.key(c, item) })
	return value.NewList(out...), err
}

func filterUnique(c *Call) (value.Value, error) {
	args, err := c.Bind("value", "case_sensitive=", "attribute=")
	if err != nil {
		return nil, err
	}
	items, err := c.Iterate(args[0])
	if err != nil {
		return nil, err
	}
	g := newGetter(args[2], !c.Bool(1, "case_sensitive", false))
	seen := &value.Map{}
	var unhashable []value.Value
	out := value.NewList()
	for _, item := range items {
		k, err := g.key(c, item)
		if err != nil {
			return nil, err
		}
		if !value.Hashable(k) { // Ansible's unique takes lists and mappings too
			if err := c.Spend(len(unhashable)); err != nil {
				return nil, err
			}
			if !slices.ContainsFunc(unhashable, func(v value.Value) bool { return value.Equal(v, k) }) {
				unhashable = append(unhashable, k)
				out.Append(item)
			}
			continue
		}
		if _, twice := seen.Get(k); !twice {
			seen.Set(k, true)
			out.Append(item)
		}
	}
	return out, nil
}

func extreme(c *Call, sign int) (value.Value, error) {
	args, err := c.Bind("value", "case_sensitive=", "attribute=")
	if err != nil {
		return nil, err
	}
	items, err := c.Iterate(args[0])
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return value.Undefined{Hint: "No aggregated item, sequence was empty."}, nil
	}
	g := newGetter(args[2], !c.Bool(1, "case_sensitive", false))
	best := items[0]
	bestKey, err := g.key(c, best)
	if err != nil {
		return nil, err
	}
	for _, item := range items[1:] {
		k, err := g.key(c, item)
		if err != nil {
			return nil, err
		}
		n, err := value.Compare(k, bestKey)
		if err != nil {
			return nil, err
		}
		if n*sign > 0 {
			best, bestKey = item, k
		}
	}
	return best, nil
}

func filterMin(c *Call) (value.Value, error) { return extreme(c, -1) }
func filterMax(c *Call) (value.Value, error) { return extreme(c, 1) }

func filterSum(c *Call) (value.Value, error) {
	args, err := c.Bind("iterable", "attribute=", "start=")
	if err != nil {
		return nil, err
	}
	items, err := c.Iterate(args[0])
	if err != nil {
		return nil, err
	}
	g := newGetter(args[1], false)
	total := c.Arg(2, "start", int64(0))
	if _, ok := total.(string); ok {
		return nil, errors.New("sum() can't sum strings [use ''.join(seq) instead]")
	}
	for _, item := range items {
		v, err := g.key(c, item)
		if err != nil {
			return nil, err
		}
		if total, err = value.Arith(value.Add, total, v); err != nil {
			return nil, err
		}
		if err := c.Spend(size(total)); err != nil {
			return nil, err
		}
	}
	return total, nil
}

func filterGroupby(c *Call) (value.Value, error) {
	args, err := c.Bind("value", "attribute", "default=", "case_sensitive=")
	if err != nil {
		return nil, err
	}
	items, err := c.Iterate(args[0])
	if err != nil {
		return nil, err
	}
	g := newGetter(args[1], !c.Bool(3, "case_sensitive", false))
	if args[2] != Missing {
		g.def = args[2]
	}
	exact := g
	exact.ignoreCase = false
	if items, err = sorted(items, false, func(item value.Value) (value.Value, error) { return g.key(c, item) }); err != nil {
		return nil, err
	}
	out := value.NewList()
	var last *group
	var lastKey value.Value
	for _, item := range items {
		k, err := g.key(c, item)
		if err != nil {
			return nil, err
		}
		if last == nil || !value.Equal(k, lastKey) {
			first, err := exact.key(c, item)
			if err != nil {
				return nil, err
			}
			last, lastKey = &group{first, value.NewList()}, k
			out.Append(last)
		}
		last.items.Append(item)
	}
	return out, nil
}

func filterBatch(c *Call) (value.Value, error) {
	args, err := c.Bind("value", "linecount", "fill_with=")
	if err != nil {
		return nil, err
	}
	n, err := c.Int(1, "linecount", 0)
	if err != nil {
		return nil, err
	}
	items, err := c.Iterate(args[0])
	if err != nil {
		return nil, err
	}
	out := value.NewList()
	row := value.NewList()
	for _, item := range items {
		if row.Len() == n && n >= 0 {
			out.Append(row)
			row = value.NewList()
		}
		row.Append(item)
	}
	if row.Len() > 0 {
		if args[2] != Missing && args[2] != nil {
			if err := c.Spend(16 * max(n-row.Len(), 0)); err != nil {
				return nil, err
			}
			for row.Len() < n {
				row.Append(args[2])
			}
		}
		out.Append(row)
	}
	return out, nil
}

func filterSlice(c *Call) (value.Value, error) {
	args, err := c.Bind("value", "slices", "fill_with=")
	if err != nil {
		return nil, err
	}
	n, err := c.Int(1, "slices", 0)
	if err != nil {
		return nil, err
	}
	items, err := c.Iterate(args[0])
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, errors.New("integer division or modulo by zero")
	}
	if err := c.Spend(32 * max(n, 0)); err != nil {
		return nil, err
	}
	out := value.NewList()
	from := 0
	for i := range max(n, 0) {
		size := len(items) / n
		if i < len(items)%n {
			size++
		}
		row := value.NewList(slices.Clone(items[from : from+size])...)
		if args[2] != Missing && args[2] != nil && i >= len(items)%n {
			row.Append(args[2])
		}
		out.Append(row)
		from += size
	}
	return out, nil
}
