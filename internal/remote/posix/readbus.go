package posix

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	godbus "github.com/godbus/dbus/v5"
)

// A readBus is the bus that every user may read properties from: a tunnel to its socket as the
// login user, opened when first needed.
type readBus struct {
	mu   sync.Mutex
	conn *godbus.Conn
}

func (b *readBus) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.conn != nil {
		_ = b.conn.Close() // there is nothing left that a failure could spoil
		b.conn = nil
	}
}

// readBus returns the bus. Where it has to be opened, its greeting goes together with the caller's
// first question: the tunnel is the only thing that is waited for.
func (hs *Hosts) readBus(ctx context.Context) (*godbus.Conn, error) {
	b := &hs.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.conn != nil && b.conn.Connected() {
		return b.conn, nil
	}
	ctx, cancel := context.WithTimeout(ctx, busLimit)
	defer cancel()
	hs.machine.RoundTrip(ctx)
	stream, err := hs.machine.Dial(ctx, "unix", systemBus)
	if err != nil {
		return nil, fmt.Errorf("open the system bus: %w", err)
	}
	conn, err := newBusConn(stream)
	if err != nil {
		_ = stream.Close()
		return nil, fmt.Errorf("open the system bus: %w", err)
	}
	// Its answer is nobody's: where it is an error, so is that of what follows.
	conn.BusObject().Go("org.freedesktop.DBus.Hello", 0, make(chan *godbus.Call, 1))
	b.conn = conn
	return conn, nil
}

// newBusConn begins to speak D-Bus. The daemon knows from the socket who is there, so nothing
// that it says before the first message decides what is said next: it is all sent together.
func newBusConn(stream io.ReadWriteCloser) (*godbus.Conn, error) {
	conn, err := godbus.NewConn(&greeting{ReadWriteCloser: stream, in: bufio.NewReader(stream)})
	if err != nil {
		return nil, err
	}
	return conn, conn.Auth([]godbus.Auth{godbus.AuthExternal("")})
}

// A greeting answers the client's side of D-Bus's authentication, which asks step by step, and has
// the whole of it with the daemon at once. Then it is the stream.
type greeting struct {
	io.ReadWriteCloser
	in      *bufio.Reader
	answers bytes.Buffer // to the client, while it asks
	begun   bool
	greeted bool // the daemon's answers have been read
}

// Write takes the client's questions.
func (g *greeting) Write(p []byte) (int, error) {
	if g.begun {
		return g.ReadWriteCloser.Write(p)
	}
	switch strings.TrimSpace(string(p)) {
	case "AUTH":
		g.answers.WriteString("REJECTED EXTERNAL\r\n")
	case "AUTH EXTERNAL":
		g.answers.WriteString("OK 0\r\n")
	case "BEGIN":
		g.begun = true
		if _, err := g.ReadWriteCloser.Write([]byte("\x00AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n")); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// Read gives the answers, and then what follows the daemon's.
func (g *greeting) Read(p []byte) (int, error) {
	if g.answers.Len() > 0 {
		return g.answers.Read(p)
	}
	for !g.greeted {
		line, err := g.in.ReadString('\n')
		if err != nil {
			return 0, err
		}
		switch word, _, _ := strings.Cut(strings.TrimSpace(line), " "); word {
		case "DATA":
		case "OK":
			g.greeted = true
		default:
			return 0, fmt.Errorf("the bus refuses to be spoken to: %q", line)
		}
	}
	return g.in.Read(p)
}
