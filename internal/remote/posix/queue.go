package posix

import (
	"context"
	"errors"

	"kops/internal/remote"
)

// queueLimit is how many scripts a shell is given before it has answered the first of them.
const queueLimit = 8

// errDropped says that a script's shell was ended on account of one before it in the queue.
var errDropped = errors.New("the shell was ended by another script")

// errNotAhead says that a call made ahead would have had to start something on the host. Whoever
// waits for it may do that.
var errNotAhead = errors.New("nothing is started on the host ahead of its time")

// A place is a script's in the queue of its shell. Scripts are written, run and answered in the order
// of their places; whoever has one sees to it that the answer is read, wanted or not.
type place struct {
	call    call
	turn    <-chan struct{} // closed when it is this one's answer that comes next
	written chan struct{}   // closed when it is with the shell, or never will be
	done    chan struct{}   // closed when its answer has been read, or never will be
}

func newPlace(c call) *place {
	return &place{call: c, written: make(chan struct{}), done: make(chan struct{})}
}

// next waits until it is the place's turn; false says that ctx has ended before.
func (p *place) next(ctx context.Context) bool {
	select {
	case <-p.turn:
		return true
	default:
	}
	select {
	case <-p.turn:
		return true
	case <-ctx.Done():
		return false
	}
}

// send gives the shell a script, behind those that it has. Whoever sends has the host's turn, or the
// shell to himself.
func (s *shell) send(ctx context.Context, h *Host, c call) (*place, error) {
	select {
	case s.room <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	h.machine.RoundTrip(ctx)
	p := newPlace(c)
	last, text := s.last, s.wrap(c)
	s.last, p.turn = p, last.done
	// A shell that is busy, or does not run yet, reads nothing; one that has ended says so on its
	// outputs.
	go func() {
		defer close(p.written)
		<-last.written
		_, _ = s.proc.Write([]byte(text))
	}()
	return p, nil
}

// done gives way to the next in the queue.
func (s *shell) done(p *place) {
	<-s.room
	close(p.done)
}

// enter takes the shell for one more call; false says that it has ended meanwhile.
func (s *shell) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken || s.calls == 0 && !s.proc.Claim() {
		return false
	}
	s.calls++
	return true
}

// leave says that a call needs no answer any more. A shell without calls may be closed when its
// session is needed.
func (s *shell) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls--; s.calls == 0 {
		s.proc.Release()
	}
}

// drain waits until the shell has answered all.
func (s *shell) drain(ctx context.Context) error {
	select {
	case <-s.last.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// isBroken tells whether the shell is of no more use.
func (s *shell) isBroken() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}

// end closes the shell: what is left in its queue is not answered.
func (s *shell) end() {
	s.mu.Lock()
	s.broken = true
	s.mu.Unlock()
	s.close()
}

// An answer is what came of a script.
type answer struct {
	res remote.Result
	err error
}

// await waits for the answer to a script. A call that is given up behind others leaves its answer to
// be read and thrown away, and so does one made ahead; else its shell is ended.
func (h *Host) await(ctx context.Context, s *shell, p *place) (remote.Result, error) {
	if !remote.IsAhead(ctx) {
		if !p.next(ctx) {
			go h.listenAnyway(s, p)
			return remote.Result{}, ctx.Err()
		}
		return h.listen(ctx, s, p)
	}
	heard := make(chan answer, 1)
	go func() { heard <- h.listenAnyway(s, p) }()
	select {
	case a := <-heard:
		return a.res, a.err
	case <-ctx.Done():
		return remote.Result{}, ctx.Err()
	}
}

// listenAnyway reads an answer that others wait behind, as long as the shell is wanted.
func (h *Host) listenAnyway(s *shell, p *place) answer {
	<-p.turn
	res, err := h.listen(s.wanted, s, p)
	return answer{res, err}
}
