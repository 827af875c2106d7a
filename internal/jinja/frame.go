package jinja

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kops/internal/diag"
	"kops/internal/value"
)

// A state is one rendering.
type state struct {
	ctx     context.Context
	env     *Env
	mutates bool // what comes from the scope is copied, since a template may modify it
	steps   int
	bytes   int
	depth   int // of macros, includes and recursive loops
}

// maxDepth bounds the calls within calls of a rendering.
const maxDepth = 400

// A stop ends the rendering, whatever surrounds it: a limit, or a context that is done.
type stop struct{ err error }

func (s *stop) Error() string { return s.err.Error() }
func (s *stop) Unwrap() error { return s.err }

// An unknownStop says that what was asked for depends on an unknown value.
type unknownStop struct{ u value.Unknown }

func (s *unknownStop) Error() string { return "the value is not known yet: " + s.u.Why }

var (
	errBreak    = errors.New("break outside of a loop")
	errContinue = errors.New("continue outside of a loop")
	errMutates  = errors.New("a loaded template modifies values")
)

// tick counts one step.
func (st *state) tick() error {
	st.steps++
	if st.steps&1023 == 0 {
		if err := st.ctx.Err(); err != nil {
			return &stop{fmt.Errorf("rendering was stopped: %w", context.Cause(st.ctx))}
		}
	}
	if st.steps > st.env.opts.MaxSteps {
		return &stop{fmt.Errorf("the template was stopped after %d steps: it loops too long", st.env.opts.MaxSteps)}
	}
	return nil
}

// charge accounts for n bytes.
func (st *state) charge(n int) error {
	st.bytes += n
	if st.bytes > st.env.opts.MaxBytes {
		return &stop{fmt.Errorf("the template was stopped: it builds more than %d MiB of text", st.env.opts.MaxBytes>>20)}
	}
	return st.tick()
}

func (st *state) descend() error {
	if st.depth++; st.depth > maxDepth {
		return &stop{fmt.Errorf("the template calls itself more than %d levels deep", maxDepth)}
	}
	return nil
}

// A locals is one level of names that a template has set.
type locals struct {
	names  []string
	vals   []value.Value
	parent *locals
}

func (l *locals) set(name string, v value.Value) {
	if i := slices.Index(l.names, name); i >= 0 {
		l.vals[i] = v
		return
	}
	l.names = append(l.names, name)
	l.vals = append(l.vals, v)
}

func (l *locals) get(name string) (value.Value, bool) {
	for ; l != nil; l = l.parent {
		for i, n := range l.names {
			if n == name {
				return l.vals[i], true
			}
		}
	}
	return nil, false
}

// free is where names come from that a template has not set: the scope, each name once.
type free struct {
	scope Scope // nil for a template that is imported without context
	seen  locals
}

// A frame is where a statement is executed.
type frame struct {
	st     *state
	tmpl   *Template
	free   *free
	locals *locals
	root   *locals // the template's top level
	out    *output
	blocks map[string][]block
	parent *Template // what extends named
}

// A block is one definition of a block; a template's own come before those it inherits.
type block struct {
	stmt *blockStmt
	tmpl *Template
}

// inner returns a frame with a new level of names.
func (f *frame) inner() *frame {
	g := *f
	g.locals = &locals{parent: f.locals}
	return &g
}

// lookup returns the value of a name, resolved.
func (f *frame) lookup(name string) (value.Value, error) {
	if v, ok := f.locals.get(name); ok {
		return f.observe(v)
	}
	for i, n := range f.free.seen.names {
		if n == name {
			return f.free.seen.vals[i], nil
		}
	}
	if f.free.scope != nil {
		v, ok, err := f.free.scope.Lookup(name)
		if err != nil {
			return nil, err
		}
		if ok {
			if v, err = f.fromOutside(v); err != nil {
				return nil, err
			}
			f.free.seen.names = append(f.free.seen.names, name)
			f.free.seen.vals = append(f.free.seen.vals, v)
			return v, nil
		}
	}
	if name == "self" && f.blocks != nil {
		return &selfObject{frame: f}, nil
	}
	if v, ok := f.st.env.globals[name]; ok {
		return v, nil
	}
	return value.Undefined{Name: name}, nil
}

// fromOutside makes a value of the scope ready for use.
func (f *frame) fromOutside(v value.Value) (value.Value, error) {
	if !f.st.mutates {
		return f.observe(v)
	}
	v, err := f.resolve(v)
	if err != nil {
		return nil, err
	}
	return value.DeepCopy(v), nil
}

// observe evaluates v if it is a template.
func (f *frame) observe(v value.Value) (value.Value, error) {
	for n := 0; ; n++ {
		t, ok := v.(value.Template)
		if !ok {
			return v, nil
		}
		if n > maxDepth || f.free.scope == nil {
			return nil, &stop{fmt.Errorf("recursive loop detected in template %s", value.Repr(t.Source))}
		}
		var err error
		if v, err = f.free.scope.Resolve(f.st.ctx, t); err != nil {
			return nil, err
		}
	}
}

// found is what scan came across.
type found struct {
	template  bool
	undefined *value.Undefined
	unknown   *value.Unknown
	nodes     int
	endless   bool // it is nested too deep, in itself perhaps, or has too many nodes
}

// maxNodes bounds the size of a value that is looked at as a whole.
const maxNodes = 5_000_000

// scan looks for what must not be inside a finished value.
func scan(v value.Value) (value.Value, found) {
	var f found
	f.walk(v, 0)
	return v, f
}

