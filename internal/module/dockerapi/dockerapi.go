// Package dockerapi is what the docker modules share: the arguments that say where Docker
// is, and a client of its API through the host's connection.
package dockerapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"kops/internal/module"
	"kops/internal/remote"
)

// PullLimit is how long a pull or a load of an image may take.
const PullLimit = 30 * time.Minute

// Connection is the part of a docker module's arguments that says where Docker is.
type Connection struct {
	DockerHost string `arg:"docker_host,alias=docker_url" doc:"where Docker listens, as the host sees it: unix:///path or tcp://address:port"`
	APITimeout int    `arg:"timeout" doc:"seconds that one request may take; pulls and loads have a longer limit of their own"`
	APIVersion string `arg:"api_version,alias=docker_api_version" doc:"version of the API to speak, auto for the newest that both know"`
	TLS        bool   `arg:"tls,unsupported" doc:"Docker is reached through the host's SSH connection"`
	Validate   bool   `arg:"validate_certs,alias=tls_verify,unsupported" doc:"Docker is reached through the host's SSH connection"`
}

// Default returns the connection of a task that says nothing.
func Default() Connection {
	return Connection{DockerHost: "unix:///var/run/docker.sock", APITimeout: 60, APIVersion: "auto"}
}

// Check tells what is wrong with the arguments.
func (c Connection) Check() error {
	if _, _, err := c.address(); err != nil {
		return err
	}
	if c.APITimeout < 1 {
		return errors.New("timeout: must be at least 1 second")
	}
	return nil
}

// Limit returns ctx with the time limit of one request.
func (c Connection) Limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, time.Duration(c.APITimeout)*time.Second)
}

// A Client is a client of Docker's API that remembers why it could not connect.
type Client struct {
	*client.Client
	address string
	refused atomic.Pointer[error]
}

// Open returns a client that reaches Docker as h does. Close it.
func (c Connection) Open(h remote.Reader) (*Client, error) {
	network, address, err := c.address()
	if err != nil {
		return nil, err
	}
	api := &Client{address: c.DockerHost}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := h.Dial(ctx, network, address)
		if err != nil {
			api.refused.Store(&err)
		}
		return conn, err
	}
	// The host's own way to dial is set by WithHost: ours comes after it.
	options := []client.Opt{client.WithHost(c.DockerHost), client.WithDialContext(dial)}
	if c.APIVersion != "auto" && c.APIVersion != "" {
		options = append(options, client.WithAPIVersion(c.APIVersion))
	}
	if api.Client, err = client.New(options...); err != nil {
		return nil, fmt.Errorf("docker client: %w", err)
	}
	return api, nil
}

func (c Connection) address() (network, address string, err error) {
	u, err := url.Parse(c.DockerHost)
	switch {
	case err != nil:
	case u.Scheme == "unix" && strings.HasPrefix(u.Path, "/") && u.Host == "":
		return "unix", u.Path, nil
	case u.Scheme == "tcp" && u.Port() != "":
		return "tcp", u.Host, nil
	}
	return "", "", fmt.Errorf("docker_host: %q is neither unix:///path nor tcp://address:port", c.DockerHost)
}

// Explain says what was being done and why it failed. Where nobody listens on Docker's
// socket the error is a module.ErrDependsOnEarlier.
func (c *Client) Explain(what string, err error) error {
	if err == nil {
		return nil
	}
	if why := c.refused.Load(); why != nil {
		return fmt.Errorf("%s: Docker is not running on this host, or this user may not use it: %s: %w; %w",
			what, c.address, *why, module.ErrDependsOnEarlier)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: Docker did not answer in time: %w", what, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// Missing tells whether Docker says that there is no such thing.
func Missing(err error) bool { return errdefs.IsNotFound(err) }
