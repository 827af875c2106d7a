//go:build lab

package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

// promtool is that of the lab's Prometheus: lab/artifacts puts it beside the image.
const promtool = labState + "/artifacts/files/images/prometheus/promtool"

// TestLabAlertRules asks promtool of the alert rules as they come to a host: each of them fires, does not fire, and none
// fires in a rolling restart.
func TestLabAlertRules(t *testing.T) {
	dir := t.TempDir()
	must(t, time.Minute, "bin/kops", "run", "playbooks/prometheus.yaml", "-i", "lab/tests/testdata/watch/inventory.yaml",
		"-e", fmt.Sprintf(`{"ansible_connection": "local", "ansible_become": false, "prometheus_enabled": false, "prometheus_files_dir": %q}`, dir))
	rules := filepath.Join(dir, "rules")
	names := alertNames(t, filepath.Join(rules, "kafka.yml"))

	cases, err := filepath.Glob("testdata/rules/*.yaml")
	if err != nil || len(cases) == 0 {
		t.Fatal("no cases", err)
	}
	told := ""
	for _, file := range cases {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		told += string(text)
		write(t, filepath.Join(rules, filepath.Base(file)), string(text))
		must(t, time.Minute, promtool, "test", "rules", filepath.Join(rules, filepath.Base(file)))
	}
	for _, name := range names {
		for _, kind := range []string{"fires", "does not fire"} {
			if !strings.Contains(told, "name: "+name+" "+kind+"\n") {
				t.Errorf("no case %q", name+" "+kind)
			}
		}
	}

	t.Run("a rolling restart", func(t *testing.T) {
		write(t, filepath.Join(rules, "rolling.yaml"), rolling(names))
		must(t, time.Minute, promtool, "test", "rules", filepath.Join(rules, "rolling.yaml"))
	})
}

func alertNames(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var rules struct {
		Groups []struct {
			Rules []struct{ Alert string }
		}
	}
	if err := yaml.Unmarshal(text, &rules); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			names = append(names, r.Alert)
		}
	}
	return names
}

// rolling is a case for promtool: three brokers, and the ZooKeeper servers on the same hosts, are away for two minutes each,
// one right after the other, so that no scrape ever sees a whole cluster in between. Every alert stays silent all the time.
func rolling(names []string) string {
	const step, samples = 15, 4 * 40 // seconds; forty minutes
	away := func(broker, sample int) bool {
		begin := 5*60 + broker*2*60
		return sample*step >= begin && sample*step < begin+2*60
	}
	anyAway := func(sample int) bool { return away(0, sample) || away(1, sample) || away(2, sample) }
	var b strings.Builder
	b.WriteString("rule_files: [kafka.yml]\nevaluation_interval: 15s\ntests:\n  - interval: 15s\n    input_series:\n")
	series := func(name string, value func(sample int) string) {
		fmt.Fprintf(&b, "      - {series: '%s', values: '", name)
		for i := range samples {
			b.WriteString(value(i) + " ")
		}
		b.WriteString("'}\n")
	}
	when := func(is func(int) bool, yes, no string) func(int) string {
		return func(sample int) string {
			if is(sample) {
				return yes
			}
			return no
		}
	}
	for broker, host := range []string{"a", "b", "c"} {
		gone := func(sample int) bool { return away(broker, sample) }
		kafka := func(name, labels string, value func(int) string) {
			series(fmt.Sprintf(`%s{job="kafka-jmx",instance="%s:7071"%s}`, name, host, labels), func(sample int) string {
				if gone(sample) && !gone(sample-1) {
					return "stale" // as Prometheus marks a series that a scrape no longer has
				} else if gone(sample) {
					return "_"
				}
				return value(sample)
			})
		}
		begin := (5*60 + broker*2*60) / step
		series(`up{job="kafka-jmx",instance="`+host+`:7071"}`, when(gone, "1", "1"))
		series(`up{job="node",instance="`+host+`:9100"}`, when(gone, "0", "1"))
		series(`jmx_scrape_error{job="kafka-jmx",instance="`+host+`:7071"}`, when(gone, "1", "0"))
		kafka("kafka_server_KafkaServer_Value", `,name="BrokerState"`, when(gone, "0", "3"))
		kafka("kafka_server_ReplicaManager_Value", `,name="UnderReplicatedPartitions"`, when(anyAway, "12", "0"))
		kafka("kafka_server_ReplicaManager_Value", `,name="UnderMinIsrPartitionCount"`, when(func(s int) bool { return away((broker+1)%3, s) }, "2", "0"))
		kafka("kafka_server_KafkaRequestHandlerPool_OneMinuteRate", `,name="RequestHandlerAvgIdlePercent"`,
			when(func(s int) bool { return s >= begin+8 && s < begin+16 }, "0.1", "0.9"))
		kafka("kafka_log_LogManager_Value", `,name="OfflineLogDirectoryCount"`, when(gone, "0", "0"))
		kafka("kafka_controller_ControllerStats_Count", `,name="UncleanLeaderElectionsPerSec"`, when(func(s int) bool { return s < begin }, "3", "0"))
		kafka("java_lang_Runtime_StartTime", "", when(func(s int) bool { return s < begin }, "1", "2"))
		// The last one is the controller, and the first takes over a minute after it went.
		kafka("kafka_controller_KafkaController_Value", `,name="ActiveControllerCount"`,
			when(func(s int) bool { return broker == 2 && s < begin || broker == 0 && s*step >= 10*60 }, "1", "0"))
		kafka("kafka_controller_KafkaController_Value", `,name="OfflinePartitionsCount"`, when(func(s int) bool { return broker != 0 && away(0, s) }, "1", "0"))
		series(`avg_latency{job="zookeeper",instance="`+host+`:7000"}`, when(func(s int) bool { return away((broker+1)%3, s) }, "400", "2"))
		series(`jmx_scrape_error{job="zookeeper",instance="`+host+`:7000"}`, when(gone, "1", "0"))
		series(`outstanding_requests{job="zookeeper",instance="`+host+`:7000"}`, when(func(s int) bool { return away((broker+1)%3, s) }, "80", "0"))
		// What a restart unpacks and logs.
		series(`node_filesystem_avail_bytes{instance="`+host+`:9100",mountpoint="/",fstype="ext4"}`, when(func(s int) bool { return s > begin }, "60000000", "80000000"))
		series(`node_filesystem_size_bytes{instance="`+host+`:9100",mountpoint="/",fstype="ext4"}`, when(gone, "100000000", "100000000"))
	}
	series("kafka_brokers", when(anyAway, "2", "3"))
	// The group's coordinator is away: it reads nothing for two minutes, and catches up.
	lag := func(sample int) int {
		past := sample - 5*60/step
		switch {
		case past < 0 || past > 24:
			return 0
		case past <= 8:
			return past * 4000
		}
		return (24 - past) * 2000
	}
	const group = `{consumergroup="g",topic="t",partition="0"}`
	series("kafka_consumergroup_lag"+group, func(s int) string { return fmt.Sprint(lag(s)) })
	series("kafka_consumergroup_current_offset"+group, func(s int) string { return fmt.Sprint(s*4000 - lag(s)) })
	b.WriteString("    promql_expr_test:\n")
	for _, name := range names {
		// Over the whole time: one sample that fires would be seen.
		fmt.Fprintf(&b, "      - {expr: 'count_over_time(ALERTS{alertname=\"%s\",alertstate=\"firing\"}[39m])', eval_time: 39m, exp_samples: []}\n", name)
	}
	return b.String()
}
