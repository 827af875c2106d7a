package stat

import (
	"testing"

	"kops/internal/module/moduletest"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

func TestStat(t *testing.T) {
	setup := func(h *remotetest.Host) {
		h.AddUser("kafka", 100)
		h.AddFile("/srv/v1/conf", "hello\n", 0o4640)
		h.Chown("/srv/v1/conf", 100, 100)
		h.AddLink("/srv/current", "v1/conf")
	}
	has := func(kv ...value.Value) func(*testing.T, *remotetest.Host, *value.Map) {
		return func(t *testing.T, _ *remotetest.Host, r *value.Map) {
			stat := r.At("stat").(*value.Map)
			for k, want := range value.NewMap(kv...).All() {
				if got, ok := stat.Get(k); !ok && want != nil || got != want {
					t.Errorf("%v is %v, want %v", k, got, want)
				}
			}
		}
	}
	args := moduletest.Args
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "missing", Args: args("path", "/none"), Unchanged: true, Check: has("exists", false, "path", nil)},
		{Name: "file", Setup: setup, Args: args("path", "/srv/v1/conf"), Unchanged: true,
			Check: has("exists", true, "isreg", true, "isdir", false, "mode", "4640", "pw_name", "kafka", "uid", int64(100), "size", int64(6),
				"isuid", true, "rgrp", true, "wgrp", false, "mtime", 1.7e9, "checksum", "f572d396fae9206628714fb2ce00f72e94f2258f", "path", "/srv/v1/conf")},
		{Name: "md5", Setup: setup, Args: args("path", "/srv/v1/conf", "checksum_algo", "md5"), Unchanged: true, Check: has("checksum", "b1946ac92492d2347c6235b4d2611184")},
		{Name: "no checksum", Setup: setup, Args: args("path", "/srv/v1/conf", "get_checksum", false, "get_mime", "no"), Unchanged: true, Check: has("checksum", nil)},
		{Name: "link", Setup: setup, Args: args("path", "/srv/current"), Unchanged: true,
			Check: has("islnk", true, "lnk_source", "/srv/v1/conf", "lnk_target", "v1/conf", "isreg", false, "checksum", nil)},
		{Name: "link, followed", Setup: setup, Args: args("path", "/srv/current", "follow", true), Unchanged: true, Check: has("islnk", false, "isreg", true)},
		{Name: "type of the content", Args: args("path", "/x", "mime", true), Err: "get_mime: not supported"},
	})
}
