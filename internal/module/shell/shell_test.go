package shell

import (
	"testing"

	"kops/internal/module/moduletest"
	"kops/internal/remote"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

func TestShell(t *testing.T) {
	args := moduletest.Args
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "line", Args: args("_raw_params", "a | b", "executable", "/bin/bash", "chdir", "/tmp"), Repeats: true,
			Setup: func(h *remotetest.Host) {
				h.OnExec = func(h *remotetest.Host, cmd remote.Command) (remote.Result, error) {
					return remote.Result{Stdout: []byte(cmd.Interpreter + " " + cmd.Shell + " " + cmd.Dir)}, nil
				}
			},
			Check: func(t *testing.T, h *remotetest.Host, r *value.Map) {
				if r.At("stdout") != "/bin/bash a | b /tmp" || r.At("cmd") != "a | b" {
					t.Error(value.Str(r))
				}
			}},
		{Name: "created already", Args: args("cmd", "a", "creates", "/etc"), Unchanged: true},
		{Name: "empty", Args: args("cmd", " "), Err: "no command given"},
		{Name: "words", Args: args("cmd", "a", "argv", value.NewList("a")), Err: "argv: not supported; a shell takes a line"},
	})
}
