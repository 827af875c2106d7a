// Package setfact is the action set_fact: variables that a host has from then on.
package setfact

import (
	"context"
	"fmt"
	"regexp"
	"slices"

	"kops/internal/module"
	"kops/internal/run/action"
	"kops/internal/value"
)

var validName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// keywords are Python's, which Jinja could not read as names.
var keywords = []string{"True", "False", "None", "true", "false", "none", "and", "or", "not", "in", "is", "if", "else"}

// Spec is the action's arguments: any name is one.
type Spec struct {
	action.OnController
	Cacheable bool `arg:"cacheable" doc:"put them among ansible_facts too; kops keeps no cache of facts between runs"`

	facts *value.Map
}

// New describes the action.
func New() *module.Module {
	return &module.Module{
		Name:       "set_fact",
		Collection: "ansible.builtin",
		Open:       true,
		Doc: module.Doc{
			Summary:  "Sets variables of the host for the rest of the run.",
			Examples: "- set_fact:\n    kafka_id: \"{{ groups['kafka'].index(inventory_hostname) + 1 }}\"\n",
			Returns:  []module.Return{{Name: "ansible_facts", Type: "dict", Text: "the variables"}},
		},
		New: func() module.Spec { return &Spec{} },
	}
}

// Take takes the variables and checks their names.
func (s *Spec) Take(args *value.Map) error {
	for k := range args.All() {
		name, ok := k.(string)
		if !ok || !validName.MatchString(name) || slices.Contains(keywords, name) {
			return fmt.Errorf("%s is not a valid name of a variable: letters, digits and _, and no digit first", value.Repr(k))
		}
	}
	if args.Len() == 0 {
		return fmt.Errorf("no variable is given: write at least one as name: value")
	}
	s.facts = args
	return nil
}

// Act hands the variables to the runner.
func (s *Spec) Act(context.Context, *action.Env) (action.Outcome, error) {
	out := action.Outcome{Facts: s.facts, Level: action.SetFact, Result: value.NewMap("ansible_facts", s.facts)}
	if s.Cacheable {
		out.Gathered = s.facts
	}
	return out, nil
}
