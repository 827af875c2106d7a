package posix

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/pkg/sftp"

	"kops/internal/remote"
)

// errNoSFTP says that the host offers no SFTP to the acting user.
var errNoSFTP = errors.New("there is no sftp-server on the host")

// exitNoServer is the exit status of serveSFTP where it finds no server.
const exitNoServer = 96

// serveSFTP becomes the SFTP server, which is nowhere the same: Debian, Fedora, SUSE, Alpine, or
// what sshd was told. It is started as a program and not as sshd's subsystem, so that it acts as
// any user.
const serveSFTP = `server=
for f in /usr/lib/openssh/sftp-server /usr/libexec/openssh/sftp-server /usr/libexec/sftp-server /usr/lib/ssh/sftp-server \
	$(sed -n 's/^[[:space:]]*[Ss]ubsystem[[:space:]]\{1,\}sftp[[:space:]]\{1,\}\(\/[^[:space:]]*\).*/\1/p' /etc/ssh/sshd_config 2>/dev/null); do
	if [ -x "$f" ]; then server=$f; break; fi
done
[ -n "$server" ] || exit 96 # exitNoServer
exec "$server"
`

// openSFTP opens a file over SFTP, as the acting user. Requests are pipelined, so that the
// distance to the host does not slow a large file down.
func (h *Host) openSFTP(ctx context.Context, name string) (io.ReadCloser, error) {
	t, err := h.startTask(ctx, serveSFTP)
	if err != nil {
		return nil, err
	}
	r := &sftpReader{task: t}
	r.ctx, t.pulse = h.watched(ctx, "read "+name, h.hosts.limits.Read, 0)
	r.stop = context.AfterFunc(r.ctx, t.close) // what is blocked on the channel must end
	h.machine.RoundTrip(ctx)
	client, err := sftp.NewClientPipe(&relayed{task: t, ctx: r.ctx}, sftpInput{t})
	if err != nil {
		return nil, errors.Join(r.failed(h, err), r.Close())
	}
	h.machine.RoundTrip(ctx)
	f, err := client.Open(name)
	if err != nil {
		return nil, errors.Join(r.failed(h, err), r.Close())
	}
	var w *io.PipeWriter
	r.PipeReader, w = io.Pipe()
	go func() {
		_, err := f.WriteTo(w) // many requests at a time
		if err != nil {
			err = fmt.Errorf("read %s: %w", name, r.failed(h, err))
		}
		_ = w.CloseWithError(err) // never fails
	}()
	return r, nil
}

// An sftpReader is a file that is read over SFTP.
type sftpReader struct {
	*io.PipeReader
	task *task
	ctx  context.Context // ends where the server is silent for too long
	stop func() bool
}

// failed finds out why the server did not do what was asked for.
func (r *sftpReader) failed(h *Host, err error) error {
	if r.ctx.Err() != nil {
		return context.Cause(r.ctx)
	}
	var status *sftp.StatusError
	if errors.As(err, &status) && !errors.Is(err, sftp.ErrSSHFxConnectionLost) {
		return err // the server's own words
	}
	select {
	case <-r.task.proc.Exited():
	case <-r.ctx.Done():
		return context.Cause(r.ctx)
	}
	code, lost := r.task.proc.ExitCode()
	switch {
	case lost != nil:
		return lost
	case code == exitNoServer:
		h.noSFTP.Store(true)
		return errNoSFTP
	}
	return err
}

// Close ends the reading and the server.
func (r *sftpReader) Close() error {
	r.stop()
	r.task.pulse.stop()
	r.task.close()
	if r.PipeReader == nil {
		return nil
	}
	return r.PipeReader.Close()
}

// An sftpInput is the input of an SFTP server, which ends when its input does.
type sftpInput struct{ *task }

// Write sends to the server.
func (i sftpInput) Write(p []byte) (int, error) { return input(i).Write(p) }

// Close ends the input.
func (i sftpInput) Close() error { return i.proc.CloseWrite() }

// withoutSFTP tells whether a file that could not be opened over SFTP is tried without it.
func withoutSFTP(ctx context.Context, err error) bool {
	var unreachable *remote.ConnectError
	return ctx.Err() == nil && !isSilent(err) && !errors.As(err, &unreachable)
}
