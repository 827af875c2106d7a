// Package moduletest is the contract suite that every module runs. A module's own test
// is a table of situations; the suite holds what all modules promise:
//
//   - Plan twice gives the same change, and leaves the host untouched;
//   - a host that is as it should be costs one round trip, has no steps and no difference;
//   - after the steps, Plan finds nothing (a Case that Repeats says otherwise);
//   - an error about an argument names it; every argument is documented.
package moduletest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

// maxReplans is how often the suite plans again when a step asks for it.
const maxReplans = 3

// A Case is one situation: a host, arguments, and what is to come of them.
type Case struct {
	Name string
	// Setup makes the host what it is before; nil for remotetest.New() as it is.
	Setup func(h *remotetest.Host)
	// Args are the evaluated arguments: see Args. Decoding them gives the Spec.
	Args *value.Map
	// Prepare, where set, hands the decoded Spec what an action would hand it.
	Prepare func(s module.Spec)

	// Err is a part of the error that decoding, Plan or a step must end with; "" for none.
	Err string
	// Unchanged says that Plan must find nothing.
	Unchanged bool
	// Repeats says that Plan finds the same again after the steps, as for a command.
	Repeats bool
	// Check looks at the host after the steps and at the result that would be registered.
	Check func(t *testing.T, h *remotetest.Host, result *value.Map)
	// CheckPlan looks at the change before any step is done.
	CheckPlan func(t *testing.T, c module.Change)
}

// Args returns arguments of alternating names and values: Args("path", "/etc/motd", "force", true).
func Args(kv ...value.Value) *value.Map { return value.NewMap(kv...) }

// Run holds the module to the contract in each of the cases.
func Run(t *testing.T, m *module.Module, cases []Case) {
	t.Helper()
	t.Run("arguments", func(t *testing.T) { checkArguments(t, m) })
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) { runCase(t, m, c) })
	}
}

// checkArguments holds that arguments are documented and that errors name them.
func checkArguments(t *testing.T, m *module.Module) {
	if m.Doc.Summary == "" {
		t.Error("the module has no summary")
	}
	expectNamed(t, m, "no_such_argument", value.NewMap("no_such_argument", "x"))
	for _, a := range m.Arguments() {
		if a.Doc == "" {
			t.Errorf("argument %s has no doc", a.Name)
		}
		if len(a.Choices) > 0 && !a.Unsupported {
			expectNamed(t, m, a.Name, value.NewMap(a.Name, "no-such-choice"))
		}
		if a.Required {
			expectNamed(t, m, a.Name, value.NewMap())
		}
	}
}

func expectNamed(t *testing.T, m *module.Module, argument string, args *value.Map) {
	t.Helper()
	if _, errs := m.Decode(args); !strings.Contains(errors.Join(errs...).Error(), argument) {
		t.Errorf("no error names %s: %v", argument, errs)
	}
}

func runCase(t *testing.T, m *module.Module, c Case) {
	h := remotetest.New()
	if c.Setup != nil {
		c.Setup(h)
	}
	spec, errs := m.Decode(c.Args)
	if len(errs) > 0 {
		expectError(t, c, errors.Join(errs...))
		return
	}
	if c.Prepare != nil {
		c.Prepare(spec)
	}
	change, err := planTwice(t, spec, h)
	if err != nil {
		expectError(t, c, err)
		return
	}
	if c.CheckPlan != nil {
		c.CheckPlan(t, change)
	}
	if c.Unchanged {
		expectNothing(t, "the host is as it should be", change)
		if c.Check != nil {
			c.Check(t, h, change.Result)
		}
		return
	}
	if change.Predict == module.None && !c.Repeats && c.Err == "" {
		t.Fatal("Plan finds nothing to do")
	}
	result, err := apply(t, spec, change, h)
	if err != nil || c.Err != "" {
		expectError(t, c, err)
		return
	}
	if c.Check != nil {
		c.Check(t, h, result)
	}
	h.ForgetCalls()
	again, err := spec.Plan(context.Background(), h)
	switch {
	case err != nil:
		t.Errorf("planning after the steps: %v", err)
	case !c.Repeats:
		expectNothing(t, "the steps are done", again)
		expectOneTrip(t, h.Calls())
	}
}

