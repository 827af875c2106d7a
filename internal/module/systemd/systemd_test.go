package systemd

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"kops/internal/module"
	"kops/internal/module/moduletest"
	"kops/internal/remote"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

func TestSystemd(t *testing.T) {
	args := moduletest.Args
	unit := func(active, enabled string, stale bool) func(h *remotetest.Host) {
		return func(h *remotetest.Host) {
			h.AddUnit("kafka.service", active, enabled)
			u := h.UnitsByName["kafka.service"]
			u.NeedDaemonReload = stale
			h.UnitsByName[u.Name] = u
			h.OnScript = func(h *remotetest.Host, script string) (remote.Result, error) { return remote.Result{}, nil }
		}
	}
	did := func(want ...string) func(*testing.T, *remotetest.Host, *value.Map) {
		return func(t *testing.T, h *remotetest.Host, r *value.Map) {
			var got []string
			for _, c := range h.Written() {
				got = append(got, c.Detail)
			}
			if strings.Join(got, "; ") != strings.Join(want, "; ") {
				t.Errorf("did %q, want %q", got, want)
			}
		}
	}
	predicts := func(want module.Prediction) func(*testing.T, module.Change) {
		return func(t *testing.T, c module.Change) {
			if c.Predict != want {
				t.Errorf("predicts %v, want %v", c.Predict, want)
			}
		}
	}
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "as it should be", Setup: unit("active", "enabled", false), Args: args("name", "kafka", "state", "started", "enabled", true), Unchanged: true,
			Check: func(t *testing.T, h *remotetest.Host, r *value.Map) {
				status := r.At("status").(*value.Map)
				if r.String("name") != "kafka" || r.String("state") != "started" || !r.Bool("enabled") || status.String("ActiveState") != "active" {
					t.Error(value.Str(r))
				}
			}},
		{Name: "start and enable", Setup: unit("inactive", "disabled", false), Args: args("name", "kafka.service", "state", "started", "enabled", true),
			Check: did("enable kafka.service", "start kafka.service")},
		{Name: "stop and disable", Setup: unit("active", "enabled", false), Args: args("unit", "kafka", "state", "stopped", "enabled", false),
			Check: did("disable kafka.service", "stop kafka.service")},
		{Name: "stopped already", Setup: unit("failed", "disabled", false), Args: args("name", "kafka", "state", "stopped"), Unchanged: true},
		{Name: "restart", Setup: unit("active", "enabled", false), Args: args("name", "kafka", "state", "restarted"), Repeats: true,
			CheckPlan: predicts(module.Changes), Check: did("restart kafka.service")},
		{Name: "restart what does not run", Setup: unit("inactive", "enabled", false), Args: args("name", "kafka", "state", "restarted"), Repeats: true,
			Check: did("start kafka.service")},
		{Name: "reload", Setup: unit("active", "enabled", false), Args: args("name", "kafka", "state", "reloaded"), Repeats: true,
			CheckPlan: predicts(module.Changes), Check: did("reload kafka.service")},
		{Name: "mask", Setup: unit("inactive", "disabled", false), Args: args("name", "kafka", "masked", true), Check: did("mask kafka.service")},
		{Name: "files have changed", Setup: unit("active", "enabled", true), Args: args("name", "kafka", "state", "started"),
			Check: func(t *testing.T, h *remotetest.Host, r *value.Map) {
				did("daemon-reload")(t, h, r)
				if !r.Bool("daemon_reloaded") {
					t.Error(value.Str(r))
				}
			}},
		{Name: "reload configuration, needed or not", Setup: unit("active", "enabled", false), Args: args("name", "kafka", "state", "started", "daemon_reload", true), Repeats: true,
			CheckPlan: predicts(module.None), Check: did("daemon-reload")},
		{Name: "reload configuration once", Setup: unit("active", "enabled", true), Args: args("name", "kafka", "state", "restarted", "daemon_reload", true), Repeats: true,
			Check: did("daemon-reload", "restart kafka.service")},
		{Name: "links bring a reload", Setup: unit("inactive", "disabled", false), Args: args("name", "kafka", "state", "started", "enabled", true, "daemon_reload", true), Repeats: true,
			Check: did("enable kafka.service", "start kafka.service")},
		{Name: "no unit", Args: args("daemon-reload", true, "daemon_reexec", true), Repeats: true, Setup: unit("active", "enabled", false),
			Check: did("systemctl daemon-reexec", "daemon-reload")},
		{Name: "no_block and force", Setup: unit("inactive", "disabled", false), Args: args("name", "kafka", "state", "started", "enabled", true, "no_block", true, "force", true), Repeats: true,
			Check: did("systemctl --force enable -- kafka.service", "systemctl --no-block start -- kafka.service")},
		{Name: "new unit that an old systemd finds after a reload", Args: args("name", "kafka", "state", "started", "daemon_reload", true), Repeats: true,
			Setup: func(h *remotetest.Host) {
				h.OnSystemd = func(h *remotetest.Host, verb remote.SystemdVerb, units []string) error {
					h.AddUnit("kafka.service", "active", "enabled")
					return nil
				}
			}},
		{Name: "no such unit", Args: args("name", "kafka", "state", "started"), Err: "Could not find the requested service kafka: host"},
		{Name: "no such unit after a reload", Args: args("name", "kafka", "state", "started", "daemon_reload", true), Err: "Could not find the requested service kafka: host"},
		{Name: "broken unit", Args: args("name", "kafka", "state", "started"), Err: "Error loading unit file 'kafka': bad-setting",
			Setup: func(h *remotetest.Host) {
				h.UnitsByName["kafka.service"] = remote.Unit{Name: "kafka.service", LoadState: "bad-setting"}
			}},
		{Name: "fails to start", Args: args("name", "kafka", "state", "started"), Err: "Unable to start kafka.service: exit-code: no such heap",
			Setup: func(h *remotetest.Host) {
				unit("inactive", "enabled", false)(h)
				h.OnSystemd = func(*remotetest.Host, remote.SystemdVerb, []string) error {
					return errors.New("exit-code: no such heap")
				}
			}},
		{Name: "nothing asked", Args: args("scope", "system"), Err: "one of these arguments is required: name, state, enabled"},
		{Name: "state without name", Args: args("state", "started"), Err: "state: needs name too"},
		{Name: "glob", Args: args("name", "kafka*", "state", "started"), Err: `name: "kafka*" is a glob`},
		{Name: "user scope", Args: args("name", "kafka", "state", "started", "scope", "user"), Err: "scope: user is not supported"},
	})
}

