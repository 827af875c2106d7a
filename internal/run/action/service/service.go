// Package service is the action service: it lets the module of the host's own service
// manager do the work.
package service

import (
	"context"
	"errors"
	"fmt"

	"kops/internal/module"
	"kops/internal/module/systemd"
	"kops/internal/run/action"
	"kops/internal/value"
)

// unused are the arguments that mean nothing to systemd.
var unused = []string{"pattern", "runlevel", "sleep", "arguments", "args"}

// Spec is the arguments that all service managers have; others are the chosen module's.
type Spec struct {
	action.OnController
	Name    string `arg:"name,required" doc:"the service"`
	State   string `arg:"state,choices=started|stopped|restarted|reloaded" doc:"started and stopped act where needed; restarted and reloaded always"`
	Enabled *bool  `arg:"enabled" doc:"whether the service starts at boot"`
	Use     string `arg:"use" doc:"the module to use; auto chooses it by the host's facts"`
}

// New describes the action.
func New() *module.Module {
	return &module.Module{
		Name:       "service",
		Collection: "ansible.builtin",
		Open:       true,
		Doc: module.Doc{
			Summary: "Starts, stops and enables services by the host's own service manager.",
			Notes: []string{
				"It ends in systemd, and takes its arguments too.",
				"The arguments pattern, runlevel, sleep and arguments mean nothing to systemd: a warning says so.",
			},
			Examples: "- service:\n    name: docker\n    state: started\n    enabled: true\n",
			Returns:  []module.Return{{Name: "(as systemd)", Type: "", Text: "what the chosen module returns"}},
		},
		New: func() module.Spec { return &Spec{Use: "auto"} },
	}
}

// Take accepts the arguments of the module that will be chosen, which checks them.
func (s *Spec) Take(*value.Map) error { return nil }

// Touches implements module.Toucher: what systemd's module would touch.
func (s *Spec) Touches() []module.Effect {
	return (&systemd.Spec{Name: s.Name, State: s.State}).Touches()
}

// Act chooses the module and decodes its arguments.
func (s *Spec) Act(ctx context.Context, env *action.Env) (action.Outcome, error) {
	name, err := s.choose(ctx, env)
	if err != nil {
		return action.Outcome{}, err
	}
	m, ok := env.Registry.Find(name)
	if !ok || name == "service" {
		return action.Outcome{}, fmt.Errorf("use: there is no module %q for services", name)
	}
	args := env.Raw.Clone()
	args.Delete("use")
	for _, a := range unused {
		if args.Delete(a) {
			env.Warn(fmt.Sprintf("%s is left out: it means nothing to %s", a, name))
		}
	}
	spec, problems := m.Decode(args)
	if len(problems) > 0 {
		return action.Outcome{}, errors.Join(problems...)
	}
	return action.Outcome{Spec: spec}, nil
}

func (s *Spec) choose(ctx context.Context, env *action.Env) (string, error) {
	if s.Use != "auto" {
		return s.Use, nil
	}
	facts, err := env.Facts(ctx)
	if err != nil {
		return "", err
	}
	manager := facts.String("ansible_service_mgr")
	if manager == "" {
		manager = facts.String("service_mgr")
	}
	if manager != "systemd" {
		if manager == "" {
			manager = "unknown"
		}
		return "", fmt.Errorf("the host's service manager is %s: kops manages the services of systemd; use command instead", manager)
	}
	return "systemd", nil
}
