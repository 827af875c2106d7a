//go:build lab && torture

package tests

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// oldOneStays gives Prometheus what promtool rejects: the reason is told, and the old configuration is still in place and used.
func oldOneStays(t *testing.T) {
	for _, tt := range []struct{ name, vars, file, says string }{
		{"a configuration", `{"prometheus_external_labels": {"not-a-label": "x"}}`, "prometheus.yml", `"not-a-label" is not a valid label name`},
		{"a rule", `{"alerts_own": [{"name": "Wrong", "expr": "sum(up", "summary": "wrong"}]}`, "rules/kafka.yml", "unclosed left parenthesis"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sum := on(t, "spare50", "sha256sum /etc/prometheus/"+tt.file)
			out, err := watchFails(t, "prometheus.yaml", "-e", tt.vars)
			if err == nil || !strings.Contains(out, tt.says) || !strings.Contains(out, "/etc/prometheus/"+tt.file) {
				t.Errorf("%v, want a failure that says %q\n%s", err, tt.says, tail(out))
			}
			if now := on(t, "spare50", "sha256sum /etc/prometheus/"+tt.file); now != sum {
				t.Errorf("the file is another: %s, was %s", now, sum)
			}
			if up, err := query(t, "up"); err != nil || len(up) == 0 {
				t.Errorf("Prometheus does not answer: %v", err)
			}
		})
	}
}

// passwordByHand changes Grafana's password behind kops's back.
func passwordByHand(t *testing.T) {
	const byHand = "changed by hand"
	change := func(from, to string) {
		t.Helper()
		body, err := json.Marshal(map[string]string{"oldPassword": from, "newPassword": to, "confirmNew": to})
		if err != nil {
			t.Fatal(err)
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, watchedGrafana+"/api/user/password", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.SetBasicAuth("admin", from)
		request.Header.Set("Content-Type", "application/json")
		client := http.Client{Timeout: 10 * time.Second}
		response, err := client.Do(request)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatal(err, response)
		}
		_ = response.Body.Close() // nothing in it is of interest
	}
	change(grafanaPassword, byHand)
	defer change(byHand, grafanaPassword)
	out, err := watchFails(t, "grafana.yaml")
	if err == nil || !strings.Contains(out, "accepts neither grafana_admin_password nor grafana_first_password for admin") {
		t.Errorf("%v\n%s", err, tail(out))
	}
	for _, secret := range []string{byHand, grafanaPassword} {
		if strings.Contains(out, secret) {
			t.Errorf("%q was shown", secret)
		}
	}
}

// unknownInput brings a dashboard that asks for what nobody has named.
func unknownInput(t *testing.T) {
	dir, err := filepath.Abs(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "logs.json"), `{"__inputs": [{"name": "DS_LOKI", "type": "datasource", "pluginId": "loki"}], "title": "Logs", "uid": "logs", "panels": []}`)
	out, err := watchFails(t, "grafana.yaml", "-e", "grafana_own_dashboards="+dir)
	if err == nil || !strings.Contains(out, "logs.json asks for DS_LOKI") {
		t.Errorf("%v\n%s", err, tail(out))
	}
	watch(t, "grafana.yaml", "-e", "grafana_own_dashboards="+dir, "-e", `{"grafana_inputs": {"DS_LOKI": "our-loki"}}`)
	on(t, "spare50", "test -e /etc/grafana/dashboards/own/logs.json && ! grep -q __inputs /etc/grafana/dashboards/own/logs.json")
	watch(t, "grafana.yaml")
	on(t, "spare50", "test ! -e /etc/grafana/dashboards/own/logs.json")
}

// noMetricsOfItsOwn asks a ZooKeeper for metrics whose archive lacks them, as the lab's does: no server is told, and none is restarted.
func noMetricsOfItsOwn(t *testing.T) {
	state := func() string {
		return on(t, "spare51", "sudo sha256sum /etc/zookeeper/zoo.cfg; systemctl show -P ExecMainStartTimestampMonotonic zookeeper-server")
	}
	before := state()
	out, err := watchFails(t, "cluster.yaml", "-e", `{"zookeeper_metrics_enabled": true}`)
	if err == nil || !strings.Contains(out, "has no metrics of its own on spare51") {
		t.Errorf("%v\n%s", err, tail(out))
	}
	if now := state(); now != before {
		t.Errorf("ZooKeeper is another: %s, was %s", now, before)
	}
}
