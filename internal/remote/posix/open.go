package posix

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"kops/internal/remote"
)

// bigFile is the size from which SFTP is worth its start.
const bigFile = 1 << 20

// Open reads a file: a big one over SFTP, where the host has it.
func (h *Host) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	if h.noSFTP.Load() {
		return h.cat(ctx, name)
	}
	files, err := h.Files(ctx, remote.FileQuery{Path: name, Follow: true})
	if err != nil {
		return nil, err
	}
	if files[0].IsRegular() && files[0].Size >= bigFile {
		r, err := h.openSFTP(ctx, name)
		if err == nil || !withoutSFTP(ctx, err) {
			return r, err
		}
		h.machine.Log().Debug("a file comes through cat", "host", h.machine.Name(), "path", name, "why", err)
	}
	return h.cat(ctx, name)
}

// cat reads a file through a channel of its own, as it comes.
func (h *Host) cat(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := h.startReader(ctx, "read "+name, "exec cat -- "+Quote(statName(name))+" </dev/null\n")
	if err != nil {
		return nil, err
	}
	r.failed = func(res remote.Result) error {
		said := strings.TrimSpace(string(res.Stderr))
		switch {
		case strings.HasSuffix(said, "No such file or directory"):
			return &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		case strings.HasSuffix(said, "Permission denied"):
			return &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
		}
		return fmt.Errorf("read %s: %s", name, said)
	}
	// An error to open it is told here: wait for the first bytes or the end.
	for len(r.out.buf) == 0 && !r.out.ended {
		if err := r.await(); err != nil {
			_ = r.Close()
			return nil, err
		}
	}
	if len(r.out.buf) == 0 {
		if err := r.end(); err != io.EOF {
			_ = r.Close()
			return nil, err
		}
	}
	return r, nil
}

// Stream runs a script that only reads, on a channel of its own, and returns its output as it comes.
func (h *Host) Stream(ctx context.Context, what, script string) (io.ReadCloser, error) {
	r, err := h.startReader(ctx, what, script)
	if err != nil {
		return nil, err
	}
	r.failed = func(res remote.Result) error { return &remote.ScriptError{What: what, Result: res} }
	return r, nil
}

func (h *Host) startReader(ctx context.Context, what, script string) (*reader, error) {
	t, err := h.startTask(ctx, "LC_ALL=C; export LC_ALL\n"+script)
	if err != nil {
		return nil, err
	}
	r := &reader{task: t}
	r.ctx, t.pulse = h.watched(ctx, what, remote.Patience(ctx, h.hosts.limits.Read), 0)
	t.pulse.pause()
	return r, nil
}

// A reader is the output of a script, as it comes. The host's silence counts only while somebody reads: one who is slow, or
// waits for something else, must not have the host blamed.
type reader struct {
	*task
	ctx    context.Context
	failed func(remote.Result) error // makes an error of a script that failed
}

// Read returns what has come.
func (r *reader) Read(p []byte) (int, error) {
	for len(r.out.buf) == 0 {
		if r.out.ended {
			return 0, r.end()
		}
		if err := r.await(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.out.buf)
	if r.out.buf = r.out.buf[n:]; len(r.out.buf) == 0 {
		r.out.scanned = 0
		r.out.buf = nil
	}
	return n, nil
}

// mostSaid is how much is kept of what a script says beside its output.
const mostSaid = 64 << 10

// await waits for more of either output.
func (r *reader) await() error {
	r.pulse.beat()
	defer r.pulse.pause()
	err := r.receive(r.ctx)
	r.errs.keep(mostSaid)
	return err
}

// end returns io.EOF where the script ended well, so that a cut connection is no end of the output.
func (r *reader) end() error {
	r.pulse.beat()
	defer r.pulse.pause()
	code, err := r.wait(r.ctx)
	if err != nil {
		return err
	}
	if code == 0 {
		return io.EOF
	}
	return r.failed(remote.Result{ExitCode: code, Stderr: r.errs.buf})
}

// Close ends the reading.
func (r *reader) Close() error {
	r.pulse.stop()
	r.close()
	return nil
}
