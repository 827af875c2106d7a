package debug

import (
	"testing"

	"kops/internal/run/action"
	"kops/internal/run/action/actiontest"
	"kops/internal/value"
)

func TestDebug(t *testing.T) {
	known := value.NewMap("n", int64(3), "l", value.NewList(value.Template{Source: "{{ n }}"}), "broken", value.Template{Source: "{{ nothing }}"},
		"later", value.Unknown{Why: "task x"})
	tests := []struct {
		name    string
		args    *value.Map
		want    *value.Map
		skipped bool
		unknown string
	}{
		{name: "nothing", args: value.NewMap(), want: value.NewMap("msg", "Hello world!")},
		{name: "any value", args: value.NewMap("msg", value.NewList(int64(1))), want: value.NewMap("msg", value.NewList(int64(1)))},
		{name: "null", args: value.NewMap("msg", nil), want: value.NewMap("msg", nil)},
		{name: "expression", args: value.NewMap("var", "n + 1"), want: value.NewMap("n + 1", int64(4))},
		{name: "templates within", args: value.NewMap("var", "l"), want: value.NewMap("l", value.NewList(int64(3)))},
		{name: "undefined", args: value.NewMap("var", "m"), want: value.NewMap("m", undefined)},
		{name: "undefined within", args: value.NewMap("var", "broken"), want: value.NewMap("broken", undefined)},
		{name: "template", args: value.NewMap("var", value.Template{Source: "{{ n }}"}), want: value.NewMap("{{ n }}", int64(3))},
		{name: "unknown", args: value.NewMap("var", "later"), unknown: "task x"},
		{name: "verbosity", args: value.NewMap("msg", "x", "verbosity", int64(2)), skipped: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := actiontest.Call{Vars: known, Args: tt.args, Change: func(e *action.Env) { e.Verbosity = 1 }}.Act(t, New())
			if err != nil || (out.Skipped != "") != tt.skipped || out.Unknown != tt.unknown {
				t.Fatalf("%+v %v", out, err)
			}
			if tt.want != nil && !value.Equal(out.Result, tt.want) {
				t.Errorf("%s, want %s", value.Repr(out.Result), value.Repr(tt.want))
			}
		})
	}
}
