// Package local is the connection to this machine: the same shells, files and units as
// over SSH, without the SSH.
package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os/exec"
	"os/user"
	"sync/atomic"
	"syscall"

	"kops/internal/remote"
	"kops/internal/remote/posix"
)

// Dial returns a connection to this machine. It is a remote.Dialer.
func Dial(_ context.Context, name string, _ remote.Settings) (remote.Connection, error) {
	me, err := user.Current()
	if err != nil {
		return nil, fmt.Errorf("%s: find out who runs kops: %w", name, err)
	}
	m := &machine{name: name, login: me.Username}
	return &connection{machine: m, hosts: posix.NewHosts(m, posix.Limits{})}, nil
}

type connection struct {
	machine *machine
	hosts   *posix.Hosts
}

// As returns this machine as the given user sees it.
func (c *connection) As(b remote.Become) remote.Host { return c.hosts.As(b) }

// RoundTrips counts as over SSH.
func (c *connection) RoundTrips() int64 { return c.machine.trips.Load() }

// Reset ends the shells; the next use opens new ones.
func (c *connection) Reset() error {
	c.hosts.Close()
	return nil
}

// Close ends the shells.
func (c *connection) Close() error {
	c.hosts.Close()
	return nil
}

type machine struct {
	name, login string
	trips       atomic.Int64
}

func (m *machine) Name() string  { return m.name }
func (m *machine) Login() string { return m.login }

// RoundTrip counts one.
func (m *machine) RoundTrip(ctx context.Context) {
	m.trips.Add(1)
	remote.CountTrip(ctx)
}

// Log discards.
func (m *machine) Log() *slog.Logger { return slog.New(slog.DiscardHandler) }

// Dial connects from this machine.
func (m *machine) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, network, address)
}

// Start runs a line in a session of its own, so that it has no terminal to ask for
// passwords, and a process group that can be ended as a whole.
func (m *machine) Start(_ context.Context, line string) (posix.Process, error) {
	cmd := exec.Command("/bin/sh", "-c", line)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	p := &process{cmd: cmd, exited: make(chan struct{})}
	var err error
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if p.stdout, err = cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	if p.stderr, err = cmd.StderrPipe(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start /bin/sh: %w", err)
	}
	go p.reap()
	return p, nil
}

type process struct {
	cmd            *exec.Cmd
	stdin          io.WriteCloser
	stdout, stderr io.ReadCloser
	exited         chan struct{}
	code           int
	err            error
}

// reap waits for the process itself and leaves its outputs open: what it has written may
// not have been read yet.
func (p *process) reap() {
	defer close(p.exited)
	state, err := p.cmd.Process.Wait()
	if err != nil {
		p.err = err
		return
	}
	p.code = state.ExitCode()
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		p.code = 128 + int(ws.Signal())
	}
}

func (p *process) Write(b []byte) (int, error) { return p.stdin.Write(b) }
func (p *process) CloseWrite() error           { return p.stdin.Close() }
func (p *process) Stdout() io.Reader           { return p.stdout }
func (p *process) Stderr() io.Reader           { return p.stderr }
func (p *process) Exited() <-chan struct{}     { return p.exited }
func (p *process) ExitCode() (int, error)      { return p.code, p.err }
func (p *process) Release()                    {}
func (p *process) Pin()                        {}

// Claim fails where the process has ended.
func (p *process) Claim() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// Close closes input and outputs; a shell ends by that.
func (p *process) Close() error {
	return errors.Join(p.stdin.Close(), p.stdout.Close(), p.stderr.Close())
}
