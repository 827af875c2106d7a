package jinja

import (
	"errors"
	"fmt"

	"kops/internal/value"
)

func (f *frame) execAll(body []stmt) error {
	for _, s := range body {
		if err := s.exec(f); err != nil {
			return err
		}
	}
	return nil
}

func (s *textStmt) exec(f *frame) error { return f.out.text(f, s.text) }

func (s *outputStmt) exec(f *frame) error {
	if f.out.discard {
		return nil
	}
	if err := f.st.tick(); err != nil {
		return f.wrap(s.x.offset(), err)
	}
	v, err := s.x.eval(f)
	if err != nil {
		return err
	}
	offset := s.x.offset()
	if u, ok := v.(value.Undefined); ok {
		offset = origin(s.x, u)
	}
	return f.out.value(f, v, offset)
}

func (s *doStmt) exec(f *frame) error {
	_, err := f.operand(s.x)
	return err
}

func (breakStmt) exec(*frame) error    { return errBreak }
func (continueStmt) exec(*frame) error { return errContinue }

func (s *scopeStmt) exec(f *frame) error { return f.inner().execAll(s.body) }

// decide evaluates a condition.
func (f *frame) decide(x expr) (bool, error) {
	v, err := f.operand(x)
	if err != nil {
		return false, err
	}
	if u, ok := v.(value.Unknown); ok {
		return false, &unknownStop{u}
	}
	return value.Truth(v), nil
}

func (s *ifStmt) exec(f *frame) error {
	for i, test := range s.tests {
		ok, err := f.decide(test)
		if err != nil {
			return err
		}
		if ok {
			return f.execAll(s.bodies[i])
		}
	}
	return f.execAll(s.els)
}

func (s *setStmt) exec(f *frame) error {
	v, err := s.x.eval(f)
	if err != nil {
		return err
	}
	return f.assign(&s.target, v)
}

func (s *setBlockStmt) exec(f *frame) error {
	v, err := f.inner().capture(s.body)
	if err != nil {
		return err
	}
	if v, err = f.applyAll(s.filters, v); err != nil {
		return err
	}
	return f.assign(&s.target, v)
}

func (f *frame) applyAll(filters []*filterExpr, v value.Value) (value.Value, error) {
	var err error
	for _, filter := range filters {
		if v, err = filter.apply(f, v); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func (s *filterStmt) exec(f *frame) error {
	v, err := f.inner().capture(s.body)
	if err != nil {
		return err
	}
	if v, err = f.applyAll(s.filters, v); err != nil {
		return err
	}
	return f.out.value(f, v, s.filters[0].offset())
}

// assign sets a target in the frame's innermost names.
func (f *frame) assign(t *target, v value.Value) error {
	switch {
	case t.attr != "":
		ns, err := f.lookup(t.name)
		if err != nil {
			return f.wrap(t.offset(), err)
		}
		n, ok := ns.(*namespace)
		if !ok {
			return f.wrap(t.offset(), errors.New("cannot assign attribute on non-namespace object"))
		}
		n.attrs.Set(t.attr, v)
		return nil
	case !t.tuple:
		f.locals.set(t.name, v)
		return nil
	}
	if u, ok := v.(value.Undefined); ok {
		return f.undefined(t.offset(), u)
	}
	items, err := f.iterate(v)
	if err != nil {
		return f.wrap(t.offset(), err)
	}
	if len(items) > len(t.items) {
		return f.wrap(t.offset(), fmt.Errorf("too many values to unpack (expected %d)", len(t.items)))
	}
	if len(items) < len(t.items) {
		return f.wrap(t.offset(), fmt.Errorf("not enough values to unpack (expected %d, got %d)", len(t.items), len(items)))
	}
	for i := range t.items {
		if err := f.assign(&t.items[i], items[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *withStmt) exec(f *frame) error {
	g := f.inner()
	for i := range s.targets {
		v, err := s.vals[i].eval(f)
		if err != nil {
			return err
		}
		if err := g.assign(&s.targets[i], v); err != nil {
			return err
		}
	}
	return g.execAll(s.body)
}

func (s *forStmt) exec(f *frame) error {
	v, err := f.operand(s.iter)
	if err != nil {
		return err
	}
	return s.run(f, v, 0)
}

func (s *forStmt) run(f *frame, v value.Value, depth int) error {
	items, err := f.iterate(v)
	if err != nil {
		return f.wrap(s.iter.offset(), err)
	}
	if s.test != nil {
		if items, err = s.filtered(f, items); err != nil {
			return err
		}
	}
	if len(items) == 0 {
		return f.inner().execAll(s.els)
	}
	l := &loop{stmt: s, frame: f, items: items, depth: depth}
	for i, item := range items {
		if err := f.st.tick(); err != nil {
			return f.wrap(s.offset(), err)
		}
		g := f.inner()
		if err := g.assign(&s.target, item); err != nil {
			return err
		}
		if s.usesLoop || s.recursive {
			l.index = i
			g.locals.set("loop", l)
		}
		switch err := g.execAll(s.body); err {
		case nil, errContinue:
		case errBreak:
			return nil
		default:
			return err
		}
	}
	return nil
}

func (s *forStmt) filtered(f *frame, items []value.Value) ([]value.Value, error) {
	var kept []value.Value
	for _, item := range items {
		if err := f.st.tick(); err != nil {
			return nil, f.wrap(s.offset(), err)
		}
		g := f.inner()
		if err := g.assign(&s.target, item); err != nil {
			return nil, err
		}
		ok, err := g.decide(s.test)
		if err != nil {
			return nil, err
		}
		if ok {
			kept = append(kept, item)
		}
	}
	return kept, nil
}

func (s *macroStmt) exec(f *frame) error {
	f.locals.set(s.name, &macro{stmt: s, frame: f})
	return nil
}

func (s *callStmt) exec(f *frame) error {
	v, err := s.call.call(f, &macro{stmt: s.caller, frame: f})
	if err != nil {
		return err
	}
	return f.out.value(f, v, s.offset())
}

func (s *blockStmt) exec(f *frame) error {
	if f.out.discard {
		return nil
	}
	return f.execBlock(s.name, 0, s)
}

// execBlock executes the definition of a block at a depth: 0 is the most derived one.
func (f *frame) execBlock(name string, depth int, s *blockStmt) error {
	b := f.blocks[name][depth]
	if b.stmt.required && depth == 0 {
		return f.wrap(s.offset(), fmt.Errorf("required block %s not found", value.Repr(name)))
	}
	if err := f.st.descend(); err != nil {
		return f.wrap(s.offset(), err)
	}
	defer func() { f.st.depth-- }()
	g := *f
	g.tmpl = b.tmpl
	outer := f.root
	if s.scoped {
		outer = f.locals
	}
	g.locals = &locals{parent: outer}
	g.locals.set("super", &superBlock{name: name, depth: depth + 1, frame: &g, stmt: b.stmt})
	return g.execAll(b.stmt.body)
}
