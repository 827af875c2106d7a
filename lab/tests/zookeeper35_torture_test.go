//go:build lab && torture

package tests

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// older are the machines of testdata/zookeeper35/inventory.yaml: each has a ZooKeeper server.
var older = []string{"spare76", "spare77", "spare78"}

const (
	olderInventory  = "lab/tests/testdata/zookeeper35/inventory.yaml"
	olderPrometheus = "http://10.99.0.116:9090"
	olderArchive    = "zookeeper/3.5.10/apache-zookeeper-3.5.10-bin.tar.gz"
)

// olderURL is where the archive of ZooKeeper 3.5.10 is: on the lab's server, or, where that was started before the lab had it, in
// a store of the test's own that it serves as long as it runs.
func olderURL(t *testing.T) string {
	t.Helper()
	client := http.Client{Timeout: 10 * time.Second}
	answer, err := client.Head("http://10.99.0.1:8900/" + olderArchive)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close() // it has none
	if answer.StatusCode == http.StatusOK {
		return "http://10.99.0.1:8900/" + olderArchive
	}
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "run", "./lab/artifacts", "build", "zookeeper 3.5.10")
	build.Dir, build.Env = root, append(os.Environ(), "KOPS_LAB_DIR="+dir)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	l, err := net.Listen("tcp", "10.99.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.FileServer(http.Dir(filepath.Join(dir, "artifacts", "files")))}
	go func() { _ = server.Serve(l) }() // until it is closed
	t.Cleanup(func() { _ = server.Close() })
	return "http://" + l.Addr().String() + "/" + olderArchive
}

// An ensemble is the fleet with the older ZooKeeper.
type ensemble struct{ url string }

func (e ensemble) try(t *testing.T, playbook string, args ...string) (string, error) {
	t.Helper()
	return command(t, 10*time.Minute, "bin/kops", append([]string{"run", "playbooks/" + playbook, "-i", olderInventory, "-e", "zookeeper_url=" + e.url}, args...)...)
}

func (e ensemble) kops(t *testing.T, playbook string, args ...string) string {
	t.Helper()
	out, err := e.try(t, playbook, args...)
	if err != nil {
		t.Fatalf("%s: %v\n%s", playbook, err, tail(out))
	}
	return out
}

// holds waits until an expression has so many series.
func (e ensemble) holds(t *testing.T, series int, expr string) {
	t.Helper()
	await(t, 2*time.Minute, expr, func() error {
		var answer struct {
			Data struct{ Result []sample }
		}
		err := get(t, olderPrometheus+"/api/v1/query?query="+url.QueryEscape(expr), "", &answer)
		if err == nil && len(answer.Data.Result) != series {
			err = fmt.Errorf("%d series, want %d: %v", len(answer.Data.Result), series, answer.Data.Result)
		}
		return err
	})
}

// TestTortureZooKeeperByJMX has an ensemble from before ZooKeeper had metrics of its own: they come by JMX, under the names that
// they have since.
func TestTortureZooKeeperByJMX(t *testing.T) {
	e := ensemble{olderURL(t)}
	must(t, 3*time.Minute, "lab/lab", append([]string{"reset"}, older...)...)
	defer must(t, 3*time.Minute, "lab/lab", append([]string{"down"}, older...)...)
	t.Run("refused before anything is written", func(t *testing.T) {
		for vars, want := range map[string]string{
			`{"zookeeper_metrics_source": "provider"}`: "zookeeper_metrics_source is provider and zookeeper_version 3.5.10: ZooKeeper has metrics of its own (provider) since 3.6",
			`{"zookeeper_metrics_source": "snmp"}`:     "zookeeper_metrics_source is snmp and",
			`{"zookeeper_version": "3.4.14"}`:          "zookeeper_metrics_source is jmx and zookeeper_version 3.4.14",
		} {
			if out, err := e.try(t, "cluster.yaml", "-e", vars); err == nil || !strings.Contains(strings.Join(strings.Fields(out), " "), want) {
				t.Errorf("%s: %v, want %q\n%s", vars, err, want, tail(out))
			}
		}
		on(t, "spare76", "test ! -e /etc/zookeeper && ! getent passwd zookeeper")
	})
	e.kops(t, "cluster.yaml", "-e", `{"zookeeper_metrics_enabled": false}`)
	t.Run("a server without JMX", func(t *testing.T) {
		if out, err := e.try(t, "jmx-exporter.yaml"); err == nil || !strings.Contains(out, "zookeeper-server.service on spare77 does not run, or has no JMX port") {
			t.Errorf("%v\n%s", err, tail(out))
		}
	})
	out := e.kops(t, "cluster.yaml")
	if n := strings.Count(out, "gate: the ensemble can do without "); n != 3 {
		t.Errorf("%d gates opened, want one for each server\n%s", n, tail(out))
	}
	out = e.kops(t, "monitoring.yaml")
	for _, m := range older {
		for _, row := range []string{"zookeeper-jmx-exporter", "target zookeeper", "series avg_latency"} {
			if !strings.Contains(strings.Join(strings.Fields(out), " "), m+" "+row+" ok ") {
				t.Errorf("the report does not say that %s of %s is ok\n%s", row, m, tail(out))
			}
		}
	}
	unchanged(t, e.kops(t, "monitoring.yaml"), len(older))
	t.Run("series", e.series)
	t.Run("alerts", e.alerts)
	t.Run("taken back", e.takenBack)
}

