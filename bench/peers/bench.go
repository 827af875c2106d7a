package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// A contestant does the play's work.
type contestant struct {
	name string
	args []string
	env  []string
}

// bench is a folder with all that the contestants need.
type bench struct {
	dir      string
	machines *machines
	quick    []contestant // floor, kops, pyinfra
	slow     []contestant
}

// newBench copies the play beside its binary and brings the machines to where it changes nothing.
func newBench(ctx context.Context, cache, kops string, peers map[string]*peer, m *machines) (*bench, error) {
	b := &bench{dir: filepath.Join(cache, "work"), machines: m}
	binary, err := buildNodeExporter(ctx, cache)
	if err != nil {
		return nil, err
	}
	if err := os.RemoveAll(b.dir); err != nil {
		return nil, err
	}
	if err := os.CopyFS(b.dir, os.DirFS("bench/play")); err != nil {
		return nil, err
	}
	if err := os.Mkdir(filepath.Join(b.dir, "files"), 0o755); err != nil {
		return nil, err
	}
	if err := os.Link(binary, filepath.Join(b.dir, "files/node_exporter")); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(b.dir, "inventory.yaml"), []byte(m.inventory()), 0o644); err != nil {
		return nil, err
	}
	env := m.environment()
	ansible := append(env, "ANSIBLE_CONFIG=ansible.cfg")
	playbook := func(p *peer) []string {
		return []string{filepath.Join(p.dir, "bin/ansible-playbook"), "-i", "inventory.yaml", "play.yaml"}
	}
	strategies, _ := filepath.Glob(filepath.Join(peers["Mitogen"].dir, "lib/python3*/site-packages/ansible_mitogen/plugins/strategy"))
	if len(strategies) != 1 {
		return nil, fmt.Errorf("there is no folder of strategies of Mitogen in %s", peers["Mitogen"].dir)
	}
	named := func(p *peer) string { return p.name + " " + p.version }
	b.quick = []contestant{
		{"floor", []string{"sh", "floor.sh"}, env},
		{"kops", []string{kops, "run", "play.yaml", "-i", "inventory.yaml"}, env},
		{named(peers["pyinfra"]), []string{filepath.Join(peers["pyinfra"].dir, "bin/pyinfra"), "-y", "pyinfra/inventory.py", "pyinfra/deploy.py"}, env},
	}
	b.slow = []contestant{
		{named(peers["Mitogen"]), playbook(peers["Mitogen"]), append(ansible, "ANSIBLE_STRATEGY=mitogen_linear", "ANSIBLE_STRATEGY_PLUGINS="+strategies[0])},
		{named(peers["ansible-core"]), playbook(peers["ansible-core"]), ansible},
	}
	say("bringing the machines to where the play changes nothing")
	_, err = b.measure(ctx, b.quick[1])
	return b, err
}

// A sample is one run of a contestant.
type sample struct {
	name string
	took time.Duration
	cpu  time.Duration // on the controller
	host time.Duration // CPU time of all hosts
}

// measure runs a contestant once.
func (b *bench) measure(ctx context.Context, c contestant) (sample, error) {
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Dir, cmd.Env = b.dir, c.env
	before, began := b.machines.cpu(), time.Now()
	out, err := cmd.CombinedOutput()
	s := sample{name: c.name, took: time.Since(began)}
	s.host = b.machines.cpu() - before
	if err != nil {
		return s, fmt.Errorf("%s: %w\n%s", c.name, err, out)
	}
	s.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	say("%-22s %6.2f s", s.name, s.took.Seconds())
	return s, nil
}

// reruns has all contestants in turn; each round begins with another.
func (b *bench) reruns(ctx context.Context, o options) ([][]sample, error) {
	var rounds [][]sample
	for i := range o.rounds {
		field := b.quick
		if i < o.slow {
			field = append(append([]contestant{}, b.quick...), b.slow...)
		}
		var round []sample
		for j := range field {
			s, err := b.measure(ctx, field[(i+j)%len(field)])
			if err != nil {
				return nil, err
			}
			round = append(round, s)
		}
		rounds = append(rounds, round)
	}
	return rounds, nil
}

// firstRuns has kops and pyinfra in turn, each on machines that the play has not touched.
func (b *bench) firstRuns(ctx context.Context, o options) ([][]sample, error) {
	cleanup, err := os.ReadFile(filepath.Join(b.dir, "cleanup.sh"))
	if err != nil {
		return nil, err
	}
	var rounds [][]sample
	for i := range o.first {
		var round []sample
		for j := range 2 {
			if err := b.machines.everywhere(ctx, string(cleanup)); err != nil {
				return nil, err
			}
			s, err := b.measure(ctx, b.quick[1+(i+j)%2])
			if err != nil {
				return nil, err
			}
			round = append(round, s)
		}
		rounds = append(rounds, round)
	}
	return rounds, nil
}
