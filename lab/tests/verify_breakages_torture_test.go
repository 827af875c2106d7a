//go:build lab && torture

package tests

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// dropIn changes a unit by a drop-in and starts it so; without takes it back.
func dropIn(unit, text string) string {
	return fmt.Sprintf("sudo mkdir -p /etc/systemd/system/%[1]s.service.d && printf '%[2]s' | sudo tee /etc/systemd/system/%[1]s.service.d/broken.conf >/dev/null && sudo systemctl daemon-reload && sudo systemctl restart %[1]s || true", unit, text)
}

func without(unit string) string {
	return fmt.Sprintf("sudo rm -r /etc/systemd/system/%[1]s.service.d && sudo systemctl daemon-reload && sudo systemctl restart %[1]s", unit)
}

func brokenUnits() []breakage {
	const node = "/usr/local/node_exporter/node_exporter"
	return []breakage{
		{"a unit is stopped", breaks("spare74", "sudo systemctl stop node-exporter"), shell("spare74", "sudo systemctl start node-exporter"),
			[]string{"spare74 | node-exporter | fault | node-exporter.service on spare74 is inactive (dead), not active (running)"},
			"spare74 (target node|series node_.*)"},
		{"a unit is restarted over and over",
			breaks("spare73", dropIn("node-exporter", `[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=\nExecStart=/bin/sh -c "sleep 1; exit 1"\nRestartSec=500ms\n`)),
			shell("spare73", without("node-exporter")),
			[]string{"spare73 | node-exporter | fault | node-exporter.service on spare73 was restarted by systemd within 5 s ("},
			"spare73 (target node|series node_.*)"},
		{"a port is not open", breaks("spare75", dropIn("node-exporter", `[Service]\nExecStart=\nExecStart=`+node+` --web.listen-address=:9199\n`)),
			shell("spare75", without("node-exporter")),
			[]string{"spare75 | node-exporter | fault | node-exporter does not listen on port 9100 of spare75"},
			"spare75 (target node|series node_.*)"},
		{"a host cannot be reached", func(*testing.T) []string { return []string{"-i", aliens, "--timeout", "3"} }, func(*testing.T) {},
			[]string{"nowhere | verification | fault | not verified: it failed or could not be reached", "nowhere | target node | fault | Prometheus on spare72 does not know"},
			"nowhere series node_.*"},
	}
}

// brokenCluster has a broker that accepts connections and never answers: its unit is active, and its port open.
func brokenCluster() []breakage {
	signal := func(name string) string { return "sudo systemctl kill -s " + name + " kafka-server" }
	return []breakage{{"the cluster is not healthy", breaks("spare75", signal("STOP")), func(t *testing.T) {
		on(t, "spare75", signal("CONT"))
		await(t, 2*time.Minute, "the cluster to be healthy", func() error {
			_, err := command(t, time.Minute, "bin/kops", "run", "playbooks/verify.yaml", "-i", provenInventory, "-l", "kafka")
			return err
		})
	}, []string{"spare73 | cluster | fault | spare73: the cluster is not healthy", "spare74 | cluster | fault | spare74: the cluster is not healthy", "spare75 | cluster | fault | spare75: "},
		"spare75 (kafka-server|target kafka-jmx|series kafka_.*)|spare72 (target kafka-exporter|series kafka_.*)"}}
}

// onOps is a breakage of something on the ops host alone.
func onOps(name, do, undo, also string, wants ...string) breakage {
	return breakage{name, breaks("spare72", do), shell("spare72", undo), wants, also}
}

// reload lets Prometheus read its configuration again.
const reload = "; curl -fsS -X POST http://127.0.0.1:9090/-/reload"

// edited changes a file of the ops host in place, so that what is mounted into a container is the same file; kept is the way back.
func edited(file, sed string) (do, back string) {
	return fmt.Sprintf("sudo cp %[1]s /tmp/kept && sudo sed %[2]s /tmp/kept | sudo tee %[1]s >/dev/null", file, sed), fmt.Sprintf("sudo cat /tmp/kept | sudo tee %s >/dev/null", file)
}

