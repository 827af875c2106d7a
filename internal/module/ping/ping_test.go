package ping

import (
	"testing"

	"kops/internal/module/moduletest"
	"kops/internal/remote"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

func TestPing(t *testing.T) {
	shell := func(h *remotetest.Host) {
		h.OnQuery = func(*remotetest.Host, string) (remote.Result, error) { return remote.Result{}, nil }
	}
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "pong", Setup: shell, Args: moduletest.Args(), Unchanged: true,
			Check: func(t *testing.T, h *remotetest.Host, r *value.Map) {
				if r.At("ping") != "pong" {
					t.Error(value.Str(r))
				}
			}},
		{Name: "crash", Args: moduletest.Args("data", "crash"), Err: "boom"},
	})
}
