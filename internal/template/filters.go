package template

import (
	"fmt"
	"maps"
	"slices"

	"kops/internal/jinja"
	"kops/internal/value"
)

// filters are Ansible's filters, beside those that Jinja has itself.
func filters(hide func(secret string)) map[string]jinja.Func {
	all := map[string]jinja.Func{}
	for _, group := range []map[string]jinja.Func{
		dataFilters(), mathFilters(), setFilters(), pathFilters(), regexFilters(), textFilters(),
		formatFilters(), hashFilters(hide), randomFilters(), timeFilters(), refusedFilters(),
	} {
		for name, fn := range group {
			all[name] = fn
		}
	}
	for name, fn := range withPrefix("ansible.builtin.", all) {
		all[name] = fn
	}
	return all
}

func withPrefix(prefix string, funcs map[string]jinja.Func) map[string]jinja.Func {
	out := make(map[string]jinja.Func, len(funcs))
	for name, fn := range funcs {
		out[prefix+name] = fn
	}
	return out
}

// lazy names the filters and tests that take undefined and unknown arguments.
func lazy() []string {
	var names []string
	// The tests of results too: in check mode whether a task would change something is known where its output is not.
	for _, name := range append(slices.Sorted(maps.Keys(resultTests())), "mandatory", "ternary", "type_debug", "vault_encrypted") {
		names = append(names, name, "ansible.builtin."+name)
	}
	return names
}

// refusedFilters are known to Ansible's users and not part of the language here.
func refusedFilters() map[string]jinja.Func {
	refuse := func(why string) jinja.Func {
		return func(c *jinja.Call) (value.Value, error) {
			return nil, fmt.Errorf("the filter %s is not supported: %s", value.Repr(c.Name), why)
		}
	}
	vault := refuse("keep secrets in vault files or !vault values, which are decrypted when they are read")
	return map[string]jinja.Func{
		"vault":   vault,
		"unvault": vault,
		"json_query": refuse("use selectattr, map and items of the value instead; " +
			"it is part of community.general, not of Ansible itself"),
	}
}

// maxNesting bounds how deep values may be nested: a list may contain itself.
const maxNesting = 500

// sequence returns the items of a list or tuple; text and mappings are none.
func sequence(v value.Value) ([]value.Value, bool) {
	switch v := v.(type) {
	case *value.List:
		return v.Items, true
	case value.Tuple:
		return v, true
	}
	return nil, false
}

// asMap returns a mapping's items; those of an Object are read.
func asMap(v value.Value) (m *value.Map, ok bool, err error) {
	switch v := v.(type) {
	case *value.Map:
		return v, true, nil
	case value.Object:
		m := &value.Map{}
		for _, k := range v.Keys() {
			item, _, err := v.Get(k)
			if err != nil {
				return nil, false, err
			}
			m.Set(k, item)
		}
		return m, true, nil
	}
	return nil, false, nil
}

// boolean reads the words and numbers that Ansible takes for a boolean.
func boolean(v value.Value) (b, ok bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case int64:
		return v == 1, v == 0 || v == 1
	case float64:
		return v == 1, v == 0 || v == 1
	case string:
		switch lower(v) {
		case "y", "yes", "on", "1", "true", "t", "1.0":
			return true, true
		case "n", "no", "off", "0", "false", "f", "0.0":
			return false, true
		}
	}
	return false, false
}
