package jinja

import (
	"errors"
	"fmt"
	"strings"

	"kops/internal/value"
)

func (x *constExpr) eval(*frame) (value.Value, error) { return x.val, nil }

func (x *nameExpr) eval(f *frame) (value.Value, error) {
	v, err := f.lookup(x.name)
	if err != nil {
		return nil, f.wrap(x.offset(), err)
	}
	return v, nil
}

func evalAll(f *frame, items []expr) ([]value.Value, error) {
	out := make([]value.Value, len(items))
	for i, item := range items {
		v, err := item.eval(f)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, f.st.tick()
}

func (x *listExpr) eval(f *frame) (value.Value, error) {
	items, err := evalAll(f, x.items)
	if err != nil {
		return nil, err
	}
	return &value.List{Items: items}, nil
}

func (x *tupleExpr) eval(f *frame) (value.Value, error) {
	items, err := evalAll(f, x.items)
	if err != nil {
		return nil, err
	}
	return value.Tuple(items), nil
}

func (x *dictExpr) eval(f *frame) (value.Value, error) {
	m := &value.Map{}
	for i, k := range x.keys {
		key, err := f.operand(k)
		if err != nil {
			return nil, err
		}
		if u, ok := key.(value.Unknown); ok {
			return u, nil
		}
		if !value.Hashable(key) {
			return nil, f.wrap(k.offset(), fmt.Errorf("unhashable type: '%s'", value.TypeName(key)))
		}
		v, err := x.vals[i].eval(f)
		if err != nil {
			return nil, err
		}
		m.Set(key, v)
	}
	return m, nil
}

// operand evaluates x for use: what is undefined is an error.
func (f *frame) operand(x expr) (value.Value, error) {
	v, err := x.eval(f)
	if err != nil {
		return nil, err
	}
	if u, ok := v.(value.Undefined); ok {
		return nil, f.undefined(origin(x, u), u)
	}
	return v, nil
}

// origin returns where an undefined value came into x: the name in name.attr | filter.
func origin(x expr, u value.Undefined) int {
	for inner := x; inner != nil; {
		switch n := inner.(type) {
		case *nameExpr:
			if n.name == u.Name {
				return n.offset()
			}
			return x.offset()
		case *attrExpr:
			if n.name == u.Name {
				return n.offset()
			}
			inner = n.obj
		case *itemExpr:
			inner = n.obj
		case *filterExpr:
			inner = n.target
		default:
			return x.offset()
		}
	}
	return x.offset()
}

func (x *arithExpr) eval(f *frame) (value.Value, error) {
	l, err := f.operand(x.l)
	if err != nil {
		return nil, err
	}
	r, err := f.operand(x.r)
	if err != nil {
		return nil, err
	}
	if u, ok := l.(value.Unknown); ok {
		return u, nil
	}
	if u, ok := r.(value.Unknown); ok {
		return u, nil
	}
	if _, ok := l.(string); ok && x.op == value.Mod {
		if r, err = f.resolve(r); err != nil {
			return nil, f.wrap(x.offset(), err)
		}
		if _, found := scan(r); found.unknown != nil {
			return *found.unknown, nil
		} else if found.undefined != nil {
			return nil, f.undefined(x.r.offset(), *found.undefined)
		}
	}
	v, err := value.Arith(x.op, ungroup(l), ungroup(r))
	if err == nil {
		err = f.st.charge(size(v))
	}
	if err != nil {
		return nil, f.wrap(x.offset(), err)
	}
	return v, nil
}

// size is roughly how many bytes a new value takes.
func size(v value.Value) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case *value.List:
		return 16 * len(v.Items)
	case value.Tuple:
		return 16 * len(v)
	}
	return 0
}

func (x *signExpr) eval(f *frame) (value.Value, error) {
	v, err := f.operand(x.x)
	if err != nil {
		return nil, err
	}
	if u, ok := v.(value.Unknown); ok {
		return u, nil
	}
	if x.minus {
		v, err = value.Neg(v)
	} else {
		v, err = value.Pos(v)
	}
	if err != nil {
		return nil, f.wrap(x.offset(), err)
	}
	return v, nil
}

func (x *andExpr) eval(f *frame) (value.Value, error) { return f.logic(x.l, x.r, false) }

