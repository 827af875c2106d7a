package module

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// An Argument is what a struct field's tags say about one argument:
//
//	Path  string `arg:"path,required,alias=dest|name" doc:"the file"`
//	State string `arg:"state,choices=present|absent" doc:"whether it is there"`
//
// The options: required; alias=a|b; choices=a|b; exclusive=GROUP (at most one argument of
// the group may be given); oneof=GROUP (exactly one must be); with=NAME (needs argument
// NAME too); secret; raw (the value as it is, without conversion); unsupported (known to
// Ansible, refused here, with the doc as the reason). Embedded structs contribute their fields. The default
// is what New leaves in the field.
type Argument struct {
	Name        string
	Aliases     []string
	Type        string // as Ansible names it: str, int, bool, list, dict, raw, float
	Choices     []string
	Required    bool
	Secret      bool
	Raw         bool
	Unsupported bool
	Exclusive   string
	OneOf       string
	With        string
	Doc         string
	Default     any // nil where there is none
	index       []int
}

// Arguments lists the arguments of a module in the order of the fields.
func (m *Module) Arguments() []Argument {
	spec := reflect.ValueOf(m.New()).Elem()
	var args []Argument
	collect(spec, nil, &args)
	return args
}

func collect(v reflect.Value, prefix []int, args *[]Argument) {
	t := v.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(slices.Clone(prefix), i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct {
			collect(v.Field(i), index, args)
			continue
		}
		tag, ok := f.Tag.Lookup("arg")
		if !ok {
			continue
		}
		a := parseTag(tag)
		a.Doc = f.Tag.Get("doc")
		a.Type = typeName(f.Type)
		a.index = index
		if !v.Field(i).IsZero() {
			a.Default = v.Field(i).Interface()
		}
		a.Secret = a.Secret || f.Type == reflect.TypeFor[Secret]()
		*args = append(*args, a)
	}
}

// parseTag panics on a tag that it does not understand: only a programming error can
// bring that about, and the first test of the module shows it.
func parseTag(tag string) Argument {
	parts := strings.Split(tag, ",")
	a := Argument{Name: parts[0]}
	for _, p := range parts[1:] {
		key, val, _ := strings.Cut(p, "=")
		switch key {
		case "required":
			a.Required = true
		case "secret":
			a.Secret = true
		case "raw":
			a.Raw = true
		case "unsupported":
			a.Unsupported = true
		case "alias":
			a.Aliases = strings.Split(val, "|")
		case "choices":
			a.Choices = strings.Split(val, "|")
		case "exclusive":
			a.Exclusive = val
		case "oneof":
			a.OneOf = val
		case "with":
			a.With = val
		default:
			panic(fmt.Sprintf("module: unknown option %q in tag %q", key, tag))
		}
	}
	return a
}

func typeName(t reflect.Type) string {
	if t.Kind() == reflect.Pointer && t.Elem().Kind() != reflect.Struct {
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[Mode]():
		return "raw"
	case t.Kind() == reflect.String:
		return "str"
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64:
		return "int"
	case t.Kind() == reflect.Float64:
		return "float"
	case t.Kind() == reflect.Bool:
		return "bool"
	case t.Kind() == reflect.Slice:
		return "list"
	case t.Kind() == reflect.Pointer, t.Kind() == reflect.Map:
		return "dict"
	}
	return "raw"
}
