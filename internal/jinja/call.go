package jinja

import (
	"context"
	"fmt"

	"kops/internal/diag"
	"kops/internal/value"
)

// A Func is a filter, a test or a global function. Its arguments are resolved: they hold
// no templates and, at the top level, nothing undefined or unknown (see Options.Lazy).
// It must not modify them. A plain error is reported at the place of the call.
type Func func(c *Call) (value.Value, error)

// A Call is one call of a Func. For filters and tests, Args[0] is what they are applied to.
type Call struct {
	Context context.Context
	Name    string
	Args    []value.Value
	Kwargs  *value.Map // nil without keyword arguments
	Scope   Scope      // the template's names, those that it set itself included
	Env     *Env

	frame *frame
	at    int
}

// Pos returns the place of the call.
func (c *Call) Pos() value.Position { return c.frame.tmpl.position(c.at) }

// Errorf returns an error at the place of the call.
func (c *Call) Errorf(format string, args ...any) error {
	return diag.Errorf(c.Pos(), format, args...)
}

// Bind checks the arguments against a signature, as Python does: "value", "sep=". A
// name that ends in = may be left out. It returns the values in the order of names; a
// missing one is Missing.
func (c *Call) Bind(names ...string) ([]value.Value, error) {
	out := make([]value.Value, len(names))
	if len(c.Args) > len(names) {
		return nil, fmt.Errorf("%s() takes %d positional arguments but %d were given", c.Name, len(names), len(c.Args))
	}
	for i := range out {
		if i < len(c.Args) {
			out[i] = c.Args[i]
		} else {
			out[i] = Missing
		}
	}
	used := 0
	for i, name := range names {
		optional := name[len(name)-1] == '='
		if optional {
			name = name[:len(name)-1]
		}
		if v, ok := c.Kwargs.Get(name); ok {
			used++
			if i < len(c.Args) {
				return nil, fmt.Errorf("%s() got multiple values for argument %s", c.Name, value.Repr(name))
			}
			out[i] = v
		}
		if out[i] == Missing && !optional {
			return nil, fmt.Errorf("%s() missing required argument: %s", c.Name, value.Repr(name))
		}
	}
	if used < c.Kwargs.Len() {
		return nil, c.unexpected(names)
	}
	return out, nil
}

func (c *Call) unexpected(names []string) error {
	known := make([]string, len(names))
	for i, name := range names {
		known[i] = name
		if name[len(name)-1] == '=' {
			known[i] = name[:len(name)-1]
		}
	}
	for k := range c.Kwargs.All() {
		name := value.Str(k)
		found := false
		for _, n := range known {
			found = found || n == name
		}
		if !found {
			err := fmt.Errorf("%s() got an unexpected keyword argument %s", c.Name, value.Repr(name))
			if hint := diag.Suggest(name, known); hint != "" {
				err = fmt.Errorf("%w; %s", err, hint)
			}
			return err
		}
	}
	return nil
}

type missing struct{}

// Missing stands for an argument that was not given.
var Missing value.Value = missing{}

// Arg returns the argument at index i or named name, or def where it is missing.
func (c *Call) Arg(i int, name string, def value.Value) value.Value {
	if i < len(c.Args) {
		return c.Args[i]
	}
	if v, ok := c.Kwargs.Get(name); ok {
		return v
	}
	return def
}

// String is Arg for a string; another type is an error.
func (c *Call) String(i int, name, def string) (string, error) {
	v := c.Arg(i, name, def)
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("%s() argument %s must be str, not %s", c.Name, value.Repr(name), value.TypeName(v))
	}
	return s, nil
}

// Int is Arg for an integer; another type is an error. A bool is one, as in Python.
func (c *Call) Int(i int, name string, def int) (int, error) {
	switch v := c.Arg(i, name, int64(def)).(type) {
	case int64:
		return int(v), nil
	case bool:
		if v {
			return 1, nil
		}
		return 0, nil
	default:
		return 0, fmt.Errorf("'%s' object cannot be interpreted as an integer", value.TypeName(v))
	}
}

// Bool is Arg by Python's truth.
func (c *Call) Bool(i int, name string, def bool) bool {
	return value.Truth(c.Arg(i, name, def))
}

// Filter applies another filter, as map does.
func (c *Call) Filter(name string, args []value.Value, kwargs *value.Map) (value.Value, error) {
	fn, ok := c.Env.filters[name]
	if !ok {
		return nil, fmt.Errorf("no filter named %s%s", value.Repr(name), suggestFunction(name, c.Env.filters))
	}
	return c.frame.call(fn, name, args, kwargs, c.at)
}

// Test applies a test, as select does.
func (c *Call) Test(name string, args []value.Value, kwargs *value.Map) (value.Value, error) {
	fn, ok := c.Env.tests[name]
	if !ok {
		return nil, fmt.Errorf("no test named %s%s", value.Repr(name), suggestFunction(name, c.Env.tests))
	}
	return c.frame.call(fn, name, args, kwargs, c.at)
}

// Iterate returns the items of v as Python's iter does: a mapping's keys, a string's
// characters. What cannot be iterated is an error.
func (c *Call) Iterate(v value.Value) ([]value.Value, error) {
	return c.frame.iterate(v)
}

// Item returns obj[key] by Jinja's rules: an item, else an attribute, else Undefined.
func (c *Call) Item(obj, key value.Value) (value.Value, error) {
	return c.frame.getitem(obj, key)
}

// Text returns Python's str of v; what is undefined inside it is an error.
func (c *Call) Text(v value.Value) (string, error) {
	return c.frame.str(v)
}

// Resolve evaluates the templates inside v, for functions that are lazy.
func (c *Call) Resolve(v value.Value) (value.Value, error) {
	return c.frame.resolve(v)
}

// Spend accounts for n bytes of text or work, and fails where the rendering's limits are
// passed or its context is done.
func (c *Call) Spend(n int) error { return c.frame.st.charge(n) }
