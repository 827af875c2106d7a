package posix

import (
	"io"
	"net"
)

// NewConn makes a connection with working deadlines of a stream that has none: tunnels and
// pipes. Kafka and HTTP clients rely on them.
func NewConn(stream io.ReadWriteCloser, network, address string) net.Conn {
	near, far := net.Pipe()
	go func() {
		_, _ = io.Copy(far, stream) // the error is the reader's end of the stream
		_ = far.Close()
	}()
	go func() {
		_, _ = io.Copy(stream, far)
		_ = stream.Close()
		_ = far.Close()
	}()
	return &conn{Conn: near, remote: addr{network, address}}
}

// A conn is one end of a pipe that knows where it leads.
type conn struct {
	net.Conn
	remote addr
}

// RemoteAddr returns the address that was dialled.
func (c *conn) RemoteAddr() net.Addr { return c.remote }

type addr struct{ network, address string }

func (a addr) Network() string { return a.network }
func (a addr) String() string  { return a.address }
