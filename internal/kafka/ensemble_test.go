package kafka

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestEnsembleServers(t *testing.T) {
	for connect, want := range map[string][]string{
		"zk1:2181,zk2:2182/kafka":   {"zk1:2181", "zk2:2182"},
		"zk1, zk2":                  {"zk1:2181", "zk2:2181"},
		"[fd00::1]:2181,[fd00::2]/": {"[fd00::1]:2181", "[fd00::2]:2181"},
		"":                          nil,
	} {
		if got := ensembleServers(connect); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", connect, got, want)
		}
	}
}

func TestEnsembleProblem(t *testing.T) {
	says := map[string]DialAddress{
		"leads":  answering(map[string]string{"srvr": srvrAnswer}),
		"idles":  answering(map[string]string{"srvr": "This ZooKeeper instance is not currently serving requests\n"}),
		"hidden": answering(nil),
		"away": func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("connection refused")
		},
	}
	tests := []struct {
		servers []string
		want    []string // in the problem; nothing for none
	}{
		{[]string{"leads:1", "away:1", "away:2"}, nil},
		{[]string{"idles:1", "away:1", "away:2"}, []string{"serves nobody", "idles:1: the server runs but has no quorum", "away:1", "connection refused"}},
		{[]string{"away:1", "away:2"}, []string{"away:1", "away:2"}},
		{[]string{"hidden:1", "away:1"}, nil},
		{[]string{"hidden:1", "idles:1"}, []string{"idles:1"}},
		{nil, nil},
	}
	for _, tt := range tests {
		got := ensembleProblem(t.Context(), func(ctx context.Context, network, address string) (net.Conn, error) {
			name, _, _ := net.SplitHostPort(address)
			return says[name](ctx, network, address)
		}, tt.servers)
		if (got == "") != (len(tt.want) == 0) {
			t.Errorf("%q: %q", tt.servers, got)
		}
		for _, want := range tt.want {
			if !strings.Contains(got, want) {
				t.Errorf("%q: %q does not say %q", tt.servers, got, want)
			}
		}
	}
}

// The brokers tell where their ensemble is. One that does not leaves it unsaid.
func TestEnsembleOfTheBrokers(t *testing.T) {
	for connect, want := range map[string]string{"idles:2181,idles:2182/kafka": "idles:2182: the server runs but has no quorum", "": ""} {
		fake := start(t)
		fake.ControlKey(int16(kmsg.DescribeConfigs), func(request kmsg.Request) (kmsg.Response, error, bool) {
			fake.KeepControl()
			response := request.ResponseKind().(*kmsg.DescribeConfigsResponse)
			for _, asked := range request.(*kmsg.DescribeConfigsRequest).Resources {
				resource := kmsg.NewDescribeConfigsResponseResource()
				resource.ResourceType, resource.ResourceName = asked.ResourceType, asked.ResourceName
				config := kmsg.NewDescribeConfigsResponseResourceConfig()
				config.Name = connectConfig
				if connect != "" {
					config.Value = &connect
				}
				resource.Configs = append(resource.Configs, config)
				response.Resources = append(response.Resources, resource)
			}
			return response, nil, true
		})
		client, err := Open(direct, Options{Bootstrap: fake.ListenAddrs()[:1], CallTimeout: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		got := client.EnsembleProblem(t.Context(), answering(map[string]string{"srvr": "This ZooKeeper instance is not currently serving requests\n"}))
		if (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", connect, got, want)
		}
	}
}
