package jinja

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"kops/internal/value"
)

// maxRange bounds the length of a range, as Jinja2's sandbox does.
const maxRange = 100000

// getattr is obj.name: an attribute, else an item.
func (f *frame) getattr(obj value.Value, name string) (value.Value, error) {
	switch o := obj.(type) {
	case value.Undefined, value.Unknown:
		return o, nil
	case *value.Map:
		if !hasMethod(o, name) {
			if v, ok := o.Get(name); ok {
				return f.observe(v)
			}
			return noAttribute(obj, name), nil
		}
	case value.Object:
		v, ok, err := o.Get(name)
		if err != nil {
			return nil, err
		}
		if ok {
			return f.fromObject(v)
		}
	}
	if hasMethod(obj, name) {
		return &bound{self: obj, name: name}, nil
	}
	return noAttribute(obj, name), nil
}

// fromObject makes a value that an Object computed ready for use.
func (f *frame) fromObject(v value.Value) (value.Value, error) {
	switch v.(type) {
	case *bound, *macro, *group:
		return v, nil
	}
	return f.fromOutside(v)
}

func noAttribute(obj value.Value, name string) value.Undefined {
	return value.Undefined{Name: name, Hint: fmt.Sprintf("object of type '%s' has no attribute %s", value.TypeName(obj), value.Repr(name))}
}

// getitem is obj[key]: an item, else an attribute.
func (f *frame) getitem(obj, key value.Value) (value.Value, error) {
	if u, ok := key.(value.Unknown); ok {
		return u, nil
	}
	if u, ok := key.(value.Undefined); ok {
		return f.explain(u), nil
	}
	switch o := obj.(type) {
	case value.Undefined, value.Unknown:
		return o, nil
	case *value.Map:
		if v, ok := o.Get(key); ok {
			return f.observe(v)
		}
	case *group:
		if i, ok := index(key); ok {
			return f.at(o.tuple(), i)
		}
		return f.getattr(o, value.Str(key))
	case value.Object:
		v, ok, err := o.Get(key)
		if err != nil {
			return nil, err
		}
		if ok {
			return f.fromObject(v)
		}
	case *value.List:
		if i, ok := index(key); ok {
			return f.at(o.Items, i)
		}
	case value.Tuple:
		if i, ok := index(key); ok {
			return f.at(o, i)
		}
	case string:
		if i, ok := index(key); ok {
			return charAt(o, i), nil
		}
	case value.Bytes:
		if i, ok := index(key); ok {
			if i < 0 {
				i += len(o)
			}
			if i >= 0 && i < len(o) {
				return int64(o[i]), nil
			}
		}
	}
	name, ok := key.(string)
	if ok && hasMethod(obj, name) {
		return &bound{self: obj, name: name}, nil
	}
	return noItem(obj, key), nil
}

func noItem(obj, key value.Value) value.Undefined {
	if name, ok := key.(string); ok {
		return noAttribute(obj, name)
	}
	name := value.Str(key)
	return value.Undefined{Name: name, Hint: fmt.Sprintf("object of type '%s' has no attribute %s", value.TypeName(obj), name)}
}

func index(key value.Value) (int, bool) {
	switch k := key.(type) {
	case int64:
		return int(k), true
	case bool:
		if k {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

func (f *frame) at(items []value.Value, i int) (value.Value, error) {
	n := i
	if n < 0 {
		n += len(items)
	}
	if n < 0 || n >= len(items) {
		return noItem(value.NewList(), int64(i)), nil
	}
	return f.observe(items[n])
}

func charAt(s string, i int) value.Value {
	n := i
	if n < 0 {
		n += utf8.RuneCountInString(s)
	}
	for _, r := range s {
		if n == 0 {
			return string(r)
		}
		n--
	}
	return noItem("", int64(i))
}

// iterate returns the items of v, evaluated where they are templates.
func (f *frame) iterate(v value.Value) ([]value.Value, error) {
	items, err := f.rawItems(v)
	if err != nil {
		return nil, err
	}
	copied := false
	for i, item := range items {
		if _, ok := item.(value.Template); !ok {
			continue
		}
		if !copied {
			items, copied = append([]value.Value(nil), items...), true
		}
		if items[i], err = f.observe(item); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func (f *frame) rawItems(v value.Value) ([]value.Value, error) {
	switch v := v.(type) {
	case *value.List:
		return v.Items, nil
	case value.Tuple:
		return v, nil
	case *value.Map:
		return v.Keys(), nil
	case string:
		if err := f.st.charge(16 * len(v)); err != nil {
			return nil, err
		}
		items := make([]value.Value, 0, len(v))
		for _, r := range v {
			items = append(items, string(r))
		}
		return items, nil
	case value.Bytes:
		items := make([]value.Value, len(v))
		for i, b := range v {
			items[i] = int64(b)
		}
		return items, nil
	case value.Undefined:
		return nil, f.undefined(0, v)
	case value.Unknown:
		return nil, &unknownStop{v}
	case *global, *bound, *macro, *namespace, *joiner, *cycler, *loop, *superBlock, *selfObject:
	case value.Object:
		return v.Keys(), nil
	}
	return nil, fmt.Errorf("'%s' object is not iterable", value.TypeName(v))
}

// slice is obj[start:stop:step].
func (x *sliceExpr) slice(f *frame, obj value.Value) (value.Value, error) {
	var bounds [3]*int
	for i, e := range []expr{x.start, x.stop, x.step} {
		if e == nil {
			continue
		}
		v, err := f.operand(e)
		if err != nil {
			return nil, err
		}
		if u, ok := v.(value.Unknown); ok {
			return u, nil
		}
		if v == nil {
			continue
		}
		n, ok := index(v)
		if !ok {
			return nil, errors.New("slice indices must be integers or None or have an __index__ method")
		}
		bounds[i] = &n
	}
	switch o := obj.(type) {
	case value.Unknown:
		return o, nil
	case string:
		runes := []rune(o)
		picked, err := slice(runes, bounds)
		return string(picked), err
	case value.Bytes:
		picked, err := slice(o, bounds)
		return value.Bytes(picked), err
	case *value.List:
		picked, err := slice(o.Items, bounds)
		return value.NewList(picked...), err
	case value.Tuple:
		picked, err := slice(o, bounds)
		return value.Tuple(picked), err
	case *group:
		picked, err := slice(o.tuple(), bounds)
		return value.Tuple(picked), err
	}
	return value.Undefined{Name: "slice", Hint: fmt.Sprintf("object of type '%s' has no slices", value.TypeName(obj))}, nil
}

func slice[T any](items []T, bounds [3]*int) ([]T, error) {
	n, step := len(items), 1
	if bounds[2] != nil {
		step = *bounds[2]
	}
	if step == 0 {
		return nil, errors.New("slice step cannot be zero")
	}
	low, high := 0, n
	if step < 0 {
		low, high = -1, n-1
	}
	bound := func(p *int, def int) int {
		if p == nil {
			return def
		}
		i := *p
		if i < 0 {
			i += n
		}
		return min(max(i, low), high)
	}
	start, stop := bound(bounds[0], low), bound(bounds[1], high)
	if step < 0 {
		start, stop = bound(bounds[0], high), bound(bounds[1], low)
	}
	var out []T
	for i := start; step > 0 && i < stop || step < 0 && i > stop; i += step {
		out = append(out, items[i])
		if step > n || step < -n {
			break
		}
	}
	return out, nil
}
