package jinja

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"kops/internal/diag"
	"kops/internal/value"
)

// Evaluate returns the template's native value: that of its only expression, text where
// there is more, None where nothing is printed. It may be Undefined or Unknown.
func (t *Template) Evaluate(ctx context.Context, s Scope) (value.Value, error) {
	if text, ok := t.Static(); ok {
		return text, nil
	}
	return t.run(ctx, s)
}

func (t *Template) run(ctx context.Context, s Scope) (value.Value, error) {
	v, err := t.evaluate(ctx, s, t.mutates)
	if err == errMutates {
		v, err = t.evaluate(ctx, s, true)
	}
	var st *stop
	if errors.As(err, &st) {
		err = st.err
	}
	if u, ok := err.(*unknownStop); ok {
		return u.u, nil
	}
	return v, err
}

func (t *Template) evaluate(ctx context.Context, s Scope, mutates bool) (value.Value, error) {
	st := &state{ctx: ctx, env: t.env, mutates: mutates}
	if err := ctx.Err(); err != nil {
		return nil, diag.Errorf(t.pos, "rendering was stopped: %w", context.Cause(ctx))
	}
	f := newFrame(st, t, &free{scope: s}, nil)
	var v value.Value
	var err error
	offset := 0
	if t.expr != nil {
		offset = t.expr.offset()
		v, err = t.expr.eval(f)
	} else {
		err = f.run()
		v, offset = f.out.result(), f.out.at
	}
	if err != nil {
		return nil, err
	}
	return f.finish(v, offset)
}

// finish makes v what leaves the engine.
func (f *frame) finish(v value.Value, offset int) (value.Value, error) {
	switch u := v.(type) {
	case string, int64, bool, nil:
		return v, nil
	case value.Undefined:
		if u.Err != nil {
			return nil, u.Err
		}
		return f.explain(u), nil
	case *module:
		return u.text, nil
	case *group:
	case value.Object:
		if objectKind(u) == "" {
			return nil, f.wrap(offset, fmt.Errorf("%s is not a value that a variable can hold", value.Str(u)))
		}
	}
	v, err := f.resolve(v)
	if err != nil {
		return nil, f.wrap(offset, err)
	}
	_, found := scan(v)
	if found.undefined != nil && found.undefined.Err != nil {
		return nil, found.undefined.Err
	}
	return finalize(v), nil
}

func newFrame(st *state, t *Template, names *free, outer *locals) *frame {
	f := &frame{st: st, tmpl: t, free: names, out: &output{}, locals: &locals{parent: outer}}
	f.root = f.locals
	f.addBlocks(t)
	return f
}

func (f *frame) addBlocks(t *Template) {
	if len(t.blocks) > 0 && f.blocks == nil {
		f.blocks = map[string][]block{}
	}
	for name, s := range t.blocks {
		f.blocks[name] = append(f.blocks[name], block{s, t})
	}
}

// run executes the frame's template, and those that it extends.
func (f *frame) run() error {
	if err := f.st.descend(); err != nil {
		return f.wrap(0, err)
	}
	defer func() { f.st.depth-- }()
	if err := f.execAll(f.tmpl.body); err != nil {
		return err
	}
	for n := 0; f.parent != nil; n++ {
		if n > maxDepth {
			return f.wrap(0, &stop{errors.New("templates extend each other in a circle")})
		}
		f.tmpl, f.parent = f.parent, nil
		f.out.discard = false
		if err := f.execAll(f.tmpl.body); err != nil {
			return err
		}
	}
	return nil
}

// A cache remembers the templates that were loaded, by their text.
type cache struct{ templates sync.Map }

type cacheKey struct {
	source string
	pos    value.Position
}

// load returns the template that name leads to.
func (f *frame) load(name value.Value) (*Template, error) {
	s, ok := name.(string)
	if !ok {
		return nil, fmt.Errorf("the name of a template must be str, not %s", value.TypeName(name))
	}
	e := f.st.env
	if e.opts.Loader == nil {
		return nil, fmt.Errorf("template %s cannot be loaded: there are no template files here: %w", value.Repr(s), fs.ErrNotExist)
	}
	source, pos, err := e.opts.Loader(s, f.tmpl.pos.File)
	if err != nil {
		return nil, err
	}
	key := cacheKey{source, pos}
	t, ok := e.loaded.templates.Load(key)
	if !ok {
		parsed, err := e.Parse(source, pos)
		if err != nil {
			return nil, err
		}
		t, _ = e.loaded.templates.LoadOrStore(key, parsed)
	}
	tmpl := t.(*Template)
	if tmpl.mutates && !f.st.mutates {
		return nil, errMutates
	}
	return tmpl, nil
}

// loadAny loads the first that exists of a name or a list of names.
func (f *frame) loadAny(x expr) (*Template, error) {
	v, err := f.operand(x)
	if err != nil {
		return nil, err
	}
	if u, ok := v.(value.Unknown); ok {
		return nil, &unknownStop{u}
	}
	names := []value.Value{v}
	switch v.(type) {
	case *value.List, value.Tuple:
		if names, err = f.iterate(v); err != nil {
			return nil, err
		}
	}
	var missing []string
	for _, name := range names {
		t, err := f.load(name)
		if err == nil {
			return t, nil
		}
		if !errors.Is(err, fs.ErrNotExist) || len(names) == 1 {
			return nil, f.wrap(x.offset(), err)
		}
		missing = append(missing, value.Repr(name))
	}
	return nil, f.wrap(x.offset(), fmt.Errorf("none of the templates given were found: %s: %w", strings.Join(missing, ", "), fs.ErrNotExist))
}

// child returns a frame for another template, with or without this one's names.
func (f *frame) child(t *Template, withContext bool) *frame {
	if withContext {
		return newFrame(f.st, t, f.free, f.locals)
	}
	return newFrame(f.st, t, &free{}, nil)
}

func (s *includeStmt) exec(f *frame) error {
	if f.out.discard {
		return nil
	}
	t, err := f.loadAny(s.name)
	if err != nil {
		if s.ignoreMissing && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	g := f.child(t, s.withContext)
	g.out = f.out
	return g.run()
}

func (f *frame) module(name expr, withContext bool) (*module, error) {
	t, err := f.loadAny(name)
	if err != nil {
		return nil, err
	}
	g := f.child(t, withContext)
	if err := g.run(); err != nil {
		return nil, err
	}
	return &module{names: g.root, text: g.out.result(), file: t.pos.File}, nil
}

func (s *importStmt) exec(f *frame) error {
	m, err := f.module(s.name, s.withContext)
	if err != nil {
		return err
	}
	f.locals.set(s.alias, m)
	return nil
}

func (s *fromStmt) exec(f *frame) error {
	m, err := f.module(s.name, s.withContext)
	if err != nil {
		return err
	}
	for i, name := range s.names {
		v, ok, _ := m.Get(name)
		if !ok {
			v = value.Undefined{Name: name, Hint: fmt.Sprintf("the template %s (imported on line %d) does not export the requested name %s",
				value.Repr(m.file), f.tmpl.position(s.offset()).Line, value.Repr(name))}
		}
		f.locals.set(s.aliases[i], v)
	}
	return nil
}

func (s *extendsStmt) exec(f *frame) error {
	if f.parent != nil {
		return f.wrap(s.offset(), errors.New("extended multiple times"))
	}
	t, err := f.loadAny(s.name)
	if err != nil {
		return err
	}
	f.parent = t
	f.addBlocks(t)
	f.out.discard = true
	return nil
}
