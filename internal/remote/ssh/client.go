package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"kops/internal/remote"
	"kops/internal/remote/posix"
)

// A client is a host that is connected to when it is needed, and again when the
// connection was lost. It is the posix.Machine of its host.
type client struct {
	dialer   *Dialer
	name     string
	settings remote.Settings
	config   config
	trips    atomic.Int64

	dialing chan struct{} // held while connecting
	mu      sync.Mutex
	current *link
}

var _ posix.Machine = (*client)(nil)

// A link is one SSH connection, from its handshake until it is lost.
type link struct {
	host   string
	conn   *ssh.Client
	ear    *ear
	budget *budget
	agent  bool          // sessions may use this machine's
	lost   chan struct{} // closed when the connection is gone
	why    string        // it is gone; to be read after that
	silent atomic.Bool   // it was given up since keep-alives had no answer

	trip      func(context.Context) // counts a round trip
	preparing sync.Mutex            // held while a session is opened ahead, and for good where that was refused
}

func (c *client) Name() string      { return c.name }
func (c *client) Login() string     { return c.config.User }
func (c *client) Log() *slog.Logger { return c.dialer.opts.Log }

// RoundTrip counts one.
func (c *client) RoundTrip(ctx context.Context) {
	c.trips.Add(1)
	remote.CountTrip(ctx)
}

func (c *client) alive() *link {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != nil && !c.current.isLost() {
		return c.current
	}
	return nil
}

// link returns the connection, and makes it where there is none.
func (c *client) link(ctx context.Context) (*link, error) {
	if l := c.alive(); l != nil {
		return l, nil
	}
	select {
	case c.dialing <- struct{}{}:
		defer func() { <-c.dialing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if l := c.alive(); l != nil {
		return l, nil
	}
	start := time.Now()
	conn, ear, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	c.dialer.opts.Log.Debug("connected", "host", c.name, "took", time.Since(start))
	l := &link{host: c.name, conn: conn, ear: ear, budget: newBudget(), lost: make(chan struct{}), agent: c.config.ForwardAgent != "", trip: c.RoundTrip}
	go l.watch(c.config.aliveInterval() * time.Duration(c.config.aliveCount()))
	go l.keepAlive(c.config.aliveInterval(), c.config.aliveCount())
	if err := forwardAgent(conn, c.config.ForwardAgent); err != nil {
		c.dialer.opts.Log.Debug("the agent is not forwarded", "host", c.name, "why", err)
	}
	c.mu.Lock()
	c.current = l
	c.mu.Unlock()
	return l, nil
}

func (c *client) close() error {
	c.mu.Lock()
	l := c.current
	c.current = nil
	c.mu.Unlock()
	if l == nil || l.isLost() {
		return nil
	}
	if err := l.conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	<-l.lost
	return nil
}

// Start has the login shell run a line.
func (c *client) Start(ctx context.Context, line string) (posix.Process, error) {
	l, err := c.link(ctx)
	if err != nil {
		return nil, err
	}
	return l.start(ctx, line)
}

// Dial opens a tunnel.
func (c *client) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	l, err := c.link(ctx)
	if err != nil {
		return nil, err
	}
	conn, err := l.conn.DialContext(ctx, network, address)
	var refused *ssh.OpenChannelError
	switch {
	case err == nil:
		return posix.NewConn(conn, network, address), nil
	case l.isLost():
		return nil, l.lostError()
	case errors.As(err, &refused) && (refused.Reason == ssh.Prohibited || refused.Reason == ssh.UnknownChannelType):
		return nil, &posix.ForwardError{Err: &net.OpError{Op: "dial", Net: network, Err: errors.New(address + " on " + c.name + ": " + refused.Message)}}
	case errors.As(err, &refused):
		return nil, &net.OpError{Op: "dial", Net: network, Err: posix.Said(address + " on " + c.name + ": " + refused.Message)}
	}
	return nil, err
}

func (l *link) isLost() bool {
	select {
	case <-l.lost:
		return true
	default:
		return false
	}
}

// watch waits for the end of the connection and notes why it ended.
func (l *link) watch(silence time.Duration) {
	err := l.conn.Wait()
	switch {
	case l.silent.Load():
		l.why = fmt.Sprintf("keep-alives had no answer for %s", silence)
	case err == nil || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed):
		l.why = "the other end closed it"
	default:
		l.why = err.Error()
	}
	close(l.lost)
}

func (l *link) lostError() error {
	<-l.lost
	return &remote.ConnectError{Host: l.host, Reason: remote.ConnectionLost, Detail: l.why,
		Advice: "what ran there may have been cut off halfway: run again when the host answers"}
}
