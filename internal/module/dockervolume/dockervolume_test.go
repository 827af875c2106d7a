package dockervolume

import (
	"slices"
	"testing"

	"github.com/moby/moby/api/types/volume"

	"kops/internal/module/dockerapi/dockertest"
	"kops/internal/module/moduletest"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

func TestModule(t *testing.T) {
	var engine *dockertest.Engine
	with := func(volumes ...*volume.Volume) func(*remotetest.Host) {
		return func(h *remotetest.Host) {
			engine = dockertest.New(t)
			h.OnDial = engine.Dial
			for _, v := range volumes {
				engine.Volumes[v.Name] = v
			}
		}
	}
	calls := func(want ...string) func(*testing.T, *remotetest.Host, *value.Map) {
		return func(t *testing.T, _ *remotetest.Host, _ *value.Map) {
			if !slices.Equal(engine.Calls, want) {
				t.Errorf("calls %q, want %q", engine.Calls, want)
			}
		}
	}
	data := func() *volume.Volume { return &volume.Volume{Name: "data", Driver: "local"} }
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "create", Setup: with(), Args: moduletest.Args("name", "data", "labels", value.NewMap("a", int64(1))), Check: calls("create data")},
		{Name: "there", Setup: with(data()), Args: moduletest.Args("name", "data"), Unchanged: true},
		{Name: "other labels are left", Setup: with(data()), Args: moduletest.Args("name", "data", "labels", value.NewMap("a", "1")), Unchanged: true},
		{Name: "other labels, made anew", Setup: with(data()), Check: calls("remove data", "create data"),
			Args: moduletest.Args("name", "data", "labels", value.NewMap("a", "1"), "recreate", "options-changed")},
		{Name: "remove", Setup: with(data()), Args: moduletest.Args("name", "data", "state", "absent"), Check: calls("remove data")},
		{Name: "gone", Setup: with(), Args: moduletest.Args("name", "data", "state", "absent"), Unchanged: true},
		{Name: "a path is no name", Args: moduletest.Args("name", "/data"), Err: "volume_name: "},
		{Name: "a bad address", Args: moduletest.Args("name", "data", "docker_host", "ssh://x"), Err: "docker_host: "},
		{Name: "Docker does not run", Args: moduletest.Args("name", "data"), Err: "Docker is not running on this host"},
		{Name: "a boolean", Setup: with(data()), Args: moduletest.Args("name", "data", "labels", value.NewMap("a", true)), Err: "labels: a is the boolean"},
	})
}
