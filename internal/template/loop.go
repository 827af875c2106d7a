package template

import (
	"fmt"

	"kops/internal/value"
	"kops/internal/vars"
)

// LoopItems returns the items of with_NAME: the lookup of that name over terms. pos is
// where the terms stand.
func (s *Scope) LoopItems(name string, terms value.Value, pos value.Position) ([]value.Value, error) {
	v, err := s.Value(terms)
	if err != nil {
		return nil, err
	}
	list, ok := v.(*value.List)
	if !ok {
		list = value.NewList(v)
	}
	const variable = "__with_terms"
	in := s.With(s.vars.With(vars.Loop, value.NewMap(variable, list)))
	out, err := in.Expression(fmt.Sprintf("query(%s, *%s)", value.Repr(name), variable), pos)
	if err != nil {
		return nil, err
	}
	items, ok := out.(*value.List)
	if !ok {
		return nil, fmt.Errorf("with_%s gave %s, not a list", name, value.TypeName(out))
	}
	return items.Items, nil
}
