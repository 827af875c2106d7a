package jinja

import (
	"fmt"

	"kops/internal/value"
)

// A macro is a macro or the body of a call block, with the names around it.
type macro struct {
	stmt  *macroStmt
	frame *frame
}

// Get implements value.Object.
func (m *macro) Get(k value.Value) (value.Value, bool, error) {
	switch k {
	case "name":
		if m.stmt.name == "" {
			return nil, true, nil
		}
		return m.stmt.name, true, nil
	case "arguments":
		names := make(value.Tuple, len(m.stmt.params))
		for i, p := range m.stmt.params {
			names[i] = p.name
		}
		return names, true, nil
	case "catch_kwargs":
		return m.stmt.usesKwargs, true, nil
	case "catch_varargs":
		return m.stmt.usesVarargs, true, nil
	case "caller":
		return m.stmt.usesCaller, true, nil
	}
	return nil, false, nil
}

// Keys implements value.Object.
func (m *macro) Keys() []value.Value { return nil }

func (m *macro) String() string {
	if m.stmt.name == "" {
		return "<Macro anonymous>"
	}
	return "<Macro " + value.Repr(m.stmt.name) + ">"
}

// call executes the macro's body and returns what it printed.
func (m *macro) call(st *state, args []value.Value, kwargs *value.Map) (value.Value, error) {
	if err := st.descend(); err != nil {
		return nil, err
	}
	defer func() { st.depth-- }()
	g := m.frame.inner()
	g.out = &output{}
	if err := m.bind(g, args, kwargs); err != nil {
		return nil, g.wrap(m.stmt.offset(), err)
	}
	err := g.execAll(m.stmt.body)
	if s, ok := err.(*unknownStop); ok {
		return s.u, nil
	}
	if err != nil {
		return nil, err
	}
	return g.out.result(), nil
}

func (m *macro) bind(g *frame, args []value.Value, kwargs *value.Map) error {
	s := m.stmt
	name := value.Repr(s.name)
	if kwargs != nil {
		kwargs = kwargs.Clone()
	}
	explicitCaller := false
	for i, p := range s.params {
		explicitCaller = explicitCaller || p.name == "caller"
		if i < len(args) {
			g.locals.set(p.name, args[i])
			continue
		}
		if v, ok := kwargs.Get(p.name); ok {
			kwargs.Delete(p.name)
			g.locals.set(p.name, v)
			continue
		}
		if p.def == nil {
			g.locals.set(p.name, value.Undefined{Name: p.name, Hint: fmt.Sprintf("parameter %s was not provided", value.Repr(p.name))})
			continue
		}
		v, err := p.def.eval(g)
		if err != nil {
			return err
		}
		g.locals.set(p.name, v)
	}
	if s.usesCaller && !explicitCaller {
		caller, ok := kwargs.Get("caller")
		if ok {
			kwargs.Delete("caller")
		} else {
			caller = value.Undefined{Name: "caller", Hint: "No caller defined"}
		}
		g.locals.set("caller", caller)
	}
	if s.usesKwargs {
		if kwargs == nil {
			kwargs = &value.Map{}
		}
		g.locals.set("kwargs", kwargs)
	} else if kwargs.Len() > 0 {
		k := kwargs.Keys()[0]
		return fmt.Errorf("macro %s takes no keyword argument %s", name, value.Repr(k))
	}
	extra := len(args) - len(s.params)
	if s.usesVarargs {
		g.locals.set("varargs", append(value.Tuple{}, args[len(args)-max(extra, 0):]...))
	} else if extra > 0 {
		return fmt.Errorf("macro %s takes not more than %d argument(s)", name, len(s.params))
	}
	return nil
}
