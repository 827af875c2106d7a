// Package groupby is the action group_by: groups made from the values of variables.
package groupby

import (
	"context"
	"strings"

	"kops/internal/module"
	"kops/internal/run/action"
	"kops/internal/value"
)

// Spec is the action's arguments.
type Spec struct {
	action.OnController
	Key     string   `arg:"key,required" doc:"name of the group that the host joins; blanks become -"`
	Parents []string `arg:"parents,unsupported" doc:"the group is made below all: name the groups in a pattern instead"`
}

// New describes the action.
func New() *module.Module {
	return &module.Module{
		Name:       "group_by",
		Collection: "ansible.builtin",
		Doc: module.Doc{
			Summary:  "Puts hosts into groups by what their variables say.",
			Examples: "- group_by:\n    key: \"os_{{ ansible_facts['os_family'] }}\"\n",
			Returns: []module.Return{
				{Name: "add_group", Type: "str", Text: "the group"},
				{Name: "parent_groups", Type: "list", Text: "all"},
			},
		},
		New: func() module.Spec { return &Spec{} },
	}
}

// Act hands the group to the runner.
func (s *Spec) Act(_ context.Context, env *action.Env) (action.Outcome, error) {
	group := strings.ReplaceAll(s.Key, " ", "-")
	v, _, err := env.Scope.Var("group_names")
	if err != nil {
		return action.Outcome{}, err
	}
	member := false
	if names, ok := v.(*value.List); ok {
		if member, err = value.Contains(names, group); err != nil {
			return action.Outcome{}, err
		}
	}
	return action.Outcome{Groups: []string{group}, Changed: !member,
		Result: value.NewMap("add_group", group, "parent_groups", value.NewList("all"))}, nil
}
