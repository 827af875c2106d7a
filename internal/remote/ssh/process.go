package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/crypto/ssh"

	"kops/internal/remote"
)

// refusedWait is how long a host that refuses a session is asked again: it frees one only
// when the process in it has ended.
const (
	refusedWait  = 5 * time.Second
	refusedEvery = 50 * time.Millisecond
	refusedWhile = time.Second
)

// A process is a line that runs on a session channel.
type process struct {
	ch     ssh.Channel
	link   *link
	exited chan struct{}
	code   int
	err    error
	freed  bool // guarded by the budget's lock
	idle   bool // likewise
	pinned bool // likewise
	opened bool // likewise: ahead, nothing runs on it yet
	pace   pace
}

// start has a session run a line. The next session is opened meanwhile.
func (l *link) start(ctx context.Context, line string) (*process, error) {
	p, err := l.session(ctx)
	if err != nil {
		return nil, err
	}
	if l.agent {
		// Without an answer: a host that forbids it goes without.
		_, _ = p.ch.SendRequest("auth-agent-req@openssh.com", false, nil)
	}
	l.trip(ctx) // it costs none more: sshd takes no input before it has answered
	ok, err := p.ch.SendRequest("exec", true, ssh.Marshal(struct{ Line string }{line}))
	switch {
	case err != nil && l.isLost():
		err = l.lostError()
	case err != nil:
		err = fmt.Errorf("%s: start a command: %w", l.host, err)
	case !ok:
		err = &remote.ConnectError{Host: l.host, Reason: remote.NoShell, Detail: "sshd refused to run a command"}
	default:
		go l.prepare()
		return p, nil
	}
	_ = p.Close() // the error that matters is err
	return nil, err
}

// session returns a session on which nothing runs yet.
func (l *link) session(ctx context.Context) (*process, error) {
	if p := l.budget.prepared(); p != nil {
		return p, nil
	}
	l.trip(ctx)
	ch, requests, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	return l.process(ch, requests), nil
}

func (l *link) process(ch ssh.Channel, requests <-chan *ssh.Request) *process {
	p := &process{ch: ch, link: l, exited: make(chan struct{})}
	go p.watch(requests)
	return p
}

// prepare opens a session ahead, so that the next command need not wait for it. It is the first
// that goes where there is no room. A host that refuses it is not asked again.
func (l *link) prepare() {
	if !l.preparing.TryLock() {
		return
	}
	if !l.budget.takeFree() {
		l.preparing.Unlock()
		return
	}
	ch, requests, err := l.conn.OpenChannel("session", nil)
	if err != nil {
		l.budget.put()
		return
	}
	p := l.process(ch, requests)
	p.opened = true
	l.budget.release(p)
	l.preparing.Unlock()
}

// open opens a session channel within the budget. A host that allows fewer sessions than
// expected refuses: then what is idle is closed, and the budget gets smaller.
func (l *link) open(ctx context.Context) (ssh.Channel, <-chan *ssh.Request, error) {
	began := time.Now()
	if err := l.budget.take(ctx); err != nil {
		return nil, nil, err
	}
	for {
		ch, requests, err := l.conn.OpenChannel("session", nil)
		if err == nil {
			return ch, requests, nil
		}
		var refused *ssh.OpenChannelError
		switch {
		case !errors.As(err, &refused):
			l.budget.put()
			if l.isLost() || errors.Is(err, io.EOF) {
				return nil, nil, l.lostError()
			}
			return nil, nil, fmt.Errorf("%s: open a session: %w", l.host, err)
		case time.Since(began) > refusedWait:
			l.budget.put()
			return nil, nil, fmt.Errorf("%s: sshd refuses another session (MaxSessions): %w", l.host, err)
		}
		if err := l.budget.shrink(ctx, refusedEvery, time.Since(began) > refusedWhile); err != nil {
			l.budget.put()
			return nil, nil, err
		}
	}
}

// watch waits for the exit status, which may come long before the outputs end: a child in
// the background holds them.
func (p *process) watch(requests <-chan *ssh.Request) {
	known := false
	for r := range requests {
		switch r.Type {
		case "exit-status":
			var m struct{ Status uint32 }
			if ssh.Unmarshal(r.Payload, &m) == nil && !known {
				p.code, known = int(m.Status), true
				close(p.exited)
			}
		case "exit-signal":
			var m struct {
				Signal string
				Core   bool
				Text   string
				Lang   string
			}
			if ssh.Unmarshal(r.Payload, &m) == nil && !known {
				p.code, known = 128+signals[m.Signal], true
				close(p.exited)
			}
		}
		if r.WantReply {
			_ = r.Reply(false, nil) // keep-alives of the host; a failure is the connection's
		}
	}
	if !known {
		// Where the connection broke, its end is noticed a moment after its channels'.
		select {
		case <-p.link.lost:
			p.err = p.link.lostError()
		case <-time.After(time.Second):
			p.err = errors.New(p.link.host + ": the command ended without an exit status")
		}
		close(p.exited)
	}
	p.link.budget.free(p)
}

// signals are the numbers of the signals that RFC 4254 names, as shells add them to 128.
var signals = map[string]int{"HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "ABRT": 6, "FPE": 8, "KILL": 9,
	"USR1": 10, "SEGV": 11, "USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15}

func (p *process) CloseWrite() error       { return p.ch.CloseWrite() }
func (p *process) Stdout() io.Reader       { return p.ch }
func (p *process) Stderr() io.Reader       { return p.ch.Stderr() }
func (p *process) Exited() <-chan struct{} { return p.exited }
func (p *process) ExitCode() (int, error)  { return p.code, p.err }
func (p *process) Release()                { p.link.budget.release(p) }
func (p *process) Claim() bool             { return p.link.budget.claim(p) }
func (p *process) Pin()                    { p.link.budget.pin(p) }

// Close ends the session.
func (p *process) Close() error {
	p.link.budget.free(p)
	if err := p.ch.Close(); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}
