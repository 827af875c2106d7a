// Package kafka speaks Kafka's admin protocol and ZooKeeper's four-letter words over a
// dial function that is handed in, so that it reaches clusters which only their hosts can
// reach. It only reads.
package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Dial opens a connection, as net.Dialer.DialContext does.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

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
}

// Open prepares a client; the first request connects.
func Open(dial Dial, o Options) (*Client, error) {
	if err := CheckAddresses(o.Bootstrap); err != nil {
		return nil, err
	}
	if o.CallTimeout <= 0 {
		o.CallTimeout = defaultCallTimeout
	}
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
		kgo.Dialer(dial),
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
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("kafka client: %w", err)
	}
	admin := kadm.NewClient(client)
	admin.SetTimeoutMillis(int32(o.CallTimeout.Milliseconds()))
	return &Client{kgo: client, admin: admin, timeout: o.CallTimeout}, nil
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
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		own := config.Clone()
		if own.ServerName == "" {
			own.ServerName, _, _ = net.SplitHostPort(address)
		}
		secured := tls.Client(conn, own)
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("TLS with %s: %w", address, err), conn.Close())
		}
		return secured, nil
	}
}

// explain names what the client library words for programmers.
func (c *Client) explain(what string, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		seeds := c.kgo.OptValue(kgo.SeedBrokers).([]string)
		slices.Sort(seeds)
		return fmt.Errorf("%s: no answer from %s within %s: %w", what, strings.Join(seeds, ", "), c.timeout, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}
