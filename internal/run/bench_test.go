package run_test

import (
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"kops/internal/event"
	"kops/internal/report/jsonl"
	"kops/internal/run"
	"kops/internal/secret"
)

// BenchmarkEngine is the engine alone: debug tasks with a template and a condition on many
// hosts, the events masked and written as JSON, nobody dialled. cpu-µs is the process's
// CPU time for one task on one host; all cores count.
func BenchmarkEngine(b *testing.B) {
	const tasks = 20
	for _, hosts := range []int{100, 1000} {
		b.Run(fmt.Sprintf("hosts=%d", hosts), func(b *testing.B) {
			s := manyHosts(b, hosts, tasks)
			began := cpuTime(b)
			for b.Loop() {
				bus := event.NewBus(event.Mask(secret.NewMasker()), jsonl.New(io.Discard))
				o := s.options
				o.Plan, o.Emit = s.load(b), bus.Emit
				summary, err := run.Run(b.Context(), o)
				if err != nil || summary.Exit != run.ExitOK {
					b.Fatal(summary, err)
				}
				if err := bus.Close(); err != nil {
					b.Fatal(err)
				}
			}
			each := float64(cpuTime(b)-began) / float64(b.N) / float64(hosts*tasks)
			b.ReportMetric(each/float64(time.Microsecond), "cpu-µs/host-task")
		})
	}
}

// manyHosts is a playbook of debug tasks on hosts with a few variables.
func manyHosts(tb testing.TB, hosts, tasks int) setup {
	var inventory, book strings.Builder
	inventory.WriteString("all:\n  vars: {tier: kafka, port: 9092}\n  children:\n    brokers:\n      vars: {role: broker}\n      hosts:\n")
	for i := range hosts {
		fmt.Fprintf(&inventory, "        host%04d: {id: %d}\n", i, i)
	}
	book.WriteString("- hosts: all\n  gather_facts: false\n  vars: {zone: a}\n  tasks:\n")
	for i := range tasks {
		fmt.Fprintf(&book, "    - name: task %d\n      debug: {msg: \"{{ inventory_hostname }} {{ role }} {{ id + %d }} of {{ groups.brokers | length }}\"}\n      when: id >= 0\n", i, i)
	}
	return setup{playbook: write(tb, "book.yaml", book.String()), inventory: write(tb, "hosts.yaml", inventory.String())}
}

func cpuTime(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