func (e ensemble) series(t *testing.T) {
	for _, name := range []string{"avg_latency", "min_latency", "max_latency", "outstanding_requests", "num_alive_connections", "packets_received", "packets_sent",
		"znode_count", "watch_count", "quorum_size", "open_file_descriptor_count", `jvm_memory_bytes_used{area="heap"}`} {
		e.holds(t, 3, strings.Replace(name+`{job="zookeeper"}`, `}{`, `,`, 1))
	}
	if n := strings.TrimSpace(on(t, "spare77", "curl -fsS localhost:7000/metrics | grep -vc '^#'")); len(n) > 2 {
		t.Errorf("it tells %s series", n)
	}
	if open := on(t, "spare77", "sudo ss -Hltn 'sport = :9998'"); !strings.Contains(open, "127.0.0.1") || strings.Contains(open, "*:9998") {
		t.Errorf("JMX listens on\n%s", open)
	}
	on(t, "spare77", "test $(systemctl show -P User zookeeper-jmx-exporter) = zookeeper-jmx-exporter && sudo grep -q NIOServerCnxn /var/log/zookeeper/zookeeper.log")
}

// alerts fire where the threshold is one that every server passes, and where a server is down.
func (e ensemble) alerts(t *testing.T) {
	e.kops(t, "prometheus.yaml", "-e", `{"alert_for": "5s", "alert_zookeeper_latency": -1, "alert_zookeeper_outstanding": -1}`)
	e.holds(t, 3, `ALERTS{alertname="ZooKeeperSlow",alertstate="firing"}`)
	e.holds(t, 3, `ALERTS{alertname="ZooKeeperRequestsWait",alertstate="firing"}`)
	on(t, "spare77", "sudo systemctl stop zookeeper-server")
	e.holds(t, 1, `ALERTS{alertname="ZooKeeperDown",alertstate="firing",instance="spare77:7000"}`)
	on(t, "spare77", "sudo systemctl start zookeeper-server")
	e.holds(t, 0, `ALERTS{alertname="ZooKeeperDown"}`)
	e.kops(t, "prometheus.yaml")
	e.holds(t, 0, `ALERTS{alertname=~"ZooKeeper.*"}`)
}

func (e ensemble) takenBack(t *testing.T) {
	const alone = `{"kafka_health_ignore_topics": ["*"]}` // the one broker has the only replicas
	e.kops(t, "monitoring-remove.yaml", "-e", alone)
	unchanged(t, e.kops(t, "monitoring-remove.yaml", "-e", alone), len(older))
	on(t, "spare77", "test ! -e /usr/local/jmx && test ! -e /etc/systemd/system/zookeeper-jmx-exporter.service && ! getent passwd zookeeper-jmx-exporter")
	if out := e.kops(t, "cluster.yaml", "-e", `{"zookeeper_metrics_enabled": false}`); strings.Count(out, "gate: the ensemble can do without ") != 3 {
		t.Errorf("not each server was restarted\n%s", tail(out))
	}
	if open := on(t, "spare77", "sudo ss -Hltn 'sport = :9998'"); strings.TrimSpace(open) != "" {
		t.Errorf("JMX still listens on\n%s", open)
	}
}
