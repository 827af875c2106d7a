package kafkapreflight

import (
	"strings"
	"testing"

	"kops/internal/run/action"
	"kops/internal/run/action/actiontest"
	"kops/internal/value"
)

// broker is a host as playbooks/preflight.yaml describes it, and found what its measurement returned.
func broker() (described, found *value.Map) {
	described = value.NewMap("name", "k1", "rack", "", "swappiness", int64(1), "java", value.NewMap("least", int64(8), "wanted", int64(17), "install", false),
		"filesystems", value.NewList("xfs"), "mount_options", value.NewList("noatime"), "ports", value.NewList(value.NewMap("port", int64(9092), "owners", value.NewList("kafka"))),
		"names", value.NewList("k1"), "zookeeper", nil, "kafka", value.NewMap("id", int64(1), "cpus", int64(8), "memory_gb", int64(32), "heap", "-Xmx1g", "heap_percent", int64(50),
			"heap_least_mb", int64(0), "paths", value.NewList("/d"), "disk_gb", int64(4000), "disks", int64(2), "ssd", false, "network_mbit", int64(10000), "unit", "kafka",
			"managed", true, "open_files", int64(100000)))
	found = value.NewMap("cpus", int64(2), "memory_mb", int64(2048), "swappiness", int64(60), "swap", true, "machine", "m", "network", value.NewMap("interface", "eth0", "speed", int64(1000)),
		"clock", nil, "paths", value.NewList(), "units", value.NewMap(), "ports", value.NewMap("9092", value.NewMap("process", "nc", "pid", int64(7), "unit", "")),
		"names", nil, "java", value.NewMap("version", "", "major", int64(0)), "ec2", nil, "changed", false, "failed", false)
	return described, found
}

func TestAct(t *testing.T) {
	described, found := broker()
	call := actiontest.Call{Args: value.NewMap("hosts", value.NewList(described), "measured", value.NewMap("k1", found)),
		Change: func(env *action.Env) { env.Inventory = book{} }}
	out, err := call.Act(t, New())
	if err != nil {
		t.Fatal(err)
	}
	if out.Result.At("faults") != int64(2) || out.Changed || out.Spec != nil {
		t.Errorf("%v", out.Result)
	}
	for _, item := range out.Result.At("rows").(*value.List).Items {
		row := item.(*value.Map)
		if row.String("rule") == "ports" && row.String("text") != "k1: ports: 9092 is taken by nc, process 7 (wanted: free, or its own service's)" {
			t.Error(row.String("text"))
		}
		for _, column := range out.Result.At("show_table").(*value.List).Items {
			if row.String(value.Str(column)) == "" {
				t.Errorf("%v lacks %v", row, column)
			}
		}
	}
}

func TestBadArguments(t *testing.T) {
	tests := map[string]func(described, found *value.Map){
		"hosts: item 1: kafka.id: wants int64, not string": func(d, _ *value.Map) { d.At("kafka").(*value.Map).Set("id", "one") },
		`hosts: item 1: unknown field "kafak"`:             func(d, _ *value.Map) { d.Set("kafak", nil) },
		"measured: k1: cpus: wants int64, not string":      func(_, f *value.Map) { f.Set("cpus", "two") },
	}
	for want, change := range tests {
		described, found := broker()
		change(described, found)
		_, errs := New().Decode(value.NewMap("hosts", value.NewList(described), "measured", value.NewMap("k1", found)))
		if len(errs) == 0 || !strings.Contains(errs[0].Error(), want) {
			t.Errorf("%v, not %s", errs, want)
		}
	}
}
