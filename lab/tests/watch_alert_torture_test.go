//go:build lab && torture

package tests

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A told is one alert as a webhook is told of it.
type told struct {
	Status      string
	Labels      map[string]string
	Annotations map[string]string
}

// receiver is a webhook that the lab's hosts reach, and what it is told.
func receiver(t *testing.T) (address string, alerts <-chan told) {
	t.Helper()
	l, err := net.Listen("tcp", "10.99.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan told, 1000)
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var message struct{ Alerts []told }
		if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
			t.Errorf("what came to the webhook: %v", err)
		}
		for _, a := range message.Alerts {
			got <- a
		}
	})}
	go func() { _ = server.Serve(l) }() // until it is closed
	t.Cleanup(func() { _ = server.Close() })
	return "http://" + l.Addr().String() + "/hook?token=kops-lab-hook-token", got
}

// alertArrives stops an exporter, and wants to be told; starts it again, and wants to be told of that too.
func alertArrives(t *testing.T) {
	address, alerts := receiver(t)
	vars := filepath.Join(t.TempDir(), "vars.json")
	write(t, vars, fmt.Sprintf(`{"alertmanager_enabled": true, "alertmanager_webhook_url": %q, "alert_for": "5s",
		"alertmanager_group_wait": "1s", "alertmanager_group_interval": "1s"}`, address))
	out := watch(t, "alertmanager.yaml", "-e", "@"+vars, "--diff", "-v") + watch(t, "prometheus.yaml", "-e", "@"+vars)
	if strings.Contains(out, "kops-lab-hook-token") {
		t.Error("the webhook's address was shown")
	}
	unchanged(t, watch(t, "alertmanager.yaml", "-e", "@"+vars), 1)
	watch(t, "verify.yaml", "-e", "@"+vars, "-l", "ops")
	on(t, "spare50", "sudo stat -c '%a %u %g' /etc/alertmanager/alertmanager.yml | grep -qx '640 0 65534'")

	on(t, "spare53", "sudo systemctl stop node-exporter")
	defer on(t, "spare53", "sudo systemctl start node-exporter")
	got := hear(t, alerts, "firing")
	if got.Labels["severity"] != "critical" || got.Annotations["summary"] != "node on spare53:9100 cannot be scraped" || !strings.Contains(got.Annotations["description"], "See whether the host is up") {
		t.Errorf("it says %+v", got)
	}
	on(t, "spare53", "sudo systemctl start node-exporter")
	hear(t, alerts, "resolved")

	t.Run("a configuration that amtool rejects", func(t *testing.T) {
		sum := on(t, "spare50", "sudo sha256sum /etc/alertmanager/alertmanager.yml")
		out, err := watchFails(t, "alertmanager.yaml", "-e", "@"+vars, "-e", `{"alertmanager_group_wait": "soon"}`)
		if err == nil || !strings.Contains(out, "Configure Alertmanager") || !strings.Contains(out, "not a valid duration") {
			t.Errorf("%v\n%s", err, tail(out))
		}
		if on(t, "spare50", "sudo sha256sum /etc/alertmanager/alertmanager.yml") != sum {
			t.Error("it is in place")
		}
	})
	t.Run("nobody to be told", func(t *testing.T) {
		out, err := watchFails(t, "alertmanager.yaml", "-e", `{"alertmanager_enabled": true}`)
		if err == nil || !strings.Contains(out, "set alertmanager_webhook_url or alertmanager_receivers") {
			t.Errorf("%v\n%s", err, tail(out))
		}
	})
	// Rules with their own times again.
	watch(t, "prometheus.yaml", "-e", "@"+vars, "-e", `{"alert_for": "5m"}`)
}

func hear(t *testing.T, alerts <-chan told, status string) told {
	t.Helper()
	limit := time.After(2 * time.Minute)
	for {
		select {
		case a := <-alerts:
			if a.Status == status && a.Labels["alertname"] == "TargetDown" && a.Labels["instance"] == "spare53:9100" {
				return a
			}
		case <-limit:
			t.Fatalf("nobody was told that TargetDown is %s", status)
		}
	}
}
