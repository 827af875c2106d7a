package remote

import (
	"context"
	"fmt"
)

// A Become says which user acts, and how to become that user.
type Become struct {
	Method   string // "sudo" or "su"; "" for none
	User     string // "root" if empty
	Password string
	Flags    string // become_flags
	Exe      string // become_exe
}

// String names the user without the password.
func (b Become) String() string {
	if b.Method == "" {
		return "the login user"
	}
	return fmt.Sprintf("%s by %s", b.User, b.Method)
}

// GoString keeps the password out of %#v.
func (b Become) GoString() string { return b.String() }

// A Connection is the one connection to a host, kept for the whole run. It is safe for
// concurrent use.
type Connection interface {
	// As returns the host as the given user sees it. Shells and D-Bus of a user are
	// opened when first needed and kept.
	As(b Become) Host
	// RoundTrips returns how many round trips there have been so far.
	RoundTrips() int64
	// Reset drops the connection, so that the next use connects anew (meta: reset_connection).
	Reset() error
	// Close ends the connection.
	Close() error
}

// A Dialer connects to a host. Settings are the host's variables that have to do with the
// connection, evaluated: ansible_host, ansible_port, ansible_user …
type Dialer func(ctx context.Context, name string, s Settings) (Connection, error)

// Settings say how to reach a host.
type Settings struct {
	Kind            string // "ssh" or "local"
	Address         string // ansible_host; the inventory name if empty
	Port            int    // 0: from ssh_config, or 22
	User            string // "": from ssh_config, or the current user
	Password        string
	PrivateKeyFile  string
	PrivateKey      string   // the key itself (ansible_private_key), for keys in a vault
	Passphrase      string   // ansible_private_key_passphrase
	SSHArgs         []string // OpenSSH options from ansible_ssh_common_args and its like, split: -o Name=Value, -J host, -F file
	HostKeyChecking bool
	Timeout         int // seconds to connect
}

// GoString keeps the secrets out of %#v.
func (s Settings) GoString() string { return fmt.Sprintf("%s@%s:%d", s.User, s.Address, s.Port) }

// String keeps the secrets out of %v.
func (s Settings) String() string { return s.GoString() }
