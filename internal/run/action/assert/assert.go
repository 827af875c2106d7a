// Package assert is the action assert: conditions that must hold.
package assert

import (
	"context"
	"fmt"
	"strings"

	"kops/internal/module"
	"kops/internal/run/action"
	"kops/internal/template"
	"kops/internal/value"
)

// Spec is the action's arguments.
type Spec struct {
	action.OnController
	That       value.Value `arg:"that,required,raw" doc:"one condition or a list: bare expressions, as in when"`
	FailMsg    value.Value `arg:"fail_msg,raw,alias=msg" doc:"the message, text or a list of texts, where a condition is false"`
	SuccessMsg value.Value `arg:"success_msg,raw" doc:"the message where all hold"`
	Quiet      bool        `arg:"quiet" doc:"show less where all hold"`
}

// New describes the action.
func New() *module.Module {
	return &module.Module{
		Name:       "assert",
		Collection: "ansible.builtin",
		Doc: module.Doc{
			Summary:  "Fails unless conditions hold.",
			Examples: "- assert:\n    that:\n      - kafka_heap_mb >= 1024\n      - groups['zookeeper'] | length is odd\n    fail_msg: an ensemble has an odd number of members\n",
			Returns: []module.Return{
				{Name: "msg", Type: "str", Text: "fail_msg or success_msg"},
				{Name: "assertion", Type: "str", Text: "the condition that is false"},
				{Name: "evaluated_to", Type: "bool", Text: "false, where a condition is"},
			},
		},
		New: func() module.Spec {
			return &Spec{FailMsg: "Assertion failed", SuccessMsg: "All assertions passed"}
		},
	}
}

// Validate checks the messages.
func (s *Spec) Validate() error {
	const wrong = "%s: wants text or a list of texts, not %s"
	if !isMessage(s.FailMsg) {
		return fmt.Errorf(wrong, "fail_msg", value.TypeName(s.FailMsg))
	}
	if !isMessage(s.SuccessMsg) {
		return fmt.Errorf(wrong, "success_msg", value.TypeName(s.SuccessMsg))
	}
	return nil
}

func isMessage(v value.Value) bool {
	l, ok := v.(*value.List)
	if !ok {
		_, ok = v.(string)
		return ok
	}
	for _, item := range l.Items {
		if _, ok := item.(string); !ok {
			return false
		}
	}
	return true
}

// Act judges one condition after the other; the first that is false ends it.
func (s *Spec) Act(_ context.Context, env *action.Env) (action.Outcome, error) {
	unknown := ""
	for _, c := range s.clauses(env) {
		v, err := env.Scope.Conditions([]template.Clause{c})
		switch {
		case err != nil:
			return action.Outcome{}, err
		case v.Unknown && unknown == "":
			unknown = v.Why
		case !v.Unknown && !v.Holds:
			result := value.NewMap("evaluated_to", false, "assertion", written(c), "msg", s.FailMsg)
			return action.Outcome{}, &module.Failure{Msg: message(s.FailMsg, c), Result: result}
		}
	}
	return action.Outcome{Unknown: unknown, Result: value.NewMap("msg", s.SuccessMsg)}, nil
}

// clauses are the conditions as the playbook has them, so that messages can quote them and
// no text that came from a host is taken for an expression. Only where `that` is a template as
// a whole does it stand for the list that it gives.
func (s *Spec) clauses(env *action.Env) []template.Clause {
	that, ok := env.Written.Get("that")
	_, isTemplate := that.(value.Template)
	if _, isList := s.That.(*value.List); !ok || isTemplate && isList {
		that = s.That
	}
	items := []value.Value{that}
	if l, ok := that.(*value.List); ok {
		items = l.Items
	}
	clauses := make([]template.Clause, len(items))
	for i, item := range items {
		switch item := item.(type) {
		case string:
			clauses[i] = template.Clause{Source: item, Pos: env.Pos}
		case value.Template:
			clauses[i] = template.Clause{Source: item.Source, Pos: item.Pos}
		default:
			clauses[i] = template.Clause{Literal: item, Pos: env.Pos}
		}
	}
	return clauses
}

func written(c template.Clause) value.Value {
	if c.Source == "" {
		return c.Literal
	}
	return c.Source
}

// message is what people see: their own words, and which condition is false.
func message(v value.Value, c template.Clause) string {
	lines := []string{value.Str(v)}
	if l, ok := v.(*value.List); ok {
		lines = nil
		for _, item := range l.Items {
			lines = append(lines, value.Str(item))
		}
	}
	return strings.Join(lines, "\n") + " (false: " + value.Str(written(c)) + ")"
}
