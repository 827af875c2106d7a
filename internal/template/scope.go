package template

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kops/internal/diag"
	"kops/internal/jinja"
	"kops/internal/value"
	"kops/internal/vars"
)

// maxDepth bounds how deep variables may refer to each other.
const maxDepth = 200

// omitted is what the variable omit holds: an argument with this value counts as not given.
type omitted struct{}

// Get implements value.Object: omit has no attributes.
func (omitted) Get(value.Value) (value.Value, bool, error) { return nil, false, nil }

// Keys implements value.Object.
func (omitted) Keys() []value.Value { return nil }

// IsOmit tells whether v is the value of the variable omit.
func IsOmit(v value.Value) bool {
	_, ok := v.(omitted)
	return ok
}

// A Binder is a variable that evaluates templates of its own, as hostvars does. It is
// bound to the scope that reads it, so that references in a circle are found.
type Binder interface {
	Bind(s *Scope) value.Value
}

// A Scope evaluates templates with one host's variables, at one task. It belongs to one
// goroutine.
type Scope struct {
	engine *Engine
	ctx    context.Context
	vars   *vars.Set
	search []string
	trail  *trail
	guard  func(lookup string) error // see Guarded; nil guards nothing
}

// trail is the chain of templates that are being evaluated for one another.
type trail struct {
	active []value.Template
}

// Scope returns a scope over vars. search lists the folders in which lookups and actions
// look for files and templates, first first.
func (e *Engine) Scope(ctx context.Context, v *vars.Set, search []string) *Scope {
	return &Scope{engine: e, ctx: ctx, vars: v, search: search, trail: &trail{}}
}

// With returns a scope over other variables that shares s's place in a chain of references.
func (s *Scope) With(v *vars.Set) *Scope {
	c := *s
	c.vars = v
	return &c
}

// Guarded returns the scope with a guard, which is called before and after each lookup that does more
// than read the controller's variables and files: it runs a program, asks a server, or may write
// a file. An error of the guard refuses the lookup.
func (s *Scope) Guarded(guard func(lookup string) error) *Scope {
	c := *s
	c.guard = guard
	return &c
}

// Vars returns the variables of the scope.
func (s *Scope) Vars() *vars.Set { return s.vars }

// Search returns the folders in which files are looked for.
func (s *Scope) Search() []string { return s.search }

// Context returns the context that evaluation is bound by.
func (s *Scope) Context() context.Context { return s.ctx }

type scopeKey struct{}

// scopeOf returns the scope that a filter or lookup is called in.
func scopeOf(ctx context.Context) *Scope {
	s, _ := ctx.Value(scopeKey{}).(*Scope)
	return s
}

func (s *Scope) evalContext() context.Context { return context.WithValue(s.ctx, scopeKey{}, s) }

// Lookup implements jinja.Scope.
func (s *Scope) Lookup(name string) (value.Value, bool, error) {
	if v, ok := s.vars.Lookup(name); ok {
		if b, ok := v.(Binder); ok {
			return b.Bind(s), true, nil
		}
		return v, true, nil
	}
	switch name {
	case "omit":
		return omitted{}, true, nil
	case "vars":
		return allVars{s}, true, nil
	}
	return nil, false, nil
}

// Names implements jinja.Scope.
func (s *Scope) Names() []string { return s.vars.Names() }

// Resolve implements jinja.Scope.
func (s *Scope) Resolve(_ context.Context, t value.Template) (value.Value, error) {
	if slices.Contains(s.trail.active, t) || len(s.trail.active) >= maxDepth {
		return nil, s.circular(t)
	}
	compiled, err := s.engine.Parse(t.Source, t.Pos)
	if err != nil {
		return nil, err
	}
	s.trail.active = append(s.trail.active, t)
	defer func() { s.trail.active = s.trail.active[:len(s.trail.active)-1] }()
	v, err := compiled.Evaluate(s.evalContext(), s)
	if text, ok := v.(string); ok {
		v = withNewlines(text, t.Source)
	}
	return v, err
}

// withNewlines gives a text as many newlines at its end as its template has there: Jinja drops
// one, and Ansible makes up for it.
func withNewlines(text, source string) string {
	return text + strings.Repeat("\n", max(0, newlinesAtEnd(source)-newlinesAtEnd(text)))
}

func newlinesAtEnd(s string) int { return len(s) - len(strings.TrimRight(s, "\n")) }

