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
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
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

	dials dials
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
	dial = ofNet(dial)
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
		kgo.Dialer(c.dials.dialer(dial, o.CallTimeout)),
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
