package template

import (
	"fmt"

	"kops/internal/jinja"
	"kops/internal/value"
)

// setFilters treat lists as sets. Where Python's order is a matter of chance, the order
// here is that of first occurrence.
func setFilters() map[string]jinja.Func {
	return map[string]jinja.Func{
		"unique":               uniqueFilter,
		"union":                setFilter(func(a, b []value.Value) []value.Value { return unique(append(append([]value.Value{}, a...), b...)) }),
		"intersect":            setFilter(func(a, b []value.Value) []value.Value { return unique(within(a, b, true)) }),
		"difference":           setFilter(func(a, b []value.Value) []value.Value { return unique(within(a, b, false)) }),
		"symmetric_difference": setFilter(symmetricDifference),
		"product":              product,
		"permutations":         permutations,
		"combinations":         combinations,
		"zip":                  zip,
		"zip_longest":          zipLongest,
		"combine":              combine,
	}
}

func setFilter(op func(a, b []value.Value) []value.Value) jinja.Func {
	return func(c *jinja.Call) (value.Value, error) {
		args, err := c.Bind("a", "b")
		if err != nil {
			return nil, err
		}
		a, err := c.Iterate(args[0])
		if err != nil {
			return nil, err
		}
		b, err := c.Iterate(args[1])
		if err != nil {
			return nil, err
		}
		return value.NewList(op(a, b)...), nil
	}
}

func symmetricDifference(a, b []value.Value) []value.Value {
	return unique(append(within(a, b, false), within(b, a, false)...))
}

// A set answers whether it holds a value, by hash where the value has one.
type set struct {
	hashed *value.Map
	others []value.Value
}

func newSet(items []value.Value) *set {
	s := &set{hashed: &value.Map{}}
	for _, item := range items {
		s.add(item)
	}
	return s
}

// add tells whether the value is new.
func (s *set) add(v value.Value) bool {
	if s.has(v) {
		return false
	}
	if value.Hashable(v) {
		s.hashed.Set(v, true)
	} else {
		s.others = append(s.others, v)
	}
	return true
}

func (s *set) has(v value.Value) bool {
	if value.Hashable(v) {
		_, ok := s.hashed.Get(v)
		return ok
	}
	for _, o := range s.others {
		if value.Equal(o, v) {
			return true
		}
	}
	return false
}

func unique(items []value.Value) []value.Value {
	seen := newSet(nil)
	out := []value.Value{}
	for _, item := range items {
		if seen.add(item) {
			out = append(out, item)
		}
	}
	return out
}

// within keeps the items of a that b has, or has not.
func within(a, b []value.Value, has bool) []value.Value {
	in := newSet(b)
	out := []value.Value{}
	for _, item := range a {
		if in.has(item) == has {
			out = append(out, item)
		}
	}
	return out
}

// uniqueFilter compares texts without regard to case unless told otherwise; values that
// cannot be hashed are compared as they are.
func uniqueFilter(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("a", "case_sensitive=", "attribute=")
	if err != nil {
		return nil, err
	}
	items, err := c.Iterate(args[0])
	if err != nil {
		return nil, err
	}
	byAttribute := args[2] != jinja.Missing && value.Truth(args[2])
	folded := args[1] == jinja.Missing || !value.Truth(args[1])
	seen := &value.Map{}
	out := []value.Value{}
	for _, item := range items {
		key := item
		if byAttribute {
			if key, err = attribute(c, item, args[2]); err != nil {
				return nil, err
			}
		}
		if s, ok := key.(string); ok && folded {
			key = lower(s)
		}
		if !value.Hashable(key) {
			if byAttribute || args[1] == false {
				return nil, fmt.Errorf("unhashable type: '%s'", value.TypeName(key))
			}
			return value.NewList(unique(items)...), nil
		}
		if _, ok := seen.Get(key); !ok {
			seen.Set(key, true)
			out = append(out, item)
		}
	}
	return value.NewList(out...), nil
}

// attribute follows a dotted path, as Jinja's attribute arguments do.
func attribute(c *jinja.Call, v, path value.Value) (value.Value, error) {
	parts := []value.Value{path}
	if s, ok := path.(string); ok {
		parts = parts[:0]
		for _, part := range splitDots(s) {
			parts = append(parts, part)
		}
	}
	var err error
	for _, part := range parts {
		if v, err = c.Item(v, part); err != nil {
			return nil, err
		}
		if v, err = c.Resolve(v); err != nil {
			return nil, err
		}
		if u, ok := v.(value.Undefined); ok {
			return nil, u
		}
	}
	return v, nil
}

