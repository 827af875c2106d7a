package slurp

import (
	"testing"

	"kops/internal/module/moduletest"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

func TestSlurp(t *testing.T) {
	args := moduletest.Args
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "binary", Setup: func(h *remotetest.Host) { h.AddFile("/x", "\x00\xff", 0o600) }, Args: args("path", "/x"), Unchanged: true,
			Check: func(t *testing.T, _ *remotetest.Host, r *value.Map) {
				if r.At("content") != "AP8=" || r.At("encoding") != "base64" || r.At("source") != "/x" {
					t.Errorf("result %v", r)
				}
			}},
		{Name: "missing", Args: args("src", "/x"), Err: "src: file not found: /x"},
		{Name: "folder", Args: args("src", "/etc"), Err: "src: source is a directory"},
	})
}
