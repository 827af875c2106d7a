package ssh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"

	"kops/internal/remote"
)

// dialError explains why no TCP connection came about.
func (c *client) dialError(address string, err error) error {
	out := &remote.ConnectError{Host: c.name, Reason: remote.Unroutable, Detail: address + ": " + err.Error(), Err: err}
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		out.Reason, out.Advice = remote.NameNotFound, "correct ansible_host, or make the name resolve on this machine"
		out.Detail = fmt.Sprintf("%q does not resolve", dns.Name)
	case errors.Is(err, syscall.ECONNREFUSED):
		out.Reason, out.Detail, out.Err = remote.Refused, address, nil // its sshd refused, not what is dialled behind it
		out.Advice = "is sshd running there, and is ansible_port right?"
	case isTimeout(err):
		out.Reason = remote.TimedOut
		out.Detail = fmt.Sprintf("no connection to %s within %s", address, c.config.timeout())
		out.Advice = "is the host up, and does a firewall let this machine through?"
	case errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH):
		out.Detail = address
	}
	return out
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &timeout) && timeout.Timeout()
}

// handshakeError explains why the handshake failed.
func (c *client) handshakeError(address string, tried *attempts, err error) error {
	var known *remote.ConnectError
	if errors.As(err, &known) {
		return known
	}
	out := &remote.ConnectError{Host: c.name, Reason: remote.ConnectionLost, Detail: address + ": " + err.Error(), Err: err}
	var key *keyError
	text := err.Error()
	switch {
	case errors.As(err, &key):
		out.Reason, out.Detail = remote.AuthFailed, key.Error()
	case isTimeout(err):
		out.Reason = remote.TimedOut
		out.Detail = fmt.Sprintf("%s answers, but the SSH handshake did not end within %s", address, c.config.timeout())
	case strings.Contains(text, "unable to authenticate") || strings.Contains(text, "Too many authentication failures") ||
		strings.Contains(text, "too many authentication attempts"):
		out.Reason = remote.AuthFailed
		out.Detail = fmt.Sprintf("%s@%s refused %s", c.config.User, address, tried.summary())
		out.Advice = tried.advice()
	case strings.Contains(text, "no common algorithm"):
		out.Reason = remote.BadConfig
		out.Advice = "host and ssh_config have no algorithm in common"
	case strings.Contains(text, "EOF") || strings.Contains(text, "connection reset"):
		out.Advice = "sshd ended the handshake: its log says why (MaxStartups, a deny list, a full disk)"
	}
	return out
}
