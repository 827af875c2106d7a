package kafka

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
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
		{"one topic", append(may(kmsg.ACLResourceTypeTopic, "orders", describe...), cluster...), "topic bills and 0 others are hidden from the login (PLAIN as lab)"},
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
