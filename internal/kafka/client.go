// Package kafka speaks Kafka's admin protocol and ZooKeeper's four-letter words over a
// dial function that is handed in, so that it reaches clusters which only their hosts can
// reach.
package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Dial opens a connection to a broker. Its number is -1 before it has said who it is: for
// bootstrap addresses.
type Dial func(ctx context.Context, broker int32, address string) (net.Conn, error)

// Options say how to reach a cluster.
type Options struct {
	Bootstrap []string // host:port
	TLS       *TLS     // nil for plain text
	SASL      *SASL    // nil for none
	// CallTimeout limits each request, the connection it may need included; 10 s if zero.
	CallTimeout time.Duration
}

const defaultCallTimeout = 10 * time.Second

// A Client asks one cluster. It is safe for concurrent use.
type Client struct {
	kgo     *kgo.Client
	admin   *kadm.Client
	timeout time.Duration
	login   string // mechanism and user, for people
	named   bool   // it says who it is, by a login or a certificate

	mu      sync.Mutex
	trouble error  // why the last connection was not opened; nil if it was
	reached string // the address of the last that was
}

// Open prepares a client; the first request connects.
func Open(dial Dial, o Options) (*Client, error) {
	if err := CheckAddresses(o.Bootstrap); err != nil {
		return nil, err
	}
	if o.CallTimeout <= 0 {
		o.CallTimeout = defaultCallTimeout
	}
	c := &Client{timeout: o.CallTimeout, named: o.SASL != nil || o.TLS != nil && len(o.TLS.Cert) > 0}
	if o.TLS != nil {
		config, err := o.TLS.config()
		if err != nil {
			return nil, err
		}
		dial = overTLS(dial, config)
	}
	opts := []kgo.Opt{
		kgo.SeedBrokers(o.Bootstrap...),
		kgo.ClientID("kops"),
		kgo.Dialer(c.dialer(dial)),
		kgo.RequestTimeoutOverhead(o.CallTimeout),
		kgo.RetryTimeout(o.CallTimeout),
		kgo.RequestRetries(2),
		kgo.MetadataMinAge(10 * time.Millisecond),
	}
	if o.SASL != nil {
		mechanism, err := o.SASL.mechanism()
		if err != nil {
			return nil, err
		}
		opts = append(opts, kgo.SASL(mechanism))
		c.login = o.SASL.String()
	}
	var err error
	if c.kgo, err = kgo.NewClient(opts...); err != nil {
		return nil, fmt.Errorf("kafka client: %w", err)
	}
	c.admin = kadm.NewClient(c.kgo)
	c.admin.SetTimeoutMillis(int32(o.CallTimeout.Milliseconds()))
	return c, nil
}

// dialer is the dial function as the library wants it. It keeps what went wrong last, which the
// library may word as a time limit.
func (c *Client) dialer(dial Dial) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, c.timeout)
		defer cancel()
		broker, address := unnumbered(address)
		conn, err := dial(ctx, broker, address)
		c.mu.Lock()
		defer c.mu.Unlock()
		if err != nil {
			if broker >= 0 {
				err = fmt.Errorf("broker %d: %w", broker, err)
			}
			c.trouble = fmt.Errorf("connect to %s: %w", address, err)
			return nil, c.trouble
		}
		c.trouble, c.reached = nil, address
		return newNumberer(conn), nil
	}
}

// limit returns ctx with the time limit of one request.
func (c *Client) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, c.timeout)
}

// Close ends the client's connections.
func (c *Client) Close() { c.kgo.Close() }

// CheckAddresses tells what is wrong with a list of host:port.
func CheckAddresses(addresses []string) error {
	if len(addresses) == 0 {
		return errors.New("no bootstrap address")
	}
	for _, a := range addresses {
		host, port, err := net.SplitHostPort(a)
		if err != nil || host == "" || strings.ContainsAny(host, " \t/") {
			return fmt.Errorf("%q is not host:port", a)
		}
		if n, err := net.LookupPort("tcp", port); err != nil || n == 0 {
			return fmt.Errorf("%q has no valid port", a)
		}
	}
	return nil
}

func overTLS(dial Dial, config *tls.Config) Dial {
	return func(ctx context.Context, broker int32, address string) (net.Conn, error) {
		conn, err := dial(ctx, broker, address)
		if err != nil {
			return nil, err
		}
		own := config.Clone()
		if own.ServerName == "" {
			own.ServerName, _, _ = net.SplitHostPort(address)
		}
		secured := tls.Client(conn, own)
		if err := secured.HandshakeContext(ctx); errors.Is(err, io.EOF) {
			return nil, errors.Join(fmt.Errorf("TLS with %s: it closed the connection: does its listener speak TLS?", address), conn.Close())
		} else if unknown := (x509.UnknownAuthorityError{}); errors.As(err, &unknown) {
			return nil, errors.Join(fmt.Errorf("TLS with %s: is its authority in the file of tls_ca? %w", address, err), conn.Close())
		} else if err != nil {
			return nil, errors.Join(fmt.Errorf("TLS with %s: %w", address, err), conn.Close())
		}
		return secured, nil
	}
}

// explain says what was being done, where, and in a person's words what went wrong.
func (c *Client) explain(what string, err error) error {
	c.mu.Lock()
	trouble, reached := c.trouble, c.reached
	c.mu.Unlock()
	var eof *kgo.ErrFirstReadEOF
	late := errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)
	switch {
	case reached == "" && late && trouble != nil:
		return fmt.Errorf("%s: %w", what, trouble)
	case reached == "":
		return fmt.Errorf("%s: %w", what, err)
	case late:
		return fmt.Errorf("%s: no answer from %s within %s, although it accepts connections: is it a broker, and does its listener speak what security_protocol says?", what, reached, c.timeout)
	case errors.Is(err, kerr.SaslAuthenticationFailed), c.login != "" && errors.Is(err, io.EOF):
		return fmt.Errorf("%s: %s refuses the login (%s): %w", what, reached, c.login, err)
	case errors.Is(err, kerr.IllegalSaslState):
		return fmt.Errorf("%s: %s asks for no login: its listener speaks another security_protocol: %w", what, reached, err)
	case errors.As(err, &eof):
		return fmt.Errorf("%s: %s closed the connection at once: its listener speaks another security_protocol (TLS, SASL), or refuses this client", what, reached)
	case strings.Contains(err.Error(), reached):
		return fmt.Errorf("%s: %w", what, err)
	}
	return fmt.Errorf("%s: %s: %w", what, reached, err)
}
