// Package posix makes a remote.Host of anything that can start a process on a POSIX
// machine: remote/ssh and remote/local share it. All that is known about shells, sudo,
// stat, getent, dpkg, rpm and systemd lives here.
package posix

import (
	"context"
	"io"
	"log/slog"
	"net"
)

// A Machine starts processes on a host, as the user who logged in.
type Machine interface {
	// Name is the host's name, for errors.
	Name() string
	// Login is the name of the user who logged in.
	Login() string
	// Start has the login user's shell, whichever that is, run a line. It counts the round
	// trips that it waits for.
	Start(ctx context.Context, line string) (Process, error)
	// Dial opens a connection from the host's side, with working deadlines.
	Dial(ctx context.Context, network, address string) (net.Conn, error)
	// RoundTrip counts one round trip, for the connection and for the caller: see remote.CountTrips.
	RoundTrip(ctx context.Context)
	// Log receives what a developer wants to know.
	Log() *slog.Logger
}

// A Process is a running line. Its outputs must be read, or it will block.
type Process interface {
	io.Writer // its standard input
	// CloseWrite ends its standard input.
	CloseWrite() error
	Stdout() io.Reader
	Stderr() io.Reader
	// Exited is closed when the process has ended; children may still hold its outputs.
	Exited() <-chan struct{}
	// ExitCode returns the exit status after Exited. Its error is a
	// *remote.ConnectError where the connection was lost.
	ExitCode() (int, error)
	// Close drops the process: its input and outputs are closed.
	Close() error
	// Release says that the process is idle, so that the machine may close it when it
	// needs room. Claim takes it back; it fails where the process has been closed.
	Release()
	Claim() bool
	// Pin keeps the process when it is idle, as long as the machine has room for another.
	Pin()
}
