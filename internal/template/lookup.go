package template

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"kops/internal/diag"
	"kops/internal/jinja"
	"kops/internal/value"
)

type lookupFunc = func(*lookupCall) ([]value.Value, error)

func trimBuiltin(name string) string {
	return strings.TrimPrefix(strings.TrimPrefix(name, "ansible.builtin."), "ansible.legacy.")
}

// globals are the functions that Ansible adds to Jinja's.
func (e *Engine) globals() map[string]jinja.Func {
	return map[string]jinja.Func{
		"lookup": func(c *jinja.Call) (value.Value, error) { return e.lookup(c, false) },
		"query":  func(c *jinja.Call) (value.Value, error) { return e.lookup(c, true) },
		"q":      func(c *jinja.Call) (value.Value, error) { return e.lookup(c, true) },
		"undef":  undef,
	}
}

func undef(c *jinja.Call) (value.Value, error) {
	hint, err := c.String(0, "hint", "Mandatory variable has not been overridden")
	return value.Undefined{Name: "undef()", Hint: hint}, err
}

func (e *Engine) lookup(c *jinja.Call, wantList bool) (value.Value, error) {
	if len(c.Args) == 0 {
		return nil, fmt.Errorf("%s() needs the name of a lookup", c.Name)
	}
	name := trimBuiltin(value.Str(c.Args[0]))
	options := c.Kwargs.Clone()
	severity := "strict"
	if v, ok := options.Get("errors"); ok {
		severity = value.Str(v)
		options.Delete("errors")
	}
	if v, ok := options.Get("wantlist"); ok {
		wantList = value.Truth(v)
		options.Delete("wantlist")
	}
	items, err := e.Query(c, name, c.Args[1:], options)
	if err != nil {
		if severity == "ignore" || severity == "warn" {
			if wantList {
				return value.NewList(), nil
			}
			return nil, nil
		}
		return nil, err
	}
	if wantList {
		return value.NewList(items...), nil
	}
	return joined(items), nil
}

// Query runs a lookup and returns its list.
func (e *Engine) Query(c *jinja.Call, name string, terms []value.Value, options *value.Map) ([]value.Value, error) {
	fn, ok := e.lookups[name]
	if !ok {
		_, names := e.HasLookup(name)
		d := diag.Errorf(c.Pos(), "there is no lookup named %q", name)
		d.Hint = diag.Suggest(name, names)
		return nil, d
	}
	s := scopeOf(c.Context)
	if s == nil {
		return nil, fmt.Errorf("lookup %q is not available here", name)
	}
	items, err := s.guarded(name, func() ([]value.Value, error) {
		return fn(&lookupCall{Call: c, Terms: terms, Options: options, Env: s})
	})
	if err != nil {
		return nil, fmt.Errorf("lookup %q: %w", name, err)
	}
	return items, nil
}

// guarded does a lookup under the scope's guard.
func (s *Scope) guarded(name string, do func() ([]value.Value, error)) ([]value.Value, error) {
	switch name {
	case "pipe", "lines", "url", "password":
	default:
		return do()
	}
	if s.guard == nil {
		return do()
	}
	if err := s.guard(name); err != nil {
		return nil, err
	}
	items, err := do()
	if after := s.guard(name); err == nil {
		err = after
	}
	return items, err
}

// joined is what lookup() makes of a list: texts with commas between them, a single
// other value as it is, else the list.
func joined(items []value.Value) value.Value {
	texts := make([]string, 0, len(items))
	for _, item := range items {
		text, ok := item.(string)
		if !ok {
			if len(items) == 1 {
				return items[0]
			}
			return value.NewList(items...)
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ",")
}

// Find returns the path of a file that a task names: an absolute path as it is, else the
// first that exists of DIR/kind/name and DIR/name over the search path. kind is "files",
// "templates", "vars" or "tasks".
func (s *Scope) Find(kind, name string) (string, error) {
	if strings.HasPrefix(name, "~/") {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("expand %s: %w", name, err)
		}
		name = filepath.Join(home, name[2:])
	}
	if filepath.IsAbs(name) {
		_, err := os.Stat(name)
		return name, err
	}
	var tried []string
	for _, dir := range s.search {
		for _, candidate := range []string{filepath.Join(dir, kind, name), filepath.Join(dir, name)} {
			if _, err := os.Stat(candidate); err == nil {
				return candidate, nil
			}
			tried = append(tried, candidate)
		}
	}
	return "", &NotFound{Name: name, Tried: tried}
}

// NotFound says which file was looked for, and where.
type NotFound struct {
	Name  string
	Tried []string
}

// Error names the file and all places.
func (n *NotFound) Error() string {
	return fmt.Sprintf("could not find or access '%s'; searched in:\n\t%s", n.Name, strings.Join(n.Tried, "\n\t"))
}

// Unwrap makes errors.Is(err, fs.ErrNotExist) hold.
func (n *NotFound) Unwrap() error { return os.ErrNotExist }

// Hide makes a text secret.
func (s *Scope) Hide(secret string) { s.engine.opts.Hide(secret) }

// ReadFile reads a file of the controller, decrypted where it is a vault.
func (s *Scope) ReadFile(path string) ([]byte, error) { return s.engine.opts.ReadFile(path) }

// Var returns the evaluated value of a variable.
func (s *Scope) Var(name string) (value.Value, bool, error) {
	v, ok, err := s.Lookup(name)
	if err != nil || !ok {
		return nil, ok, err
	}
	v, err = s.Value(v)
	return v, true, err
}

// VarNames returns the names of all variables.
func (s *Scope) VarNames() []string { return s.Names() }
