package kafkatopic

import (
	"strings"
	"testing"

	"kops/internal/module/kafkaapi/kafkatest"
	"kops/internal/module/moduletest"
	"kops/internal/value"
)

func TestArguments(t *testing.T) {
	args := moduletest.Args
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "bad name", Args: args("name", "a/b"), Err: "name: "},
		{Name: "dots", Args: args("name", ".."), Err: "name: "},
		{Name: "no partitions", Args: args("name", "a", "partitions", int64(-1)), Err: "partitions: "},
		{Name: "absent with partitions", Args: args("name", "a", "state", "absent", "partitions", int64(1)), Err: "state: "},
		{Name: "a mapping as a value", Args: args("name", "a", "configs", args("x", args())), Err: "configs: x: "},
		{Name: "bad bootstrap", Args: args("name", "a", "bootstrap", "kafka1"), Err: "bootstrap: "},
	})
}

func TestTopic(t *testing.T) {
	c := kafkatest.Start(t)
	m := New()
	settings := func(kv ...value.Value) *value.Map { return value.NewMap(kv...) }
	steps := []struct {
		name string
		args []value.Value
		diff string
		err  string
	}{
		{name: "create", args: []value.Value{"partitions", int64(2), "replication_factor", int64(3), "configs", settings("retention.ms", int64(1000), "cleanup.policy", value.NewList("compact", "delete"))},
			diff: "+partitions: 2\n+replication_factor: 3\n+configs:\n+  cleanup.policy: compact,delete\n+  retention.ms: 1000\n"},
		{name: "as it is", args: []value.Value{"partitions", int64(2), "replica_factor", int64(3), "options", settings("retention.ms", "1000")}},
		{name: "nothing asked", args: nil},
		{name: "more partitions, another setting", args: []value.Value{"partitions", int64(4), "configs", settings("retention.ms", int64(5))},
			diff: "-partitions: 2\n-replication_factor: 3\n-configs:\n-  cleanup.policy: compact,delete\n-  retention.ms: 1000\n" +
				"+partitions: 4\n+replication_factor: 3\n+configs:\n+  cleanup.policy: compact,delete\n+  retention.ms: 5\n"},
		{name: "fewer partitions", args: []value.Value{"partitions", int64(3)}, err: "partitions: topic orders has 4 partitions"},
		{name: "another replication factor", args: []value.Value{"replication_factor", int64(2)}, err: "replication_factor: topic orders has 3 replicas"},
		{name: "a setting goes", args: []value.Value{"configs", settings("retention.ms", nil)},
			diff: "-partitions: 4\n-replication_factor: 3\n-configs:\n-  cleanup.policy: compact,delete\n-  retention.ms: 5\n+partitions: 4\n+replication_factor: 3\n+configs:\n+  cleanup.policy: compact,delete\n"},
		{name: "the others too", args: []value.Value{"purge", true},
			diff: "-partitions: 4\n-replication_factor: 3\n-configs:\n-  cleanup.policy: compact,delete\n+partitions: 4\n+replication_factor: 3\n"},
		{name: "delete", args: []value.Value{"state", "absent"}, diff: "-partitions: 4\n-replication_factor: 3\n"},
		{name: "too few brokers", args: []value.Value{"replication_factor", int64(4)}, err: "create topic orders: INVALID_REPLICATION_FACTOR"},
	}
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			args := append([]value.Value{"name", "orders"}, s.args...)
			if s.err != "" {
				if _, err := c.Plan(t, m, args...); err == nil || !strings.Contains(err.Error(), s.err) {
					t.Errorf("error %v, want %q", err, s.err)
				}
				return
			}
			if got := c.Apply(t, m, args...); got != s.diff {
				t.Errorf("diff\n%swant\n%s", got, s.diff)
			}
		})
	}
}
