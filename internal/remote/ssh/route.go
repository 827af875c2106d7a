package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"

	"kops/internal/remote"
	"kops/internal/remote/posix"
)

// maxHops is where a chain of bastions is taken for a circle.
const maxHops = 8

// connect goes the route to the host and shakes hands.
func (c *client) connect(ctx context.Context) (*ssh.Client, *ear, error) {
	check, err := c.newKeyCheck()
	if err != nil {
		return nil, nil, &remote.ConnectError{Host: c.name, Reason: remote.BadConfig, Detail: err.Error(), Err: err}
	}
	stream, address, err := c.route(ctx)
	if err != nil {
		return nil, nil, err
	}
	conn := &ear{Conn: stream}
	select {
	case c.dialer.handshake <- struct{}{}:
		defer func() { <-c.dialer.handshake }()
	case <-ctx.Done():
		_ = conn.Close()
		return nil, nil, ctx.Err()
	}
	hurry := func() { _ = conn.SetDeadline(time.Now().Add(c.config.timeout())) } // all routes have deadlines
	tried := &attempts{signing: func() func() {
		_ = conn.SetDeadline(time.Time{})
		return hurry
	}}
	defer tried.close()
	methods, err := c.authMethods(tried)
	if err != nil {
		_ = conn.Close()
		return nil, nil, &remote.ConnectError{Host: c.name, Reason: remote.AuthFailed, Detail: err.Error(), Err: err}
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	hurry()
	sc, channels, requests, err := ssh.NewClientConn(conn, check.name, &ssh.ClientConfig{
		Config: ssh.Config{KeyExchanges: c.config.Algorithms.KeyExchanges, Ciphers: c.config.Algorithms.Ciphers,
			MACs: c.config.Algorithms.MACs},
		User: c.config.User, Auth: methods, HostKeyCallback: check.check, HostKeyAlgorithms: check.algorithms(),
		ClientVersion: "SSH-2.0-kops",
	})
	if err != nil {
		_ = conn.Close()
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		return nil, nil, c.handshakeError(address, tried, err)
	}
	_ = conn.SetDeadline(time.Time{})
	return ssh.NewClient(sc, channels, requests), conn, nil
}

// route opens the stream that SSH is spoken on: TCP, a command's input and output, or a
// tunnel through bastions.
func (c *client) route(ctx context.Context) (net.Conn, string, error) {
	address := net.JoinHostPort(c.config.Host, c.config.Port)
	ctx, cancel := context.WithTimeout(ctx, c.config.timeout())
	defer cancel()
	switch {
	case c.config.ProxyCommand != "":
		conn, err := proxyCommand(c.config, c.name)
		if err != nil {
			return nil, address, &remote.ConnectError{Host: c.name, Reason: remote.JumpFailed, Detail: err.Error(), Err: err}
		}
		return conn, address, nil
	case len(c.config.ProxyJump) > 0:
		conn, err := c.jump(ctx, address)
		return conn, address, err
	}
	d := net.Dialer{}
	if c.config.BindAddress != "" {
		d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(c.config.BindAddress)}
	}
	conn, err := d.DialContext(ctx, c.config.Network, address)
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return nil, address, err
		}
		return nil, address, c.dialError(address, err)
	}
	return conn, address, nil
}

// jump opens a tunnel through the last bastion, which is reached through those before it.
func (c *client) jump(ctx context.Context, address string) (net.Conn, error) {
	bastion, err := c.dialer.bastion(ctx, c.config.ProxyJump, c.config.File)
	if err == nil {
		var conn net.Conn
		if conn, err = bastion.Dial(ctx, "tcp", address); err == nil {
			return conn, nil
		}
	}
	out := &remote.ConnectError{Host: c.name, Reason: remote.JumpFailed, Detail: "through " + strings.Join(c.config.ProxyJump, ",") + ": " + err.Error(), Err: err}
	if errors.Is(err, syscall.ECONNREFUSED) { // its sshd refused, not what is dialled behind it
		out.Err = nil
	}
	return nil, out
}

// bastion returns the one connection to the last of the hops.
func (d *Dialer) bastion(ctx context.Context, hops, file []string) (*client, error) {
	if len(hops) > maxHops {
		return nil, fmt.Errorf("more than %d bastions in a row", maxHops)
	}
	key := strings.Join(append(append([]string{}, file...), hops...), "\x00")
	d.mu.Lock()
	defer d.mu.Unlock()
	if c := d.bastions[key]; c != nil {
		return c, nil
	}
	name, s, err := parseHop(hops[len(hops)-1])
	if err != nil {
		return nil, err
	}
	s.SSHArgs, s.HostKeyChecking = file, true
	var before []string // nil: as the bastion's own configuration says
	if len(hops) > 1 {
		before = hops[:len(hops)-1]
	}
	c, err := d.client(ctx, name, s, before)
	if err != nil {
		return nil, err
	}
	for _, h := range c.config.ProxyJump {
		if h == hops[len(hops)-1] {
			return nil, fmt.Errorf("the bastion %s is to be reached through itself", h)
		}
	}
	d.bastions[key] = c
	return c, nil
}

// parseHop reads "user@host:port", as -J has it.
func parseHop(hop string) (string, remote.Settings, error) {
	var s remote.Settings
	rest := strings.TrimPrefix(hop, "ssh://")
	if user, after, ok := cutLast(rest, "@"); ok {
		s.User, rest = user, after
	}
	if host, port, err := net.SplitHostPort(rest); err == nil {
		n, err := strconv.Atoi(port)
		if err != nil {
			return "", s, fmt.Errorf("the bastion %q has a port that is no number", hop)
		}
		s.Port, rest = n, host
	}
	s.Address = strings.Trim(rest, "[]")
	if s.Address == "" {
		return "", s, fmt.Errorf("%q is not a bastion: user@host:port", hop)
	}
	return s.Address, s, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// proxyCommand starts the command whose input and output lead to the host's sshd.
func proxyCommand(cfg config, name string) (net.Conn, error) {
	line := strings.NewReplacer("%%", "%", "%h", cfg.Host, "%p", cfg.Port, "%r", cfg.User, "%n", name).Replace(cfg.ProxyCommand)
	cmd := exec.Command("/bin/sh", "-c", "exec "+line)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start ProxyCommand %q: %w", line, err)
	}
	return posix.NewConn(&proxy{cmd: cmd, WriteCloser: stdin, Reader: stdout}, "tcp", net.JoinHostPort(cfg.Host, cfg.Port)), nil
}

// A proxy is a running ProxyCommand.
type proxy struct {
	cmd *exec.Cmd
	io.WriteCloser
	io.Reader
}

// Close ends the command and what it started.
func (p *proxy) Close() error {
	_ = p.WriteCloser.Close()
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM)
	_ = p.cmd.Wait() // that it was ended is no error
	return nil
}
