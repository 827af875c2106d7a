package jinja

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"kops/internal/diag"
	"kops/internal/value"
)

// A function is a Func as the engine calls it.
type function struct {
	fn      Func
	lazy    bool // it looks at undefined and unknown arguments itself
	shallow bool // it does not look inside its arguments
	builtin bool // it returns values of its own that need no copy
}

// functions merges the built-in functions with those of the options.
func functions(builtin map[string]function, added map[string]Func, lazy map[string]bool) map[string]function {
	out := maps.Clone(builtin)
	for name, fn := range added {
		out[name] = function{fn: fn, lazy: lazy[name]}
	}
	return out
}

func suggestFunction(name string, known map[string]function) string {
	if hint := diag.Suggest(name, slices.Sorted(maps.Keys(known))); hint != "" {
		return "; " + hint
	}
	return ""
}

// prepare resolves arguments. done is true where they decide the result: one of them is
// undefined or unknown.
func (f *frame) prepare(fn function, args []value.Value, kwargs *value.Map) (result value.Value, done bool, err error) {
	check := func(v value.Value) (value.Value, error) {
		switch u := v.(type) {
		case string, int64, bool, nil:
			return v, nil
		case value.Undefined:
			if !done {
				result, done = f.explain(u), true
			}
			return v, nil
		case value.Unknown:
			if _, undefined := result.(value.Undefined); !undefined {
				result, done = u, true
			}
			return v, nil
		}
		if fn.shallow {
			return v, nil
		}
		v, err := f.resolve(v)
		if err != nil {
			return nil, err
		}
		if _, found := scan(v); found.unknown != nil && !done {
			result, done = *found.unknown, true
		}
		if !fn.builtin {
			v = ungroup(v)
		}
		return v, nil
	}
	for i, v := range args {
		if args[i], err = check(v); err != nil {
			return nil, false, err
		}
	}
	for k, v := range kwargs.All() {
		if v, err = check(v); err != nil {
			return nil, false, err
		}
		kwargs.Set(k, v)
	}
	return result, done, nil
}

// call calls a function. A failure becomes an undefined value that carries it, so that
// default and "is defined" work on it, as in Ansible; a stop is an error at once.
func (f *frame) call(fn function, name string, args []value.Value, kwargs *value.Map, offset int) (value.Value, error) {
	if err := f.st.tick(); err != nil {
		return nil, f.wrap(offset, err)
	}
	if !fn.lazy {
		v, done, err := f.prepare(fn, args, kwargs)
		if err != nil {
			return f.failed(offset, err)
		}
		if done {
			return v, nil
		}
	}
	c := &Call{Context: f.st.ctx, Name: name, Args: args, Kwargs: kwargs, Scope: scopeView{f}, Env: f.st.env, frame: f, at: offset}
	v, err := fn.fn(c)
	if err != nil {
		return f.failed(offset, err)
	}
	if fn.builtin {
		return v, nil
	}
	return f.fromOutside(v)
}

func (f *frame) failed(offset int, err error) (value.Value, error) {
	var s *stop
	var u *unknownStop
	switch {
	case errors.As(err, &s):
		return nil, f.wrap(offset, s)
	case errors.As(err, &u):
		return u.u, nil
	case err == errMutates:
		return nil, err
	}
	var undef value.Undefined
	if errors.As(err, &undef) && undef.Err == nil {
		return undef, nil
	}
	return value.Undefined{Hint: err.Error(), Err: f.wrap(offset, err)}, nil
}

// A Callable is an Object that can be called.
type Callable interface {
	value.Object
	Call(c *Call) (value.Value, error)
}

func (x *callExpr) eval(f *frame) (value.Value, error) { return x.call(f, nil) }

// call calls x with the body of a call block, which may be nil.
func (x *callExpr) call(f *frame, caller *macro) (value.Value, error) {
	if err := f.st.tick(); err != nil {
		return nil, f.wrap(x.offset(), err)
	}
	var fn, self value.Value
	var err error
	method := ""
	if a, ok := x.fn.(*attrExpr); ok {
		if self, err = a.obj.eval(f); err != nil {
			return nil, err
		}
		switch u := self.(type) {
		case value.Undefined:
			return f.explain(u), nil
		case value.Unknown:
			return u, nil
		}
		if hasMethod(self, a.name) {
			method = a.name
		} else if fn, err = f.getattr(self, a.name); err != nil {
			return nil, f.wrap(x.offset(), err)
		}
	} else if fn, err = x.fn.eval(f); err != nil {
		return nil, err
	}
	args, kwargs, err := f.arguments(&x.args)
	if s, ok := err.(*unknownStop); ok {
		return s.u, nil
	}
	if err != nil {
		return nil, err
	}
	if caller != nil {
		if kwargs == nil {
			kwargs = &value.Map{}
		}
		kwargs.Set("caller", caller)
	}
	if method != "" {
		return f.callMethod(self, method, args, kwargs, x.offset())
	}
	return f.invoke(fn, args, kwargs, x)
}

func (f *frame) callMethod(self value.Value, method string, args []value.Value, kwargs *value.Map, offset int) (value.Value, error) {
	fn := function{builtin: true, shallow: shallowMethod(self, method), fn: func(c *Call) (value.Value, error) {
		return f.method(c, self, method)
	}}
	return f.call(fn, method, args, kwargs, offset)
}

func (f *frame) invoke(fn value.Value, args []value.Value, kwargs *value.Map, x *callExpr) (value.Value, error) {
	offset := x.offset()
	switch fn := fn.(type) {
	case value.Undefined:
		return f.explain(fn), nil
	case value.Unknown:
		return fn, nil
	case *global:
		return f.call(fn.function, fn.name, args, kwargs, offset)
	case *bound:
		return f.callMethod(fn.self, fn.name, args, kwargs, offset)
	case *macro:
		v, err := fn.call(f.st, args, kwargs)
		if err != nil {
			return nil, f.wrap(offset, err)
		}
		return v, nil
	case *loop:
		v, err := fn.recurse(f, args)
		if err != nil {
			return nil, f.wrap(offset, err)
		}
		return v, nil
	case *superBlock:
		return fn.call(f)
	case Callable:
		return f.call(function{fn: fn.Call}, "object", args, kwargs, offset)
	}
	name := ""
	if n, ok := x.fn.(*nameExpr); ok {
		name = fmt.Sprintf("; %s is not a function", value.Repr(n.name))
	}
	return nil, f.wrap(offset, fmt.Errorf("'%s' object is not callable%s", value.TypeName(fn), name))
}
