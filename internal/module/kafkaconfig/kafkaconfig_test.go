package kafkaconfig

import (
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"kops/internal/module/kafkaapi/kafkatest"
	"kops/internal/module/moduletest"
	"kops/internal/value"
)

func TestArguments(t *testing.T) {
	args := moduletest.Args
	some := args("retention.ms", int64(1))
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "whose", Args: args("configs", some), Err: "topic"},
		{Name: "two", Args: args("configs", some, "topic", "a", "broker", int64(1)), Err: "topic"},
		{Name: "no one's", Args: args("configs", some, "all_brokers", false), Err: "all_brokers: "},
		{Name: "none", Args: args("configs", args(), "topic", "a"), Err: "configs: "},
	})
}

func TestTopicsSettings(t *testing.T) {
	c := kafkatest.Start(t, kfake.SeedTopics(1, "orders"))
	m := New()
	some := value.NewMap("retention.ms", int64(1000), "max.message.bytes", int64(2000))
	for _, s := range []struct {
		name string
		args []value.Value
		diff string
	}{
		{"set", []value.Value{"configs", some}, "+max.message.bytes: 2000\n+retention.ms: 1000\n"},
		{"delete one", []value.Value{"configs", value.NewMap("retention.ms", nil)}, "-max.message.bytes: 2000\n-retention.ms: 1000\n+max.message.bytes: 2000\n"},
		{"delete them", []value.Value{"configs", some, "state", "absent"}, "-max.message.bytes: 2000\n"},
	} {
		t.Run(s.name, func(t *testing.T) {
			if got := c.Apply(t, m, append([]value.Value{"topic", "orders"}, s.args...)...); got != s.diff {
				t.Errorf("diff\n%swant\n%s", got, s.diff)
			}
		})
	}
	if _, err := c.Plan(t, m, "topic", "nope", "configs", some); err == nil || !strings.Contains(err.Error(), "topic nope: there is no such topic") {
		t.Errorf("error %v", err)
	}
}
