// Package addhost is the action add_host: a host that the run comes to know.
package addhost

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"kops/internal/module"
	"kops/internal/run/action"
	"kops/internal/value"
)

// Spec is the action's arguments: besides these, any name is a variable of the host.
type Spec struct {
	action.OnController
	Name   string   `arg:"name,required,alias=host|hostname" doc:"name or address of the host, with :PORT where SSH listens elsewhere"`
	Groups []string `arg:"groups,alias=group|groupname" doc:"groups that the host joins; those that are missing are made"`

	vars *value.Map
}

// New describes the action.
func New() *module.Module {
	return &module.Module{
		Name:       "add_host",
		Collection: "ansible.builtin",
		Open:       true,
		Doc: module.Doc{
			Summary:  "Adds a host to the inventory for the rest of the run.",
			Examples: "- add_host:\n    name: \"{{ new_broker }}\"\n    groups: kafka\n    kafka_id: 4\n",
			Returns:  []module.Return{{Name: "add_host", Type: "dict", Text: "host_name, groups and host_vars"}},
		},
		New: func() module.Spec { return &Spec{} },
	}
}

// Take takes the host's variables.
func (s *Spec) Take(args *value.Map) error {
	for k := range args.All() {
		if _, ok := k.(string); !ok {
			return fmt.Errorf("%s is not a valid name of a variable", value.Repr(k))
		}
	}
	s.vars = args
	return nil
}

// Act hands the host to the runner.
func (s *Spec) Act(_ context.Context, env *action.Env) (action.Outcome, error) {
	name, vars := s.Name, s.vars.Clone()
	if host, port, err := net.SplitHostPort(s.Name); err == nil {
		if n, err := strconv.Atoi(port); err == nil {
			name = host
			vars.Set("ansible_port", int64(n))
		}
	}
	known, err := s.isKnown(env, name)
	if err != nil {
		return action.Outcome{}, err
	}
	return action.Outcome{
		AddHost: &action.NewHost{Name: name, Groups: s.Groups, Vars: vars},
		Changed: !known,
		Result:  value.NewMap("add_host", value.NewMap("host_name", name, "groups", value.Strings(s.Groups), "host_vars", vars)),
	}, nil
}

// isKnown tells whether the host is in all groups already.
func (s *Spec) isKnown(env *action.Env, name string) (bool, error) {
	v, _, err := env.Scope.Var("groups")
	groups, ok := v.(*value.Map)
	if err != nil || !ok {
		return false, err
	}
	for _, g := range append([]string{"all"}, s.Groups...) {
		members, _ := groups.At(g).(*value.List)
		if members == nil {
			return false, nil
		}
		if in, err := value.Contains(members, name); err != nil || !in {
			return false, err
		}
	}
	return true, nil
}
