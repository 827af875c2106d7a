// Package fail is the action fail: the task fails with a message.
package fail

import (
	"context"

	"kops/internal/module"
	"kops/internal/run/action"
)

// Spec is the action's arguments.
type Spec struct {
	action.OnController
	Msg string `arg:"msg" doc:"the message"`
}

// New describes the action.
func New() *module.Module {
	return &module.Module{
		Name:       "fail",
		Collection: "ansible.builtin",
		Doc: module.Doc{
			Summary:  "Fails with a message.",
			Examples: "- fail:\n    msg: this host has no data disk\n  when: data_disk is not defined\n",
			Returns:  []module.Return{{Name: "msg", Type: "str", Text: "the message"}},
		},
		New: func() module.Spec { return &Spec{Msg: "Failed as requested from task"} },
	}
}

// Act fails.
func (s *Spec) Act(context.Context, *action.Env) (action.Outcome, error) {
	return action.Outcome{}, &module.Failure{Msg: s.Msg}
}
