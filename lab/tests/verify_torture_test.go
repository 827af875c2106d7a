//go:build lab && torture

package tests

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"kops/internal/event"
	"kops/internal/report/jsonl"
	"kops/internal/value"
)

const (
	provenInventory  = "lab/tests/testdata/verify/inventory.yaml"
	provenPrometheus = "http://10.99.0.112:9090"
	provenGrafana    = "http://10.99.0.112:3000"
	aliens           = "lab/tests/testdata/verify/unreachable.yaml"
)

// proven are the machines of testdata/verify/inventory.yaml: first the ops host.
var proven = []string{"spare72", "spare73", "spare74", "spare75"}

// ownBoards is the setting that brings the dashboards of testdata/verify/dashboards.
func ownBoards(t *testing.T) string {
	return "grafana_own_dashboards=" + top(t) + "/lab/tests/testdata/verify/dashboards"
}

// prove runs a playbook on the fleet, and wants it to succeed.
func prove(t *testing.T, playbook string, args ...string) string {
	t.Helper()
	return must(t, 10*time.Minute, "bin/kops", append([]string{"run", "playbooks/" + playbook, "-i", provenInventory, "-e", ownBoards(t)}, args...)...)
}

// A verdict is a row of verify.yaml's report.
type verdict struct{ host, check, verdict, found string }

func (v verdict) String() string {
	return v.host + " | " + v.check + " | " + v.verdict + " | " + v.found
}

// report runs verify.yaml, and returns the rows of its table as the events have them, and what failing tasks said.
func report(t *testing.T, args ...string) (rows []verdict, said string, failed bool) {
	t.Helper()
	out, err := command(t, 10*time.Minute, "bin/kops", append([]string{"run", "playbooks/verify.yaml", "--json", "-i", provenInventory, "-e", ownBoards(t)}, args...)...)
	for line, err := range jsonl.Read(strings.NewReader(out)) {
		if err != nil {
			t.Fatalf("%v\n%s", err, tail(out))
		}
		e, ok := line.Event.(event.Result)
		if !ok {
			continue
		}
		if e.Status == event.Failed && !e.Rescued {
			said += e.Host + ": " + e.Msg + "\n"
		}
		if _, table := e.Result.Get("show_table"); !table {
			continue
		}
		for _, item := range e.Result.At("rows").(*value.List).Items {
			row := item.(*value.Map)
			rows = append(rows, verdict{row.String("host"), row.String("check"), row.String("verdict"), row.String("found")})
		}
	}
	if len(rows) == 0 {
		t.Fatalf("there is no report (%v)\n%s", err, tail(out))
	}
	return rows, said, err != nil
}

func faults(rows []verdict) []verdict {
	return slices.DeleteFunc(slices.Clone(rows), func(v verdict) bool { return v.verdict != "fault" })
}

// impatient is for a fleet that is broken, which is not waited for as long as in production.
const impatient = `{"verify_port_timeout": 10, "verify_health_timeout": 5, "verify_retries": 10, "verify_delay": 2}`

// A breakage is one thing that verify.yaml must notice, and what it says of it.
type breakage struct {
	name  string
	do    func(t *testing.T) (args []string) // returns what verify.yaml is given beside
	undo  func(t *testing.T)
	wants []string // "HOST | CHECK | fault | text", each a part of a row
	// also are the rows that may be faults as well, as its consequence: an expression for "HOST CHECK".
	also string
}

// TestTortureVerify breaks each thing that verify.yaml holds true, sees it told in the report and by the failing host, and puts it
// right again.
func TestTortureVerify(t *testing.T) {
	must(t, 3*time.Minute, "lab/lab", append([]string{"reset"}, proven...)...)
	defer must(t, 3*time.Minute, "lab/lab", append([]string{"down"}, proven...)...)
	prove(t, "cluster.yaml")
	prove(t, "monitoring.yaml", "-e", "verify_create_group=false")
	t.Run("no group, no lag", func(t *testing.T) {
		rows, said, failed := report(t, "-e", "verify_create_group=false")
		const want = "there is none, and nothing to measure: no consumer group has committed offsets"
		if failed || !slices.Contains(rows, verdict{proven[0], "series kafka_consumergroup_lag", "ok", want}) {
			t.Errorf("%v\n%s", rows, said)
		}
	})
	t.Run("all is well", func(t *testing.T) {
		begin := time.Now()
		rows, said, failed := report(t)
		t.Logf("%d rows in %s", len(rows), time.Since(begin).Round(100*time.Millisecond))
		if bad := faults(rows); failed || len(bad) > 0 || said != "" {
			t.Fatalf("%v\n%s", bad, said)
		}
		for _, host := range proven {
			if !slices.ContainsFunc(rows, func(v verdict) bool { return v.host == host && strings.HasPrefix(v.found, "active (running) since ") }) {
				t.Errorf("nothing is proven of %s", host)
			}
		}
		unchanged(t, prove(t, "verify.yaml"), len(proven))
	})
	for _, b := range slices.Concat(brokenUnits(), brokenCluster(), brokenPrometheus(), brokenSeries(), brokenRules(), brokenGrafana()) {
		t.Run(b.name, b.run)
	}
	t.Run("the broker beside an exporter that runs", exporterAlone)
	t.Run("all is well again", func(t *testing.T) { prove(t, "verify.yaml") })
}

func (b breakage) run(t *testing.T) {
	args := b.do(t)
	rows, said, failed := report(t, append(args, "-e", impatient)...)
	b.undo(t)
	recovered(t)
	if !failed {
		t.Error("the run succeeded")
	}
	consequence := regexp.MustCompile("^(" + b.also + ")$")
	told := make([]bool, len(b.wants))
	for _, v := range faults(rows) {
		if b.also != "" && consequence.MatchString(v.host+" "+v.check) {
			continue
		}
		i := slices.IndexFunc(b.wants, func(want string) bool { return strings.Contains(v.String(), want) })
		if i < 0 {
			t.Errorf("unlooked for: %s", v)
			continue
		}
		told[i] = true
		if v.check != "verification" && !strings.Contains(said, v.found) {
			t.Errorf("no host fails with %q, but\n%s", v.found, said)
		}
		t.Log(v)
	}
	for i, want := range b.wants {
		if !told[i] {
			t.Errorf("not told: %s, but %v", want, faults(rows))
		}
	}
}

// recovered waits until Prometheus sees all targets again.
func recovered(t *testing.T) {
	t.Helper()
	await(t, 2*time.Minute, "all targets to be up", func() error {
		up, err := asked(t, "count(up == 1)")
		if err == nil && (len(up) == 0 || up[0].Value[1] != "8") {
			err = fmt.Errorf("up: %v", up)
		}
		return err
	})
}

// asked asks the fleet's Prometheus.
func asked(t *testing.T, expr string) ([]sample, error) {
	t.Helper()
	var answer struct {
		Data struct{ Result []sample }
	}
	err := get(t, provenPrometheus+"/api/v1/query?query="+url.QueryEscape(expr), "", &answer)
	return answer.Data.Result, err
}

// shell is a step of a breakage: a line on a machine.
func shell(machine, line string) func(*testing.T) {
	return func(t *testing.T) { t.Helper(); on(t, machine, line) }
}

// breaks is shell for what breaks something.
func breaks(machine, line string) func(*testing.T) []string {
	return func(t *testing.T) []string { t.Helper(); on(t, machine, line); return nil }
}
