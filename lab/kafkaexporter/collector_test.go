package main

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// scrape starts a cluster with a topic of two partitions, five messages in the first, of which group "readers" has
// read two, and returns what the exporter answers.
func scrape(t *testing.T, clusterOpts []kfake.Opt, args ...string) string {
	t.Helper()
	cluster, err := kfake.NewCluster(append(clusterOpts, kfake.NumBrokers(3), kfake.SeedTopics(2, "orders", "audit"))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	for _, addr := range cluster.ListenAddrs() {
		args = append(args, "--kafka.server="+addr)
	}
	env := func(name string) string { return map[string]string{"SASL_USER_PASSWORD": "s3cret"}[name] }
	opts, err := parseOptions(args, env)
	if err != nil {
		t.Fatal(err)
	}
	client, err := newClient(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	admin := kadm.NewClient(client)
	fill(t, opts, admin)
	answer := httptest.NewRecorder()
	handler(opts, admin).ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	return answer.Body.String()
}

func fill(t *testing.T, opts *options, admin *kadm.Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	producerOpts := []kgo.Opt{kgo.SeedBrokers(opts.servers...), kgo.RecordPartitioner(kgo.ManualPartitioner())}
	if opts.sasl {
		producerOpts = append(producerOpts, kgo.SASL(mechanism(opts)))
	}
	producer, err := kgo.NewClient(producerOpts...)
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	for range 5 {
		if err := producer.ProduceSync(ctx, &kgo.Record{Topic: "orders", Partition: 0, Value: []byte("x")}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	offsets := kadm.OffsetsFromRecords(kgo.Record{Topic: "orders", Partition: 0, Offset: 1, LeaderEpoch: -1})
	if err := admin.CommitAllOffsets(ctx, "readers", offsets); err != nil {
		t.Fatal(err)
	}
}

func TestMetricsAreTheOriginals(t *testing.T) {
	body := scrape(t, nil)
	for _, line := range []string{
		`kafka_brokers 3`,
		`kafka_topic_partitions{topic="orders"} 2`,
		`kafka_topic_partition_current_offset{partition="0",topic="orders"} 5`,
		`kafka_topic_partition_oldest_offset{partition="0",topic="orders"} 0`,
		`kafka_topic_partition_replicas{partition="1",topic="audit"} 3`,
		`kafka_topic_partition_in_sync_replica{partition="1",topic="audit"} 3`,
		`kafka_topic_partition_under_replicated_partition{partition="1",topic="audit"} 0`,
		`kafka_consumergroup_members{consumergroup="readers"} 0`,
		`kafka_consumergroup_current_offset{consumergroup="readers",partition="0",topic="orders"} 2`,
		`kafka_consumergroup_current_offset_sum{consumergroup="readers",topic="orders"} 2`,
		`kafka_consumergroup_lag{consumergroup="readers",partition="0",topic="orders"} 3`,
		`kafka_consumergroup_lag{consumergroup="readers",partition="1",topic="orders"} -1`,
		`kafka_consumergroup_lag_sum{consumergroup="readers",topic="orders"} 3`,
	} {
		if !strings.Contains(body, line+"\n") {
			t.Errorf("missing: %s", line)
		}
	}
	for _, name := range []string{"kafka_broker_info{address=", "kafka_topic_partition_leader{", "kafka_topic_partition_leader_is_preferred{"} {
		if !strings.Contains(body, "\n"+name) {
			t.Errorf("missing: %s", name)
		}
	}
	if t.Failed() {
		t.Log(body)
	}
}

func TestFilters(t *testing.T) {
	body := scrape(t, nil, "--topic.exclude=^audit$", "--group.filter=^none$")
	if strings.Contains(body, `topic="audit"`) || strings.Contains(body, `consumergroup="readers"`) {
		t.Errorf("excluded topics or groups are reported:\n%s", body)
	}
	if !strings.Contains(body, `topic="orders"`) {
		t.Error("topic orders is missing")
	}
}

func TestSASLPasswordFromTheEnvironment(t *testing.T) {
	for flag, mechanism := range map[string]string{"plain": "PLAIN", "scram-sha256": "SCRAM-SHA-256", "scram-sha512": "SCRAM-SHA-512"} {
		t.Run(flag, func(t *testing.T) {
			cluster := []kfake.Opt{kfake.EnableSASL(), kfake.Superuser(mechanism, "monitor", "s3cret")}
			body := scrape(t, cluster, "--sasl.enabled", "--sasl.username=monitor", "--sasl.mechanism="+flag)
			if !strings.Contains(body, "kafka_brokers 3\n") {
				t.Errorf("no metrics:\n%s", body)
			}
		})
	}
}

func TestOptionsAreRefused(t *testing.T) {
	for _, c := range []struct{ arg, want string }{
		{"--use.consumelag.zookeeper", "unknown flag"},
		{"--topic.filter=(", "--topic.filter"},
		{"--sasl.mechanism=gssapi", "none of plain"},
		{"--sasl.enabled", "needs --sasl.username"},
		{"--tls.cert-file=x", "belong together"},
		{"--kafka.version=banana", "no version of Kafka"},
		{"--log.level=loud", "none of debug"},
		{"extra", "unexpected extra"},
	} {
		_, err := parseOptions([]string{c.arg}, func(string) string { return "" })
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", c.arg, err, c.want)
		}
	}
}
