//go:build lab && torture

package tests

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

const (
	scraped      = "spare64"
	scrapedTable = "| %s | %.2f s | %d KB | %d |"
	// The bounded set is to be fetched well within Prometheus's interval of 5 s.
	scrapeLimit = 1.5
)

// A scrape is one answer of a JMX exporter.
type scrape struct {
	seconds float64
	bytes   int
	series  int
}

// TestTortureScrape measures what one scrape of a broker with a thousand partitions takes, with the bounded set of objects
// that is the default and with all of them.
func TestTortureScrape(t *testing.T) {
	must(t, 3*time.Minute, "lab/lab", "reset", scraped)
	defer must(t, 3*time.Minute, "lab/lab", "down", scraped)
	run := func(args ...string) {
		t.Helper()
		must(t, 5*time.Minute, "bin/kops", append([]string{"run", "-i", "lab/tests/testdata/scrape/inventory.yaml"}, args...)...)
	}
	// A broker alone cannot be restarted by the rules of a cluster: it has JMX from the beginning.
	on(t, scraped, "sudo mkdir -p /etc/systemd/system/kafka-server.service.d && printf '[Service]\\nEnvironment=JMX_PORT=9999 "+
		"\"KAFKA_JMX_OPTS=-Dcom.sun.management.jmxremote -Dcom.sun.management.jmxremote.authenticate=false -Dcom.sun.management.jmxremote.ssl=false -Djava.rmi.server.hostname=127.0.0.1\"\\n' "+
		"| sudo tee /etc/systemd/system/kafka-server.service.d/jmx.conf")
	run("playbooks/cluster.yaml")
	partitions(t)
	table := []string{"| objects | one scrape | size | series |", "|---|---|---|---|"}
	var bounded, all scrape
	for _, way := range []struct {
		name string
		args []string
		into *scrape
	}{
		{"the bounded set, the default", nil, &bounded},
		{"all (`*:*`)", []string{"-e", `{"jmx_exporter_objects": ["*:*"]}`}, &all},
	} {
		run(append([]string{"playbooks/jmx.yaml", "playbooks/jmx-exporter.yaml"}, way.args...)...)
		*way.into = median(t)
		table = append(table, fmt.Sprintf(scrapedTable, way.name, way.into.seconds, way.into.bytes/1024, way.into.series))
	}
	t.Log("\n" + strings.Join(table, "\n"))
	if bounded.seconds > scrapeLimit || bounded.series > 3000 || all.series < 10*bounded.series {
		t.Errorf("a scrape of the bounded set takes %.2f s for %d series (limit %.1f s), of all %.2f s for %d", bounded.seconds, bounded.series, scrapeLimit, all.seconds, all.series)
	}
}

// partitions makes a thousand partitions.
func partitions(t *testing.T) {
	t.Helper()
	l := &load{seeds: []string{scraped + ":9092"}}
	c := l.client(t)
	defer c.Close()
	var topics []string
	for i := range 50 {
		topics = append(topics, fmt.Sprintf("topic-%d", i))
	}
	made, err := kadm.NewClient(c).CreateTopics(t.Context(), 20, 1, nil, topics...)
	if err == nil {
		err = made.Error()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// median is the scrape of middle length of seven, after two that are not counted.
func median(t *testing.T) scrape {
	t.Helper()
	var all []scrape
	for i := range 9 {
		s := oneScrape(t)
		if i > 1 {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b scrape) int { return int(1e6 * (a.seconds - b.seconds)) })
	t.Logf("%v", all)
	return all[len(all)/2]
}

func oneScrape(t *testing.T) (s scrape) {
	t.Helper()
	await(t, time.Minute, "the JMX exporter of "+scraped, func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://10.99.0.104:7071/metrics", nil)
		if err != nil {
			return err
		}
		began := time.Now()
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return err
		}
		s.seconds, s.bytes = time.Since(began).Seconds(), len(body)
		for line := range strings.Lines(string(body)) {
			if !strings.HasPrefix(line, "#") {
				s.series++
			}
		}
		if s.series < 300 {
			return fmt.Errorf("only %d series", s.series)
		}
		return nil
	})
	return s
}
