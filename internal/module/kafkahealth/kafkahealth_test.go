package kafkahealth

import (
	"context"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"kops/internal/module"
	"kops/internal/module/kafkaapi/kafkatest"
	"kops/internal/module/moduletest"
	"kops/internal/remote"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

func TestArguments(t *testing.T) { moduletest.Run(t, New(), nil) }

func TestBadArguments(t *testing.T) {
	tests := []struct {
		name string
		args *value.Map
		err  string
	}{
		{"no port", value.NewMap("bootstrap", "kafka1"), "bootstrap: "},
		{"brokers", value.NewMap("brokers", "three"), "brokers: "},
		{"ids", value.NewMap("brokers", value.NewList("a")), "brokers: "},
		{"negative", value.NewMap("offline", int64(-1)), "offline: "},
		{"glob", value.NewMap("ignore_topics", "["), "ignore_topics: "},
		{"login without a name", value.NewMap("security_protocol", "SASL_SSL"), "security_protocol: "},
		{"login without SASL", value.NewMap("sasl_mechanism", "PLAIN"), "sasl_mechanism: "},
		{"CA without TLS", value.NewMap("tls_ca", "/ca.pem"), "tls_ca"},
		{"controllers", value.NewMap("controllers", "kafka1"), "controllers: "},
		{"interval", value.NewMap("interval", int64(0)), "interval: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, errs := New().Decode(tt.args)
			if len(errs) == 0 || !strings.Contains(errs[0].Error(), tt.err) {
				t.Errorf("errors %v, want %q", errs, tt.err)
			}
		})
	}
}

func host(t *testing.T) (*remotetest.Host, string) {
	t.Helper()
	c := kafkatest.Start(t, kfake.SeedTopics(4, "orders"))
	return c.Host, c.ListenAddrs()[0]
}

func decode(t *testing.T, args *value.Map) module.Spec {
	t.Helper()
	spec, errs := New().Decode(args)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return spec
}

func TestHealthy(t *testing.T) {
	h, address := host(t)
	change, err := decode(t, value.NewMap("bootstrap", address, "brokers", int64(3))).Plan(context.Background(), h)
	if err != nil {
		t.Fatal(err)
	}
	if change.Predict != module.None || len(change.Steps) > 0 || !change.Result.Bool("healthy") {
		t.Errorf("change %+v", change)
	}
	if got := change.Result.At("partitions"); got != int64(4) {
		t.Errorf("partitions %v, want 4", got)
	}
}

func TestUnhealthySaysWhatIsMissing(t *testing.T) {
	h, address := host(t)
	tests := []struct {
		name string
		args *value.Map
		err  string
	}{
		{"a broker is missing", value.NewMap("bootstrap", address, "brokers", int64(4)), "3 of 4 brokers are registered"},
		{"nobody listens", value.NewMap("bootstrap", "127.0.0.1:1"), "127.0.0.1:1"},
		{"a controller is out", value.NewMap("bootstrap", address, "controllers", value.NewList(address, "127.0.0.1:1")), "controller 127.0.0.1:1 does not answer: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.args.Set("timeout", int64(0))
			change, err := decode(t, tt.args).Plan(context.Background(), h)
			if err != nil {
				t.Fatal(err)
			}
			if change.Predict != module.Unknown || len(change.Steps) != 1 {
				t.Fatalf("change %+v", change)
			}
			_, err = change.Steps[0].Do(context.Background(), h)
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
			if len(h.Written()) > 0 {
				t.Errorf("the host was written to: %v", h.Written())
			}
		})
	}
}

// A broker that was stopped is told from one that hangs, and a controller too.
func TestRefused(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want bool
	}{
		{"nobody listens", &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, true},
		{"no answer in time", &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}, false},
		{"nobody listens for SSH", &remote.ConnectError{Host: "b2", Reason: remote.Refused, Err: syscall.ECONNREFUSED}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := kafkatest.Start(t)
			away := c.ListenAddrs()[2]
			c.Host.OnDial = func(network, address string) (net.Conn, error) {
				if address == away {
					return nil, tt.err
				}
				return net.Dial(network, address)
			}
			change, err := c.Plan(t, New(), "controllers", value.NewList(c.ListenAddrs()[0], away))
			if err != nil {
				t.Fatal(err)
			}
			brokers, controllers := change.Result.At("brokers").(*value.List).Items, change.Result.At("controllers").(*value.List).Items
			if len(brokers) != 3 || len(controllers) != 2 {
				t.Fatalf("result %v", change.Result)
			}
			for _, alive := range []value.Value{brokers[0], controllers[0]} {
				if m := alive.(*value.Map); !m.Bool("answers") || m.At("refused") != false {
					t.Errorf("what answers: %v", m)
				}
			}
			for _, gone := range []value.Value{brokers[2], controllers[1]} {
				if m := gone.(*value.Map); m.Bool("answers") || m.Bool("refused") != tt.want {
					t.Errorf("what does not: %v, want refused %v", m, tt.want)
				}
			}
		})
	}
}

// While it waits, it says for what.
func TestWaitTells(t *testing.T) {
	c := kafkatest.Start(t, kfake.SeedTopics(4, "orders"))
	change, err := c.Plan(t, New(), "brokers", int64(4), "interval", int64(1))
	if err != nil || len(change.Steps) != 1 {
		t.Fatalf("change %+v, error %v", change, err)
	}
	var said []string
	ctx := module.Telling(t.Context(), func(doing string) {
		if said = append(said, doing); len(said) == 1 { // what is missing comes
			if _, _, err := c.AddNode(-1, 0); err != nil {
				t.Error(err)
			}
		}
	})
	out, err := change.Steps[0].Do(ctx, c.Host)
	if err != nil || !out.Result.Bool("healthy") || out.Changed {
		t.Errorf("outcome %+v, error %v", out, err)
	}
	if want := []string{"wait until the cluster is healthy: 3 of 4 brokers are registered: 0, 1, 2"}; !slices.Equal(said, want) {
		t.Errorf("it said %q, want %q", said, want)
	}
}

func TestBrokersGivenAsIDs(t *testing.T) {
	spec := decode(t, value.NewMap("brokers", value.NewList(int64(1), "2"), "stopping", int64(2))).(*Spec)
	if !slices.Equal(spec.criteria.BrokerIDs, []int32{1, 2}) || !slices.Equal(spec.criteria.Stopping, []int32{2}) {
		t.Errorf("criteria %+v", spec.criteria)
	}
}
