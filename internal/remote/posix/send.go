package posix

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"

	"github.com/pkg/sftp"

	"kops/internal/remote"
)

// fill writes the content into the temporary file: over SFTP, or else through cat.
func (h *Host) fill(ctx context.Context, w *write, content *source) error {
	err := h.send(ctx, w, content)
	if err == nil {
		return nil
	}
	var unreachable *remote.ConnectError
	var script *remote.ScriptError
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case errors.As(err, &unreachable) || isSilent(err):
	case errors.As(err, &script):
		script.What = "write " + w.path
		return script
	case content.failed != nil:
		err = content.failed
	case !content.rewind():
		err = h.explain(ctx, w, err)
	default:
		h.machine.Log().Debug("a file goes through cat", "host", h.machine.Name(), "path", w.path, "why", err)
		if !errors.Is(err, errNoSFTP) || h.become.Method == "" {
			h.removeTemp(w)
		}
		w.temp = tempName()
		return h.stream(ctx, w, content)
	}
	h.removeTemp(w)
	return err
}

// send copies the content into the temporary file over SFTP, many packets at a time.
func (h *Host) send(ctx context.Context, w *write, content *source) error {
	s, err := h.openSFTP(ctx, "take the content of "+w.path, w.reserve(), w.guard())
	if err != nil {
		return err
	}
	defer s.drop()
	h.machine.RoundTrip()
	f, err := s.OpenFile(s.path, os.O_WRONLY)
	if err != nil {
		return s.cause(err)
	}
	type result struct {
		size int64
		err  error
	}
	sent := make(chan result, 1)
	go func() {
		size, err := f.ReadFromWithConcurrency(content, 0)
		sent <- result{size, err}
	}()
	var res result
	select {
	case res = <-sent:
	case <-s.ctx.Done():
		return context.Cause(s.ctx)
	case <-s.lost:
		if err := s.Wait(); isLost(err) {
			return err
		}
		select { // the content is read until then
		case res = <-sent:
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		}
	}
	w.size, err = res.size, res.err
	h.machine.RoundTrip()
	if _, can := s.HasExtension("fsync@openssh.com"); can && err == nil {
		s.task.pulse.allow(h.hosts.limits.Change) // much may have to reach the disk
		err = f.Sync()
	}
	if err == nil {
		err = f.Close()
	}
	if err == nil {
		err = s.end()
	}
	if errors.Is(err, io.EOF) { // the channel takes no more
		s.task.close()
		err = sftp.ErrSSHFxConnectionLost
	}
	return s.cause(err)
}

// explain finds out why the temporary file could not be filled: SFTP has no words for a disk
// that is full.
func (h *Host) explain(ctx context.Context, w *write, err error) error {
	res, failed := h.change(ctx, "write "+w.path, w.locate()+`head -c 65536 /dev/zero >>"$t"`)
	if failed == nil && res.ExitCode != 0 {
		return &remote.ScriptError{What: "write " + w.path, Result: res}
	}
	return err
}

// A source is the content of a file, of which the head has been read.
type source struct {
	head    []byte
	content io.Reader
	start   int64 // where the content goes on after the head, -1 if that is not known
	rest    io.Reader
	begun   bool
	failed  error // why the content could not be read
}

func newSource(head []byte, content io.Reader) *source {
	s := &source{head: head, content: content, start: -1}
	if seeker, ok := content.(io.Seeker); ok {
		if at, err := seeker.Seek(0, io.SeekCurrent); err == nil {
			s.start = at
		}
	}
	s.rest = io.MultiReader(bytes.NewReader(head), content)
	return s
}

// Read reads on.
func (s *source) Read(p []byte) (int, error) {
	s.begun = true
	n, err := s.rest.Read(p)
	if err != nil && err != io.EOF {
		s.failed = err
	}
	return n, err
}

// rewind goes back to the beginning and tells whether that is possible.
func (s *source) rewind() bool {
	if !s.begun {
		return true
	}
	if s.start < 0 {
		return false
	}
	if _, err := s.content.(io.Seeker).Seek(s.start, io.SeekStart); err != nil {
		return false
	}
	s.rest, s.begun = io.MultiReader(bytes.NewReader(s.head), s.content), false
	return true
}
