// Package ping is the module ping: it shows that a host can be logged in to and has a shell.
package ping

import (
	"context"
	"errors"
	"fmt"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/value"
)

// Spec is what is to be answered.
type Spec struct {
	Data string `arg:"data" doc:"the answer; crash makes the task fail"`
}

// New describes the module.
func New() *module.Module {
	return &module.Module{
		Name: "ping", Collection: "ansible.builtin",
		Doc: module.Doc{
			Summary:  "Log in, start a shell, and answer pong.",
			Examples: "- ping:\n",
			Returns:  []module.Return{{Name: "ping", Type: "str", Text: "data"}},
		},
		New: func() module.Spec { return &Spec{Data: "pong"} },
	}
}

// Plan runs nothing in the host's shell.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	if s.Data == "crash" {
		return module.Change{}, errors.New("boom: data is crash")
	}
	if _, err := h.Query(ctx, ":"); err != nil {
		return module.Change{}, fmt.Errorf("ping: %w", err)
	}
	return module.Change{Result: value.NewMap("ping", s.Data)}, nil
}
