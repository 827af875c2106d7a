package jinja

import (
	"errors"
	"fmt"
	"strings"

	"kops/internal/value"
)

func filterMap(c *Call) (value.Value, error) {
	if !value.Truth(c.Args[0]) {
		return value.NewList(), nil
	}
	items, err := c.Iterate(c.Args[0])
	if err != nil {
		return nil, err
	}
	each, err := mapper(c)
	if err != nil {
		return nil, err
	}
	out := &value.List{Items: make([]value.Value, len(items))}
	for i, item := range items {
		if out.Items[i], err = each(item); err != nil {
			return nil, err
		}
	}
	return out, c.Spend(16 * len(items))
}

func mapper(c *Call) (func(value.Value) (value.Value, error), error) {
	if attr, ok := c.Kwargs.Get("attribute"); ok && len(c.Args) == 1 {
		g := newGetter(attr, false)
		g.def = c.Kwargs.At("default")
		for k := range c.Kwargs.All() {
			if k != "attribute" && k != "default" {
				return nil, fmt.Errorf("unexpected keyword argument %s", value.Repr(k))
			}
		}
		return func(item value.Value) (value.Value, error) { return g.get(c, item) }, nil
	}
	if len(c.Args) < 2 {
		return nil, errors.New("map requires a filter argument")
	}
	name, ok := c.Args[1].(string)
	if !ok {
		return nil, fmt.Errorf("the name of a filter must be str, not %s", value.TypeName(c.Args[1]))
	}
	return func(item value.Value) (value.Value, error) {
		return c.Filter(name, append([]value.Value{item}, c.Args[2:]...), c.Kwargs)
	}, nil
}

// selector returns select, reject, selectattr or rejectattr.
func selector(byAttribute, keep bool) Func {
	return func(c *Call) (value.Value, error) {
		if !value.Truth(c.Args[0]) {
			return value.NewList(), nil
		}
		items, err := c.Iterate(c.Args[0])
		if err != nil {
			return nil, err
		}
		args, g := c.Args[1:], getter{}
		if byAttribute {
			if len(args) == 0 {
				return nil, errors.New("missing parameter for attribute name")
			}
			g, args = newGetter(args[0], false), args[1:]
		}
		out := value.NewList()
		for _, item := range items {
			v, err := g.get(c, item)
			if err != nil {
				return nil, err
			}
			ok, err := selected(c, v, args)
			if err != nil {
				return nil, err
			}
			if ok == keep {
				out.Append(item)
			}
		}
		return out, nil
	}
}

func selected(c *Call, v value.Value, args []value.Value) (bool, error) {
	if len(args) > 0 {
		name, ok := args[0].(string)
		if !ok {
			return false, fmt.Errorf("the name of a test must be str, not %s", value.TypeName(args[0]))
		}
		var err error
		if v, err = c.Test(name, append([]value.Value{v}, args[1:]...), c.Kwargs); err != nil {
			return false, err
		}
	}
	switch u := v.(type) {
	case value.Undefined:
		return false, c.frame.undefined(c.at, u)
	case value.Unknown:
		return false, &unknownStop{u}
	}
	return value.Truth(v), nil
}

func filterJoin(c *Call) (value.Value, error) {
	args, err := c.Bind("value", "d=", "attribute=")
	if err != nil {
		return nil, err
	}
	items, err := c.Iterate(args[0])
	if err != nil {
		return nil, err
	}
	sep, err := c.Text(c.Arg(1, "d", ""))
	if err != nil {
		return nil, err
	}
	g := newGetter(args[2], false)
	texts := make([]string, len(items))
	total := 0
	for i, item := range items {
		v, err := g.get(c, item)
		if err != nil {
			return nil, err
		}
		if texts[i], err = c.Text(v); err != nil {
			return nil, err
		}
		total += len(texts[i]) + len(sep)
	}
	if err := c.Spend(total); err != nil {
		return nil, err
	}
	return strings.Join(texts, sep), nil
}
