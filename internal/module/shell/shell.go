// Package shell is the module shell: it runs a line in a shell.
package shell

import (
	"context"
	"fmt"
	"strings"

	"kops/internal/module"
	"kops/internal/module/process"
	"kops/internal/remote"
)

// Spec is the line.
type Spec struct {
	Line       string `arg:"_raw_params,oneof=command" doc:"the line for the shell"`
	Cmd        string `arg:"cmd,oneof=command" doc:"the same, where the arguments are a mapping"`
	Executable string `arg:"executable" doc:"path of the shell; /bin/sh if not given"`
	process.Options
	Argv []string `arg:"argv,unsupported" doc:"a shell takes a line: use the module command"`
}

// New describes the module.
func New() *module.Module {
	return &module.Module{
		Name: "shell", Collection: "ansible.builtin", FreeForm: "_raw_params",
		Doc: module.Doc{
			Summary: "Run a line in a shell.",
			Notes: []string{
				"In check mode, what the line would do is unknown, unless creates or removes decide.",
				"Variables that are put into the line need the quote filter.",
			},
			Examples: "- shell: journalctl -u kafka-server | grep -c ERROR\n  register: errors\n  changed_when: false\n",
			Returns:  process.Returns(),
		},
		New: func() module.Spec { return &Spec{Options: process.Defaults()} },
	}
}

// Validate refuses an empty line.
func (s *Spec) Validate() error {
	if strings.TrimSpace(s.Line+s.Cmd) == "" {
		return fmt.Errorf("no command given")
	}
	return nil
}

// Plan decides by creates and removes.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	line := s.Line + s.Cmd
	return s.Options.Plan(ctx, h, remote.Command{Shell: line, Interpreter: s.Executable}, line)
}
