// Package jinja is the template language of playbooks: Jinja2's grammar, filters, tests
// and whitespace rules over Python's values, with ansible-core's native results. It knows
// nothing of Ansible's own filters and lookups: those are handed in as functions.
//
// A template is parsed once and may be rendered by many goroutines at the same time.
package jinja

import (
	"context"

	"kops/internal/value"
)

// Options configure an Env. The zero Options are Jinja2's defaults.
type Options struct {
	// Filters, Tests and Globals are added to Jinja2's own, and win over them.
	Filters map[string]Func
	Tests   map[string]Func
	Globals map[string]Func

	// Lazy names filters, tests and globals that look at their arguments themselves:
	// these may be undefined, unknown, or contain templates.
	Lazy []string

	// Loader returns the source of a template that include, import or extends names, and
	// where it begins. from is the file of the template that asks. An error that wraps
	// fs.ErrNotExist is what "ignore missing" ignores. A nil Loader has no templates.
	Loader func(name, from string) (source string, pos value.Position, err error)

	TrimBlocks          bool // drop the newline after a block tag
	LstripBlocks        bool // drop the blanks before a block tag that begins a line
	KeepTrailingNewline bool // keep a single newline at the end of the source

	// LiteralBackslashes keeps backslashes in the string literals of {{ }} as they are,
	// as Ansible does for text from YAML. Statements and bare expressions are not affected.
	LiteralBackslashes bool

	BlockStart, BlockEnd       string // {% and %}
	VariableStart, VariableEnd string // {{ and }}
	CommentStart, CommentEnd   string // {# and #}
	LineStatementPrefix        string // none
	LineCommentPrefix          string // none

	MaxSteps int // bound on the work of one rendering; 0 means 20 million
	MaxBytes int // bound on the text that one rendering builds, in bytes; 0 means 256 MiB
}

// An Env holds what templates are parsed and rendered with. It is immutable and safe for
// concurrent use.
type Env struct {
	opts    Options
	filters map[string]function
	tests   map[string]function
	globals map[string]value.Value
	loaded  *cache
}

// A Scope is where a template's free names come from. Its values are shared between
// goroutines: the engine never modifies them.
type Scope interface {
	// Lookup returns the value of name and whether it has one.
	Lookup(name string) (value.Value, bool, error)
	// Names returns every name that Lookup knows, for "did you mean".
	Names() []string
	// Resolve evaluates a template that was found inside a value.
	Resolve(ctx context.Context, t value.Template) (value.Value, error)
}

// A Vars is a Scope of plain values. Templates inside them are left as their source.
type Vars map[string]value.Value

// Lookup implements Scope.
func (v Vars) Lookup(name string) (value.Value, bool, error) {
	val, ok := v[name]
	return val, ok, nil
}

// Names implements Scope.
func (v Vars) Names() []string {
	names := make([]string, 0, len(v))
	for name := range v {
		names = append(names, name)
	}
	return names
}

// Resolve implements Scope: a plain value has no templates.
func (v Vars) Resolve(_ context.Context, t value.Template) (value.Value, error) {
	return t.Source, nil
}

// New returns an environment. It copies the maps of opts.
func New(opts Options) *Env {
	setDefault(&opts.BlockStart, "{%")
	setDefault(&opts.BlockEnd, "%}")
	setDefault(&opts.VariableStart, "{{")
	setDefault(&opts.VariableEnd, "}}")
	setDefault(&opts.CommentStart, "{#")
	setDefault(&opts.CommentEnd, "#}")
	if opts.MaxSteps == 0 {
		opts.MaxSteps = 20_000_000
	}
	if opts.MaxBytes == 0 {
		opts.MaxBytes = 256 << 20
	}
	e := &Env{opts: opts, loaded: &cache{}}
	lazy := map[string]bool{}
	for _, name := range opts.Lazy {
		lazy[name] = true
	}
	e.filters = functions(builtinFilters(), opts.Filters, lazy)
	e.tests = functions(builtinTests(), opts.Tests, lazy)
	e.globals = map[string]value.Value{}
	for name, fn := range functions(builtinGlobals(), opts.Globals, lazy) {
		e.globals[name] = &global{name: name, function: fn}
	}
	return e
}

func setDefault(s *string, def string) {
	if *s == "" {
		*s = def
	}
}

// Parse compiles the text of a template. pos is where source begins. Errors are
// *diag.Diagnostic.
func (e *Env) Parse(source string, pos value.Position) (*Template, error) {
	return e.parse(source, pos, false)
}

// ParseExpression compiles a bare expression, as in when.
func (e *Env) ParseExpression(source string, pos value.Position) (*Template, error) {
	return e.parse(source, pos, true)
}