// lists iterates over each argument.
func lists(c *jinja.Call, args []value.Value) ([][]value.Value, error) {
	out := make([][]value.Value, len(args))
	for i, arg := range args {
		items, err := c.Iterate(arg)
		if err != nil {
			return nil, err
		}
		out[i] = items
	}
	return out, nil
}

func product(c *jinja.Call) (value.Value, error) {
	repeat, err := c.Int(len(c.Args), "repeat", 1)
	if err != nil {
		return nil, err
	}
	pools, err := lists(c, c.Args)
	if err != nil {
		return nil, err
	}
	var all [][]value.Value
	for range repeat {
		all = append(all, pools...)
	}
	rows := []value.Tuple{{}}
	for _, pool := range all {
		if err := c.Spend(len(rows) * len(pool)); err != nil {
			return nil, err
		}
		next := make([]value.Tuple, 0, len(rows)*len(pool))
		for _, row := range rows {
			for _, item := range pool {
				next = append(next, append(row[:len(row):len(row)], item))
			}
		}
		rows = next
	}
	return tuples(rows), nil
}

func tuples(rows []value.Tuple) *value.List {
	out := &value.List{Items: make([]value.Value, len(rows))}
	for i, row := range rows {
		out.Items[i] = row
	}
	return out
}

func zip(c *jinja.Call) (value.Value, error) {
	pools, err := lists(c, c.Args)
	if err != nil {
		return nil, err
	}
	shortest := len(pools[0])
	for _, pool := range pools {
		shortest = min(shortest, len(pool))
	}
	if v, ok := c.Kwargs.Get("strict"); ok && value.Truth(v) {
		for i, pool := range pools {
			if len(pool) != len(pools[0]) {
				return nil, fmt.Errorf("zip() argument %d is of another length than argument 1", i+1)
			}
		}
	}
	return zipped(pools, shortest, nil), nil
}

func zipLongest(c *jinja.Call) (value.Value, error) {
	pools, err := lists(c, c.Args)
	if err != nil {
		return nil, err
	}
	longest := 0
	for _, pool := range pools {
		longest = max(longest, len(pool))
	}
	fill, _ := c.Kwargs.Get("fillvalue")
	return zipped(pools, longest, fill), nil
}

func zipped(pools [][]value.Value, length int, fill value.Value) *value.List {
	rows := make([]value.Tuple, length)
	for i := range rows {
		rows[i] = make(value.Tuple, len(pools))
		for j, pool := range pools {
			rows[i][j] = fill
			if i < len(pool) {
				rows[i][j] = pool[i]
			}
		}
	}
	return tuples(rows)
}

// choices calls visit with each way to draw n of size indexes, in itertools' order.
func choices(size, n int, ordered bool, visit func([]int) error) error {
	picked := make([]int, 0, n)
	used := make([]bool, size)
	var draw func(from int) error
	draw = func(from int) error {
		if len(picked) == n {
			return visit(picked)
		}
		for i := from; i < size; i++ {
			if used[i] {
				continue
			}
			used[i], picked = true, append(picked, i)
			next := i + 1
			if ordered {
				next = 0
			}
			err := draw(next)
			used[i], picked = false, picked[:len(picked)-1]
			if err != nil {
				return err
			}
		}
		return nil
	}
	return draw(0)
}

func drawn(c *jinja.Call, items []value.Value, n int, ordered bool) (value.Value, error) {
	if n < 0 {
		return nil, fmt.Errorf("r must be non-negative")
	}
	var rows []value.Tuple
	err := choices(len(items), n, ordered, func(picked []int) error {
		row := make(value.Tuple, n)
		for i, p := range picked {
			row[i] = items[p]
		}
		rows = append(rows, row)
		return c.Spend(n + 1)
	})
	return tuples(rows), err
}

func permutations(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("iterable", "r=")
	if err != nil {
		return nil, err
	}
	items, err := c.Iterate(args[0])
	if err != nil {
		return nil, err
	}
	n := len(items)
	if args[1] != jinja.Missing && args[1] != nil {
		if n, err = c.Int(1, "r", n); err != nil {
			return nil, err
		}
	}
	return drawn(c, items, n, true)
}

func combinations(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("iterable", "r")
	if err != nil {
		return nil, err
	}
	items, err := c.Iterate(args[0])
	if err != nil {
		return nil, err
	}
	n, err := c.Int(1, "r", 0)
	if err != nil {
		return nil, err
	}
	return drawn(c, items, n, false)
}
