package assert

import (
	"errors"
	"strings"
	"testing"

	"kops/internal/module"
	"kops/internal/run/action/actiontest"
	"kops/internal/value"
)

func TestAssert(t *testing.T) {
	tpl := func(s string) value.Value {
		return value.Template{Source: s, Pos: value.Position{File: "site.yaml", Line: 9, Column: 9}}
	}
	known := value.NewMap("n", int64(3), "later", value.Unknown{Why: "the result of task x"}, "evil", "lookup('pipe', 'false')",
		"checks", value.NewList("n == 3", "n > 5"))
	tests := []struct {
		name    string
		args    *value.Map
		failed  string // the condition that is false
		err     string
		unknown string
	}{
		{name: "one", args: value.NewMap("that", "n == 3")},
		{name: "a list", args: value.NewMap("that", value.NewList("n == 3", true, "n is odd"))},
		{name: "false", args: value.NewMap("that", value.NewList("n == 3", "n > 5"), "fail_msg", "too few"), failed: "n > 5"},
		{name: "false template", args: value.NewMap("that", tpl("{{ n > 5 }}")), failed: "{{ n > 5 }}"},
		{name: "template of a list", args: value.NewMap("that", tpl("{{ checks }}")), failed: "n > 5"},
		{name: "literal", args: value.NewMap("that", false), failed: "False"},
		{name: "a host's text is no expression", args: value.NewMap("that", tpl("{{ evil }}")), err: "conditions must be true or false"},
		{name: "no boolean", args: value.NewMap("that", "n"), err: "conditions must be true or false"},
		{name: "undefined", args: value.NewMap("that", "m == 3"), err: "'m' is undefined"},
		{name: "unknown", args: value.NewMap("that", value.NewList("later == 1", "n == 3")), unknown: "the result of task x"},
		{name: "unknown, but false anyway", args: value.NewMap("that", value.NewList("later == 1", "n == 4")), failed: "n == 4"},
		{name: "message", args: value.NewMap("that", true, "fail_msg", value.NewMap()), err: "fail_msg: wants text or a list of texts"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := actiontest.Call{Vars: known, Args: tt.args}.Act(t, New())
			var f *module.Failure
			switch {
			case tt.err != "":
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v", err)
				}
			case tt.failed != "":
				if !errors.As(err, &f) || value.Str(f.Result.At("assertion")) != tt.failed || f.Result.At("evaluated_to") != false {
					t.Fatalf("error %v %+v", err, f)
				}
				if want, ok := tt.args.Get("fail_msg"); ok && f.Result.At("msg") != want {
					t.Errorf("msg %v", f.Result.At("msg"))
				}
			case err != nil:
				t.Fatal(err)
			case out.Unknown != tt.unknown || out.Result.At("msg") != "All assertions passed":
				t.Errorf("%+v", out)
			}
		})
	}
}
