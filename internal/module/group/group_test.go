package group

import (
	"fmt"
	"strings"
	"testing"

	"kops/internal/module"
	"kops/internal/module/moduletest"
	"kops/internal/remote"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

func TestGroup(t *testing.T) {
	args := moduletest.Args
	existing := func(h *remotetest.Host) { h.AddGroup("kafka", 500); h.OnScript = shadow }
	empty := func(h *remotetest.Host) { h.OnScript = shadow }
	gid := func(want int64) func(*testing.T, *remotetest.Host, *value.Map) {
		return func(t *testing.T, h *remotetest.Host, r *value.Map) {
			if got := r.At("gid"); got != want {
				t.Errorf("gid %v, want %d", got, want)
			}
		}
	}
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "there", Setup: existing, Args: args("name", "kafka"), Unchanged: true, Check: gid(500)},
		{Name: "there with number", Setup: existing, Args: args("name", "kafka", "gid", int64(500)), Unchanged: true},
		{Name: "new", Setup: empty, Args: args("name", "kafka", "system", true), Check: gid(999)},
		{Name: "new with number", Setup: empty, Args: args("name", "kafka", "gid", int64(700)), Check: gid(700)},
		{Name: "other number", Setup: existing, Args: args("name", "kafka", "gid", "600"), Check: gid(600)},
		{Name: "gone already", Setup: empty, Args: args("name", "kafka", "state", "absent"), Unchanged: true},
		{Name: "remove", Setup: existing, Args: args("name", "kafka", "state", "absent"),
			CheckPlan: func(t *testing.T, c module.Change) {
				if e := c.Effects[0]; !e.Gone || e.Group.Name != "kafka" {
					t.Errorf("effect %+v", e)
				}
			}},
		{Name: "number alone finds nothing", Setup: existing, Args: args("name", "500", "state", "absent"), Unchanged: true},
		{Name: "the tool fails", Setup: func(h *remotetest.Host) {
			h.OnScript = func(*remotetest.Host, string) (remote.Result, error) {
				return remote.Result{ExitCode: 4, Stderr: []byte("groupadd: GID '0' already exists")}, nil
			}
		}, Args: args("name", "kafka", "gid", int64(0)), Err: "GID '0' already exists"},
		{Name: "local", Args: args("name", "kafka", "local", true), Err: "local: not supported"},
	})
}

func TestDecide(t *testing.T) {
	number := 700
	for _, c := range []struct {
		spec   Spec
		exists bool
		want   string
	}{
		{Spec{State: "present", System: true, GIDMin: &number}, false, "groupadd -r -K GID_MIN=700 kafka"},
		{Spec{State: "present", GID: &number, NonUnique: true}, true, "groupmod -g 700 -o kafka"},
		{Spec{State: "absent", Force: true}, true, "groupdel -f kafka"},
	} {
		c.spec.Name = "kafka"
		got, _ := c.spec.decide(remote.Group{Name: "kafka", GID: 500}, c.exists)
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// shadow answers groupadd, groupmod and groupdel.
func shadow(h *remotetest.Host, script string) (remote.Result, error) {
	words := strings.Fields(script)
	name := words[len(words)-1]
	g := remote.Group{Name: name, GID: 999}
	for i, w := range words {
		if w == "-g" {
			fmt.Sscan(words[i+1], &g.GID)
		}
	}
	if words[0] == "groupdel" {
		delete(h.GroupsByName, name)
	} else {
		h.GroupsByName[name] = g
	}
	return remote.Result{}, nil
}
