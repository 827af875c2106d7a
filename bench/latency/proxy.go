package main

import (
	"io"
	"net"
	"time"
)

// A proxy is a line to a host on which each byte takes a while, in either direction. Its bandwidth
// has no limit of its own: what is sent together arrives together.
type proxy struct {
	listener net.Listener
	to       string
	delay    time.Duration // one way
}

// newProxy listens on loopback.
func newProxy(to string, delay time.Duration) (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &proxy{l, to, delay}, nil
}

func (p *proxy) port() int { return p.listener.Addr().(*net.TCPAddr).Port }

// serve takes connections until the listener is closed.
func (p *proxy) serve() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.forward(conn)
	}
}

// forward connects when TCP's own handshake would be done at the far end of such a line: the near end
// has connected to the proxy at once.
func (p *proxy) forward(near net.Conn) {
	time.Sleep(3 * p.delay)
	far, err := net.Dial("tcp", p.to)
	if err != nil {
		_ = near.Close() // the client sees the end
		return
	}
	go p.pipe(far, near)
	p.pipe(near, far)
}

// A parcel is what was read at once, and when it is to arrive.
type parcel struct {
	data []byte
	due  time.Time
}

// pipe copies with the delay. Parcels are on their way at the same time, as on a long line.
func (p *proxy) pipe(to, from net.Conn) {
	line := make(chan parcel, 1<<14)
	go func() {
		defer close(line)
		for {
			buf := make([]byte, 64<<10)
			n, err := from.Read(buf)
			if n > 0 {
				line <- parcel{buf[:n], time.Now().Add(p.delay)}
			}
			if err != nil {
				return
			}
		}
	}()
	for parcel := range line {
		time.Sleep(time.Until(parcel.due))
		if _, err := to.Write(parcel.data); err != nil {
			break
		}
	}
	_ = to.Close()                   // what was read has arrived
	_, _ = io.Copy(io.Discard, from) // ends with the other direction
}