func (x *orExpr) eval(f *frame) (value.Value, error) { return f.logic(x.l, x.r, true) }

// logic evaluates "and", which a false side decides, and "or", which a true one does.
func (f *frame) logic(l, r expr, decides bool) (value.Value, error) {
	v, err := f.operand(l)
	if err != nil {
		return nil, err
	}
	if u, ok := v.(value.Unknown); ok {
		other, err := f.operand(r)
		if _, isStop := err.(*stop); isStop {
			return nil, err
		}
		if _, unknown := other.(value.Unknown); err == nil && !unknown && value.Truth(other) == decides {
			return other, nil
		}
		return u, nil
	}
	if value.Truth(v) == decides {
		return v, nil
	}
	return r.eval(f)
}

func (x *notExpr) eval(f *frame) (value.Value, error) {
	v, err := f.operand(x.x)
	if err != nil {
		return nil, err
	}
	if u, ok := v.(value.Unknown); ok {
		return u, nil
	}
	return !value.Truth(v), nil
}

func (x *compareExpr) eval(f *frame) (value.Value, error) {
	l, err := f.operand(x.first)
	if err != nil {
		return nil, err
	}
	for _, op := range x.ops {
		r, err := f.operand(op.x)
		if err != nil {
			return nil, err
		}
		ok, err := f.compare(op.op, l, r)
		if s, unknown := err.(*unknownStop); unknown {
			return s.u, nil
		}
		if err != nil {
			return nil, f.wrap(x.offset(), err)
		}
		if !ok {
			return false, nil
		}
		l = r
	}
	return true, nil
}

// ready resolves an operand of a comparison.
func (f *frame) ready(v value.Value) (value.Value, error) {
	switch v := v.(type) {
	case string, int64, bool, nil, float64:
		return v, nil
	case *group:
		return f.ready(v.tuple())
	}
	v, err := f.resolve(v)
	if err != nil {
		return nil, err
	}
	_, found := scan(v)
	if found.unknown != nil {
		return nil, &unknownStop{*found.unknown}
	}
	return v, nil
}

func (f *frame) compare(op string, l, r value.Value) (bool, error) {
	l, err := f.ready(l)
	if err != nil {
		return false, err
	}
	if op == "in" || op == "not in" {
		if _, isObject := r.(value.Object); !isObject {
			if r, err = f.ready(r); err != nil {
				return false, err
			}
		}
		ok, err := value.Contains(r, l)
		return ok == (op == "in"), err
	}
	if r, err = f.ready(r); err != nil {
		return false, err
	}
	switch op {
	case "==":
		return value.Equal(l, r), nil
	case "!=":
		return !value.Equal(l, r), nil
	}
	c, err := value.Compare(l, r)
	if err != nil {
		return false, errors.New(strings.Replace(err.Error(), "'<'", "'"+op+"'", 1))
	}
	if l != l || r != r { // NaN
		return false, nil
	}
	switch op {
	case "<":
		return c < 0, nil
	case "<=":
		return c <= 0, nil
	case ">":
		return c > 0, nil
	}
	return c >= 0, nil
}

func (x *concatExpr) eval(f *frame) (value.Value, error) {
	var b strings.Builder
	var unknown *unknownStop
	for _, part := range x.parts {
		v, err := f.operand(part)
		if err != nil {
			return nil, err
		}
		s, err := f.str(v)
		if stopped, ok := err.(*unknownStop); ok {
			unknown = stopped
			continue
		}
		if err != nil {
			return nil, f.wrap(part.offset(), err)
		}
		b.WriteString(s)
	}
	if unknown != nil {
		return unknown.u, nil
	}
	if err := f.st.charge(b.Len()); err != nil {
		return nil, f.wrap(x.offset(), err)
	}
	return b.String(), nil
}

func (x *condExpr) eval(f *frame) (value.Value, error) {
	test, err := f.operand(x.test)
	if err != nil {
		return nil, err
	}
	if u, ok := test.(value.Unknown); ok {
		return u, nil
	}
	switch {
	case value.Truth(test):
		return x.then.eval(f)
	case x.els != nil:
		return x.els.eval(f)
	}
	return value.Undefined{Hint: "the inline if-expression on line " +
		fmt.Sprint(f.tmpl.position(x.offset()).Line) + " evaluated to false and no else section was defined."}, nil
}

