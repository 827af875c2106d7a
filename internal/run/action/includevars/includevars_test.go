package includevars

import (
	"strings"
	"testing"

	"kops/internal/run/action"
	"kops/internal/run/action/actiontest"
	"kops/internal/value"
	"kops/internal/yamlpos"
)

func TestIncludeVars(t *testing.T) {
	b := value.Template{Source: "{{ a }}", Pos: value.Position{File: "testdata/vars/one.yaml", Line: 2, Column: 5}}
	tests := []struct {
		name string
		args *value.Map
		want *value.Map
		err  string
	}{
		{name: "file", args: value.NewMap("_raw_params", "one.yaml"), want: value.NewMap("a", int64(1), "b", b)},
		{name: "below a name", args: value.NewMap("file", "all/1.yml", "name", "n"), want: value.NewMap("n", value.NewMap("a", int64(1)))},
		{name: "folder", args: value.NewMap("dir", "all", "ignore_unknown_extensions", true), want: value.NewMap("a", int64(2))},
		{name: "depth", args: value.NewMap("dir", "all", "depth", int64(1), "ignore_files", value.NewList(`\.txt`)), want: value.NewMap("a", int64(1))},
		{name: "matching", args: value.NewMap("dir", "all", "files_matching", "^2"), want: value.NewMap("a", int64(2))},
		{name: "extension", args: value.NewMap("dir", "all"), err: "README.txt does not have a valid extension"},
		{name: "missing", args: value.NewMap("file", "none.yaml"), err: `file: there is no "none.yaml"`},
		{name: "depth without a folder", args: value.NewMap("file", "one.yaml", "depth", int64(1)), err: "depth: needs dir too"},
		{name: "pattern", args: value.NewMap("dir", "all", "files_matching", "("), err: "files_matching: "},
		{name: "nothing", args: value.NewMap(), err: "one of these arguments is required: file, dir"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := actiontest.Call{Args: tt.args, Search: []string{"testdata"}}
			c.Change = func(e *action.Env) {
				e.LoadVars = func(path string) (*value.Map, error) {
					m, _, list := yamlpos.LoadMap(path, yamlpos.Options{})
					return m, list.Err()
				}
			}
			out, err := c.Act(t, New())
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil || out.Level != action.IncludeVars || value.Repr(out.Facts) != value.Repr(tt.want) {
				t.Errorf("%s %v", value.Repr(out.Facts), err)
			}
		})
	}
}
