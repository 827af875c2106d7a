package run_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"kops/internal/remote"
	"kops/internal/remote/remotetest"
	"kops/internal/run"
)

// A fleet is hosts in memory behind a dialer.
type fleet struct {
	// exec answers a command on a host.
	exec func(ctx context.Context, host string, cmd remote.Command) (remote.Result, error)
	// down are the hosts that cannot be reached.
	down map[string]remote.Reason

	mu    sync.Mutex
	dials map[string]int
	ran   []string // "host: command"
}

func (f *fleet) dial(_ context.Context, name string, _ remote.Settings) (remote.Connection, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dials == nil {
		f.dials = map[string]int{}
	}
	f.dials[name]++
	if reason, ok := f.down[name]; ok {
		return nil, &remote.ConnectError{Host: name, Reason: reason}
	}
	return &connection{&fakeHost{Host: remotetest.New(), fleet: f, name: name}}, nil
}

func (f *fleet) commands() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.ran...)
}

type connection struct{ host *fakeHost }

func (c *connection) As(remote.Become) remote.Host { return c.host }
func (c *connection) RoundTrips() int64            { return 0 }
func (c *connection) Reset() error                 { return nil }
func (c *connection) Close() error                 { return nil }

type fakeHost struct {
	*remotetest.Host
	fleet *fleet
	name  string
}

func (h *fakeHost) Exec(ctx context.Context, cmd remote.Command) (remote.Result, error) {
	h.fleet.mu.Lock()
	h.fleet.ran = append(h.fleet.ran, h.name+": "+strings.Join(cmd.Argv, " "))
	h.fleet.mu.Unlock()
	if h.fleet.exec == nil {
		return remote.Result{}, nil
	}
	return h.fleet.exec(ctx, h.name, cmd)
}

// on makes a setup of a playbook's text on the named hosts.
func (f *fleet) on(t *testing.T, hosts, book string, o run.Options) setup {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	inventory := "all:\n  hosts:\n"
	for _, h := range strings.Fields(hosts) {
		inventory += "    " + h + ":\n"
	}
	o.Dial = f.dial
	return setup{playbook: write("book.yaml", book), inventory: write("hosts.yaml", inventory), options: o}
}
