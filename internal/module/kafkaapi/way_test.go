package kafkaapi

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/remote/remotetest"
)

// fleet is the inventory of the tests. Each host opens the connections that it is asked for, but
// for the task's own host, which reaches what it is told.
func fleet(reached *[]string) func() []module.Neighbour {
	host := func(name, address, id string, inPlay bool) module.Neighbour {
		vars := map[string]string{"ansible_host": address, "kafka_broker_id": id}
		return module.Neighbour{Name: name, Own: name == "kafka1", Play: inPlay,
			Var: func(name string) string { return vars[name] },
			Dial: func(_ context.Context, _, to string) (net.Conn, error) {
				*reached = append(*reached, to+" from "+name)
				ours, _ := net.Pipe()
				return ours, nil
			}}
	}
	return func() []module.Neighbour {
		return []module.Neighbour{
			host("kafka1", "10.0.0.1", "1", true), host("kafka2", "10.0.0.2", "2", true), host("kafka3", "10.0.0.3", "3", false),
			host("other1", "10.0.1.1", "2", false), host("other3", "10.0.1.3", "3", false),
		}
	}
}

func TestWay(t *testing.T) {
	tests := []struct {
		name    string
		broker  int32
		address string
		want    string // who dialled what
		err     string
	}{
		{name: "reached directly", broker: 2, address: "open:9092", want: "open:9092 from the task's host"},
		{name: "bootstrap on the task's host", broker: -1, address: "127.0.0.1:9092", want: "127.0.0.1:9092 from the task's host"},
		{name: "by the inventory's name", broker: 7, address: "kafka3:9092", want: "kafka3:9092 from kafka3"},
		{name: "by its address", broker: 7, address: "10.0.1.1:9092", want: "10.0.1.1:9092 from other1"},
		{name: "a bootstrap address by its name", broker: -1, address: "kafka2:9092", want: "kafka2:9092 from kafka2"},
		{name: "localhost, by its number, in the play", broker: 2, address: "localhost:9092", want: "localhost:9092 from kafka2"},
		{name: "localhost, the task's own host", broker: 1, address: "localhost:9092", want: "localhost:9092 from the task's host"},
		{name: "an inner address, by its number", broker: 2, address: "172.17.0.2:9092", want: "172.17.0.2:9092 from kafka2"},
		{name: "two hosts could be it", broker: 3, address: "localhost:9092", err: "kafka_broker_id is 3 on kafka3, other3"},
		{name: "nobody knows it", broker: 9, address: "inner:9092", err: "no route"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var reached []string
			h := remotetest.New()
			h.OnDial = func(_, address string) (net.Conn, error) {
				if !strings.HasPrefix(address, "open") && !strings.HasPrefix(address, "127.") && !strings.HasPrefix(address, "localhost") {
					return nil, errors.New("no route")
				}
				reached = append(reached, address+" from the task's host")
				ours, _ := net.Pipe()
				return ours, nil
			}
			w := &way{host: h, neighbours: fleet(&reached)}
			for range 2 { // the second time it is known already
				reached = nil
				_, err := w.dial(t.Context(), tt.broker, tt.address)
				if tt.err != "" {
					if err == nil || !strings.Contains(err.Error(), tt.err) {
						t.Errorf("error %v, want %q", err, tt.err)
					}
					continue
				}
				if got := strings.Join(reached, ", "); err != nil || got != tt.want {
					t.Errorf("reached %q, error %v, want %q", got, err, tt.want)
				}
			}
		})
	}
}

// Whether a broker is stopped is what its own host says, where both were tried.
func TestRefusedOnItsOwnHost(t *testing.T) {
	no, late := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}, os.ErrDeadlineExceeded
	tests := []struct {
		name        string
		direct, own error
		want        bool
	}{
		{"no way to it, and nobody listens", late, no, true},
		{"a firewall refuses, and it hangs", no, late, false},
		{"nobody listens", no, no, true},
		{"it hangs", late, late, false},
		{"its host is down", no, &remote.ConnectError{Host: "kafka2", Reason: remote.Refused, Err: no}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := remotetest.New()
			h.OnDial = func(string, string) (net.Conn, error) { return nil, tt.direct }
			w := &way{host: h, neighbours: func() []module.Neighbour {
				return []module.Neighbour{{Name: "kafka2", Var: func(string) string { return "" },
					Dial: func(context.Context, string, string) (net.Conn, error) { return nil, tt.own }}}
			}}
			_, err := w.dial(t.Context(), 2, "kafka2:9092")
			if Refused(err) != tt.want || !strings.Contains(err.Error(), tt.direct.Error()) || !strings.Contains(err.Error(), tt.own.Error()) {
				t.Errorf("refused %v by %v, want %v", Refused(err), err, tt.want)
			}
		})
	}
}
