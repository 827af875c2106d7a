package raw

import (
	"testing"

	"kops/internal/module/moduletest"
	"kops/internal/remote"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

func TestRaw(t *testing.T) {
	exits := func(code int) func(h *remotetest.Host) {
		return func(h *remotetest.Host) {
			h.OnExec = func(h *remotetest.Host, cmd remote.Command) (remote.Result, error) {
				return remote.Result{Stdout: []byte(cmd.Shell + "\n"), ExitCode: code}, nil
			}
		}
	}
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "line", Setup: exits(0), Args: moduletest.Args("_raw_params", "a  b"), Repeats: true,
			Check: func(t *testing.T, h *remotetest.Host, r *value.Map) {
				if r.At("stdout") != "a  b\n" || r.At("rc") != int64(0) {
					t.Error(value.Str(r))
				}
			}},
		{Name: "fails", Setup: exits(3), Args: moduletest.Args("_raw_params", "a"), Err: "non-zero return code"},
		{Name: "empty", Args: moduletest.Args("_raw_params", ""), Err: "no command given"},
	})
}
