//go:build lab && torture

package tests

import (
	"bytes"
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const secureDir = "lab/tests/testdata/secure/"

var (
	secureBrokers  = []string{"spare60", "spare61", "spare62"}
	secureMachines = slices.Concat(secureBrokers, []string{"spare63"})
)

// A secured is a fleet with TLS on both sides, logins and access rules, and the run of kops against it.
type secured struct {
	t     *testing.T
	dir   string   // keys, vault, and kops's own folders
	keys  []string // lines of the monitoring's private key
	flags []string
}

// TestTortureSecure monitors and rolls a fleet that asks who comes, while its users are at work, and holds that what kops
// logs in with is seen nowhere.
func TestTortureSecure(t *testing.T) {
	must(t, 3*time.Minute, "lab/lab", append([]string{"reset"}, secureMachines...)...)
	defer must(t, 3*time.Minute, "lab/lab", append([]string{"down"}, secureMachines...)...)
	s := newSecured(t)
	watch := s.watch()
	t.Run("without rights", func(t *testing.T) { s.on(t).refused("kafka_health_timeout=5", "authoriz") })
	t.Run("the modules log in", func(t *testing.T) { s.on(t).modules() })
	l := startLoadAs(t, s.login("app", appPassword), "secure-load", secureBrokers...)
	t.Run("monitoring", func(t *testing.T) { s.on(t).monitored() })
	t.Run("the exporters are shut in", func(t *testing.T) {
		hardened(t, "spare60", "jmx-exporter", "node-exporter")
		hardened(t, "spare63", "kafka-exporter")
	})
	t.Run("rolled", func(t *testing.T) { s.on(t).rolled() })
	t.Run("a wrong password", func(t *testing.T) {
		s.on(t).refused("kafka_sasl_password=wr0ng", "refuses the login (SCRAM-SHA-512 as monitoring)")
	})
	t.Run("an unknown authority", func(t *testing.T) {
		s.on(t).refused("kafka_tls_ca=/etc/kafka/other-ca.pem", "certificate signed by unknown authority")
	})
	t.Run("a missing key", func(t *testing.T) { s.on(t).refused("kafka_tls_key=/etc/kafka/none.key", "read /etc/kafka/none.key") })
	l.end(t)
	t.Run("the secrets are seen nowhere", func(t *testing.T) { s.on(t).silent(watch) })
}

func (s *secured) on(t *testing.T) *secured {
	other := *s
	other.t = t
	return &other
}

// try runs a playbook, and holds that it shows no secret.
func (s *secured) try(playbook string, args ...string) (string, error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 8*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bin/kops", slices.Concat([]string{"run", playbook}, s.flags, args)...)
	home := filepath.Join(s.dir, "home")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "HOME="+home, "TMPDIR="+home+"/tmp", "XDG_STATE_HOME="+home+"/state", "XDG_RUNTIME_DIR="+home+"/run")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &out, 5*time.Second
	err := cmd.Run()
	for _, seen := range secretsIn(out.String(), s.keys) {
		s.t.Errorf("kops run %s %v printed %s", playbook, args, seen)
	}
	return out.String(), err
}

func (s *secured) run(playbook string, args ...string) string {
	s.t.Helper()
	out, err := s.try(playbook, args...)
	if err != nil {
		s.t.Fatalf("%s %v: %v\n%s", playbook, args, err, tail(out))
	}
	return out
}

// modules sets access rules, a topic, settings and a quota, as an administrator.
func (s *secured) modules() {
	s.run(secureDir+"access.yaml", "-vvv", "--check", "--diff")
	s.run(secureDir+"access.yaml", "-vvv", "--diff")
	unchanged(s.t, s.run(secureDir+"access.yaml"), 1)
}

// monitored brings the monitoring, and holds that what the cluster says arrives.
func (s *secured) monitored() {
	s.run("playbooks/monitoring.yaml", "-vvv", "--diff")
	unchanged(s.t, s.run("playbooks/monitoring.yaml"), len(secureMachines))
	s.run("playbooks/verify.yaml", "--json")
	for _, expr := range []string{"kafka_brokers == 3", `count(kafka_consumergroup_lag{consumergroup="secure-load"}) == 6`, `count(kafka_server_ReplicaManager_Value{name="LeaderCount"}) == 3`} {
		var answer struct {
			Data struct{ Result []sample }
		}
		await(s.t, time.Minute, expr, func() error {
			if err := get(s.t, "http://10.99.0.103:9090/api/v1/query?query="+url.QueryEscape(expr), "", &answer); err != nil {
				return err
			}
			if len(answer.Data.Result) == 0 {
				return os.ErrNotExist
			}
			return nil
		})
	}
}

// rolled restarts each broker, and then each again for a setting of its owner's.
func (s *secured) rolled() {
	for _, playbook := range []string{"playbooks/rolling-restart.yaml", secureDir + "roll.yaml"} {
		before := s.started()
		out := s.run(playbook, "-vvv", "--diff")
		if n := strings.Count(out, "gate: the cluster can do without "); n != 3 || len(batches(out)) != 3 {
			s.t.Errorf("%s: %d gates opened for %v\n%s", playbook, n, batches(out), tail(out))
		}
		for i, now := range s.started() {
			if now == before[i] {
				s.t.Errorf("%s: the broker of %s was not restarted", playbook, secureBrokers[i])
			}
		}
	}
	unchanged(s.t, s.run(secureDir+"roll.yaml"), 3)
	out, err := s.try("playbooks/rolling-config.yaml")
	if err == nil || !strings.Contains(out, "kafka_managed is false") {
		s.t.Errorf("brokers that kops did not install would be configured: %v\n%s", err, tail(out))
	}
}

// refused holds that a roll ends with a reason, its place, and all brokers untouched.
func (s *secured) refused(variable, why string) {
	before := s.started()
	begun := time.Now()
	out, err := s.try("playbooks/rolling-restart.yaml", "-e", variable)
	if err == nil || !strings.Contains(out, why) || !strings.Contains(out, "rolling-restart.yaml:") || !strings.Contains(out, "Hosts that were not touched: "+strings.Join(secureBrokers, ", ")) {
		s.t.Errorf("%s: want a refusal that says %q: %v\n%s", variable, why, err, tail(out))
	}
	if after := s.started(); !slices.Equal(before, after) {
		s.t.Errorf("%s: brokers were restarted: %v, before %v", variable, after, before)
	}
	s.t.Logf("refused after %s:\n%s", time.Since(begun).Round(time.Second/10), tail(out))
}

// started tells since when the brokers run.
func (s *secured) started() []string {
	s.t.Helper()
	var all []string
	for _, m := range secureBrokers {
		all = append(all, on(s.t, m, "systemctl show --property=ExecMainStartTimestampMonotonic --value confluent-kafka"))
	}
	return all
}
