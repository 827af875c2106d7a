package template

import (
	"errors"
	"fmt"
	"strings"

	"kops/internal/jinja"
	"kops/internal/value"
)

// dataFilters reshape lists and mappings.
func dataFilters() map[string]jinja.Func {
	return map[string]jinja.Func{
		"bool":            toBool,
		"ternary":         ternary,
		"mandatory":       mandatory,
		"type_debug":      typeDebug,
		"dict2items":      dictToItems,
		"items2dict":      itemsToDict,
		"subelements":     subelementsFilter,
		"flatten":         flattenFilter,
		"extract":         extract,
		"rekey_on_member": rekeyOnMember,
	}
}

func lower(s string) string { return strings.ToLower(s) }

func toBool(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("value")
	if err != nil {
		return nil, err
	}
	var word string
	switch v := args[0].(type) {
	case bool:
		return v, nil
	case string:
		word = lower(v)
	case int64:
		word = value.Str(v)
	default:
		return value.Equal(v, int64(1)), nil
	}
	return word == "yes" || word == "on" || word == "true" || word == "1", nil
}

// ternary chooses by a condition. What is not chosen may be undefined.
func ternary(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("value", "true_val", "false_val", "none_val=")
	if err != nil {
		return nil, err
	}
	cond, err := c.Resolve(args[0])
	if err != nil {
		return nil, err
	}
	switch cond := cond.(type) {
	case value.Undefined:
		return nil, cond
	case value.Unknown:
		return cond, nil
	}
	chosen := args[2]
	switch {
	case cond == nil && args[3] != jinja.Missing && args[3] != nil:
		chosen = args[3]
	case value.Truth(cond):
		chosen = args[1]
	}
	return c.Resolve(chosen)
}

func mandatory(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("value", "msg=")
	if err != nil {
		return nil, err
	}
	v, err := c.Resolve(args[0])
	if err != nil {
		return nil, err
	}
	u, undefined := v.(value.Undefined)
	switch {
	case !undefined:
		return v, nil
	case args[1] != jinja.Missing && args[1] != nil:
		msg, err := c.Resolve(args[1])
		if err != nil {
			return nil, err
		}
		return nil, errors.New(value.Str(msg))
	case u.Name != "":
		return nil, fmt.Errorf("mandatory variable %s not defined", value.Repr(u.Name))
	}
	return nil, errors.New("mandatory variable not defined")
}

func typeDebug(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("value")
	if err != nil {
		return nil, err
	}
	v, err := c.Resolve(args[0])
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case value.Undefined:
		return "UndefinedMarker", nil
	case value.Unknown:
		return v, nil
	}
	return value.TypeName(v), nil
}

func dictToItems(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("mydict", "key_name=", "value_name=")
	if err != nil {
		return nil, err
	}
	m, ok, err := asMap(args[0])
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("dict2items requires a dictionary, got %s instead", value.TypeName(args[0]))
	}
	key, val, err := itemNames(args[1], args[2])
	if err != nil {
		return nil, err
	}
	out := &value.List{Items: make([]value.Value, 0, m.Len())}
	for k, v := range m.All() {
		item := &value.Map{}
		item.Set(key, k)
		item.Set(val, v)
		out.Append(item)
	}
	return out, nil
}

func itemNames(key, val value.Value) (k, v value.Value, err error) {
	if key == jinja.Missing {
		key = "key"
	}
	if val == jinja.Missing {
		val = "value"
	}
	for _, name := range []value.Value{key, val} {
		if !value.Hashable(name) {
			return nil, nil, fmt.Errorf("unhashable type: '%s'", value.TypeName(name))
		}
	}
	return key, val, nil
}

func itemsToDict(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("mylist", "key_name=", "value_name=")
	if err != nil {
		return nil, err
	}
	items, ok := sequence(args[0])
	if !ok {
		return nil, fmt.Errorf("items2dict requires a list, got %s instead", value.TypeName(args[0]))
	}
	key, val, err := itemNames(args[1], args[2])
	if err != nil {
		return nil, err
	}
	out := &value.Map{}
	for _, item := range items {
		m, isMap, err := asMap(item)
		if err != nil {
			return nil, err
		}
		row, isRow := sequence(item)
		if !isMap && !isRow {
			return nil, fmt.Errorf("items2dict requires a list of dictionaries, got %s instead", value.Repr(args[0]))
		}
		if isRow {
			m = numbered(row)
		}
		k, hasKey := m.Get(key)
		v, hasValue := m.Get(val)
		if !hasKey || !hasValue {
			return nil, fmt.Errorf("items2dict requires each dictionary in the list to contain the keys '%s' and '%s', got %s instead",
				value.Str(key), value.Str(val), value.Repr(args[0]))
		}
		if !value.Hashable(k) {
			return nil, fmt.Errorf("unhashable type: '%s'", value.TypeName(k))
		}
		out.Set(k, v)
	}
	return out, nil
}

