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

// removeLimit bounds the attempt to remove the temporary file of a write that failed.
const removeLimit = 10 * time.Second

// WriteFile replaces a file atomically. Small texts are written by the long-lived shell;
// what is larger, or binary, goes over SFTP, or else through a channel of its own, into the temporary
// file first, and flat in memory.
func (h *Host) WriteFile(ctx context.Context, name string, content io.Reader, opts remote.WriteOptions) error {
	if err := h.writeFile(ctx, name, content, opts); err != nil {
		var script *remote.ScriptError
		if errors.As(err, &script) {
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
	if err := h.fill(ctx, w, newSource(head[:n], content)); err != nil {
		return err
	}
	return h.commit(ctx, w, w.streamed())
}

// commit runs a script that ends the write. A script that is cut off, or whose answer is,
// may leave the temporary file: the trap of the script removes it, or else this does.
func (h *Host) commit(ctx context.Context, w *write, script string) error {
	c := call{what: "write " + w.path, script: script, limit: h.hosts.limits.Change}
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
	what := "write " + w.path
	if res.ExitCode == exitInvalid {
		what = fmt.Sprintf("write %s: the validation %q refused it", w.path, w.opts.Validate)
	}
	return &remote.ScriptError{What: what, Result: res}
}

// stream copies the content into the temporary file and counts it: the end of the input
// looks the same to the host whether all has come or the connection was cut.
func (h *Host) stream(ctx context.Context, w *write, content io.Reader) error {
	t, err := h.startTask(ctx, w.receive())
	if err != nil {
		return err
	}
	defer t.close()
	ctx, t.pulse = h.watched(ctx, "take the content of "+w.path, h.hosts.limits.Read, 0)
	defer t.pulse.stop()
	sent := make(chan error, 1)
	go func() {
		var err error
		w.size, err = io.Copy(sftpInput{t}, content)
		if err == nil {
			err = t.proc.CloseWrite()
		}
		sent <- err
	}()
	code, err := t.wait(ctx)
	if err == nil && code == 0 {
		err = <-sent
	}
	if err != nil {
		h.removeTemp(w)
		return err
	}
	if code != 0 {
		return &remote.ScriptError{What: "write " + w.path, Result: remote.Result{ExitCode: code, Stderr: t.errs.buf}}
	}
	return nil
}

// tempName returns a name that run-parts, "*.conf", sudoers.d and logrotate pass over.
func tempName() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	return ".kops-" + hex.EncodeToString(b[:]) + "~"
}
