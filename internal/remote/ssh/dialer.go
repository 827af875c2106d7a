// Package ssh is the one connection to a host: shells, commands, files, D-Bus and tunnels
// share it. It behaves as the ssh command does where ~/.ssh/config and OpenSSH's options
// have a say, except that an unknown host key is always refused.
package ssh

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"kops/internal/remote"
	"kops/internal/remote/posix"
)

// Options are what all connections of a run have in common. The zero value is usable.
type Options struct {
	// Prompt asks the person for a secret, the passphrase of a key. It is called once for
	// each key. Nil where nobody can be asked.
	Prompt func(question string) (string, error)
	// KnownHosts replaces the known_hosts files that ssh_config names.
	KnownHosts []string
	// Handshakes is how many connections are set up at a time; 20 if 0.
	Handshakes int
	// Limits are how long hosts may be silent; the usual ones if zero.
	Limits posix.Limits
	// Log receives what a developer wants to know. Nil for none.
	Log *slog.Logger
}

// A Dialer makes connections and keeps what they share: parsed configuration, keys, and
// the connections to bastions.
type Dialer struct {
	opts      Options
	handshake chan struct{}
	keys      *keyring
	configs   configCache

	mu       sync.Mutex
	bastions map[string]*client
}

// NewDialer returns a Dialer.
func NewDialer(opts Options) *Dialer {
	if opts.Handshakes == 0 {
		opts.Handshakes = 20
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	return &Dialer{opts: opts, handshake: make(chan struct{}, opts.Handshakes),
		keys: newKeyring(opts.Prompt), bastions: map[string]*client{}}
}

// Dial connects to a host. It is a remote.Dialer.
func (d *Dialer) Dial(ctx context.Context, name string, s remote.Settings) (remote.Connection, error) {
	c, err := d.client(ctx, name, s, nil)
	if err != nil {
		return nil, err
	}
	if _, err := c.link(ctx); err != nil {
		return nil, err
	}
	return &connection{client: c, hosts: posix.NewHosts(c, d.opts.Limits)}, nil
}

// client resolves the configuration of a host that is reached through the given hops, or
// those of its configuration.
func (d *Dialer) client(ctx context.Context, name string, s remote.Settings, hops []string) (*client, error) {
	cfg, err := d.configs.resolve(ctx, name, s)
	if err != nil {
		return nil, &remote.ConnectError{Host: name, Reason: remote.BadConfig, Detail: err.Error(), Err: err}
	}
	if len(d.opts.KnownHosts) > 0 {
		cfg.KnownHosts = d.opts.KnownHosts
	}
	if hops != nil {
		cfg.ProxyJump, cfg.ProxyCommand = hops, ""
	}
	return &client{dialer: d, name: name, settings: s, config: cfg, dialing: make(chan struct{}, 1)}, nil
}

// Close ends the connections to bastions.
func (d *Dialer) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var failures []error
	for _, c := range d.bastions {
		failures = append(failures, c.close())
	}
	d.bastions = map[string]*client{}
	return errors.Join(failures...)
}

// A connection is the one connection to a host.
type connection struct {
	client *client
	hosts  *posix.Hosts
}

// As returns the host as the given user sees it.
func (c *connection) As(b remote.Become) remote.Host { return c.hosts.As(b) }

// RoundTrips returns how many round trips there have been.
func (c *connection) RoundTrips() int64 { return c.client.trips.Load() }

// Reset drops the connection; the next use connects anew.
func (c *connection) Reset() error {
	c.hosts.Close()
	return c.client.close()
}

// Close ends the connection.
func (c *connection) Close() error { return c.Reset() }
