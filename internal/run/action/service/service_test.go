package service

import (
	"context"
	"strings"
	"testing"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/run/action"
	"kops/internal/run/action/actiontest"
	"kops/internal/value"
)

// chosen is a stand-in for the module that does the work.
type chosen struct {
	Name  string `arg:"name"`
	State string `arg:"state"`
	Extra string `arg:"extra"`
	by    string
}

func (chosen) Plan(context.Context, remote.Reader) (module.Change, error) {
	return module.Change{}, nil
}

func registry(names ...string) *module.Registry {
	var all []*module.Module
	for _, name := range names {
		all = append(all, &module.Module{Name: name, New: func() module.Spec { return &chosen{by: name} }})
	}
	return module.NewRegistry(all)
}

func TestService(t *testing.T) {
	tests := []struct {
		name   string
		args   *value.Map
		vars   *value.Map
		facts  *value.Map
		want   string
		warned string
		err    string
	}{
		{name: "systemd", facts: value.NewMap("ansible_service_mgr", "systemd"), args: value.NewMap("extra", "x"), want: "systemd"},
		{name: "use", args: value.NewMap("use", "other"), want: "other"},
		{name: "left out", facts: value.NewMap("service_mgr", "systemd"), args: value.NewMap("sleep", int64(1)), want: "systemd", warned: "sleep is left out: it means nothing to systemd"},
		{name: "another manager", facts: value.NewMap("ansible_service_mgr", "openrc"), err: "service manager is openrc: kops manages"},
		{name: "none", facts: &value.Map{}, err: "service manager is unknown"},
		{name: "no such module", args: value.NewMap("use", "runit"), err: `use: there is no module "runit"`},
		{name: "choice", args: value.NewMap("state", "up"), err: `"up" is not one of started`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := value.NewMap("name", "docker", "state", "started")
			args.Merge(tt.args)
			warned := ""
			out, err := actiontest.Call{Args: args, Vars: tt.vars, Change: func(e *action.Env) {
				e.Registry = registry("apt", "dnf", "systemd", "other")
				e.Facts = func(context.Context) (*value.Map, error) { return tt.facts, nil }
				e.Warn = func(msg string) { warned += msg }
			}}.Act(t, New())
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := out.Spec.(*chosen); got.by != tt.want || got.Extra != value.Str(args.At("extra")) && args.At("extra") != nil {
				t.Errorf("%+v", got)
			}
			if warned != tt.warned {
				t.Errorf("warned %q", warned)
			}
		})
	}
}
