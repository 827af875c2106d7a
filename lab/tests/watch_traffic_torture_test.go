//go:build lab && torture

package tests

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// What the traffic on the fleet that is looked at is called.
const (
	trafficTopic = "kops-traffic"
	readers      = "kops-readers"  // keep up
	laggards     = "kops-laggards" // have committed the beginning, and read nothing
)

// watched are the machines of testdata/watch/inventory.yaml: first the ops host.
var watched = []string{"spare50", "spare51", "spare52", "spare53"}

var watchedAddress = map[string]string{"spare50": "10.99.0.90", "spare51": "10.99.0.91", "spare52": "10.99.0.92", "spare53": "10.99.0.93"}

// watchedClient is a client of the fleet's Kafka, which is asked for by names that this machine need not know.
func watchedClient(t *testing.T, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, _ := strings.Cut(address, ":")
		if known, ok := watchedAddress[host]; ok {
			host = known
		}
		var d net.Dialer
		return d.DialContext(ctx, network, net.JoinHostPort(host, port))
	}
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers("spare51:9092", "spare52:9092", "spare53:9092"), kgo.Dialer(dial)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// traffic writes and reads until the test ends, and returns once both flow and the laggards have stopped.
func traffic(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	producer := watchedClient(t, kgo.DefaultProduceTopic(trafficTopic))
	ready, stop := context.WithTimeout(ctx, 2*time.Minute)
	defer stop()
	admin := kadm.NewClient(producer)
	if made, err := admin.CreateTopic(ready, 3, 3, nil, trafficTopic); err != nil && !strings.Contains(made.ErrMessage+err.Error(), "exists") {
		t.Fatal(err)
	}
	produced := make(chan struct{})
	go func() {
		defer close(produced)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			producer.Produce(ctx, &kgo.Record{Value: []byte(strings.Repeat("kops", 64))}, nil)
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	first := func(group string) *kgo.Client {
		c := watchedClient(t, kgo.ConsumerGroup(group), kgo.ConsumeTopics(trafficTopic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit())
		for fetches := c.PollFetches(ready); ; fetches = c.PollFetches(ready) {
			if err := ready.Err(); err != nil {
				t.Fatalf("%s reads nothing: %v", group, fetches.Err0())
			}
			if fetches.NumRecords() > 0 {
				break
			}
		}
		if err := c.CommitUncommittedOffsets(ready); err != nil {
			t.Fatal(err)
		}
		return c
	}
	offsets := kadm.Offsets{}
	for partition := range int32(3) {
		offsets.AddOffset(trafficTopic, partition, 0, -1)
	}
	await(t, 2*time.Minute, "the laggards' broker to know the new topic", func() error {
		return admin.CommitAllOffsets(ready, laggards, offsets)
	})
	reader := first(readers)
	read := make(chan struct{})
	go func() {
		defer close(read)
		for ctx.Err() == nil {
			if reader.PollFetches(ctx).NumRecords() > 0 {
				_ = reader.CommitUncommittedOffsets(ctx) // the next one says the same
			}
		}
	}()
	await(t, 2*time.Minute, "Prometheus to see both groups", func() error {
		for _, group := range []string{laggards, readers} {
			seen, err := query(t, fmt.Sprintf("kafka_consumergroup_lag{consumergroup=%q,topic=%q}", group, trafficTopic))
			if err != nil {
				return err
			}
			if len(seen) == 0 {
				return fmt.Errorf("%s is not there", group)
			}
		}
		return nil
	})
	t.Cleanup(func() {
		cancel()
		<-produced
		<-read
	})
}
