package kafkaacl

import (
	"testing"

	"kops/internal/module/kafkaapi/kafkatest"
	"kops/internal/module/moduletest"
	"kops/internal/value"
)

func TestArguments(t *testing.T) {
	args := moduletest.Args
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "no kind", Args: args("principal", "shop", "resource_type", "topic", "name", "a", "operations", "read"), Err: "principal: "},
		{Name: "no name", Args: args("principal", "User:shop", "resource_type", "topic", "operations", "read"), Err: "name: "},
		{Name: "the cluster's name", Args: args("principal", "User:shop", "resource_type", "cluster", "name", "x", "operations", "create"), Err: "name: "},
		{Name: "no operation", Args: args("principal", "User:shop", "resource_type", "topic", "name", "a"), Err: "operations: "},
	})
}

func TestRules(t *testing.T) {
	c := kafkatest.Start(t)
	m := New()
	const read, write, deny = "User:shop: allow read on topic orders from host *\n", "User:shop: allow write on topic orders from host *\n", "User:shop: deny read on topic orders from host 10.0.0.1\n"
	for _, s := range []struct {
		name string
		args []value.Value
		diff string
	}{
		{"add", []value.Value{"operations", value.NewList("read", "write")}, "+" + read + "+" + write},
		{"one is there", []value.Value{"operation", "read"}, ""},
		{"deny one address", []value.Value{"operation", "read", "permission", "deny", "host", "10.0.0.1"}, "-" + read + "-" + write + "+" + read + "+" + write + "+" + deny},
		{"take one away", []value.Value{"operation", "read", "state", "absent"}, "-" + read + "-" + write + "-" + deny + "+" + write + "+" + deny},
		{"exactly this", []value.Value{"operation", "read", "state", "exact"}, "-" + write + "-" + deny + "+" + read},
		{"all operations away", []value.Value{"state", "absent"}, "-" + read},
		{"nothing is left", []value.Value{"state", "absent"}, ""},
	} {
		t.Run(s.name, func(t *testing.T) {
			args := append([]value.Value{"principal", "User:shop", "resource_type", "topic", "name", "orders"}, s.args...)
			if got := c.Apply(t, m, args...); got != s.diff {
				t.Errorf("diff\n%swant\n%s", got, s.diff)
			}
		})
	}
}
