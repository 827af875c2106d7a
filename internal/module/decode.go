package module

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"kops/internal/diag"
	"kops/internal/value"
)

// An ArgumentError says what is wrong with one argument.
type ArgumentError struct {
	Module, Argument string
	Msg              string
	Hint             string
	// At is the argument that it stands at, where it is about more than one.
	At string
}

// Error returns "module: argument: what is wrong; hint".
func (e *ArgumentError) Error() string {
	s := e.Module + ": " + e.Msg
	if e.Argument != "" {
		s = e.Module + ": " + e.Argument + ": " + e.Msg
	}
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// Decode turns evaluated arguments into the module's Spec. It returns every error that
// it finds, each an *ArgumentError, joined.
func (m *Module) Decode(args *value.Map) (Spec, []error) {
	spec := m.New()
	problems := m.fill(spec, args, false)
	if len(problems) > 0 {
		return nil, problems
	}
	if v, ok := spec.(Validator); ok {
		if err := v.Validate(); err != nil {
			return nil, []error{&ArgumentError{Module: m.Name, Msg: err.Error()}}
		}
	}
	return spec, nil
}

// Partly decodes what it can of arguments of which some are missing.
func (m *Module) Partly(args *value.Map) Spec {
	spec := m.New()
	m.fill(spec, args, false)
	return spec
}

// Check finds what is wrong with arguments that are not evaluated yet: unknown and
// missing names, and wrong literals. Values that hold templates pass.
func (m *Module) Check(args *value.Map) []error {
	return m.fill(m.New(), args, true)
}

// fill decodes args into spec. With static, arguments that hold templates are not looked at.
func (m *Module) fill(spec Spec, args *value.Map, static bool) []error {
	arguments := m.Arguments()
	target := reflect.ValueOf(spec).Elem()
	var problems []error
	report := func(arg, hint, format string, a ...any) *ArgumentError {
		e := &ArgumentError{Module: m.Name, Argument: arg, Hint: hint, Msg: fmt.Sprintf(format, a...)}
		problems = append(problems, e)
		return e
	}
	open := &value.Map{}
	given := map[string]string{} // argument → the name it was given under
	for k, v := range args.All() {
		name, ok := k.(string)
		i := slices.IndexFunc(arguments, func(a Argument) bool { return a.Name == name || slices.Contains(a.Aliases, name) })
		switch {
		case ok && i < 0 && m.Open:
			open.Set(k, v)
			continue
		case !ok || i < 0:
			report("", diag.Suggest(fmt.Sprint(k), argumentNames(arguments)), "unknown argument %q", fmt.Sprint(k)).At = fmt.Sprint(k)
			continue
		case arguments[i].Unsupported:
			report(name, arguments[i].Doc, "not supported")
			continue
		}
		a := arguments[i]
		if before, twice := given[a.Name]; twice {
			report(name, "", "means the same as %s: give one of them", before)
			continue
		}
		given[a.Name] = name
		if static && HoldsTemplate(v) {
			continue
		}
		if err := assign(target.FieldByIndex(a.index), a, v); err != nil {
			report(name, "", "%s", err)
		}
	}
	if t, ok := spec.(Taker); ok && !static {
		if err := t.Take(open); err != nil {
			report("", "", "%s", err)
		}
	}
	checkGroups(arguments, given, args, static, report)
	return problems
}

func checkGroups(arguments []Argument, given map[string]string, args *value.Map, static bool, report func(arg, hint, format string, a ...any) *ArgumentError) {
	exclusive, oneof := map[string][]string{}, map[string][]string{}
	var order []string
	for _, a := range arguments {
		name, is := given[a.Name]
		if a.Required && (!is || !static && args.At(name) == nil) {
			report("", a.Doc, "missing required argument %q", a.Name)
		}
		if is && a.With != "" {
			if _, ok := given[a.With]; !ok {
				report(name, "", "needs %s too", a.With)
			}
		}
		if a.Exclusive != "" && is {
			exclusive[a.Exclusive] = append(exclusive[a.Exclusive], name)
		}
		if a.OneOf != "" {
			if _, seen := oneof[a.OneOf]; !seen {
				order = append(order, a.OneOf)
				oneof[a.OneOf] = nil
			}
			if is {
				oneof[a.OneOf] = append(oneof[a.OneOf], name)
			}
		}
	}
	for _, names := range exclusive {
		if len(names) > 1 {
			report("", "", "arguments %s exclude each other: give one of them", strings.Join(names, " and ")).At = names[1]
		}
	}
	for _, group := range order {
		if len(oneof[group]) > 1 {
			report("", "", "arguments %s exclude each other: give one of them", strings.Join(oneof[group], " and ")).At = oneof[group][1]
		}
		if len(oneof[group]) == 0 {
			report("", "", "one of these arguments is required: %s", strings.Join(groupNames(arguments, group), ", "))
		}
	}
}

func groupNames(arguments []Argument, group string) []string {
	var names []string
	for _, a := range arguments {
		switch {
		case a.OneOf != group:
		case strings.HasPrefix(a.Name, "_"):
			names = append(names, "free text")
		default:
			names = append(names, a.Name)
		}
	}
	return names
}

func argumentNames(arguments []Argument) []string {
	var names []string
	for _, a := range arguments {
		names = append(append(names, a.Name), a.Aliases...)
	}
	return names
}

// HoldsTemplate tells whether v is or contains a template that is not evaluated yet.
func HoldsTemplate(v value.Value) bool {
	switch v := v.(type) {
	case value.Template:
		return true
	case *value.List:
		return slices.ContainsFunc(v.Items, HoldsTemplate)
	case value.Tuple:
		return slices.ContainsFunc(v, HoldsTemplate)
	case *value.Map:
		for k, item := range v.All() {
			if HoldsTemplate(k) || HoldsTemplate(item) {
				return true
			}
		}
	}
	return false
}
