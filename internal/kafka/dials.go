package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// ErrNoAnswer is a broker that accepts connections and does not answer in time.
var ErrNoAnswer = errors.New("no answer")

// dials are what came of a client's connections: the library may word as a time limit what one of them met with.
type dials struct {
	mu      sync.Mutex
	opened  string // the last that was opened, as the library dials it
	reached string // its address
	failed  string // the one that was not opened since, or is not open yet, as the library dials it
	trouble error  // why it was not; nil for none
}

// dialer is the dial function as the library wants it.
func (d *dials) dialer(dial Dial, limit time.Duration) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, at string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		broker, address := unnumbered(at)
		wrap := func(err error) error {
			if broker >= 0 {
				err = fmt.Errorf("broker %d: %w", broker, err)
			}
			return fmt.Errorf("connect to %s: %w", address, err)
		}
		d.begin(at, wrap(fmt.Errorf("no connection within %s", limit)))
		conn, err := dial(ctx, broker, address)
		if err != nil {
			err = wrap(err)
			d.fail(at, err)
			return nil, err
		}
		d.open(at, address)
		return newNumberer(conn), nil
	}
}

// ofNet has each error be one of package net's. After those alone the library asks the next broker, and what the way to a
// broker meets with (a host that SSH does not reach) may be none.
func ofNet(dial Dial) Dial {
	return func(ctx context.Context, broker int32, address string) (net.Conn, error) {
		conn, err := dial(ctx, broker, address)
		if err != nil {
			return nil, &dialError{err}
		}
		return conn, nil
	}
}

// A dialError is a failure to connect, in its own words.
type dialError struct{ error }

// Unwrap returns the cause.
func (e *dialError) Unwrap() error { return e.error }

// As makes an error of package net of it.
func (e *dialError) As(target any) bool {
	op, ok := target.(**net.OpError)
	if ok {
		*op = &net.OpError{Op: "dial", Net: "tcp", Err: e.error}
	}
	return ok
}

// begin notes what is to be said where a call ends before its connection is given up. What was met with before at the
// same place says more.
func (d *dials) begin(at string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if at != d.opened && at != d.failed {
		d.failed, d.trouble = at, err
	}
}

// fail notes why a connection was not opened. That it was cut off says nothing against a place which accepted another before.
func (d *dials) fail(at string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !isLate(err) || at != d.opened {
		d.failed, d.trouble = at, err
	}
}

func (d *dials) open(at, address string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.opened, d.reached, d.failed, d.trouble = at, address, "", nil
}

// last returns the address of the last connection that was opened, and why one was not since.
func (d *dials) last() (reached string, trouble error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.reached, d.trouble
}

// explain says what was being done, where, and in a person's words what went wrong.
func (c *Client) explain(what string, err error) error {
	reached, trouble := c.dials.last()
	var eof *kgo.ErrFirstReadEOF
	late := isLate(err)
	switch {
	case late && trouble != nil:
		return fmt.Errorf("%s: %w", what, trouble)
	case reached == "", trouble != nil && errors.Is(err, trouble):
		return fmt.Errorf("%s: %w", what, err)
	case late:
		return fmt.Errorf("%s: %w from %s within %s, although it accepts connections: is it a broker, and does its listener speak what security_protocol says?", what, ErrNoAnswer, reached, c.timeout)
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

// isLate tells whether it was a time limit that ended a call.
func isLate(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)
}
