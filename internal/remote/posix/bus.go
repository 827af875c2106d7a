package posix

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	systemBus    = "/run/dbus/system_bus_socket"
	systemd1     = "org.freedesktop.systemd1"
	managerPath  = "/org/freedesktop/systemd1"
	managerFace  = "org.freedesktop.systemd1.Manager"
	propertyFace = "org.freedesktop.DBus.Properties"
)

// busLimit bounds the opening of a bus: the answer of a daemon on a reachable host.
const busLimit = 20 * time.Second

// A bus is a connection to a host's system bus, opened when first needed.
type bus struct {
	mu      sync.Mutex
	conn    *dbus.Conn
	proc    Process           // the bridge, nil for a tunnel
	signals chan *dbus.Signal // of jobs that ended; for the bridge
}

func (b *bus) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drop()
}

func (b *bus) drop() {
	if b.conn != nil {
		_ = b.conn.Close() // there is nothing left that a failure could spoil
		b.conn, b.proc = nil, nil
	}
}

// connect speaks D-Bus over a stream. The daemon knows from the socket who is there.
func connect(ctx context.Context, stream io.ReadWriteCloser) (*dbus.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, busLimit)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = stream.Close() })
	conn, err := dbus.NewConn(stream)
	if err == nil {
		err = conn.Auth([]dbus.Auth{dbus.AuthExternal("")})
	}
	if err == nil {
		err = conn.Hello()
	}
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = stream.Close()
		return nil, fmt.Errorf("open the system bus: %w", err)
	}
	return conn, nil
}

// readBus returns the bus that every user may read properties from: a tunnel to its socket.
func (hs *Hosts) readBus(ctx context.Context) (*dbus.Conn, error) {
	b := &hs.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.conn != nil && b.conn.Connected() {
		return b.conn, nil
	}
	b.drop()
	hs.machine.RoundTrip()
	stream, err := hs.machine.Dial(ctx, "unix", systemBus)
	if err != nil {
		return nil, err
	}
	b.conn, err = connect(ctx, stream)
	return b.conn, err
}

// writeBus returns the bus as the acting user, who may be allowed to change units. The
// caller holds h.bus.mu.
func (h *Host) writeBus(ctx context.Context) (*dbus.Conn, error) {
	b := &h.bus
	if b.conn != nil && b.proc.Claim() && b.conn.Connected() {
		return b.conn, nil
	}
	b.drop()
	t, err := h.startTask(ctx, "exec systemd-stdio-bridge\n")
	if err != nil {
		return nil, err
	}
	conn, err := connect(ctx, &relayed{task: t, ctx: context.WithoutCancel(ctx)})
	if err != nil {
		return nil, err
	}
	b.signals = make(chan *dbus.Signal, 1024)
	conn.Signal(b.signals)
	err = conn.AddMatchSignalContext(ctx, dbus.WithMatchInterface(managerFace), dbus.WithMatchMember("JobRemoved"))
	if err == nil {
		err = conn.Object(systemd1, managerPath).CallWithContext(ctx, managerFace+".Subscribe", 0).Err
	}
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("subscribe to systemd's jobs: %w", err)
	}
	b.conn, b.proc = conn, t.proc
	return conn, nil
}
