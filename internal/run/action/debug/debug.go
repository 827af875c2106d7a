// Package debug is the action debug: a message, or the value of an expression.
package debug

import (
	"context"

	"kops/internal/module"
	"kops/internal/run/action"
	"kops/internal/template"
	"kops/internal/value"
)

// undefined is what stands for a variable that is not there.
const undefined = "VARIABLE IS NOT DEFINED!"

// Spec is the action's arguments.
type Spec struct {
	action.OnController
	Msg       value.Value `arg:"msg,raw,exclusive=what" doc:"the message; any value"`
	Var       value.Value `arg:"var,raw,exclusive=what" doc:"an expression whose value is shown, without {{ }}"`
	Verbosity int         `arg:"verbosity" doc:"show it only at this many -v"`
}

// New describes the action.
func New() *module.Module {
	return &module.Module{
		Name:       "debug",
		Collection: "ansible.builtin",
		Doc: module.Doc{
			Summary:  "Shows a message or a value.",
			Examples: "- debug:\n    var: groups['kafka']\n",
			Returns: []module.Return{
				{Name: "msg", Type: "any", Text: "the message"},
				{Name: "(the expression)", Type: "any", Text: "the value, under the expression's own text"},
			},
		},
		New: func() module.Spec { return &Spec{Msg: "Hello world!"} },
	}
}

// Act evaluates what is to be shown.
func (s *Spec) Act(_ context.Context, env *action.Env) (action.Outcome, error) {
	if s.Verbosity > env.Verbosity {
		return action.Outcome{Skipped: "Verbosity threshold not met.",
			Result: value.NewMap("skipped_reason", "Verbosity threshold not met.")}, nil
	}
	if s.Var == nil {
		msg := s.Msg
		if given, ok := env.Raw.Get("msg"); ok { // null too
			msg = given
		}
		return action.Outcome{Result: value.NewMap("msg", msg)}, nil
	}
	name, v, err := s.expression(env)
	if err != nil {
		return action.Outcome{}, err
	}
	if u, ok := v.(value.Unknown); ok {
		return action.Outcome{Unknown: u.Why}, nil
	}
	return action.Outcome{Result: value.NewMap(name, v)}, nil
}

// expression evaluates var. Where the playbook has a template there, its value is shown
// under the template's text; text that came from a host is never an expression.
func (s *Spec) expression(env *action.Env) (string, value.Value, error) {
	if t, ok := env.Written.At("var").(value.Template); ok {
		return t.Source, s.Var, nil
	}
	source, ok := s.Var.(string)
	if !ok {
		return value.Str(s.Var), s.Var, nil
	}
	v, err := env.Scope.Expression(source, env.Pos)
	if err == nil {
		if _, is := v.(value.Undefined); !is {
			v, err = env.Scope.Value(v)
		}
	}
	if _, is := v.(value.Undefined); is && err == nil || template.IsUndefined(err) {
		return source, undefined, nil
	}
	return source, v, err
}
