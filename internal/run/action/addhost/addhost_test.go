package addhost

import (
	"strings"
	"testing"

	"kops/internal/run/action/actiontest"
	"kops/internal/value"
)

func TestAddHost(t *testing.T) {
	known := value.NewMap("groups", value.NewMap("all", value.NewList("old"), "kafka", value.NewList("old")))
	tests := []struct {
		name    string
		args    *value.Map
		host    string
		groups  string
		vars    *value.Map
		changed bool
		err     string
	}{
		{name: "new", args: value.NewMap("hostname", "new", "groups", "kafka, brokers", "id", int64(4)), host: "new", groups: "kafka,brokers", vars: value.NewMap("id", int64(4)), changed: true},
		{name: "port", args: value.NewMap("name", "new:2222"), host: "new", vars: value.NewMap("ansible_port", int64(2222)), changed: true},
		{name: "IPv6", args: value.NewMap("name", "fe80::1"), host: "fe80::1", vars: value.NewMap(), changed: true},
		{name: "known", args: value.NewMap("name", "old", "group", value.NewList("kafka")), host: "old", groups: "kafka", vars: value.NewMap()},
		{name: "known, new group", args: value.NewMap("name", "old", "group", "x"), host: "old", groups: "x", vars: value.NewMap(), changed: true},
		{name: "no name", args: value.NewMap("groups", "x"), err: `missing required argument "name"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := actiontest.Call{Vars: known, Args: tt.args}.Act(t, New())
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil || out.Changed != tt.changed {
				t.Fatalf("%+v %v", out, err)
			}
			if h := out.AddHost; h.Name != tt.host || strings.Join(h.Groups, ",") != tt.groups || !value.Equal(h.Vars, tt.vars) {
				t.Errorf("%+v %s", h, value.Repr(h.Vars))
			}
		})
	}
}
