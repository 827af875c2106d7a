package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"kops/internal/event"
	"kops/internal/report/jsonl"
)

// A line is a way to the host, with what was measured on it.
type line struct {
	options
	inventory string
	runs      []result
}

// A result is one run of the playbook.
type result struct {
	took    time.Duration
	tasks   []string // and items of loops, as lines for people
	trips   int64
	changed int
}

// newLine opens a proxy that lives as long as the process, and writes the inventory that uses it.
func newLine(o options, dir string, rtt time.Duration) (*line, error) {
	p, err := newProxy(o.host, rtt/2)
	if err != nil {
		return nil, err
	}
	go p.serve()
	host, _, err := net.SplitHostPort(o.host)
	if err != nil {
		return nil, err
	}
	l := &line{options: o, inventory: filepath.Join(dir, fmt.Sprintf("inventory-%s.yaml", rtt))}
	return l, os.WriteFile(l.inventory, fmt.Appendf(nil, `kafka:
  hosts:
    far:
      ansible_host: 127.0.0.1
      ansible_port: %d
      ansible_user: ops
      ansible_become: true
      ansible_ssh_private_key_file: %s
      ansible_ssh_common_args: -F /dev/null -o UserKnownHostsFile=%s -o HostKeyAlias=%s
`, p.port(), o.key, o.known, host), 0o600)
}

// run runs the playbook and reads its events.
func (l *line) run(ctx context.Context, play string) (result, error) {
	args := []string{"run", play, "-i", l.inventory, "--json"}
	cmd := exec.CommandContext(ctx, l.kops, args...)
	cmd.Env = append(os.Environ(), "KOPS_RECORDS=0")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	start := time.Now()
	out, err := cmd.Output()
	r := result{took: time.Since(start)}
	if err != nil {
		return r, fmt.Errorf("%w\n%s%s", err, errs.Bytes(), out)
	}
	tasks := map[int]event.TaskStarted{}
	for read, err := range jsonl.Read(bytes.NewReader(out)) {
		if err != nil {
			return r, err
		}
		switch e := read.Event.(type) {
		case event.TaskStarted:
			tasks[e.Task] = e
		case event.Result:
			r.add(tasks[e.Task], e)
		}
	}
	return r, nil
}

// add counts a task, or each item in place of its loop. An include is no task of its own.
func (r *result) add(task event.TaskStarted, e event.Result) {
	if _, loop := e.Result.Get("results"); loop || task.Module == "include_tasks" {
		return
	}
	r.trips += e.RoundTrips
	if e.Status == event.Changed {
		r.changed++
	}
	r.tasks = append(r.tasks, fmt.Sprintf("%8.1f ms %3d  %s", e.Duration.Seconds()*1000, e.RoundTrips, strings.TrimSpace(task.Name+" "+e.Label)))
}

// preparePlay copies bench/play beside the binary that it installs, which is built once.
func preparePlay(ctx context.Context, dir string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	cache = filepath.Join(cache, "kops-bench")
	binary := filepath.Join(cache, "node_exporter")
	if _, err := os.Stat(binary); err != nil {
		build := exec.CommandContext(ctx, "go", "install", "github.com/prometheus/node_exporter@v1.12.1")
		build.Dir, build.Env = os.TempDir(), append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOBIN="+cache)
		if out, err := build.CombinedOutput(); err != nil {
			return "", fmt.Errorf("build node_exporter, which the play copies: %w\n%s", err, out)
		}
	}
	play := filepath.Join(dir, "bench", "play")
	if err := os.Mkdir(filepath.Dir(play), 0o755); err != nil {
		return "", err
	}
	err = errors.Join(os.CopyFS(play, os.DirFS("bench/play")), os.Mkdir(filepath.Join(play, "files"), 0o755),
		os.Symlink(binary, filepath.Join(play, "files/node_exporter")))
	return filepath.Join(play, "play.yaml"), err
}
