package posix

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"kops/internal/remote"
)

// errEnded says that a shell ended while its answer was awaited.
var errEnded = errors.New("the shell ended before it answered")

// Hosts are the views that different users have of one machine. The zero value is not
// usable; see NewHosts.
type Hosts struct {
	machine Machine
	mu      sync.Mutex
	limits  Limits
	byUser  map[remote.Become]*Host
	bus     readBus // whoever acts
	files   freshness
	holding atomic.Pointer[holding]
}

// NewHosts returns the views of a machine.
func NewHosts(m Machine, l Limits) *Hosts {
	return &Hosts{machine: m, limits: l.orDefaults(), byUser: map[remote.Become]*Host{}}
}

// As returns the machine as the given user sees it, always the same for the same user.
// Becoming the user who logged in is no change.
func (hs *Hosts) As(b remote.Become) *Host {
	if b.Method != "" && b.User == "" {
		b.User = "root"
	}
	if b.User == hs.machine.Login() {
		b = remote.Become{}
	}
	if b.Method == "" {
		b = remote.Become{}
	}
	hs.mu.Lock()
	defer hs.mu.Unlock()
	h := hs.byUser[b]
	if h == nil {
		h = &Host{machine: hs.machine, become: b, hosts: hs, turn: make(chan struct{}, 1)}
		hs.byUser[b] = h
	}
	return h
}

// Close ends all shells and buses. The next use opens them anew.
func (hs *Hosts) Close() {
	hs.bus.close()
	hs.mu.Lock()
	defer hs.mu.Unlock()
	for _, h := range hs.byUser {
		h.lastSweep()
		h.bus.close()
		h.turn <- struct{}{}
		_ = h.endShell(context.Background()) // which never ends
		h.passTurn()
	}
}

// A Host is a machine as one user sees it.
type Host struct {
	machine Machine
	become  remote.Become
	hosts   *Hosts
	turn    chan struct{} // held by whoever puts a call into the shell's queue, or opens or ends the shell
	shell   *shell
	hold    *call // what each shell runs first, see Hold
	bus     bus
	left    leftovers
	noTar   atomic.Bool // found missing
	noSFTP  atomic.Bool // likewise
	relays  sync.Map    // addresses that only a program on the host reaches: why
}

var _ remote.Host = (*Host)(nil)

// User returns the name of the user that acts.
func (h *Host) User() string { return becomeUser(h.become, h.machine.Login()) }

// Query runs a script that only reads. It is tried again where the connection was lost.
func (h *Host) Query(ctx context.Context, script string) (remote.Result, error) {
	return h.query(ctx, "run a script that reads", script)
}

func (h *Host) query(ctx context.Context, what, script string) (remote.Result, error) {
	return h.run(ctx, call{what: what, script: script, reads: true, limit: remote.Patience(ctx, h.hosts.limits.Read)})
}

// change runs a script that changes the host.
func (h *Host) change(ctx context.Context, what, script string) (remote.Result, error) {
	return h.run(ctx, call{what: what, script: script, limit: remote.Patience(ctx, h.hosts.limits.Change)})
}

// Script runs a script; a non-zero exit status is a *remote.ScriptError.
func (h *Host) Script(ctx context.Context, script string) (remote.Result, error) {
	res, err := h.change(ctx, "run a script that changes it", script)
	if err == nil && res.ExitCode != 0 {
		err = &remote.ScriptError{Result: res}
	}
	return res, err
}

// read runs a script that only reads and that must succeed.
func (h *Host) read(ctx context.Context, what, script string) (remote.Result, error) {
	res, err := h.query(ctx, what, script)
	if err == nil && res.ExitCode != 0 {
		err = &remote.ScriptError{What: what, Result: res}
	}
	return res, err
}

// A call is a script for the long-lived shell.
type call struct {
	what   string // for errors: "look at /etc/hosts"
	script string
	reads  bool          // it changes nothing
	aside  bool          // it changes no files that systemd reads
	holds  bool          // it runs in the shell itself, see Hold
	sent   func()        // called when it is on its way, where it holds; nil for none
	limit  time.Duration // how long the host may be silent; 0 for ever
	then   time.Duration // the same once it has said something; limit if 0
}