func brokenPrometheus() []breakage {
	const targets = "/etc/prometheus/targets/node.yml"
	forget, remember := edited(targets, "'/spare74:9100/,/labels/d'")
	divert, revert := edited(targets, "s/spare73:9100/127.0.0.1:1/")
	nobody, somebody := edited("/etc/prometheus/prometheus.yml", "s/spare72:9093/spare72:1/")
	return []breakage{
		onOps("Prometheus is down", "sudo docker stop prometheus", "sudo docker start prometheus", "spare72 data source",
			"spare72 | prometheus | fault | Prometheus on spare72 does not answer on port 9090: "),
		onOps("a target is missing", forget, remember, "spare74 series node_.*",
			"spare74 | target node | fault | Prometheus on spare72 does not know this target (job and host): node spare74"),
		onOps("a target is down", divert, revert, "spare73 series node_.*",
			"spare73 | target node | fault | node on 127.0.0.1:1 is down: Get \"http://127.0.0.1:1/metrics\": dial tcp 127.0.0.1:1: connect: connection refused"),
		onOps("Alertmanager is down", "sudo docker stop alertmanager", "sudo docker start alertmanager", "",
			"spare72 | alertmanager | fault | Alertmanager on spare72 does not answer on port 9093: "),
		onOps("alerts go nowhere", nobody+reload, somebody+reload, "", "spare72 | alertmanager | fault | Prometheus on spare72 sends no alerts to spare72:9093"),
	}
}

func brokenSeries() []breakage {
	return []breakage{
		{"an exporter that tells nothing of Kafka", func(t *testing.T) []string {
			on(t, "spare74", "sudo sed -i.kept 's/\"kafka\\./\"nothing./' /usr/local/jmx/jmx_prometheus_httpserver.yml && sudo systemctl restart jmx-exporter")
			vanishes(t, `kafka_server_ReplicaManager_Value{host="spare74"}`)
			return nil
		},
			shell("spare74", "sudo mv /usr/local/jmx/jmx_prometheus_httpserver.yml.kept /usr/local/jmx/jmx_prometheus_httpserver.yml && sudo systemctl restart jmx-exporter"),
			[]string{"spare74 | series kafka_server_ReplicaManager_Value | fault | kafka_server_ReplicaManager_Value of spare74 is absent: Prometheus on spare72 was asked for time() - "}, ""},
		{"no lag", func(t *testing.T) []string {
			prove(t, "kafka-exporter.yaml", "-e", "kafka_exporter_group_filter=nobody")
			vanishes(t, "kafka_consumergroup_lag")
			return nil
		}, func(t *testing.T) { prove(t, "kafka-exporter.yaml") },
			[]string{"spare72 | series kafka_consumergroup_lag | fault | kafka_consumergroup_lag of spare72 is absent"}, ""},
		staleSeries(),
	}
}

// vanishes waits until Prometheus has no such series any more.
func vanishes(t *testing.T, series string) {
	t.Helper()
	await(t, time.Minute, series+" to be gone", func() error {
		there, err := asked(t, series)
		if len(there) > 0 {
			err = fmt.Errorf("%v", there)
		}
		return err
	})
}

// staleSeries has an exporter that tells what was two minutes ago.
func staleSeries() breakage {
	var server *http.Server
	divert, revert := "", ""
	return breakage{"series are stale", func(t *testing.T) []string {
		l, err := net.Listen("tcp", "10.99.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		server = &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			old := time.Now().Add(-2 * time.Minute).UnixMilli()
			fmt.Fprintf(w, "kafka_brokers 3\nkafka_consumergroup_lag{consumergroup=\"g\",topic=\"t\",partition=\"0\"} 5 %d\n", old)
		})}
		go func() { _ = server.Serve(l) }() // until it is closed
		divert, revert = edited("/etc/prometheus/targets/kafka-exporter.yml", "s/spare72:9308/"+l.Addr().String()+"/")
		on(t, "spare72", divert)
		await(t, time.Minute, "the stale sample to arrive", func() error {
			lag, err := asked(t, `kafka_consumergroup_lag{consumergroup="g"}`)
			if err == nil && len(lag) == 0 {
				err = errors.New("it is not there")
			}
			return err
		})
		vanishes(t, `kafka_consumergroup_lag{instance="spare72:9308"}`) // what was fresh a moment ago
		return nil
	}, func(t *testing.T) {
		on(t, "spare72", revert)
		_ = server.Close()
	}, []string{"spare72 | series kafka_consumergroup_lag | fault | kafka_consumergroup_lag of spare72 is stale: its newest sample in Prometheus on spare72 is 12"}, ""}
}

