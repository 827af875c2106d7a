package jinja

import (
	"context"

	"kops/internal/diag"
	"kops/internal/value"
)

// A Template is a compiled template or expression. It is immutable and safe for
// concurrent use.
type Template struct {
	env     *Env
	source  string
	pos     value.Position
	body    []stmt // of a template
	expr    expr   // of a bare expression
	blocks  map[string]*blockStmt
	static  bool // it has no markers
	mutates bool // it calls methods that modify lists or mappings
	names   []Ref
	filters []Ref
	tests   []Ref
}

// A Ref is a name that a template refers to, and where it does so first.
type Ref struct {
	Name string
	Pos  value.Position
}

// Names returns the free variables: those that the template does not set itself.
func (t *Template) Names() []Ref { return t.names }

// Filters returns the filters in use.
func (t *Template) Filters() []Ref { return t.filters }

// Tests returns the tests in use.
func (t *Template) Tests() []Ref { return t.tests }

// Static returns the text of a template without any markers, as it was written.
func (t *Template) Static() (value.Value, bool) {
	return t.source, t.static
}

// Render returns the template's text, as a template file is written: a string, or
// Unknown where it depends on what is not known. Using an undefined value is an error.
func (t *Template) Render(ctx context.Context, s Scope) (value.Value, error) {
	v, err := t.run(ctx, s)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case nil:
		return "", nil
	case string, value.Unknown:
		return v, nil
	case value.Undefined:
		return nil, undefinedError(t.pos, v)
	}
	v, found := scan(v)
	if found.unknown != nil {
		return *found.unknown, nil
	}
	if found.undefined != nil {
		return nil, undefinedError(t.pos, *found.undefined)
	}
	return value.Str(v), nil
}

func undefinedError(pos value.Position, u value.Undefined) error {
	if u.Err != nil {
		return u.Err
	}
	return &diag.Diagnostic{Pos: pos, Summary: u.Error(), Err: u}
}
