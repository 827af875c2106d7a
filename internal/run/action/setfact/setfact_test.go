package setfact

import (
	"strings"
	"testing"

	"kops/internal/run/action/actiontest"
	"kops/internal/value"
)

func TestSetFact(t *testing.T) {
	key := value.Template{Source: "{{ name }}"}
	tests := []struct {
		name string
		args *value.Map
		want *value.Map
		err  string
	}{
		{name: "values", args: value.NewMap("a", value.Template{Source: "{{ 1 + 1 }}"}, "cacheable", true), want: value.NewMap("a", int64(2))},
		{name: "name from a template", args: value.NewMap(key, "x"), want: value.NewMap("zk", "x")},
		{name: "nothing", args: value.NewMap("cacheable", true), err: "no variable is given"},
		{name: "wrong name", args: value.NewMap("kafka-id", "x"), err: "'kafka-id' is not a valid name"},
		{name: "keyword", args: value.NewMap("not", "x"), err: "'not' is not a valid name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := actiontest.Call{Vars: value.NewMap("name", "zk"), Args: tt.args}.Act(t, New())
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v", err)
				}
				return
			}
			if err != nil || !value.Equal(out.Facts, tt.want) || out.Changed {
				t.Errorf("%+v %v", out, err)
			}
		})
	}
}