func brokenRules() []breakage {
	const rules = "/etc/prometheus/rules/kafka.yml"
	const manyToMany = `\  - name: broken\n    rules:\n      - {alert: CannotBe, expr: "node_cpu_seconds_total * on() node_cpu_seconds_total"}`
	unnamed, named := edited(rules, "s/TargetDown/TargetUp/")
	broken, mended := edited(rules, "'$a"+manyToMany+"'")
	return []breakage{
		onOps("an alert rule is missing", unnamed+reload, named+reload, "", "spare72 | alert rules | fault | Prometheus on spare72 lacks the alert rules TargetDown: run playbooks/prometheus.yaml"),
		onOps("an alert rule cannot be evaluated", broken+reload, mended+reload, "", "spare72 | alert rules | fault | Prometheus on spare72 cannot evaluate the alert rules CannotBe: found duplicate series"),
	}
}

func brokenGrafana() []breakage {
	const restart = " && sudo docker restart grafana"
	wrong, right := edited("/etc/grafana/provisioning/datasources/kops.yaml", "s/:9090/:1/")
	gone := func(file, uid string) breakage {
		path := "/etc/grafana/dashboards/" + file
		listed := func(t *testing.T, want bool) {
			t.Helper()
			await(t, time.Minute, "Grafana to read its dashboards again", func() error {
				var found []struct{ UID, Title string }
				err := get(t, provenGrafana+"/api/search?type=dash-db", grafanaPassword, &found)
				if got := slices.ContainsFunc(found, func(d struct{ UID, Title string }) bool { return d.UID == uid || d.Title == uid }); err == nil && got != want {
					err = fmt.Errorf("%v", found)
				}
				return err
			})
		}
		return breakage{"without dashboard " + file, func(t *testing.T) []string {
			on(t, "spare72", "sudo mv "+path+" /tmp/kept")
			listed(t, false)
			return nil
		}, func(t *testing.T) {
			on(t, "spare72", "sudo mv /tmp/kept "+path)
			listed(t, true)
		}, []string{"spare72 | dashboard " + file[strings.LastIndex(file, "/")+1:] + " | fault | Grafana on spare72 has no dashboard " + uid}, ""}
	}
	return []breakage{
		onOps("Grafana is down", "sudo docker stop grafana", "sudo docker start grafana", "", "spare72 | data source | fault | Grafana on spare72 does not answer on port 3000: "),
		onOps("the data source is wrong", wrong+restart, right+restart, "", "spare72 | data source | fault | Grafana on spare72 says of data source Prometheus: "),
		gone("nodes.json", "kops-nodes"),
		gone("own/team.json", "team-overview"),
		gone("own/untitled.json", "Without a uid"),
	}
}

// exporterAlone stops a broker whose JMX exporter goes on: the alert that is for this fires, the report tells that it does, and it
// ends with the broker's return.
func exporterAlone(t *testing.T) {
	prove(t, "prometheus.yaml", "-e", "alert_for=5s")
	on(t, "spare75", "sudo systemctl stop kafka-server")
	alert := func(want bool) func() error {
		return func() error {
			firing, err := asked(t, `ALERTS{alertname="KafkaBrokerDown",alertstate="firing"}`)
			if got := len(firing) == 1 && firing[0].Metric["instance"] == "spare75:7071" && firing[0].Metric["severity"] == "critical"; err == nil && got != want {
				err = fmt.Errorf("firing: %v", firing)
			}
			return err
		}
	}
	await(t, time.Minute, "KafkaBrokerDown to fire", alert(true))
	if up, err := asked(t, `up{instance="spare75:7071"}`); err != nil || len(up) != 1 || up[0].Value[1] != "1" {
		t.Errorf("the exporter is not up: %v %v", up, err)
	}
	rows, _, _ := report(t, "-e", impatient)
	if !slices.ContainsFunc(rows, func(v verdict) bool {
		return v.check == "alert rules" && strings.Contains(v.found, "firing: ") && strings.Contains(v.found, "KafkaBrokerDown")
	}) {
		t.Errorf("the report does not tell that it fires: %v", rows)
	}
	on(t, "spare75", "sudo systemctl start kafka-server")
	await(t, 2*time.Minute, "KafkaBrokerDown to end", alert(false))
	prove(t, "prometheus.yaml")
}
