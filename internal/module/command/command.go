// Package command is the module command: it runs a program, without a shell.
package command

import (
	"context"
	"fmt"

	"kops/internal/module"
	"kops/internal/module/process"
	"kops/internal/remote"
	"kops/internal/value"
)

// Spec is the command.
type Spec struct {
	Line       string   `arg:"_raw_params,oneof=command" doc:"the command as one line, split into words as a shell would"`
	Cmd        string   `arg:"cmd,oneof=command" doc:"the same, where the arguments are a mapping"`
	Argv       []string `arg:"argv,oneof=command" doc:"the command as a list of words"`
	ExpandVars bool     `arg:"expand_argument_vars" doc:"expand $NAME and a leading ~ from the host's environment; what is not set stays as it is"`
	process.Options
	Executable string `arg:"executable,unsupported" doc:"command uses no shell: use the module shell"`

	words []string
}

// New describes the module.
func New() *module.Module {
	return &module.Module{
		Name: "command", Collection: "ansible.builtin", FreeForm: "_raw_params",
		Doc: module.Doc{
			Summary: "Run a command without a shell.",
			Notes: []string{
				"In check mode, what the command would do is unknown, unless creates or removes decide.",
				"The command runs with /dev/null as its standard input, unless stdin is given.",
			},
			Examples: "- command: kafka-storage.sh format -t {{ id }} -c {{ config }}\n  args:\n    creates: /var/lib/kafka/meta.properties\n",
			Returns:  process.Returns(),
		},
		New: func() module.Spec { return &Spec{ExpandVars: true, Options: process.Defaults()} },
	}
}

// Validate splits the line into words.
func (s *Spec) Validate() error {
	s.words = s.Argv
	for _, line := range []string{s.Line, s.Cmd} {
		if line == "" {
			continue
		}
		words, err := split(line)
		if err != nil {
			return fmt.Errorf("the command %q: %w", line, err)
		}
		s.words = words
	}
	if len(s.words) == 0 || s.words[0] == "" {
		return fmt.Errorf("no command given")
	}
	return nil
}

// Plan decides by creates and removes.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	return s.Options.Plan(ctx, h, s.command(), value.Strings(s.words))
}

// command returns the words as they are, or, where the host's environment decides about
// them, a shell that expands them and is then replaced by the command.
func (s *Spec) command() remote.Command {
	if s.ExpandVars {
		for _, w := range s.words {
			if process.Expands(w) {
				return remote.Command{Argv: []string{"/bin/sh", "-c", process.ExpandWords("exec", s.words)}}
			}
		}
	}
	return remote.Command{Argv: s.words}
}