func TestMissingUnitMayComeEarlier(t *testing.T) {
	s := &Spec{Name: "kafka", State: "started", Scope: "system"}
	if _, err := s.Plan(t.Context(), remotetest.New()); !errors.Is(err, module.ErrDependsOnEarlier) {
		t.Errorf("%v", err)
	}
}

func TestDecide(t *testing.T) {
	yes, no := true, false
	for _, c := range []struct {
		spec Spec
		unit remote.Unit
		want string
	}{
		{Spec{State: "started"}, remote.Unit{ActiveState: "activating", SubState: "start"}, "[]"},
		{Spec{State: "started"}, remote.Unit{ActiveState: "activating", SubState: "auto-restart"}, "[start]"},
		{Spec{State: "started"}, remote.Unit{ActiveState: "deactivating"}, "[start]"},
		{Spec{State: "stopped"}, remote.Unit{ActiveState: "deactivating"}, "[stop]"},
		{Spec{Enabled: &yes}, remote.Unit{UnitFileState: "static"}, "[]"},
		{Spec{Enabled: &no}, remote.Unit{UnitFileState: "static"}, "[]"},
		{Spec{Enabled: &yes}, remote.Unit{UnitFileState: "enabled-runtime"}, "[enable]"},
		{Spec{Enabled: &yes}, remote.Unit{UnitFileState: "indirect"}, "[enable]"},
		{Spec{Enabled: &yes}, remote.Unit{UnitFileState: "linked"}, "[enable]"},
		{Spec{Enabled: &no}, remote.Unit{UnitFileState: "generated"}, "[disable]"},
		{Spec{Masked: &no, Enabled: &yes}, remote.Unit{UnitFileState: "masked", LoadState: "masked"}, "[unmask enable]"},
		{Spec{Masked: &yes}, remote.Unit{LoadState: "not-found"}, "[mask]"},
	} {
		if got := fmt.Sprint(c.spec.decide(c.unit).verbs); got != c.want {
			t.Errorf("%+v on %+v: %s, want %s", c.spec, c.unit, got, c.want)
		}
	}
}

func TestUnitName(t *testing.T) {
	for name, want := range map[string]string{"kafka": "kafka.service", "a.timer": "a.timer", "confluent.kafka": "confluent.kafka.service", "x@y": "x@y.service"} {
		if got := unitName(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
