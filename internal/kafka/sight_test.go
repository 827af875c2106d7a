package kafka

import (
	"context"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

func TestDescribeAllNamesWhatIsHidden(t *testing.T) {
	may := func(kind kmsg.ACLResourceType, name string, operations ...kmsg.ACLOperation) []kfake.ACL {
		var rules []kfake.ACL
		for _, o := range operations {
			rules = append(rules, kfake.ACL{Resource: kind, Name: name, Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: o, Allow: true})
		}
		return rules
	}
	describe := []kmsg.ACLOperation{kmsg.ACLOperationDescribe, kmsg.ACLOperationDescribeConfigs}
	cluster := may(kmsg.ACLResourceTypeCluster, "kafka-cluster", kmsg.ACLOperationDescribe)
	tests := []struct {
		name  string
		rules []kfake.ACL
		err   string
	}{
		{"all topics", append(may(kmsg.ACLResourceTypeTopic, "*", describe...), cluster...), ""},
		{"one topic", append(may(kmsg.ACLResourceTypeTopic, "orders", describe...), cluster...), "topic bills is hidden from the login (PLAIN as lab)"},
		{"not the cluster", may(kmsg.ACLResourceTypeTopic, "*", describe...), "needs the right to Describe the cluster"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake := start(t, kfake.SeedTopics(1, "bills"), kfake.EnableSASL(), kfake.EnableACLs(), kfake.User("PLAIN", "lab", "right", tt.rules...))
			client, err := Open(direct, Options{Bootstrap: fake.ListenAddrs()[:1], CallTimeout: 5 * time.Second, SASL: &SASL{Mechanism: "PLAIN", Username: "lab", Password: "right"}})
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			_, err = client.DescribeAll(context.Background())
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
		})
	}
}

// Who says no name is asked for all topics as well, but where nobody is asked what he may do.
func TestDescribeAllOfWhoSaysNoName(t *testing.T) {
	old := kversion.V2_7_0()
	tests := []struct {
		name    string
		opts    []kfake.Opt
		rights  int32 // that the brokers tell of; -1 for those that kfake does
		cluster int32 // requests for what the client may do
		dirs    bool  // whether it is asked what is stored
		err     string
	}{
		{name: "no authorizer", rights: -1, cluster: 1},
		{name: "an authorizer", opts: []kfake.Opt{kfake.EnableACLs()}, rights: -1, cluster: 1, dirs: true, err: "the login needs the right to Describe the cluster"},
		{name: "one that lets describe the cluster", rights: 1 << kmsg.ACLOperationDescribe, cluster: 1, dirs: true},
		{name: "brokers that do not tell", rights: math.MinInt32, cluster: 1, dirs: true},
		{name: "brokers that know no such question", opts: []kfake.Opt{kfake.MaxVersions(old)}, rights: -1, dirs: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake := start(t, tt.opts...)
			var cluster, dirs atomic.Int32
			fake.ControlKey(int16(kmsg.DescribeCluster), func(request kmsg.Request) (kmsg.Response, error, bool) {
				fake.KeepControl()
				cluster.Add(1)
				response := request.ResponseKind().(*kmsg.DescribeClusterResponse)
				response.ClusterAuthorizedOperations = tt.rights
				return response, nil, tt.rights != -1
			})
			fake.ControlKey(int16(kmsg.DescribeLogDirs), func(kmsg.Request) (kmsg.Response, error, bool) {
				fake.KeepControl()
				dirs.Add(1)
				return nil, nil, false
			})
			client, err := Open(direct, Options{Bootstrap: fake.ListenAddrs()[:1], CallTimeout: 5 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			_, err = client.DescribeAll(context.Background())
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
			if cluster.Load() != tt.cluster || dirs.Load() > 0 != tt.dirs {
				t.Errorf("%d questions for the rights, want %d; %d for what is stored, want any: %v", cluster.Load(), tt.cluster, dirs.Load(), tt.dirs)
			}
		})
	}
}

func TestSomeTopics(t *testing.T) {
	for want, names := range map[string][]string{
		"topic a is":               {"a"},
		"topic a and 1 other are":  {"a", "b"},
		"topic a and 2 others are": {"a", "b", "c"},
	} {
		if got := someTopics(names); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
