package run

import (
	"fmt"

	"kops/internal/template"
	"kops/internal/value"
)

// kafkaArgs are a host's arguments for asking its cluster.
func kafkaArgs(s *template.Scope) (*value.Map, error) {
	args := &value.Map{}
	for _, a := range kafkaArguments {
		v, ok, err := s.Var(a.variable)
		if err != nil {
			return nil, fmt.Errorf("variable %s: %w", a.variable, err)
		}
		if ok && v != nil && v != "" && !template.IsOmit(v) {
			args.Set(a.argument, v)
		}
	}
	return args, nil
}

// valueOf is a variable's value, or what stands in for it.
func valueOf(s *template.Scope, name string, otherwise value.Value) (value.Value, error) {
	v, ok, err := s.Var(name)
	if err != nil {
		return nil, fmt.Errorf("variable %s: %w", name, err)
	}
	if !ok || v == nil || v == "" {
		return otherwise, nil
	}
	return v, nil
}

// textOf is a variable's text, or what stands in for it.
func textOf(s *template.Scope, name, otherwise string) (string, error) {
	v, err := valueOf(s, name, otherwise)
	return value.Str(v), err
}

// listOf is a variable's list of texts; a text alone is a list of one.
func listOf(s *template.Scope, name string) ([]string, error) {
	v, ok, err := s.Var(name)
	if err != nil {
		return nil, fmt.Errorf("variable %s: %w", name, err)
	}
	var items []value.Value
	switch v := v.(type) {
	case *value.List:
		items = v.Items
	case value.Tuple:
		items = v
	default:
		if ok && v != nil && v != "" {
			items = []value.Value{v}
		}
	}
	var texts []string
	for _, item := range items {
		texts = append(texts, value.Str(item))
	}
	return texts, nil
}
