//go:build lab

package tests

import (
	"net"
	"sync"
	"testing"
)

// A gate stands between kops and the hosts' sshd. It counts what kops sends, piece by piece, over all
// hosts, and stops at a chosen piece: that one and all later ones wait until the gate is opened or
// cut. So a test meets a run in a place that it chooses, wherever that is.
type gate struct {
	mu      sync.Mutex
	count   int
	at      int
	reached chan struct{} // closed when the piece has come
	open    chan struct{} // closed to let it through
	refuse  bool
	conns   map[*way]bool
}

// A way is a connection through the gate.
type way struct {
	to        string
	near, far net.Conn
	forgotten bool // the host is not told of its end
}

func newGate() *gate {
	g := &gate{conns: map[*way]bool{}}
	g.set(0)
	return g
}

// set makes the gate stop at a piece, counted anew from 1; 0 never stops.
func (g *gate) set(at int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.count, g.at, g.refuse = 0, at, false
	g.reached, g.open = make(chan struct{}), make(chan struct{})
}

// pieces is how many have come since set.
func (g *gate) pieces() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.count
}

// cut ends all connections, and new ones at once until set is called.
func (g *gate) cut() {
	g.mu.Lock()
	g.refuse = true
	g.mu.Unlock()
	g.lose("", false)
	g.let()
}

// lose ends the connections to an address, all of them if it is empty. The host is told unless
// they are to be forgotten: then they stay open at its end, as where a router has gone.
func (g *gate) lose(to string, forgotten bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for w := range g.conns {
		if to != "" && w.to != to+":22" {
			continue
		}
		w.forgotten = forgotten
		_ = w.near.Close() // what is gone already is as it should be
		if !forgotten {
			_ = w.far.Close()
		}
	}
}

// let opens the gate.
func (g *gate) let() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.at > 0 {
		g.at = 0
		close(g.open)
	}
}

// pass counts a piece and waits where the gate is closed.
func (g *gate) pass() {
	g.mu.Lock()
	g.count++
	if g.at > 0 && g.count == g.at {
		close(g.reached)
	}
	wait, open := g.at > 0 && g.count >= g.at, g.open
	g.mu.Unlock()
	if wait {
		<-open
	}
}

// listen makes a way through the gate to an address and returns its port.
func (g *gate) listen(t *testing.T, to string) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			go g.carry(near, to)
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

func (g *gate) carry(near net.Conn, to string) {
	far, err := net.Dial("tcp", to)
	g.mu.Lock()
	if err != nil || g.refuse {
		g.mu.Unlock()
		_ = near.Close()
		if err == nil {
			_ = far.Close()
		}
		return
	}
	w := &way{to: to, near: near, far: far}
	g.conns[w] = true
	g.mu.Unlock()
	done := make(chan struct{}, 2)
	copyAll := func(dst, src net.Conn, counted bool) {
		defer func() { done <- struct{}{} }()
		buf := make([]byte, 64<<10)
		for {
			n, err := src.Read(buf)
			if n > 0 {
				if counted {
					g.pass()
				}
				if _, err := dst.Write(buf[:n]); err != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
	go copyAll(far, near, true)
	go copyAll(near, far, false)
	<-done
	g.mu.Lock()
	delete(g.conns, w)
	forgotten := w.forgotten
	g.mu.Unlock()
	_ = near.Close()
	if !forgotten {
		_ = far.Close()
	}
}