func (f *found) walk(v value.Value, depth int) {
	if f.nodes++; depth > maxNesting || f.nodes > maxNodes {
		f.endless = true
	}
	if f.endless {
		return
	}
	switch v := v.(type) {
	case value.Template:
		f.template = true
	case value.Undefined:
		if f.undefined == nil {
			f.undefined = &v
		}
	case value.Unknown:
		if f.unknown == nil {
			f.unknown = &v
		}
	case *value.List:
		for _, item := range v.Items {
			f.walk(item, depth+1)
		}
	case value.Tuple:
		for _, item := range v {
			f.walk(item, depth+1)
		}
	case *value.Map:
		for _, item := range v.All() {
			f.walk(item, depth+1)
		}
	case *group:
		f.walk(v.items, depth+1)
	}
}

// resolve evaluates the templates inside v. v is copied only where it has some.
func (f *frame) resolve(v value.Value) (value.Value, error) {
	switch v.(type) {
	case *value.List, value.Tuple, *value.Map, value.Template:
		_, found := scan(v)
		f.st.steps += found.nodes / 16
		if found.endless {
			return nil, &stop{errors.New("the value is too large, or contains itself")}
		}
		if !found.template {
			return v, nil
		}
		return f.resolveDeep(v, 0)
	}
	return v, nil
}

func (f *frame) resolveDeep(v value.Value, depth int) (value.Value, error) {
	if depth > maxNesting {
		return nil, &stop{errors.New("recursive loop detected in a variable")}
	}
	v, err := f.observe(v)
	if err != nil {
		return nil, err
	}
	all := func(items []value.Value) ([]value.Value, error) {
		out := make([]value.Value, len(items))
		for i, item := range items {
			if out[i], err = f.resolveDeep(item, depth+1); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	switch v := v.(type) {
	case *value.List:
		items, err := all(v.Items)
		return value.NewList(items...), err
	case value.Tuple:
		items, err := all(v)
		return value.Tuple(items), err
	case *value.Map:
		m := &value.Map{}
		for k, item := range v.All() {
			key, err := f.observe(k)
			if err != nil {
				return nil, err
			}
			if !value.Hashable(key) {
				return nil, fmt.Errorf("unhashable type: '%s'", value.TypeName(key))
			}
			if item, err = f.resolveDeep(item, depth+1); err != nil {
				return nil, err
			}
			m.Set(key, item)
		}
		return m, nil
	}
	return v, nil
}

// str is Python's str(v). Undefined values inside v are errors, unknown ones stop.
func (f *frame) str(v value.Value) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case nil, bool, int64, float64:
		return value.Str(v), nil
	case value.Undefined:
		return "", f.undefined(0, v)
	case value.Unknown:
		return "", &unknownStop{v}
	}
	v, err := f.resolve(v)
	if err != nil {
		return "", err
	}
	if err := f.complete(v); err != nil {
		return "", err
	}
	return value.Str(v), nil
}

// complete fails where v holds something undefined or unknown.
func (f *frame) complete(v value.Value) error {
	_, found := scan(v)
	switch {
	case found.unknown != nil:
		return &unknownStop{*found.unknown}
	case found.undefined != nil:
		return f.undefined(0, *found.undefined)
	}
	return nil
}

// undefined is the error of using u, at an offset of the source.
func (f *frame) undefined(offset int, u value.Undefined) error {
	if u.Err != nil {
		return u.Err
	}
	u = f.explain(u)
	d := &diag.Diagnostic{Pos: f.tmpl.position(offset), Summary: u.Error(), Err: u}
	d.Summary, d.Hint, _ = strings.Cut(d.Summary, "; ")
	return d
}

// explain adds "did you mean" to a name that nothing has.
func (f *frame) explain(u value.Undefined) value.Undefined {
	if u.Hint != "" || u.Name == "" || u.Err != nil {
		return u
	}
	u.Hint = "'" + u.Name + "' is undefined"
	if hint := diag.Suggest(u.Name, f.names()); hint != "" {
		u.Hint += "; " + strings.ReplaceAll(hint, `"`, "'")
	}
	return u
}

// names returns every name that is visible, sorted.
func (f *frame) names() []string {
	var names []string
	for l := f.locals; l != nil; l = l.parent {
		names = append(names, l.names...)
	}
	if f.free.scope != nil {
		names = append(names, f.free.scope.Names()...)
	}
	for name := range f.st.env.globals {
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// wrap gives err a place in the source, unless it has one.
func (f *frame) wrap(offset int, err error) error {
	switch err.(type) {
	case *diag.Diagnostic, *unknownStop:
		return err
	case *stop:
		s := err.(*stop)
		if _, ok := s.err.(*diag.Diagnostic); !ok {
			s.err = diag.Errorf(f.tmpl.position(offset), "%w", s.err)
		}
		return err
	}
	if err == errBreak || err == errContinue || err == errMutates {
		return err
	}
	var d *diag.Diagnostic
	if errors.As(err, &d) {
		return err
	}
	return diag.Errorf(f.tmpl.position(offset), "%w", err)
}

// A scopeView shows a Func the names that the template has set.
type scopeView struct{ f *frame }

func (s scopeView) Lookup(name string) (value.Value, bool, error) {
	v, err := s.f.lookup(name)
	if err != nil {
		return nil, false, err
	}
	if _, ok := v.(value.Undefined); ok {
		return nil, false, nil
	}
	return v, true, nil
}

func (s scopeView) Names() []string { return s.f.names() }

func (s scopeView) Resolve(ctx context.Context, t value.Template) (value.Value, error) {
	if s.f.free.scope == nil {
		return t.Source, nil
	}
	return s.f.free.scope.Resolve(ctx, t)
}
