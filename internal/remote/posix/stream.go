package posix

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"strings"
	"sync"
)

// A stream collects an output of a process until a mark.
type stream struct {
	chunks  chan []byte // closed at the end of the output
	done    chan struct{}
	buf     []byte
	scanned int // up to where buf has been searched
	ended   bool
}

func newStream(r io.Reader) *stream {
	s := &stream{chunks: make(chan []byte), done: make(chan struct{})}
	go s.pump(r)
	return s
}

// A reader of an output waits with a small buffer, since there are two for each shell of each
// host; where there is much to read, it grows.
const (
	leastRead = 512
	mostRead  = 32 << 10
)

func (s *stream) pump(r io.Reader) {
	defer close(s.chunks)
	for size := leastRead; ; {
		buf := make([]byte, size)
		n, err := r.Read(buf)
		switch {
		case n == size:
			size = min(4*size, mostRead)
		case n < size/4:
			size = max(size/4, leastRead)
		}
		if n > 0 {
			select {
			case s.chunks <- buf[:n]:
			case <-s.done:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// add takes what was received from chunks.
func (s *stream) add(chunk []byte, ok bool) {
	if !ok {
		s.ended, s.chunks = true, nil
		return
	}
	s.buf = append(s.buf, chunk...)
}

// has tells whether the mark has come.
func (s *stream) has(mark string) bool { return s.index(mark) >= 0 }

func (s *stream) index(mark string) int {
	i := bytes.Index(s.buf[s.scanned:], []byte(mark))
	if i >= 0 {
		return s.scanned + i
	}
	s.scanned = max(0, len(s.buf)-len(mark))
	return -1
}

// cut removes what is collected up to and including the mark, and returns what stood
// before it.
func (s *stream) cut(mark string) ([]byte, bool) {
	i := s.index(mark)
	if i < 0 {
		return nil, false
	}
	before := s.buf[:i:i]
	s.buf = append([]byte(nil), s.buf[i+len(mark):]...)
	s.scanned = 0
	return before, true
}

// keep forgets all but the last bytes of what is collected.
func (s *stream) keep(most int) {
	if extra := len(s.buf) - most; extra > 0 {
		s.buf, s.scanned = s.buf[extra:], 0
	}
}

// text is what is collected, for errors.
func (s *stream) text() string { return strings.TrimSpace(string(s.buf)) }

// A piped is a process whose outputs are collected.
type piped struct {
	once      sync.Once
	proc      Process
	out, errs *stream
	pulse     *pulse // of the call that is waiting for it
}

// receive takes what comes next of either output.
func (p *piped) receive(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case c, ok := <-p.out.chunks:
		p.out.add(c, ok)
	case c, ok := <-p.errs.chunks:
		p.errs.add(c, ok)
	}
	p.pulse.beat()
	return nil
}

func newPiped(p Process) *piped {
	return &piped{proc: p, out: newStream(p.Stdout()), errs: newStream(p.Stderr())}
}

// close ends the process and its collectors.
func (p *piped) close() {
	p.once.Do(func() {
		close(p.out.done)
		close(p.errs.done)
		_ = p.proc.Close() // there is nothing left that a failure could spoil
	})
}

// newMark returns a word that no output contains by chance.
func newMark() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return "kops-" + hex.EncodeToString(b[:])
}
