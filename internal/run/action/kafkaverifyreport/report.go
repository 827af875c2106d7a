// Package kafkaverifyreport is the action kafka_verify_report: what playbooks/verify.yaml has
// found of a fleet, as one table, host by host.
package kafkaverifyreport

import (
	"context"
	"fmt"
	"slices"

	"kops/internal/module"
	"kops/internal/run/action"
	"kops/internal/value"
)

// Spec is the action's arguments.
type Spec struct {
	action.OnController
	Hosts []string     `arg:"hosts,required" doc:"the hosts that were to be verified, in the order of the table"`
	Rows  []*value.Map `arg:"rows,required" doc:"what was found: mappings of host, check, proven (what holds) and fault (why it does not hold; empty where it does)"`

	findings []finding
}

// A finding is what one check found on a host.
type finding struct{ host, check, proven, fault string }

// New describes the action.
func New() *module.Module {
	return &module.Module{
		Name: "kafka_verify_report", Collection: "kops.kafka",
		Doc: module.Doc{
			Summary: "Show what was verified of a fleet, host by host.",
			Notes: []string{
				"playbooks/verify.yaml calls it, once for all hosts. It touches no host and never fails by its verdicts: the playbook does.",
				"A host of which there is no row was not verified, and that is a fault: it failed or could not be reached before.",
			},
			Examples: "- kops.kafka.kafka_verify_report:\n    hosts: \"{{ ansible_play_hosts_all }}\"\n" +
				"    rows: \"{{ ansible_play_hosts_all | map('extract', hostvars) | selectattr('verify_rows', 'defined') | map(attribute='verify_rows') | flatten }}\"\n" +
				"  run_once: true\n  register: verify_report\n",
			Returns: []module.Return{
				{Name: "rows", Type: "list", Text: "host, check, verdict (ok or fault) and found (what was proven, or why not), by host"},
				{Name: "faults", Type: "int", Text: "how many rows are faults"},
				{Name: "show_table", Type: "list", Text: "the columns of the table that people see"},
			},
		},
		New: func() module.Spec { return &Spec{} },
	}
}

// Validate reads the rows.
func (s *Spec) Validate() error {
	for i, row := range s.Rows {
		for key := range row.All() {
			if k, _ := key.(string); !slices.Contains([]string{"host", "check", "proven", "fault"}, k) {
				return fmt.Errorf("rows: item %d: %s is none of host, check, proven, fault", i+1, value.Str(key))
			}
		}
		f := finding{row.String("host"), row.String("check"), row.String("proven"), row.String("fault")}
		if f.host == "" || f.check == "" || f.proven == "" && f.fault == "" {
			return fmt.Errorf("rows: item %d: wants host, check, and proven or fault", i+1)
		}
		s.findings = append(s.findings, f)
	}
	return nil
}

// Act makes the table. Findings of hosts that were not to be verified come last: a target of a
// Prometheus that is no host of the inventory, say.
func (s *Spec) Act(context.Context, *action.Env) (action.Outcome, error) {
	rows, faults := value.NewList(), int64(0)
	add := func(host, check, verdict, found string) {
		rows.Append(value.NewMap("host", host, "check", check, "verdict", verdict, "found", found))
		if verdict == "fault" {
			faults++
		}
	}
	for _, host := range s.order() {
		of := slices.DeleteFunc(slices.Clone(s.findings), func(f finding) bool { return f.host != host })
		if len(of) == 0 {
			add(host, "verification", "fault", "not verified: it failed or could not be reached")
		}
		for _, f := range of {
			if f.fault != "" {
				add(host, f.check, "fault", f.fault)
			} else {
				add(host, f.check, "ok", f.proven)
			}
		}
	}
	return action.Outcome{Result: value.NewMap("rows", rows, "faults", faults,
		"show_table", value.Strings([]string{"host", "check", "verdict", "found"}))}, nil
}

// order is that of the hosts that were to be verified, then of the others as they come.
func (s *Spec) order() []string {
	hosts := slices.Clone(s.Hosts)
	for _, f := range s.findings {
		if !slices.Contains(hosts, f.host) {
			hosts = append(hosts, f.host)
		}
	}
	return hosts
}