func (x *attrExpr) eval(f *frame) (value.Value, error) {
	obj, err := x.obj.eval(f)
	if err != nil {
		return nil, err
	}
	if u, ok := obj.(value.Undefined); ok && u.Hint == "" {
		return f.explain(u), nil
	}
	v, err := f.getattr(obj, x.name)
	if err != nil {
		return nil, f.wrap(x.offset(), err)
	}
	return v, nil
}

func (x *itemExpr) eval(f *frame) (value.Value, error) {
	obj, err := x.obj.eval(f)
	if err != nil {
		return nil, err
	}
	if u, ok := obj.(value.Undefined); ok {
		return f.explain(u), nil
	}
	var v value.Value
	if s, ok := x.key.(*sliceExpr); ok {
		v, err = s.slice(f, obj)
	} else {
		var key value.Value
		if key, err = f.operand(x.key); err != nil {
			return nil, err
		}
		v, err = f.getitem(obj, key)
	}
	if err != nil {
		return nil, f.wrap(x.offset(), err)
	}
	return v, nil
}

// eval is only reached where a slice is one of several keys, which nothing supports.
func (x *sliceExpr) eval(f *frame) (value.Value, error) {
	return nil, f.wrap(x.offset(), errors.New("a slice can only be the one index"))
}

func (f *frame) arguments(a *arguments, first ...value.Value) ([]value.Value, *value.Map, error) {
	args := make([]value.Value, len(first), len(first)+len(a.pos))
	copy(args, first)
	for _, x := range a.pos {
		v, err := x.eval(f)
		if err != nil {
			return nil, nil, err
		}
		args = append(args, v)
	}
	var kwargs *value.Map
	if len(a.names) > 0 || a.starstar != nil {
		kwargs = &value.Map{}
	}
	for i, x := range a.vals {
		v, err := x.eval(f)
		if err != nil {
			return nil, nil, err
		}
		kwargs.Set(a.names[i], v)
	}
	if a.star != nil {
		v, err := f.operand(a.star)
		if err != nil {
			return nil, nil, err
		}
		items, err := f.iterate(v)
		if err != nil {
			return nil, nil, f.wrap(a.star.offset(), err)
		}
		args = append(args, items...)
	}
	if a.starstar != nil {
		v, err := f.operand(a.starstar)
		if err != nil {
			return nil, nil, err
		}
		m, ok := v.(*value.Map)
		if u, unknown := v.(value.Unknown); unknown {
			return nil, nil, &unknownStop{u}
		}
		if !ok {
			return nil, nil, f.wrap(a.starstar.offset(), fmt.Errorf("argument after ** must be a mapping, not %s", value.TypeName(v)))
		}
		for k, item := range m.All() {
			if _, twice := kwargs.Get(k); twice {
				return nil, nil, f.wrap(a.starstar.offset(), fmt.Errorf("got multiple values for keyword argument %s", value.Repr(k)))
			}
			if item, err = f.observe(item); err != nil {
				return nil, nil, err
			}
			kwargs.Set(k, item)
		}
	}
	return args, kwargs, nil
}

func (x *filterExpr) eval(f *frame) (value.Value, error) {
	target, err := x.target.eval(f)
	if err != nil {
		return nil, err
	}
	return x.apply(f, target)
}

func (x *filterExpr) apply(f *frame, target value.Value) (value.Value, error) {
	if u, ok := target.(value.Undefined); ok && !x.fn.lazy {
		return f.explain(u), nil
	}
	args, kwargs, err := f.arguments(&x.args, target)
	if s, ok := err.(*unknownStop); ok {
		return s.u, nil
	}
	if err != nil {
		return nil, err
	}
	return f.call(x.fn, x.name, args, kwargs, x.offset())
}

func (x *testExpr) eval(f *frame) (value.Value, error) {
	target, err := x.target.eval(f)
	if err != nil {
		return nil, err
	}
	args, kwargs, err := f.arguments(&x.args, target)
	if s, ok := err.(*unknownStop); ok {
		return s.u, nil
	}
	if err != nil {
		return nil, err
	}
	v, err := f.call(x.fn, x.name, args, kwargs, x.offset())
	switch v.(type) {
	case bool, value.Undefined, value.Unknown, nil:
		return v, err
	}
	return value.Truth(v), err
}
