package packages

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

func TestPackage(t *testing.T) {
	tests := []struct {
		name   string
		args   *value.Map
		vars   *value.Map
		facts  *value.Map
		want   string
		warned string
		err    string
	}{
		{name: "apt", facts: value.NewMap("ansible_pkg_mgr", "apt"), args: value.NewMap("extra", "x"), want: "apt"},
		{name: "dnf5", facts: value.NewMap("pkg_mgr", "dnf5"), want: "dnf"},
		{name: "use", args: value.NewMap("use", "other"), want: "other"},
		{name: "use an alias", args: value.NewMap("use", "yum"), want: "dnf"},
		{name: "variable", vars: value.NewMap("ansible_package_use", "dnf"), want: "dnf"},
		{name: "another manager", facts: value.NewMap("ansible_pkg_mgr", "zypper"), err: "package manager is zypper, for which kops has no module"},
		{name: "none", facts: &value.Map{}, err: "no package manager that kops knows"},
		{name: "no such module", args: value.NewMap("use", "brew"), err: `use: there is no module "brew"`},
		{name: "the module's argument", facts: value.NewMap("ansible_pkg_mgr", "apt"), args: value.NewMap("purge", true), err: `apt: unknown argument "purge"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := value.NewMap("name", "jq", "state", "present")
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
