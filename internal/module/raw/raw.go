// Package raw is the module raw: it runs a line as it is, with nothing around it.
package raw

import (
	"context"
	"fmt"
	"strings"

	"kops/internal/module"
	"kops/internal/module/process"
	"kops/internal/remote"
	"kops/internal/value"
)

// Spec is the line.
type Spec struct {
	Line       string `arg:"_raw_params,required" doc:"the line for the shell"`
	Executable string `arg:"executable" doc:"path of the shell; /bin/sh if not given"`
}

// New describes the module.
func New() *module.Module {
	return &module.Module{
		Name: "raw", Collection: "ansible.builtin", FreeForm: "_raw_params",
		Doc: module.Doc{
			Summary:  "Run a line in a shell, as it is.",
			Notes:    []string{"kops needs no Python on a host, so raw has no more than shell has: it is there for playbooks that have it."},
			Examples: "- raw: test -e /usr/bin/python3 || apt-get install -y python3\n",
			Returns: []module.Return{
				{Name: "rc", Type: "int", Text: "exit status"},
				{Name: "stdout", Type: "str", Text: "standard output"},
				{Name: "stderr", Type: "str", Text: "standard error"},
				{Name: "stdout_lines", Type: "list", Text: "the lines of stdout"},
				{Name: "stderr_lines", Type: "list", Text: "the lines of stderr"},
			},
		},
		New: func() module.Spec { return &Spec{} },
	}
}

// Validate refuses an empty line.
func (s *Spec) Validate() error {
	if strings.TrimSpace(s.Line) == "" {
		return fmt.Errorf("no command given")
	}
	return nil
}

// Plan knows nothing of what the line would do.
func (s *Spec) Plan(context.Context, remote.Reader) (module.Change, error) {
	return module.Change{Predict: module.Unknown, Steps: []module.Step{{
		Summary: "run " + strings.Join(strings.Fields(s.Line), " "),
		Do: func(ctx context.Context, h remote.Host) (module.Outcome, error) {
			return process.Run(ctx, h, remote.Command{Shell: s.Line, Interpreter: s.Executable}, value.Value(s.Line), false)
		},
	}}}, nil
}