// numbered is a list as a mapping of its indexes.
func numbered(items []value.Value) *value.Map {
	m := &value.Map{}
	for i, item := range items {
		m.Set(int64(i), item)
	}
	return m
}

func subelementsFilter(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("obj", "subelements", "skip_missing=")
	if err != nil {
		return nil, err
	}
	var elements []value.Value
	switch obj := args[0].(type) {
	case *value.Map:
		elements = obj.Values()
	case *value.List:
		elements = obj.Items
	default:
		return nil, errors.New("obj must be a list of dicts or a nested dict")
	}
	var path []value.Value
	switch p := args[1].(type) {
	case *value.List:
		path = p.Items
	case string:
		path = value.Strings(strings.Split(p, ".")).Items
	default:
		return nil, errors.New("subelements must be a list or a string")
	}
	skip := args[2] != jinja.Missing && value.Truth(args[2])
	out := value.NewList()
	for _, element := range elements {
		items, err := walk(element, path, skip)
		if err != nil {
			return nil, err
		}
		list, ok := items.(*value.List)
		if !ok {
			return nil, fmt.Errorf("the key %s should point to a list, got %s", value.Repr(path[len(path)-1]), value.Repr(items))
		}
		for _, item := range list.Items {
			out.Append(value.Tuple{element, item})
		}
	}
	return out, nil
}

// walk follows keys into a mapping. With skip, a missing key gives an empty list.
func walk(v value.Value, path []value.Value, skip bool) (value.Value, error) {
	for _, key := range path {
		m, ok, err := asMap(v)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fmt.Errorf("the key %s should point to a dictionary, got '%s'", value.Str(key), value.Str(v))
		}
		next, ok := m.Get(key)
		if !ok && skip {
			return value.NewList(), nil
		}
		if !ok {
			return nil, fmt.Errorf("could not find %s key in iterated item %s", value.Repr(key), value.Repr(v))
		}
		v = next
	}
	return v, nil
}

func flattenFilter(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("mylist", "levels=", "skip_nulls=")
	if err != nil {
		return nil, err
	}
	levels := -1
	if args[1] != jinja.Missing && args[1] != nil {
		n, ok := args[1].(int64)
		if !ok {
			return nil, fmt.Errorf("flatten() levels must be int, not %s", value.TypeName(args[1]))
		}
		levels = int(max(n, 0))
	}
	skip := args[2] == jinja.Missing || value.Truth(args[2])
	items, err := c.Iterate(args[0])
	if err != nil {
		return nil, err
	}
	out, err := flatten(nil, items, levels, skip, 0)
	return value.NewList(out...), err
}

// flatten appends items to out, lists in them taken apart; levels below zero means all.
func flatten(out, items []value.Value, levels int, skipNulls bool, depth int) ([]value.Value, error) {
	if depth > maxNesting {
		return nil, errors.New("the list is nested too deep")
	}
	var err error
	for _, item := range items {
		if skipNulls && (item == nil || item == "None" || item == "null") {
			continue
		}
		inner, ok := sequence(item)
		if !ok || levels == 0 {
			out = append(out, item)
			continue
		}
		if out, err = flatten(out, inner, levels-1, skipNulls, depth+1); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func extract(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("item", "container", "morekeys=")
	if err != nil {
		return nil, err
	}
	keys := []value.Value{args[0]}
	switch more := args[2].(type) {
	case *value.List:
		keys = append(keys, more.Items...)
	case nil:
	default:
		if more != jinja.Missing {
			keys = append(keys, more)
		}
	}
	v := args[1]
	for _, key := range keys {
		if v, err = c.Item(v, key); err != nil {
			return nil, err
		}
		if v, err = c.Resolve(v); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func rekeyOnMember(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("data", "key", "duplicates=")
	if err != nil {
		return nil, err
	}
	overwrite := args[2] == "overwrite"
	if args[2] != jinja.Missing && args[2] != "error" && !overwrite {
		return nil, fmt.Errorf("duplicates parameter to rekey_on_member has unknown value %s", value.Repr(args[2]))
	}
	items, ok := sequence(args[0])
	if m, isMap := args[0].(*value.Map); isMap {
		items, ok = m.Values(), true
	}
	if !ok {
		return nil, errors.New("type is not a valid list, set, or dict")
	}
	out := &value.Map{}
	for _, item := range items {
		m, ok := item.(*value.Map)
		if !ok {
			return nil, errors.New("list item is not a valid dict")
		}
		k, ok := m.Get(args[1])
		if !ok {
			return nil, fmt.Errorf("key %s was not found", value.Repr(args[1]))
		}
		if !value.Hashable(k) {
			return nil, fmt.Errorf("unhashable type: '%s'", value.TypeName(k))
		}
		if _, ok := out.Get(k); ok && !overwrite {
			return nil, fmt.Errorf("key %s is not unique, cannot convert to dict", value.Repr(k))
		}
		out.Set(k, item)
	}
	return out, nil
}
