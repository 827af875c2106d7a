//go:build lab && torture

package tests

import (
	"fmt"
	"maps"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// lagIsKafkas holds the lag that Prometheus has of each partition against what Kafka itself says: as messages arrive, no
// less than Kafka said before the scrape and no more than it says after it; at rest, the very number.
func lagIsKafkas(t *testing.T, atRest bool) {
	admin := kadm.NewClient(watchedClient(t))
	asked := time.Now()
	before := kafkasLag(t, admin)
	var seen map[int]int64
	await(t, time.Minute, "a scrape that is younger than the question to Kafka", func() (err error) {
		seen, err = prometheusLag(t, asked)
		return err
	})
	after := kafkasLag(t, admin)
	if len(before) != 3 || len(seen) != 3 {
		t.Fatalf("Kafka tells the lag of partitions %v, Prometheus of %v; there are 3", before, seen)
	}
	total := int64(0)
	for partition, lag := range seen {
		total += lag
		if lag < before[partition] || lag > after[partition] {
			t.Errorf("partition %d: Prometheus has %d, Kafka said %d before and %d after", partition, lag, before[partition], after[partition])
		}
	}
	if atRest && !maps.Equal(before, after) {
		t.Errorf("the topic is not at rest: %v, then %v", before, after)
	}
	if total == 0 {
		t.Error("the group does not lag")
	}
	t.Logf("lag of %s by partition: Kafka %v, Prometheus %v, Kafka %v", laggards, before, seen, after)
}

func kafkasLag(t *testing.T, admin *kadm.Client) map[int]int64 {
	t.Helper()
	all, err := admin.Lag(t.Context(), laggards)
	if err != nil {
		t.Fatal(err)
	}
	lags := map[int]int64{}
	for _, lag := range all[laggards].Lag[trafficTopic] {
		if lag.Err == nil {
			lags[int(lag.Partition)] = lag.Lag
		}
	}
	return lags
}

// prometheusLag is the lag in Prometheus by partition, of scrapes that began after a moment.
func prometheusLag(t *testing.T, since time.Time) (map[int]int64, error) {
	t.Helper()
	lag := fmt.Sprintf("kafka_consumergroup_lag{consumergroup=%q,topic=%q}", laggards, trafficTopic)
	young, err := query(t, fmt.Sprintf("%s and timestamp(%s) > %f", lag, lag, float64(since.UnixMilli())/1000))
	if err != nil {
		return nil, err
	}
	if len(young) < 3 {
		return nil, fmt.Errorf("%d partitions", len(young))
	}
	lags := map[int]int64{}
	for _, s := range young {
		partition, err := strconv.Atoi(s.Metric["partition"])
		if err != nil {
			return nil, err
		}
		if lags[partition], err = strconv.ParseInt(fmt.Sprint(s.Value[1]), 10, 64); err != nil {
			return nil, err
		}
	}
	return lags, nil
}
