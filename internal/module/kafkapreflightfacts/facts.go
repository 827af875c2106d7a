// Package kafkapreflightfacts is the module kafka_preflight_facts: what of a host decides
// whether Kafka and ZooKeeper will do well on it. It only reads.
package kafkapreflightfacts

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/value"
)

// Spec says what is to be measured.
type Spec struct {
	Paths []string `arg:"paths" doc:"folders of data, there already or not: their file systems and disks are measured"`
	Ports []int    `arg:"ports" doc:"TCP ports: who listens there"`
	Units []string `arg:"units" doc:"units of services: their limit of open files, and their Java's heap while they run"`
	Names []string `arg:"names" doc:"names that are resolved as the host resolves them"`
	Java  string   `arg:"java" doc:"the program whose version is asked for"`
	EC2   string   `arg:"ec2,choices=auto|always|never" doc:"whether the host's EC2 metadata service is asked for its zone; auto: where the firmware names Amazon"`
	Limit int      `arg:"timeout" doc:"seconds that one name or one file system may take"`
}

// New describes the module.
func New() *module.Module {
	return &module.Module{
		Name: "kafka_preflight_facts", Collection: "kops.kafka",
		Doc: module.Doc{
			Summary: "Measure what kafka_preflight judges of a host.",
			Notes: []string{
				"It never changes anything, in check mode and out of it.",
				"The clock is read twice on the host and twice here: the time that the question and the answer were on their way is taken out, and what is left of doubt is returned.",
				"As root it can tell who listens on a port, and read the heap of a service that runs.",
				"EC2's metadata service is asked from the host, with a session token (IMDSv2), for one second at most.",
			},
			Examples: `- kops.kafka.kafka_preflight_facts:
    paths: [/var/lib/kafka]
    ports: [9092]
    units: [kafka-server]
    names: "{{ groups['kafka'] }}"
  register: measured
`,
			Returns: []module.Return{
				{Name: "cpus", Type: "int", Text: "processors"},
				{Name: "memory_mb", Type: "int", Text: "memory in MiB"},
				{Name: "swappiness", Type: "int", Text: "vm.swappiness, -1 where it cannot be read"},
				{Name: "swap", Type: "bool", Text: "whether there is swap in use"},
				{Name: "machine", Type: "str", Text: "names the machine as long as it runs; the same for two names of one machine"},
				{Name: "network", Type: "dict", Text: "interface of the default route and its speed in Mbit/s, 0 where it does not tell"},
				{Name: "clock", Type: "dict", Text: "offset of the host's clock from the controller's, and doubt, in seconds"},
				{Name: "paths", Type: "list", Text: "path, mount, device, fstype, options, size_gb (of 10^9 bytes) and disks (name, rotational) of each path"},
				{Name: "units", Type: "dict", Text: "by unit: there, running, open_files (-1: no limit), heap_mb of a Java that runs (0: not known)"},
				{Name: "ports", Type: "dict", Text: "by port that is taken: process, pid and unit, as far as they can be told"},
				{Name: "names", Type: "dict", Text: "the addresses of each name; none where it does not resolve. Null where the host has no getent"},
				{Name: "java", Type: "dict", Text: "version and major; empty and 0 where there is none"},
				{Name: "ec2", Type: "dict", Text: "zone and instance_type; null where there is no metadata service"},
			},
		},
		New: func() module.Spec { return &Spec{Java: "java", EC2: "auto", Limit: 5} },
	}
}

// Validate checks what tags cannot say.
func (s *Spec) Validate() error {
	if s.Limit < 1 {
		return fmt.Errorf("timeout: must be at least 1 second")
	}
	for _, p := range s.Paths {
		if !path.IsAbs(p) {
			return fmt.Errorf("paths: %q does not begin with /", p)
		}
	}
	for _, p := range s.Ports {
		if p < 1 || p > 65535 {
			return fmt.Errorf("ports: %d is not a port", p)
		}
	}
	for _, n := range s.Names {
		if n == "" || strings.ContainsAny(n, "|\n") {
			return fmt.Errorf("names: %q is not a name", n)
		}
	}
	return nil
}

// Plan measures: units over D-Bus, the rest with one script, and more only where ports are taken
// or there is a metadata service.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	units, pids, err := s.units(ctx, h)
	if err != nil {
		return module.Change{}, err
	}
	// A shell that is opened by the question would count as the question's way there.
	if _, err := h.Query(ctx, ":"); err != nil {
		return module.Change{}, fmt.Errorf("measure the host: %w", err)
	}
	asked := time.Now()
	res, err := h.Query(ctx, s.script(pids))
	answered := time.Now()
	if err != nil {
		return module.Change{}, fmt.Errorf("measure the host: %w", err)
	}
	in := split(string(res.Stdout))
	for name, unit := range units.All() {
		unit.(*value.Map).Set("heap_mb", HeapMB(in["heap "+name.(string)]))
	}
	ports, err := s.ports(ctx, h, in)
	if err != nil {
		return module.Change{}, err
	}
	ec2, err := s.askEC2(ctx, h, in["firmware"])
	if err != nil {
		return module.Change{}, err
	}
	return module.Change{Result: value.NewMap(
		"cpus", number(in["cpus"]),
		"memory_mb", number(after(in["memory"], "MemTotal:"))/1024,
		"swappiness", swappiness(in["swappiness"]),
		"swap", len(lines(in["swaps"])) > 1,
		"machine", strings.Join(strings.Fields(in["machine"]), "/"),
		"network", network(in),
		"clock", clock(asked, answered, in["began"], in["ended"]),
		"paths", paths(in),
		"units", units,
		"ports", ports,
		"names", s.names(in),
		"java", java(in["java"]),
		"ec2", ec2,
	)}, nil
}

// units describes the units, and returns the processes of those that run.
func (s *Spec) units(ctx context.Context, h remote.Reader) (*value.Map, map[string]int, error) {
	found, pids := value.NewMap(), map[string]int{}
	if len(s.Units) == 0 {
		return found, pids, nil
	}
	var full []string
	for _, name := range s.Units {
		found.Set(name, value.NewMap("there", false, "running", false, "open_files", int64(0), "heap_mb", int64(0)))
		if !strings.HasSuffix(name, ".service") {
			name += ".service"
		}
		full = append(full, name)
	}
	units, err := h.Units(ctx, full...)
	var lost *remote.ConnectError
	switch {
	case errors.As(err, &lost) || ctx.Err() != nil:
		return nil, nil, fmt.Errorf("read the units: %w", err)
	case err != nil: // there is no systemd, so none of them is there
		return found, pids, nil
	}
	for i, u := range units {
		m := found.At(s.Units[i]).(*value.Map)
		if !u.Exists() {
			continue
		}
		m.Set("there", true)
		m.Set("running", u.ActiveState == "active")
		m.Set("open_files", openFiles(u.Properties["LimitNOFILE"]))
		if u.MainPID > 0 {
			pids[s.Units[i]] = u.MainPID
		}
	}
	return found, pids, nil
}

func openFiles(limit string) int64 {
	if limit == "infinity" {
		return -1
	}
	return number(limit)
}
