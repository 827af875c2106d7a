package template

import (
	"fmt"

	"kops/internal/diag"
	"kops/internal/jinja"
	"kops/internal/value"
)

// A lookupCall is one call of a lookup, by lookup(), query() or with_NAME.
type lookupCall struct {
	*jinja.Call
	Terms   []value.Value
	Options *value.Map // nil without options
	Env     lookupEnv
}

// A lookupEnv is what lookups see of the run.
type lookupEnv interface {
	// Find returns the path of a file: absolute ones as they are, else by the search path
	// of kind ("files", "templates", "vars"). The error wraps fs.ErrNotExist where there is none.
	Find(kind, name string) (string, error)
	// ReadFile reads a file of the controller, decrypted where it is a vault.
	ReadFile(path string) ([]byte, error)
	// Hide makes a text secret.
	Hide(secret string)
	// Render evaluates a template file with vars laid over the host's.
	Render(source []byte, path string, vars *value.Map) (value.Value, error)
	// Var returns the evaluated value of a variable.
	Var(name string) (value.Value, bool, error)
	// VarNames returns the names of all variables.
	VarNames() []string
	// Search returns the folders in which files are looked for, first first.
	Search() []string
}

// known refuses options that a lookup does not have.
func (l *lookupCall) known(names ...string) error {
	for k := range l.Options.All() {
		name := value.Str(k)
		found := false
		for _, n := range names {
			found = found || n == name
		}
		if !found {
			err := fmt.Errorf("it has no option %s", value.Repr(name))
			if hint := diag.Suggest(name, names); hint != "" {
				err = fmt.Errorf("%w; %s", err, hint)
			}
			return err
		}
	}
	return nil
}

// option returns an option's value, or def where it is not given.
func (l *lookupCall) option(name string, def value.Value) value.Value {
	if v, ok := l.Options.Get(name); ok {
		return v
	}
	return def
}

// flag returns a boolean option, by the words that Ansible takes for one.
func (l *lookupCall) flag(name string, def bool) (bool, error) {
	b, ok := boolean(l.option(name, def))
	if !ok {
		return false, fmt.Errorf("option %s must be a boolean, not %s", value.Repr(name), value.Repr(l.option(name, def)))
	}
	return b, nil
}

// text returns an option's value as text.
func (l *lookupCall) text(name, def string) string {
	v := l.option(name, def)
	if v == nil {
		return def
	}
	return value.Str(v)
}

// number returns an integer option. ok is false where it is not given.
func (l *lookupCall) number(name string) (n int64, ok bool, err error) {
	v, ok := l.Options.Get(name)
	if !ok || v == nil {
		return 0, false, nil
	}
	if s, isText := v.(string); isText {
		v, err = value.ParseInt(s, 10)
	}
	n, isInt := v.(int64)
	if err != nil || !isInt {
		return 0, false, fmt.Errorf("option %s must be an integer, not %s", value.Repr(name), value.Repr(v))
	}
	return n, true, nil
}