// run runs a script in the long-lived shell, which it opens where there is none. A script
// that reads, or that cannot have run, is tried once more where the connection, or
// the shell, was lost.
func (h *Host) run(ctx context.Context, c call) (remote.Result, error) {
	if !c.reads && !c.holds && !c.aside {
		defer h.hosts.files.change()()
	}
	for attempt := 0; ; {
		res, sent, err := h.runOnce(ctx, c)
		switch {
		case err == nil || ctx.Err() != nil || remote.IsAhead(ctx) || sent && !c.reads:
			return res, err
		case errors.Is(err, errDropped):
		case attempt == 0 && (isLost(err) || errors.Is(err, errEnded)):
			attempt++
		default:
			return res, err
		}
	}
}

// runOnce runs a script. sent tells whether it can have run.
func (h *Host) runOnce(ctx context.Context, c call) (res remote.Result, sent bool, err error) {
	if err := h.takeTurn(ctx); err != nil {
		return res, false, err
	}
	var s *shell
	var p *place
	if s, err = h.enter(ctx, c); err == nil {
		defer s.leave()
		p, err = s.send(ctx, h, c)
	}
	if err != nil {
		h.passTurn()
		return res, false, err
	}
	if !c.holds {
		h.passTurn()
		res, err = h.await(ctx, s, p)
		return res, true, err
	}
	defer h.passTurn()
	res, err = h.listenHeld(ctx, s, p)
	return res, true, err
}

func (h *Host) takeTurn(ctx context.Context) error {
	select {
	case h.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h *Host) passTurn() { <-h.turn }

// enter returns the shell with room for the call: one that reads goes behind what is under way, since it
// can be repeated where that ends the shell; any other has the queue to itself.
func (h *Host) enter(ctx context.Context, c call) (*shell, error) {
	if h.hold == nil && !c.holds {
		if err := h.guard(ctx); err != nil {
			return nil, err
		}
	}
	if h.shell != nil && !h.shell.enter() {
		h.dropShell()
	}
	switch {
	case h.shell == nil && remote.IsAhead(ctx):
		return nil, errNotAhead
	case h.shell == nil:
		return h.newShell(ctx, c)
	case c.reads:
		return h.shell, nil
	}
	s := h.shell
	err := s.drain(ctx)
	if err == nil && s.isBroken() {
		err = errDropped
	}
	if err != nil {
		s.leave()
		return nil, err
	}
	return s, nil
}

// newShell opens the shell for a call.
func (h *Host) newShell(ctx context.Context, c call) (*shell, error) {
	var err error
	if h.shell, err = h.openShell(ctx); err == nil && !c.holds {
		err = h.holdAgain(ctx)
	}
	if err == nil {
		err = h.sweep(ctx)
	}
	if err != nil {
		h.dropShell()
		return nil, err
	}
	return h.shell, nil
}

// listen reads the answer to a script whose turn it is. Where there is none, the shell is ended.
func (h *Host) listen(ctx context.Context, s *shell, p *place) (remote.Result, error) {
	defer s.done(p)
	if s.isBroken() {
		return remote.Result{}, errDropped
	}
	res, err := s.read(ctx, h, p.call)
	if err == nil {
		return res, nil
	}
	defer s.end() // who is behind comes to know of it when all is over
	given := ctx.Err() != nil || isSilent(err)
	if given {
		s.greetLate(h)
	}
	s.close()
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case err == errEnded:
		<-s.proc.Exited()
		err = fmt.Errorf("%s: %w", h.machine.Name(), errEnded)
		if _, lost := s.proc.ExitCode(); isLost(lost) {
			err = lost
		}
	}
	if given {
		h.killGroup(s.group)
	}
	return res, err
}

func (h *Host) dropShell() {
	if h.shell != nil {
		h.shell.end()
		h.shell = nil
	}
}

// endShell ends the shell when it has answered all that is waited for. The caller has the turn.
func (h *Host) endShell(ctx context.Context) error {
	if h.shell == nil {
		return nil
	}
	h.shell.dismiss()
	if err := h.shell.drain(ctx); err != nil {
		return err
	}
	h.dropShell()
	return nil
}

// isSilent tells whether a limit was hit.
func isSilent(err error) bool {
	var s *remote.SilentError
	return errors.As(err, &s)
}

// isLost tells whether the connection, and not what ran on it, failed.
func isLost(err error) bool {
	var c *remote.ConnectError
	return errors.As(err, &c) && c.Reason == remote.ConnectionLost
}
