package run_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
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
	// disk is a folder with one for each host, in which kops's own scripts find /var and /run. Without it
	// there are no such scripts.
	disk string
	// beside are files beside the playbook.
	beside map[string]string
	// alias are other names of hosts.
	alias map[string]string
	// bare says that no program is there.
	bare bool
	// user is who logs in; root if empty. Becoming root works.
	user string

	// looks is told which paths a host is asked for, and whether before the turn of the task. A script that reads
	// has the path "script".
	looks func(host, path string, ahead bool)

	// prepare fills a host that is dialled for the first time.
	prepare func(h *remotetest.Host)

	mu    sync.Mutex
	hosts map[string]*remotetest.Host // those that prepare filled
	dials map[string]int
	ran   []string // "host: command"

	scripts []string // kops's own
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
	host := remotetest.New()
	if f.prepare != nil {
		f.prepare(host)
		if f.hosts == nil {
			f.hosts = map[string]*remotetest.Host{}
		}
		f.hosts[name] = host
	}
	h := &fakeHost{Host: host, fleet: f, name: name}
	h.holding = &struct {
		cmd   *exec.Cmd
		stdin io.Closer
	}{}
	return &connection{h}, nil
}

// files are those below a folder on a host's disk, named from there.
func (f *fleet) files(t *testing.T, host, folder string) []string {
	t.Helper()
	top := filepath.Join(f.disk, host, folder)
	var names []string
	err := filepath.WalkDir(top, func(path string, _ os.DirEntry, err error) error {
		if name, _ := filepath.Rel(top, path); err == nil && name != "." {
			names = append(names, name)
		}
		return nil
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return names
}

func (f *fleet) commands() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.ran...)
}

type connection struct{ host *fakeHost }

func (c *connection) As(b remote.Become) remote.Host {
	h := *c.host
	h.user = h.fleet.user
	if b.Method != "" {
		h.user = b.User
	}
	if h.user == "" {
		h.user = "root"
	}
	if h.user == "nobody-yet" {
		return noUser{&h}
	}
	return &h
}

// A noUser is a host on which the user that is to act does not exist.
type noUser struct{ *fakeHost }

func (h noUser) Files(context.Context, ...remote.FileQuery) ([]remote.File, error) {
	return nil, &remote.ConnectError{Host: h.name, Reason: remote.BecomeUserUnknown}
}
func (c *connection) RoundTrips() int64 { return 0 }
func (c *connection) Reset() error      { return nil }
func (c *connection) Close() error {
	_, err := c.host.Hold(context.Background(), "", nil)
	return err
}

type fakeHost struct {
	*remotetest.Host
	fleet *fleet
	name  string
	user  string

	holding *struct {
		cmd   *exec.Cmd
		stdin io.Closer
	}
}

func (h *fakeHost) User() string { return h.user }

// Files tells of the queries.
func (h *fakeHost) Files(ctx context.Context, queries ...remote.FileQuery) ([]remote.File, error) {
	if h.fleet.looks != nil {
		for _, q := range queries {
			h.fleet.looks(h.name, q.Path, remote.IsAhead(ctx))
		}
	}
	return h.Host.Files(ctx, queries...)
}

// Query, Script and Hold run kops's own scripts on the host's disk.
func (h *fakeHost) Query(ctx context.Context, script string) (remote.Result, error) {
	if h.fleet.looks != nil {
		h.fleet.looks(h.name, "script", remote.IsAhead(ctx))
	}
	if h.OnQuery != nil {
		return h.Host.Query(ctx, script)
	}
	return h.sh(ctx, script)
}

func (h *fakeHost) Script(ctx context.Context, script string) (remote.Result, error) {
	res, err := h.sh(ctx, script)
	if err == nil && res.ExitCode != 0 {
		err = &remote.ScriptError{Result: res}
	}
	return res, err
}

// Hold keeps a process that has what the script opened.
func (h *fakeHost) Hold(ctx context.Context, script string, sent func()) (remote.Result, error) {
	if sent != nil {
		sent()
	}
	if h.holding.stdin != nil {
		_ = h.holding.stdin.Close() // it ends by that
		_ = h.holding.cmd.Wait()
		h.holding.stdin = nil
	}
	if script == "" {
		return remote.Result{}, nil
	}
	const end = "exit status "
	cmd, err := h.command(context.WithoutCancel(ctx), script+"\necho '"+end+"'$?; exec cat")
	if err != nil {
		return remote.Result{}, err
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return remote.Result{}, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return remote.Result{}, err
	}
	if err := cmd.Start(); err != nil {
		return remote.Result{}, err
	}
	h.holding.cmd, h.holding.stdin = cmd, stdin
	var res remote.Result
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if code, ok := strings.CutPrefix(lines.Text(), end); ok {
			res.ExitCode, err = strconv.Atoi(code)
			break
		}
		res.Stdout = append(res.Stdout, lines.Text()+"\n"...)
	}
	return res, err
}

// command is one of kops's own scripts on the host's disk.
func (h *fakeHost) command(ctx context.Context, script string) (*exec.Cmd, error) {
	f := h.fleet
	if f.disk == "" {
		return nil, fmt.Errorf("no disk for script %q", script)
	}
	f.mu.Lock()
	f.scripts = append(f.scripts, script)
	f.mu.Unlock()
	name := h.name
	if alias, ok := f.alias[name]; ok {
		name = alias
	}
	disk := filepath.Join(f.disk, name)
	for _, dir := range []string{"/var/lib", "/run"} {
		if err := os.MkdirAll(disk+dir, 0o755); err != nil {
			return nil, err
		}
		script = strings.ReplaceAll(script, dir+"/", disk+dir+"/")
	}
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", script)
	if f.bare {
		cmd.Env = []string{"PATH=/nonexistent"}
	}
	return cmd, nil
}

func (h *fakeHost) sh(ctx context.Context, script string) (remote.Result, error) {
	cmd, err := h.command(ctx, script)
	if err != nil {
		return remote.Result{}, err
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = nil
	}
	return remote.Result{ExitCode: cmd.ProcessState.ExitCode(), Stdout: out.Bytes(), Stderr: errs.Bytes()}, err
}

// first runs a script that must succeed before a call.
func (h *fakeHost) first(ctx context.Context, script string) error {
	if script == "" {
		return nil
	}
	res, err := h.sh(ctx, script)
	if err == nil && res.ExitCode != 0 {
		err = &remote.FirstError{Result: res}
	}
	return err
}

func (h *fakeHost) WriteFile(ctx context.Context, path string, content io.Reader, opts remote.WriteOptions) error {
	if err := h.first(ctx, opts.First); err != nil {
		return err
	}
	return h.Host.WriteFile(ctx, path, content, opts)
}

func (h *fakeHost) Exec(ctx context.Context, cmd remote.Command) (remote.Result, error) {
	if err := h.first(ctx, cmd.First); err != nil {
		return remote.Result{}, err
	}
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
	for name, text := range f.beside {
		write(name, text)
	}
	o.Dial = f.dial
	return setup{playbook: write("book.yaml", book), inventory: write("hosts.yaml", inventory), options: o}
}