func expectError(t *testing.T, c Case, err error) {
	t.Helper()
	switch {
	case err == nil:
		t.Errorf("no error, want %q", c.Err)
	case c.Err == "" || !strings.Contains(err.Error(), c.Err):
		t.Errorf("error %q, want %q", err, c.Err)
	}
}

// planTwice plans, and holds that the host is untouched and that the answer stays the same.
func planTwice(t *testing.T, spec module.Spec, h *remotetest.Host) (module.Change, error) {
	t.Helper()
	before := describe(h)
	first, err := spec.Plan(context.Background(), h)
	if err != nil {
		return first, err
	}
	trips := h.Calls()
	second, err := spec.Plan(context.Background(), h)
	if err != nil {
		t.Fatalf("the second Plan fails where the first did not: %v", err)
	}
	if a, b := withoutDo(first), withoutDo(second); !reflect.DeepEqual(a, b) {
		t.Errorf("planning twice differs:\n%+v\n%+v", a, b)
	}
	if written := h.Written(); len(written) > 0 {
		t.Errorf("Plan wrote: %v", written)
	}
	if after := describe(h); !reflect.DeepEqual(before, after) {
		t.Errorf("Plan changed the host:\n%v\n%v", before, after)
	}
	if first.Predict == module.None {
		expectOneTrip(t, trips)
	}
	return second, nil
}

func expectOneTrip(t *testing.T, trips []remotetest.Call) {
	t.Helper()
	if len(trips) > 1 {
		t.Errorf("an unchanged task takes %d round trips: %v", len(trips), trips)
	}
}

// expectNothing holds that a change is none.
func expectNothing(t *testing.T, why string, c module.Change) {
	t.Helper()
	if c.Predict != module.None || len(c.Steps) > 0 || len(c.Diffs) > 0 {
		t.Errorf("%s, but Plan finds %+v", why, withoutDo(c))
	}
}

// apply does the steps as the runner does, and returns the result that would be registered.
func apply(t *testing.T, spec module.Spec, c module.Change, h remote.Host) (*value.Map, error) {
	t.Helper()
	result := value.NewMap()
	for range maxReplans {
		result.Merge(c.Result)
		again := false
		for _, step := range c.Steps {
			if step.Summary == "" {
				t.Error("a step has no summary")
			}
			out, err := step.Do(context.Background(), h)
			if err != nil {
				return nil, err
			}
			result.Merge(out.Result)
			again = again || out.Replan
		}
		if !again {
			return result, nil
		}
		var err error
		if c, err = spec.Plan(context.Background(), h); err != nil {
			return nil, err
		}
	}
	t.Errorf("a step asks for another plan more than %d times", maxReplans)
	return result, nil
}

// withoutDo drops what cannot be compared: the functions of the steps, and the time at which
// Plan itself read a file.
func withoutDo(c module.Change) module.Change {
	c.Steps = slices.Clone(c.Steps)
	for i := range c.Steps {
		c.Steps[i].Do = nil
	}
	c.Effects = slices.Clone(c.Effects)
	for i, e := range c.Effects {
		if e.Path != nil {
			f := *e.Path
			f.AccTime = time.Time{}
			c.Effects[i].Path = &f
		}
	}
	return c
}

// describe returns all of the host's state.
func describe(h *remotetest.Host) map[string]any {
	return map[string]any{"files": h.Tree(), "users": clone(h.UsersByName), "groups": clone(h.GroupsByName),
		"units": clone(h.UnitsByName), "packages": clone(h.Installed)}
}

func clone[V any](m map[string]V) map[string]V {
	c := make(map[string]V, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}
