//go:build lab

package tests

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// A load is what a cluster's users do meanwhile: producers that want every acknowledgement (acks=all,
// idempotent), and a group that consumes.
type load struct {
	topic  string
	seeds  []string
	opts   []kgo.Opt          // how its clients log in, where they must
	stop   context.CancelFunc // the producers
	leave  context.CancelFunc // the group
	done   sync.WaitGroup     // producers
	left   sync.WaitGroup
	failed chan error

	mu       sync.Mutex
	acked    map[string]bool
	consumed map[string]int
	slowest  time.Duration
}

// dialSpare reaches a broker by the name that it advertises: spareN is 10.99.0.(40+N).
func dialSpare(ctx context.Context, network, address string) (net.Conn, error) {
	name, port, err := net.SplitHostPort(address)
	if n, bad := strconv.Atoi(strings.TrimPrefix(name, "spare")); err == nil && bad == nil {
		address = fmt.Sprintf("10.99.0.%d:%s", 40+n, port)
	}
	var d net.Dialer
	return d.DialContext(ctx, network, address)
}

func (l *load) client(t *testing.T, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	// As Kafka's own clients do, one whose new connection is closed by a broker that shuts down tries again: this library takes it for a wrong listener.
	always := []kgo.Opt{kgo.SeedBrokers(l.seeds...), kgo.Dialer(dialSpare), kgo.MetadataMinAge(250 * time.Millisecond), kgo.AlwaysRetryEOF()}
	c, err := kgo.NewClient(slices.Concat(always, l.opts, opts)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// startLoad makes a topic and begins to produce and consume.
func startLoad(t *testing.T, topic string, brokers ...string) *load {
	t.Helper()
	return startLoadAs(t, nil, topic, brokers...)
}

// startLoadAs is startLoad by clients that log in.
func startLoadAs(t *testing.T, opts []kgo.Opt, topic string, brokers ...string) *load {
	t.Helper()
	l := &load{topic: topic, opts: opts, failed: make(chan error, 100), acked: map[string]bool{}, consumed: map[string]int{}}
	for _, b := range brokers {
		l.seeds = append(l.seeds, b+":9092")
	}
	makeTopic(t, l, topic, nil)
	ctx, stop := context.WithCancel(context.Background())
	l.stop = stop
	for i := range 3 {
		c := l.client(t, kgo.DefaultProduceTopic(topic), kgo.ProducerLinger(0))
		l.done.Go(func() { defer c.Close(); l.produce(ctx, c, i) })
	}
	c := l.client(t, kgo.ConsumeTopics(topic), kgo.ConsumerGroup(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	group, leave := context.WithCancel(context.Background())
	l.leave = leave
	l.left.Go(func() { defer c.Close(); l.consume(group, c) })
	return l
}

func makeTopic(t *testing.T, l *load, topic string, configs map[string]*string) {
	t.Helper()
	c := l.client(t)
	defer c.Close()
	if _, err := kadm.NewClient(c).CreateTopic(t.Context(), 6, 3, configs, topic); err != nil {
		t.Fatalf("make the topic %s: %v", topic, err)
	}
}

// produce sends a record after the other, and never the same twice.
func (l *load) produce(ctx context.Context, c *kgo.Client, producer int) {
	pace := time.NewTicker(5 * time.Millisecond) // the machine has two cores
	defer pace.Stop()
	for i := 0; ctx.Err() == nil; i++ {
		<-pace.C
		name := fmt.Sprintf("%d-%d", producer, i)
		began := time.Now()
		// What is under way at the end is waited for: it is acknowledged or it failed.
		err := c.ProduceSync(context.WithoutCancel(ctx), &kgo.Record{Key: []byte(name), Value: []byte(name)}).FirstErr()
		if err != nil {
			l.failed <- fmt.Errorf("record %s: %w", name, err)
			return
		}
		l.mu.Lock()
		l.acked[name] = true
		l.slowest = max(l.slowest, time.Since(began))
		l.mu.Unlock()
	}
}

func (l *load) consume(ctx context.Context, c *kgo.Client) {
	for ctx.Err() == nil {
		c.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			l.mu.Lock()
			l.consumed[string(r.Value)]++
			l.mu.Unlock()
		})
	}
}

// end stops the load and holds it against what the topic has: each record that was acknowledged is there
// once, and the group has seen it.
func (l *load) end(t *testing.T) {
	t.Helper()
	l.stop()
	l.done.Wait()
	l.await(t)
	l.leave()
	l.left.Wait()
	close(l.failed)
	for err := range l.failed {
		t.Errorf("a producer failed: %v", err)
	}
	there := l.read(t)
	lost, twice, unseen := 0, 0, 0
	for name := range l.acked {
		switch there[name] {
		case 0:
			lost++
		case 1:
		default:
			twice++
		}
		if l.consumed[name] == 0 {
			unseen++
		}
	}
	t.Logf("%s: %d records acknowledged, %d lost, %d twice, %d not seen by the group; the slowest acknowledgement took %s", l.topic, len(l.acked), lost, twice, unseen, l.slowest.Round(time.Millisecond))
	if lost+twice+unseen > 0 || len(l.acked) < 100 {
		t.Error("records were lost or duplicated, or there were too few to tell")
	}
}

// await waits until the group has seen all that was acknowledged by now.
func (l *load) await(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	var wanted []string
	for name := range l.acked {
		wanted = append(wanted, name)
	}
	l.mu.Unlock()
	eventually(t, 2*time.Minute, "the group to see what was acknowledged", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		wanted = slices.DeleteFunc(wanted, func(name string) bool { return l.consumed[name] > 0 })
		return len(wanted) == 0
	})
}

// eventually waits for a condition.
func eventually(t *testing.T, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	look, deadline := time.NewTicker(100*time.Millisecond), time.After(limit)
	defer look.Stop()
	for !holds() {
		select {
		case <-look.C:
		case <-deadline:
			t.Errorf("waited %s in vain for %s", limit, what)
			return
		}
	}
}

func dropTopic(t *testing.T, l *load, topic string) {
	t.Helper()
	c := l.client(t)
	defer c.Close()
	if _, err := kadm.NewClient(c).DeleteTopic(t.Context(), topic); err != nil {
		t.Fatalf("delete the topic %s: %v", topic, err)
	}
}

// read reads the topic from its beginning to its end, and counts each record.
func (l *load) read(t *testing.T) map[string]int {
	t.Helper()
	c := l.client(t, kgo.ConsumeTopics(l.topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	defer c.Close()
	// A leader that has just taken over may tell an end that lags behind what its log holds.
	var all, seen int64
	eventually(t, 30*time.Second, "the topic's ends to count what was acknowledged", func() bool {
		ends, err := kadm.NewClient(c).ListEndOffsets(t.Context(), l.topic)
		if err != nil {
			t.Fatal(err)
		}
		all = 0
		ends.Each(func(o kadm.ListedOffset) { all += o.Offset })
		return ends.Error() == nil && all >= int64(len(l.acked))
	})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	there := map[string]int{}
	for seen < all && ctx.Err() == nil {
		c.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			there[string(r.Value)]++
			seen++
		})
	}
	if seen < all {
		t.Fatalf("read %d of %d records of %s", seen, all, l.topic)
	}
	return there
}
