package dockerimage

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"kops/internal/module"
	"kops/internal/module/dockerapi/dockertest"
	"kops/internal/module/moduletest"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

const name = "lab:5000/prom/prometheus:v2"

func TestModule(t *testing.T) {
	var engine *dockertest.Engine
	with := func(on, registry string) func(*remotetest.Host) {
		return func(h *remotetest.Host) {
			engine = dockertest.New(t)
			h.OnDial = engine.Dial
			h.AddFile("/tmp/image.tar", name, 0o644)
			h.AddFile("/tmp/other.tar", "other:v1", 0o644)
			if on != "" {
				engine.Images[name] = dockertest.Image(on)
			}
			if registry != "" {
				engine.Registry[name] = dockertest.Image(registry)
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
	archive := func(s module.Spec) {
		s.(*Spec).Archive = func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(name)), nil }
	}
	args := func(kv ...value.Value) *value.Map {
		return moduletest.Args(append([]value.Value{"name", "lab:5000/prom/prometheus", "tag", "v2"}, kv...)...)
	}
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "pull", Setup: with("", "1"), Args: args("source", "pull"), Check: calls("pull " + name)},
		{Name: "there", Setup: with("1", "2"), Args: args("source", "pull"), Unchanged: true},
		{Name: "a tag in the name", Setup: with("1", ""), Args: moduletest.Args("name", name, "source", "pull"), Unchanged: true},
		{Name: "pull again", Setup: with("1", "2"), Args: args("source", "pull", "force_source", true), Repeats: true, Check: calls("pull " + name)},
		{Name: "not in the registry", Setup: with("", ""), Args: args("source", "pull"), Err: "pull image " + name},
		{Name: "load", Setup: with("", ""), Args: args("source", "load", "load_path", "/tmp/image.tar"), Check: calls("load " + name)},
		{Name: "load from the controller", Setup: with("", ""), Args: args("source", "load"), Prepare: archive, Check: calls("load " + name)},
		{Name: "load what is in no archive", Setup: with("", ""), Args: args("source", "load"), Err: "load_path: "},
		{Name: "another image in the archive", Setup: with("", ""), Args: args("source", "load", "load_path", "/tmp/other.tar"), Err: "does not hold it"},
		{Name: "local", Setup: with("", ""), Args: args("source", "local"), Err: "source is local"},
		{Name: "another name", Setup: with("1", ""), Args: args("source", "local", "repository", "mine"), Check: calls("tag " + name + " mine:v2")},
		{Name: "remove", Setup: with("1", ""), Args: args("state", "absent"), Check: calls("remove " + name)},
		{Name: "gone", Setup: with("", ""), Args: args("state", "absent"), Unchanged: true},
		{Name: "no source", Args: args(), Err: "source: "},
		{Name: "build", Args: args("source", "build"), Err: "source: "},
		{Name: "push", Args: args("source", "pull", "push", true), Err: "push: "},
		{Name: "archive", Args: args("archive_path", "/x"), Err: "archive_path"},
		{Name: "Docker does not run", Args: args("source", "pull"), Err: "Docker is not running on this host"},
	})
}
