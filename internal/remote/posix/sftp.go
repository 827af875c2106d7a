package posix

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pkg/sftp"

	"kops/internal/remote"
)

// errNoSFTP says that the host offers no SFTP to the acting user.
var errNoSFTP = errors.New("no SFTP")

// exitNoServer is the exit status of a script that finds no sftp-server.
const exitNoServer = 95

// sftpLimit bounds the start of an SFTP server that has been found.
const sftpLimit = 20 * time.Second

// findServer finds sftp-server, which is nowhere the same: Debian, Fedora, SUSE, Alpine, or
// what sshd was told.
const findServer = `server=
for f in /usr/lib/openssh/sftp-server /usr/libexec/openssh/sftp-server /usr/libexec/sftp-server /usr/lib/ssh/sftp-server \
	$(sed -n 's/^[[:space:]]*[Ss]ubsystem[[:space:]]\{1,\}sftp[[:space:]]\{1,\}\(\/[^[:space:]]*\).*/\1/p' /etc/ssh/sshd_config 2>/dev/null); do
	if [ -x "$f" ]; then server=$f; break; fi
done
[ -n "$server" ] || exit ` + "95\n" // exitNoServer

// An sftpSession is an SFTP server on the host, as the acting user, for one file.
type sftpSession struct {
	*sftp.Client
	task *task
	path string // what the script before it printed
	lost chan struct{}
	ctx  context.Context // ends where the server is silent for too long
	stop func() bool
}

// session watches over an SFTP server that runs, or is about to: what is blocked on the
// channel must end when ctx does.
func (h *Host) session(ctx context.Context, what string, t *task) *sftpSession {
	s := &sftpSession{task: t, lost: make(chan struct{})}
	s.ctx, t.pulse = h.watched(ctx, what, h.hosts.limits.Read, 0)
	s.stop = context.AfterFunc(s.ctx, t.close)
	return s
}

// openSFTP, for what, runs before, a script that prints a path or nothing, and starts an SFTP server: the
// subsystem of sshd, or another user's as a process of that user. There, after runs when the
// server has ended.
func (h *Host) openSFTP(ctx context.Context, what, before, after string) (*sftpSession, error) {
	if h.noSFTP.Load() {
		return nil, errNoSFTP
	}
	start := h.startServer
	if h.become.Method == "" {
		start = h.startSubsystem
	}
	s, err := start(ctx, what, before, after)
	if err != nil {
		return nil, err
	}
	h.machine.RoundTrip()
	timer := time.AfterFunc(sftpLimit, s.task.close)
	s.Client, err = sftp.NewClientPipe(&relayed{task: s.task, ctx: s.ctx}, sftpInput{s.task}, sftp.UseConcurrentWrites(true))
	timer.Stop()
	if err != nil {
		err = silence(s.ctx, err)
		s.drop()
		return nil, h.withoutSFTP(ctx, err)
	}
	go func() {
		_ = s.Wait() // cause tells why
		close(s.lost)
	}()
	return s, nil
}

// withoutSFTP remembers that the host has no SFTP, unless something else went wrong.
func (h *Host) withoutSFTP(ctx context.Context, err error) error {
	var unreachable *remote.ConnectError
	if ctx.Err() != nil || isSilent(err) || errors.As(err, &unreachable) {
		return err
	}
	h.noSFTP.Store(true)
	return fmt.Errorf("%w: %w", errNoSFTP, err)
}

func (h *Host) startSubsystem(ctx context.Context, what, before, _ string) (*sftpSession, error) {
	path := ""
	if before != "" { // first, since then its shell may be closed to make room
		res, err := h.change(ctx, "make a temporary file", before+"trap - EXIT\n")
		if err != nil {
			return nil, err
		}
		if res.ExitCode != 0 {
			return nil, &remote.ScriptError{Result: res}
		}
		path = string(res.Stdout)
	}
	h.machine.RoundTrip()
	proc, err := h.machine.Subsystem(ctx, "sftp")
	if err != nil {
		return nil, h.withoutSFTP(ctx, err)
	}
	s := h.session(ctx, what, &task{piped: newPiped(proc), host: h})
	s.path = path
	return s, nil
}

func (h *Host) startServer(ctx context.Context, what, before, after string) (*sftpSession, error) {
	t, err := h.startTask(ctx, findServer+before+"printf %s $M\n\"$server\" || exit\n"+after)
	if err != nil {
		return nil, err
	}
	s := h.session(ctx, what, t)
	for !t.out.has(t.mark) {
		if t.out.ended {
			code, err := t.wait(s.ctx)
			s.drop()
			switch {
			case err != nil:
				return nil, err
			case code == exitNoServer:
				return nil, h.withoutSFTP(ctx, errors.New("there is no sftp-server"))
			}
			return nil, &remote.ScriptError{Result: remote.Result{ExitCode: code, Stderr: t.errs.buf}}
		}
		if err := t.receive(s.ctx); err != nil {
			s.drop()
			return nil, err
		}
	}
	path, _ := t.out.cut(t.mark)
	s.path = string(path)
	return s, nil
}

// An sftpInput is the input of an SFTP server, which ends when its input does.
type sftpInput struct{ *task }

func (i sftpInput) Write(p []byte) (int, error) {
	n, err := i.proc.Write(p)
	i.pulse.beat()
	return n, err
}
func (i sftpInput) Close() error { return i.proc.CloseWrite() }

// end ends the server and waits for it and the script that started it.
func (s *sftpSession) end() error {
	_ = s.Close() // the input; what the server then does is what counts
	if err := s.Wait(); !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// drop ends the session without waiting.
func (s *sftpSession) drop() {
	s.stop()
	s.task.pulse.stop()
	s.task.close()
}

// cause returns why the session ended, where that is what err comes from.
func (s *sftpSession) cause(err error) error {
	switch {
	case err == nil:
		return nil
	case s.ctx.Err() != nil:
		return context.Cause(s.ctx)
	case !errors.Is(err, sftp.ErrSSHFxConnectionLost):
		return err
	}
	<-s.lost
	return s.Wait()
}
