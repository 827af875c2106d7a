package posix

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"kops/internal/remote"
)

// Dial opens a connection from the host's side. Where the machine cannot (forwarding is
// forbidden, or the socket is another user's), a program on the host is the other end, from the
// start the next time.
func (h *Host) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, p := h.watched(ctx, "connect to "+address, h.hosts.limits.Read, 0)
	defer p.stop()
	where := network + " " + address
	if direct, known := h.relays.LoadAndDelete(where); known {
		return h.relay(ctx, network, address, direct.(error))
	}
	h.machine.RoundTrip(ctx)
	conn, err := h.machine.Dial(ctx, network, address)
	if err == nil {
		return conn, nil
	}
	if ctx.Err() != nil || isLost(err) || network == "tcp" && !Forbidden(err) {
		return nil, silence(ctx, err)
	}
	return h.relay(ctx, network, address, err)
}

// relay connects through a program on the host, after a direct connection failed.
func (h *Host) relay(ctx context.Context, network, address string, direct error) (net.Conn, error) {
	command, err := relayScript(network, address)
	if err != nil {
		return nil, err
	}
	t, err := h.startTask(ctx, command)
	if err != nil {
		return nil, fmt.Errorf("%w; through a program on the host: %w", direct, err)
	}
	conn, err := t.connection(ctx, network, address, direct)
	if err == nil {
		h.relays.Store(network+" "+address, direct)
	}
	return conn, err
}

// A ForwardError says that the host's sshd refuses to forward.
type ForwardError struct{ Err error }

// Error returns what sshd said.
func (e *ForwardError) Error() string {
	return e.Err.Error() + " (the host's sshd forbids it: AllowTcpForwarding, AllowStreamLocalForwarding)"
}

// Unwrap returns the cause.
func (e *ForwardError) Unwrap() error { return e.Err }

// Forbidden tells whether it is the forwarding that was refused, not the connection.
func Forbidden(err error) bool {
	_, ok := err.(*ForwardError)
	return ok
}

// Said is the error of a connection that the host's side could not open, in its words. Where they say
// that nobody listens, errors.Is finds syscall.ECONNREFUSED, as if this machine had been refused.
func Said(words string) error {
	if strings.Contains(strings.ToLower(words), "connection refused") {
		return refusal(words)
	}
	return errors.New(words)
}

// A refusal is the words by which the host's side tells that nobody listens.
type refusal string

func (r refusal) Error() string { return string(r) }

// Unwrap returns what it means.
func (r refusal) Unwrap() error { return syscall.ECONNREFUSED }

// relayScript returns the script of a program that connects its input and output to address. The
// words "kops-relay" on stdout come first, for TCP only when the port has been found open:
// whoever waits for it takes a connection for the proof.
func relayScript(network, address string) (string, error) {
	const ready = "printf kops-relay; exec "
	var try []string
	switch network {
	case "unix":
		if strings.HasSuffix(address, "/docker.sock") {
			try = append(try, "docker", ready+"docker -H "+Quote("unix://"+address)+" system dial-stdio")
		}
		try = append(try,
			"socat", ready+"socat - "+Quote("UNIX-CONNECT:"+address),
			"nc.openbsd", ready+"nc.openbsd -U -- "+Quote(address),
			"ncat", ready+"ncat -U "+Quote(address))
	case "tcp":
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return "", fmt.Errorf("dial %s: %w", address, err)
		}
		where := Quote(host) + " " + Quote(port)
		try = append(try,
			"bash", `exec bash -c `+Quote(`exec 3<>"/dev/tcp/$0/$1" || exit; printf kops-relay; cat <&3 & cat >&3; wait`)+" "+where,
			"socat", "socat -u OPEN:/dev/null "+Quote("TCP:"+address)+" && "+ready+"socat - "+Quote("TCP:"+address),
			"nc.openbsd", "nc.openbsd -v -z -- "+where+" && "+ready+"nc.openbsd -- "+where,
			"ncat", "ncat -z -- "+where+" && "+ready+"ncat -- "+where)
	default:
		return "", fmt.Errorf("dial: network %q is not supported: tcp and unix are", network)
	}
	var b strings.Builder
	if network == "unix" {
		fmt.Fprintf(&b, "[ -S %s ] || { echo 'there is no socket' >&2; exit 1; }\n", Quote(address))
	}
	for i := 0; i < len(try); i += 2 {
		fmt.Fprintf(&b, "if command -v %s >/dev/null; then %s; exit 1; fi\n", try[i], try[i+1])
	}
	b.WriteString("echo 'none of the programs that could connect is there (docker, socat, ncat)' >&2; exit 1\n")
	return b.String(), nil
}

// connection makes a network connection of a relay that has started.
func (t *task) connection(ctx context.Context, network, address string, direct error) (net.Conn, error) {
	const ready = "kops-relay"
	for !t.out.has(ready) {
		if t.out.ended && t.errs.ended {
			said := lastLines(t.errs.text(), 1)
			t.close()
			if Forbidden(direct) {
				return nil, &net.OpError{Op: "dial", Net: network, Err: fmt.Errorf("%s on %s: %w (tried by a program there, since its sshd forbids forwarding)",
					address, t.host.machine.Name(), Said(said))}
			}
			return nil, fmt.Errorf("%w; as %s: %s", direct, t.host.User(), said)
		}
		if err := t.receive(ctx); err != nil {
			t.close()
			return nil, err
		}
	}
	t.out.cut(ready)
	return NewConn(&relayed{task: t, ctx: context.WithoutCancel(ctx)}, network, address), nil
}

// relayed reads and writes a relay's input and output.
type relayed struct {
	*task
	ctx context.Context
}

// Read returns what has come. What the relay says on stderr when it fails is the error.
func (r *relayed) Read(p []byte) (int, error) {
	rd := &reader{task: r.task, ctx: r.ctx, failed: func(res remote.Result) error { return &remote.ScriptError{What: "read the relay", Result: res} }}
	return rd.Read(p)
}

// Write sends to the relay.
func (r *relayed) Write(p []byte) (int, error) { return r.proc.Write(p) }

// Close ends the relay.
func (r *relayed) Close() error {
	r.close()
	return nil
}
