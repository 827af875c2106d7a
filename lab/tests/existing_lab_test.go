//go:build lab

package tests

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestLabExistingFleet monitors brokers that kops did not install: another unit, user and folders, a login over TLS, and
// a Prometheus and a Grafana of their own.
func TestLabExistingFleet(t *testing.T) {
	const dir = "lab/tests/testdata/existing/"
	machines := []string{"spare4", "spare5", "spare6", "spare7"}
	must(t, 3*time.Minute, "lab/lab", append([]string{"reset"}, machines...)...)
	defer must(t, 3*time.Minute, "lab/lab", append([]string{"down"}, machines...)...)
	certs, err := filepath.Abs(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	must(t, time.Minute, dir+"certs.sh", certs, "spare4", "spare5", "spare6")

	flags := []string{"-i", dir + "inventory.yaml", "-e", "@" + dir + "secrets.yaml", "--vault-password-file", dir + "vault-password"}
	run := func(playbook string, args ...string) string {
		t.Helper()
		return must(t, 8*time.Minute, "bin/kops", append(append([]string{"run", playbook}, flags...), args...)...)
	}
	run(dir+"fleet.yaml", "-e", "cert_dir="+certs)
	started := on(t, "spare5", "systemctl show -P ExecMainStartTimestampMonotonic confluent-kafka")
	first := run("playbooks/monitoring.yaml", "-vvv", "--diff")
	unchanged(t, run("playbooks/monitoring.yaml"), len(machines))

	t.Run("JMX comes as a drop-in", func(t *testing.T) {
		on(t, "spare4", "test -e /etc/systemd/system/confluent-kafka.service.d/kops-jmx.conf && ss -ltn | grep -q ':9999 '")
	})
	t.Run("JMX that is set already is used", func(t *testing.T) {
		on(t, "spare5", "test ! -e /etc/kafka/kops-jmx && grep -q 'hostPort: 127.0.0.1:9998' /usr/local/jmx/*.yml")
		if now := on(t, "spare5", "systemctl show -P ExecMainStartTimestampMonotonic confluent-kafka"); now != started {
			t.Errorf("the broker whose JMX is open was restarted: started at %s, then %s", started, now)
		}
	})
	t.Run("targets, rules and dashboards are files", func(t *testing.T) {
		files := on(t, "spare7", "cd /srv && find . -type f | sort | xargs")
		want := "./grafana/kafka/kafka-exporter.json ./grafana/kafka/kafka.json ./grafana/kafka/nodes.json ./prometheus/kafka/rules/kafka.yml " +
			"./prometheus/kafka/targets/kafka-exporter.yml ./prometheus/kafka/targets/kafka-jmx.yml ./prometheus/kafka/targets/node.yml ./prometheus/kafka/targets/zookeeper.yml"
		if strings.TrimSpace(files) != want {
			t.Errorf("files %s\nwant  %s", files, want)
		}
		on(t, "spare7", "command -v docker && exit 1; grep -q spare6:7071 /srv/prometheus/kafka/targets/kafka-jmx.yml")
	})
	t.Run("the exporter logs in", func(t *testing.T) {
		on(t, "spare7", "curl -sf http://127.0.0.1:9308/metrics | grep -qx 'kafka_brokers 3'")
	})
	t.Run("the exporters are shut in", func(t *testing.T) {
		hardened(t, "spare4", "jmx-exporter", "node-exporter")
		hardened(t, "spare7", "kafka-exporter")
	})
	t.Run("the password is seen nowhere", func(t *testing.T) {
		const password = "canary sEcret"
		if strings.Contains(first, password) {
			t.Error("it is in what kops printed")
		}
		on(t, "spare7", "sudo stat -c %a%U /etc/kafka-exporter/environment | grep -qx 600root")
		for _, m := range machines {
			on(t, m, "ps axww | grep -v grep | grep -q 'canary s[E]cret' && exit 1; sudo grep -rl 'canary s[E]cret' /etc/systemd /var/log/journal /run/log/journal /tmp && exit 1; true")
		}
	})
	t.Run("a wrong password is named", func(t *testing.T) {
		out, err := command(t, time.Minute, "bin/kops", append([]string{"run", "playbooks/verify.yaml", "-l", "spare4", "-e", "kafka_sasl_password=wrong",
			"-e", "kafka_health_timeout=1"}, flags...)...)
		if err == nil || !strings.Contains(out, "SASL") {
			t.Errorf("%v\n%s", err, tail(out))
		}
	})
}
