// Package template is Ansible's use of Jinja: native results, Ansible's filters, tests
// and lookups, conditions, and the search path of files and templates.
package template

import (
	"os"
	"sync"
	"sync/atomic"

	"kops/internal/jinja"
	"kops/internal/value"
)

// maxCached bounds the number of compiled templates: past it the cache begins anew, so
// that texts made while running cannot fill the memory.
const maxCached = 50_000

// Options configure an Engine.
type Options struct {
	// ReadFile reads a file of the controller and decrypts it where it is a vault. Nil
	// means os.ReadFile.
	ReadFile func(path string) ([]byte, error)
	// Hide is told the passwords that templates make or hash. Nil hides nothing.
	Hide func(secret string)
	// LooseConditions accepts conditions that are no booleans, by Python's truth, as
	// ansible-core did up to 2.18.
	LooseConditions bool
}

// An Engine compiles templates once and evaluates them for many hosts at once.
type Engine struct {
	opts    Options
	env     *jinja.Env
	lookups map[string]lookupFunc
	cached  atomic.Int64
	cache   atomic.Pointer[sync.Map]
}

type cacheKey struct {
	source string
	pos    value.Position
	kind   kind
}

type kind int

const (
	text kind = iota
	expression
)

// New returns an engine with Ansible's filters, tests and lookups.
func New(opts Options) *Engine {
	if opts.ReadFile == nil {
		opts.ReadFile = os.ReadFile
	}
	if opts.Hide == nil {
		opts.Hide = func(string) {}
	}
	e := &Engine{opts: opts, lookups: lookups()}
	e.cache.Store(&sync.Map{})
	e.env = jinja.New(jinja.Options{
		Filters:            filters(opts.Hide),
		Tests:              tests(),
		Globals:            e.globals(),
		Lazy:               lazy(),
		TrimBlocks:         true,
		LiteralBackslashes: true,
	})
	return e
}

// Parse compiles the text of a variable or an argument. Errors are *diag.Diagnostic.
func (e *Engine) Parse(source string, pos value.Position) (*jinja.Template, error) {
	return e.compiled(cacheKey{source, pos, text})
}

// ParseExpression compiles a bare expression, as in when.
func (e *Engine) ParseExpression(source string, pos value.Position) (*jinja.Template, error) {
	return e.compiled(cacheKey{source, pos, expression})
}

func (e *Engine) compiled(key cacheKey) (*jinja.Template, error) {
	cache := e.cache.Load()
	if t, ok := cache.Load(key); ok {
		return t.(*jinja.Template), nil
	}
	parse := e.env.Parse
	if key.kind == expression {
		parse = e.env.ParseExpression
	}
	t, err := parse(key.source, key.pos)
	if err != nil {
		return nil, err
	}
	e.keep(cache, key, t)
	return t, nil
}

// keep remembers a compiled template.
func (e *Engine) keep(cache *sync.Map, key any, t *jinja.Template) {
	if e.cached.Add(1) > maxCached {
		e.cached.Store(0)
		e.cache.CompareAndSwap(cache, &sync.Map{})
	}
	cache.Store(key, t)
}

// HasLookup tells whether there is a lookup of that name, and names all there are.
func (e *Engine) HasLookup(name string) (bool, []string) {
	_, ok := e.lookups[trimBuiltin(name)]
	var names []string
	for n := range e.lookups {
		names = append(names, n)
	}
	return ok, names
}
