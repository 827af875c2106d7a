// Package actiontest calls actions as the runner does, without one.
package actiontest

import (
	"context"
	"errors"
	"testing"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/remote/remotetest"
	"kops/internal/run/action"
	"kops/internal/template"
	"kops/internal/value"
	"kops/internal/vars"
)

// A Call is one task on one host.
type Call struct {
	Vars   *value.Map // of the host; may hold templates
	Args   *value.Map // as the playbook has them
	Search []string   // folders that files are looked for in
	Engine *template.Engine
	Host   *remotetest.Host // nil for an empty one
	Change func(*action.Env)
}

// Pos is the place of every task.
var Pos = value.Position{File: "site.yaml", Line: 7, Column: 5}

// Act evaluates and decodes the arguments and calls the action.
func (c Call) Act(t *testing.T, m *module.Module) (action.Outcome, error) {
	t.Helper()
	env := c.env()
	args, err := env.Scope.Map(c.Args)
	if err != nil {
		return action.Outcome{}, err
	}
	env.Raw = args
	spec, problems := m.Decode(args)
	if len(problems) > 0 {
		return action.Outcome{}, errors.Join(problems...)
	}
	return spec.(action.Spec).Act(t.Context(), env)
}

func (c Call) env() *action.Env {
	engine := c.Engine
	if engine == nil {
		engine = template.New(template.Options{})
	}
	h := c.Host
	if h == nil {
		h = remotetest.New()
	}
	set := (&vars.Set{}).With(vars.PlayVars, c.Vars)
	env := &action.Env{
		Changing: func(context.Context) error { return nil },
		Host:     "zk1", Task: "the task", Pos: Pos, Written: c.Args,
		Scope:  engine.Scope(context.Background(), set, c.Search),
		Reader: func(context.Context) (remote.Reader, error) { return h, nil },
		Warn:   func(string) {},
	}
	if c.Change != nil {
		c.Change(env)
	}
	return env
}

// Apply acts, plans what is left for the host and carries it out. The result is what
// would be registered.
func (c Call) Apply(t *testing.T, m *module.Module) (module.Change, *value.Map, error) {
	t.Helper()
	out, err := c.Act(t, m)
	if err != nil {
		return module.Change{}, out.Result, err
	}
	if out.Spec == nil {
		t.Fatal("the action leaves nothing for the host")
	}
	change, err := out.Spec.Plan(t.Context(), c.Host)
	if err != nil {
		return change, nil, err
	}
	result := out.Result.Clone().Merge(change.Result)
	for _, s := range change.Steps {
		done, err := s.Do(t.Context(), c.Host)
		if err != nil {
			return change, result, err
		}
		result.Merge(done.Result)
	}
	return change, result, nil
}
