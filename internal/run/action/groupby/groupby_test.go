package groupby

import (
	"slices"
	"testing"

	"kops/internal/run/action/actiontest"
	"kops/internal/value"
)

func TestGroupBy(t *testing.T) {
	known := value.NewMap("os", "Amazon Linux", "group_names", value.NewList("os_Debian"))
	for key, want := range map[value.Value]struct {
		group   string
		changed bool
	}{
		value.Template{Source: "os_{{ os }}"}: {"os_Amazon-Linux", true},
		"os_Debian":                           {"os_Debian", false},
	} {
		out, err := actiontest.Call{Vars: known, Args: value.NewMap("key", key)}.Act(t, New())
		if err != nil || !slices.Equal(out.Groups, []string{want.group}) || out.Changed != want.changed {
			t.Errorf("%v: %+v %v", key, out, err)
		}
	}
}
