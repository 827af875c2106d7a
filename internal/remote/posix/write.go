package posix

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"kops/internal/remote"
)

// smallFile is the size up to which a text goes with the script that writes it, in one
// round trip.
const smallFile = 32 << 10

// chunk is how much of a file is read and sent at a time.
const chunk = 64 << 10

// removeLimit bounds the attempt to remove the temporary file of a write that failed.
const removeLimit = 10 * time.Second

// WriteFile replaces a file atomically. Small texts are written by the long-lived shell;
// what is larger, or binary, goes through a channel of its own into the temporary file first,
// flat in memory. Such a stream waits for no answers, as SFTP does for each of its packets.
func (h *Host) WriteFile(ctx context.Context, name string, content io.Reader, opts remote.WriteOptions) error {
	if err := h.writeFile(ctx, name, content, opts); err != nil {
		var script *remote.ScriptError
		var first *remote.FirstError
		if errors.As(err, &script) || errors.As(err, &first) {
			return err
		}
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

func (h *Host) writeFile(ctx context.Context, name string, content io.Reader, opts remote.WriteOptions) error {
	if !path.IsAbs(name) || strings.ContainsRune(name, 0) {
		return fmt.Errorf("%q is not an absolute path", name)
	}
	w := &write{path: name, opts: opts, temp: tempName()}
	head := make([]byte, smallFile+1)
	n, err := io.ReadFull(content, head)
	switch {
	case err == nil:
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		if head = head[:n]; bytes.IndexByte(head, 0) < 0 {
			return h.commit(ctx, w, w.small(head))
		}
	default:
		return fmt.Errorf("read what is to be written: %w", err)
	}
	if err := h.stream(ctx, w, io.MultiReader(bytes.NewReader(head[:n]), content)); err != nil {
		return err
	}
	return h.commit(ctx, w, w.streamed())
}

// commit runs a script that ends the write. A script that is cut off, or whose answer is,
// may leave the temporary file: the trap of the script removes it, or else this does.
func (h *Host) commit(ctx context.Context, w *write, script string) error {
	c := call{what: "write " + w.path, script: firstThen(w.opts.First, script), limit: h.hosts.limits.Change}
	if w.opts.Validate != "" {
		c.limit = 0 // a user's command
	}
	res, err := h.run(ctx, c)
	if err != nil {
		h.removeTemp(w)
		return err
	}
	if res.ExitCode == 0 {
		return nil
	}
	if res.ExitCode == exitFirst {
		h.removeTemp(w)
		return &remote.FirstError{Result: res}
	}
	what := "write " + w.path
	if res.ExitCode == exitInvalid {
		what = fmt.Sprintf("write %s: the validation %q refused it", w.path, w.opts.Validate)
		res.Stderr = append(res.Stdout, res.Stderr...) // some tools give the reason on the one, some on the other
	}
	return &remote.ScriptError{What: what, Result: res}
}

// stream copies the content into the temporary file and counts it: the end of the input
// looks the same to the host whether all has come or the connection was cut.
func (h *Host) stream(ctx context.Context, w *write, content io.Reader) error {
	code, said, err := h.send(ctx, "take the content of "+w.path, w.receive(), func(to io.Writer) (err error) {
		w.size, err = io.CopyBuffer(to, reading{content}, make([]byte, chunk))
		return err
	})
	if err != nil {
		h.removeTemp(w)
		return err
	}
	if code != 0 {
		return &remote.ScriptError{What: "write " + w.path, Result: remote.Result{ExitCode: code, Stderr: said}}
	}
	return nil
}

// send runs a script on a channel of its own, whose input feed writes. A content that cannot be
// read ends the script: else the host would wait for the rest.
func (h *Host) send(ctx context.Context, what, script string, feed func(io.Writer) error) (code int, said []byte, err error) {
	t, err := h.startTask(ctx, script)
	if err != nil {
		return 0, nil, err
	}
	defer t.close()
	ctx, t.pulse = h.watched(ctx, what, h.hosts.limits.Read, 0)
	defer t.pulse.stop()
	sent := make(chan error, 1)
	go func() {
		err := feed(input{t})
		var unreadable *contentError
		if errors.As(err, &unreadable) {
			t.pulse.end(err)
		}
		if err == nil {
			err = t.proc.CloseWrite()
		}
		sent <- err
	}()
	code, err = t.wait(ctx)
	if err == nil && code == 0 {
		err = <-sent
	}
	return code, t.errs.buf, err
}

// An input is that of a task; that the host takes what is written is a sign of life.
type input struct{ *task }

// Write sends to the task.
func (i input) Write(p []byte) (int, error) {
	n, err := i.proc.Write(p)
	i.pulse.beat()
	return n, err
}

// A contentError says that what is to be written cannot be read.
type contentError struct{ err error }

// Error says so.
func (e *contentError) Error() string { return "read what is to be written: " + e.err.Error() }

// Unwrap returns the cause.
func (e *contentError) Unwrap() error { return e.err }

// A reading tells errors of the content from those of its writer, and hides all but Read.
type reading struct{ r io.Reader }

// Read reads on.
func (r reading) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && err != io.EOF {
		err = &contentError{err}
	}
	return n, err
}

// tempName returns a name that run-parts, "*.conf", sudoers.d and logrotate pass over.
func tempName() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	return ".kops-" + hex.EncodeToString(b[:]) + "~"
}
