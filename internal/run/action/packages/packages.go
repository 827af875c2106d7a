// Package packages is the action package: it lets the module of the host's own package
// manager do the work.
package packages

import (
	"context"
	"errors"
	"fmt"

	"kops/internal/module"
	"kops/internal/module/apt"
	"kops/internal/run/action"
	"kops/internal/value"
)

// modules are the modules by the name that facts have for a package manager.
var modules = map[string]string{"apt": "apt", "dnf": "dnf", "dnf5": "dnf", "yum": "dnf"}

// Spec is the arguments that all package managers have; others are the chosen module's.
type Spec struct {
	action.OnController
	Name  []string `arg:"name,required" doc:"names of packages, with versions as the package manager writes them"`
	State string   `arg:"state,required" doc:"present, absent or latest; others as the package manager's module has them"`
	Use   string   `arg:"use" doc:"the module to use; auto chooses it by the host's facts"`
}

// New describes the action.
func New() *module.Module {
	return &module.Module{
		Name:       "package",
		Collection: "ansible.builtin",
		Open:       true,
		Doc: module.Doc{
			Summary:  "Installs and removes packages by the host's own package manager.",
			Notes:    []string{"It ends in apt or dnf, and takes their arguments too."},
			Examples: "- package:\n    name: openjdk-17-jre-headless\n    state: present\n",
			Returns:  []module.Return{{Name: "(as apt or dnf)", Type: "", Text: "what the chosen module returns"}},
		},
		New: func() module.Spec { return &Spec{Use: "auto"} },
	}
}

// Take accepts the arguments of the module that will be chosen, which checks them.
func (s *Spec) Take(*value.Map) error { return nil }

// Touches implements module.Toucher.
func (s *Spec) Touches() []module.Effect { return (&apt.Spec{Name: s.Name}).Touches() }

// Act chooses the module and decodes its arguments.
func (s *Spec) Act(ctx context.Context, env *action.Env) (action.Outcome, error) {
	name, err := s.choose(ctx, env)
	if err != nil {
		return action.Outcome{}, err
	}
	m, ok := env.Registry.Find(name)
	if !ok {
		return action.Outcome{}, fmt.Errorf("use: there is no module %q", name)
	}
	args := env.Raw.Clone()
	args.Delete("use")
	spec, problems := m.Decode(args)
	if len(problems) > 0 {
		return action.Outcome{}, errors.Join(problems...)
	}
	return action.Outcome{Spec: spec}, nil
}

func (s *Spec) choose(ctx context.Context, env *action.Env) (string, error) {
	use := s.Use
	if use == "auto" {
		v, ok, err := env.Scope.Var("ansible_package_use")
		if err != nil {
			return "", err
		}
		if text, isText := v.(string); ok && isText && text != "" {
			use = text
		}
	}
	if use != "auto" {
		if name, ok := modules[use]; ok {
			return name, nil
		}
		return use, nil
	}
	facts, err := env.Facts(ctx)
	if err != nil {
		return "", err
	}
	manager := facts.String("ansible_pkg_mgr")
	if manager == "" {
		manager = facts.String("pkg_mgr")
	}
	if name, ok := modules[manager]; ok {
		return name, nil
	}
	if manager == "" || manager == "unknown" {
		return "", errors.New("the host has no package manager that kops knows (apt, dnf): use command, or install one")
	}
	return "", fmt.Errorf("the host's package manager is %s, for which kops has no module: it has apt and dnf; use command instead", manager)
}