func (s *Scope) circular(t value.Template) error {
	d := diag.Errorf(t.Pos, "recursive loop detected in template: %s refers to itself", value.Repr(t.Source))
	start := max(slices.Index(s.trail.active, t), len(s.trail.active)-5)
	for _, via := range s.trail.active[start:] {
		if via != t {
			d.Related = append(d.Related, diag.Related{Pos: via.Pos, Text: "by way of " + value.Repr(via.Source)})
		}
	}
	return d
}

// Value evaluates every template in v. Entries of mappings and lists whose value is omit
// are dropped; a result that is undefined is an error. Unknown is a value like others.
func (s *Scope) Value(v value.Value) (value.Value, error) {
	out, err := s.deep(v)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Scope) deep(v value.Value) (value.Value, error) {
	switch v := v.(type) {
	case value.Template:
		out, err := s.Resolve(s.ctx, v)
		if err != nil {
			return nil, err
		}
		return out, undefinedIn(out, v.Pos)
	case *value.List:
		out := &value.List{Items: make([]value.Value, 0, len(v.Items))}
		for _, item := range v.Items {
			e, err := s.deep(item)
			if err != nil {
				return nil, err
			}
			if !IsOmit(e) {
				out.Items = append(out.Items, e)
			}
		}
		return out, nil
	case *value.Map:
		return s.deepMap(v)
	}
	return v, nil
}

func (s *Scope) deepMap(m *value.Map) (value.Value, error) {
	out := &value.Map{}
	for k, item := range m.All() {
		key, err := s.deep(k)
		if err != nil {
			return nil, err
		}
		if !value.Hashable(key) {
			return nil, fmt.Errorf("a key of a mapping cannot be %s", value.TypeName(key))
		}
		e, err := s.deep(item)
		if err != nil {
			return nil, err
		}
		if !IsOmit(e) {
			out.Set(key, e)
		}
	}
	return out, nil
}

// undefinedIn finds what is undefined in a result.
func undefinedIn(v value.Value, pos value.Position) error {
	switch v := v.(type) {
	case value.Undefined:
		return &diag.Diagnostic{Pos: pos, Summary: v.Error(), Err: v}
	case *value.List:
		for _, item := range v.Items {
			if err := undefinedIn(item, pos); err != nil {
				return err
			}
		}
	case *value.Map:
		for _, item := range v.All() {
			if err := undefinedIn(item, pos); err != nil {
				return err
			}
		}
	}
	return nil
}

// Map is Value for a mapping.
func (s *Scope) Map(m *value.Map) (*value.Map, error) {
	v, err := s.Value(m)
	if err != nil || m == nil {
		return &value.Map{}, err
	}
	return v.(*value.Map), nil
}

// Text evaluates v and returns its text. Unknown is an error here: see Unknowable.
func (s *Scope) Text(v value.Value) (string, error) {
	out, err := s.Value(v)
	if err != nil {
		return "", err
	}
	if u, ok := out.(value.Unknown); ok {
		return "", &Unknowable{u}
	}
	return value.Str(out), nil
}

// Expression evaluates a bare expression. The result may be Undefined or Unknown.
func (s *Scope) Expression(source string, pos value.Position) (value.Value, error) {
	t, err := s.engine.ParseExpression(source, pos)
	if err != nil {
		return nil, err
	}
	return t.Evaluate(s.evalContext(), s)
}

// Unknowable is the error of a value that check mode cannot know but the caller needs.
type Unknowable struct{ value.Unknown }

// Error says what is not known yet.
func (u *Unknowable) Error() string { return "not known yet: " + u.Why }

// IsUndefined tells whether err came from an undefined variable.
func IsUndefined(err error) bool {
	var u value.Undefined
	return errors.As(err, &u)
}

// allVars is the variable "vars": every variable by name.
type allVars struct{ s *Scope }

// Get implements value.Object.
func (a allVars) Get(key value.Value) (value.Value, bool, error) {
	name, ok := key.(string)
	if !ok {
		return nil, false, nil
	}
	return a.s.Lookup(name)
}

// Keys implements value.Object.
func (a allVars) Keys() []value.Value {
	var keys []value.Value
	for _, name := range a.s.Names() {
		keys = append(keys, name)
	}
	return keys
}

var _ jinja.Scope = (*Scope)(nil)
