package posix

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"
	godbus "github.com/godbus/dbus/v5"
)

const systemBus = "/run/dbus/system_bus_socket"

// busLimit bounds the opening of a bus: the answer of a daemon on a reachable host.
const busLimit = 20 * time.Second

// A bus is the connection to a host's systemd, opened when first needed. It is two streams to
// the system bus: one for calls, one for signals.
type bus struct {
	mu      sync.Mutex
	conn    *dbus.Conn
	lost    <-chan struct{} // closed when the signals have ended
	procs   []Process       // the bridges; none for tunnels
	missing bool            // it could not be opened; not tried again on this connection
}

func (b *bus) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drop()
	b.missing = false
}

func (b *bus) drop() {
	if b.conn != nil {
		b.conn.Close()
		b.conn, b.procs = nil, nil
	}
}

// claim takes an open bus for use: the machine may have closed its bridges to make room.
func (b *bus) claim() bool {
	if b.conn == nil {
		return false
	}
	for _, p := range b.procs {
		if !p.Claim() {
			return false
		}
	}
	return b.conn.Connected()
}

// release lets the machine close the bridges when it needs room.
func (b *bus) release() {
	for _, p := range b.procs {
		p.Release()
	}
}

// A busStream is a stream to the system bus, through a bridge or, where proc is nil, a tunnel.
type busStream struct {
	io.ReadWriteCloser
	proc Process
}

// open opens both streams at the same time. The caller holds b.mu.
func (b *bus) open(ctx context.Context, calls, signals func(context.Context) (busStream, error)) error {
	ctx, cancel := context.WithTimeout(ctx, busLimit)
	defer cancel()
	var streams [2]busStream
	var conns [2]*godbus.Conn
	var errs [2]error
	var both sync.WaitGroup
	for i, dial := range []func(context.Context) (busStream, error){calls, signals} {
		both.Go(func() {
			if streams[i], errs[i] = dial(ctx); errs[i] == nil {
				conns[i], errs[i] = authenticate(ctx, streams[i])
			}
			if errs[i] != nil {
				cancel() // neither is of use without the other
			}
		})
	}
	both.Wait()
	err := errors.Join(errs[:]...)
	var conn *dbus.Conn
	if err == nil {
		stop := context.AfterFunc(ctx, func() { closeAll(conns) })
		next := 0
		conn, err = dbus.NewConnection(func() (*godbus.Conn, error) {
			next++
			return conns[next-1], nil
		})
		if !stop() && err == nil {
			err = ctx.Err()
		}
	}
	if err != nil {
		closeAll(conns)
		return fmt.Errorf("open the system bus: %w", err)
	}
	b.conn, b.lost = conn, conns[1].Context().Done()
	for _, s := range streams {
		if s.proc != nil {
			b.procs = append(b.procs, s.proc)
		}
	}
	return nil
}

func closeAll(conns [2]*godbus.Conn) {
	for _, c := range conns {
		if c != nil {
			_ = c.Close() // there is nothing left that a failure could spoil
		}
	}
}

// authenticate begins to speak D-Bus over a stream, and waits until the bus knows it.
func authenticate(ctx context.Context, stream io.ReadWriteCloser) (*godbus.Conn, error) {
	stop := context.AfterFunc(ctx, func() { _ = stream.Close() })
	conn, err := newBusConn(stream)
	if err == nil {
		err = conn.Hello()
	}
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = stream.Close()
		return nil, err
	}
	return conn, nil
}

// busTunnel is a stream to the bus as the login user.
func (hs *Hosts) busTunnel(ctx context.Context) (busStream, error) {
	conn, err := hs.machine.Dial(ctx, "unix", systemBus)
	return busStream{ReadWriteCloser: conn}, err
}

// writeBus makes h.bus the bus as the acting user, who may be allowed to change units. Signals
// go to everybody, so they need a bridge, which costs a channel, only where tunnels are
// forbidden. The caller holds h.bus.mu.
func (h *Host) writeBus(ctx context.Context) error {
	b := &h.bus
	if b.claim() {
		return nil
	}
	b.drop()
	if b.missing {
		return errNoBridge
	}
	return b.open(ctx, h.busBridge, func(ctx context.Context) (busStream, error) {
		if s, err := h.hosts.busTunnel(ctx); err == nil {
			return s, nil
		}
		return h.busBridge(ctx)
	})
}

// busBridge is a stream to the bus as the acting user.
func (h *Host) busBridge(ctx context.Context) (busStream, error) {
	t, err := h.startTask(ctx, "exec systemd-stdio-bridge\n")
	if err != nil {
		return busStream{}, err
	}
	return busStream{&relayed{task: t, ctx: context.WithoutCancel(ctx)}, t.proc}, nil
}
