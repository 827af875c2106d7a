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
	script := "exec cat -- " + Quote(statName(name)) + " </dev/null\n"
	t, err := h.startTask(ctx, "LC_ALL=C; export LC_ALL\n"+script)
	if err != nil {
		return nil, err
	}
	ctx, t.pulse = h.watched(ctx, "read "+name, h.hosts.limits.Read, 0)
	r := &reader{task: t, ctx: ctx, name: name}
	// An error to open it is told here: wait for the first bytes or the end.
	for len(t.out.buf) == 0 && !t.out.ended {
		if err := t.receive(ctx); err != nil {
			_ = r.Close()
			return nil, err
		}
	}
	if len(t.out.buf) == 0 {
		if err := r.end(); err != io.EOF {
			_ = r.Close()
			return nil, err
		}
	}
	return r, nil
}

// A reader is a file that is read through cat.
type reader struct {
	*task
	ctx  context.Context
	name string
}

// Read returns what has come.
func (r *reader) Read(p []byte) (int, error) {
	for len(r.out.buf) == 0 {
		if r.out.ended {
			return 0, r.end()
		}
		if err := r.receive(r.ctx); err != nil {
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

// end returns io.EOF where cat ended well, so that a cut connection is no end of the file.
func (r *reader) end() error {
	code, err := r.wait(r.ctx)
	if err != nil {
		return err
	}
	if code == 0 {
		return io.EOF
	}
	said := strings.TrimSpace(string(r.errs.buf))
	switch {
	case strings.HasSuffix(said, "No such file or directory"):
		return &fs.PathError{Op: "open", Path: r.name, Err: fs.ErrNotExist}
	case strings.HasSuffix(said, "Permission denied"):
		return &fs.PathError{Op: "open", Path: r.name, Err: fs.ErrPermission}
	}
	return fmt.Errorf("read %s: %s", r.name, said)
}

// Close ends the reading.
func (r *reader) Close() error {
	r.pulse.stop()
	r.close()
	return nil
}
