package all

import (
	"slices"
	"testing"

	"kops/internal/module"
	modules "kops/internal/module/all"
	"kops/internal/run/action"
)

func TestModules(t *testing.T) {
	names := []string{}
	for _, m := range Modules() {
		names = append(names, m.Name)
		if _, ok := m.New().(action.Spec); !ok {
			t.Errorf("%s is no action", m.Name)
		}
		if m.Doc.Summary == "" || m.Doc.Examples == "" {
			t.Errorf("%s is not documented", m.Name)
		}
		for _, a := range m.Arguments() {
			if a.Doc == "" {
				t.Errorf("%s: argument %s has no doc", m.Name, a.Name)
			}
		}
	}
	if len(slices.Compact(slices.Sorted(slices.Values(names)))) != len(names) {
		t.Errorf("a name twice in %v", names)
	}
	module.NewRegistry(modules.Modules()).Override(Modules())
}
