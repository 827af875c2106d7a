package kafkaquota

import (
	"testing"

	"kops/internal/module/kafkaapi/kafkatest"
	"kops/internal/module/moduletest"
	"kops/internal/value"
)

func TestArguments(t *testing.T) {
	args := moduletest.Args
	rate := args("consumer_byte_rate", int64(5))
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "whose", Args: args("quotas", rate), Err: "user: "},
		{Name: "address and user", Args: args("quotas", rate, "ip", "10.0.0.1", "user", "a"), Err: "ip: "},
		{Name: "empty", Args: args("quotas", rate, "user", ""), Err: "user: "},
		{Name: "unknown quota", Args: args("quotas", args("consumer_bite_rate", int64(5)), "user", "a"), Err: "quotas: consumer_bite_rate"},
		{Name: "not a number", Args: args("quotas", args("consumer_byte_rate", "much"), "user", "a"), Err: "quotas: "},
		{Name: "nothing", Args: args("user", "a"), Err: "quotas: "},
	})
}

func TestQuotas(t *testing.T) {
	c := kafkatest.Start(t)
	m := New()
	for _, s := range []struct {
		name string
		args []value.Value
		diff string
	}{
		{"set", []value.Value{"user", "shop", "quotas", value.NewMap("consumer_byte_rate", int64(1000), "request_percentage", 12.5)}, "+consumer_byte_rate: 1000\n+request_percentage: 12.5\n"},
		{"of somebody else", []value.Value{"user", "shop", "client_id", "<default>", "quotas", value.NewMap("consumer_byte_rate", int64(7))}, "+consumer_byte_rate: 7\n"},
		{"remove one", []value.Value{"user", "shop", "quotas", value.NewMap("request_percentage", nil)}, "-consumer_byte_rate: 1000\n-request_percentage: 12.5\n+consumer_byte_rate: 1000\n"},
		{"remove all", []value.Value{"user", "shop", "state", "absent"}, "-consumer_byte_rate: 1000\n"},
		{"the other is still there", []value.Value{"user", "shop", "client_id", "<default>", "state", "absent"}, "-consumer_byte_rate: 7\n"},
	} {
		t.Run(s.name, func(t *testing.T) {
			if got := c.Apply(t, m, s.args...); got != s.diff {
				t.Errorf("diff\n%swant\n%s", got, s.diff)
			}
		})
	}
}
