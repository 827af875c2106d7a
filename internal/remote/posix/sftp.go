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
	stop func() bool
}

// openSFTP runs before, a script that prints a path or nothing, and starts an SFTP server: the
// subsystem of sshd, or another user's as a process of that user. There, after runs when the
// server has ended.
func (h *Host) openSFTP(ctx context.Context, before, after string) (*sftpSession, error) {
	if h.noSFTP.Load() {
		return nil, errNoSFTP
	}
	start := h.startServer
	if h.become.Method == "" {
		start = h.startSubsystem
	}
	s, err := start(ctx, before, after)
	if err != nil {
		return nil, err
	}
	h.machine.RoundTrip()
	timer := time.AfterFunc(sftpLimit, s.task.close)
	s.stop = context.AfterFunc(ctx, s.task.close) // what is blocked on the channel must end
	s.Client, err = sftp.NewClientPipe(&relayed{task: s.task, ctx: ctx}, sftpInput{s.task}, sftp.UseConcurrentWrites(true))
	timer.Stop()
	if err != nil {
		s.stop()
		s.task.close()
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
	if ctx.Err() != nil || errors.As(err, &unreachable) {
		return err
	}
	h.noSFTP.Store(true)
	return fmt.Errorf("%w: %w", errNoSFTP, err)
}

func (h *Host) startSubsystem(ctx context.Context, before, _ string) (*sftpSession, error) {
	s := &sftpSession{lost: make(chan struct{})}
	if before != "" { // first, since then its shell may be closed to make room
		res, err := h.run(ctx, before+"trap - EXIT\n", false)
		if err != nil {
			return nil, err
		}
		if res.ExitCode != 0 {
			return nil, &remote.ScriptError{Result: res}
		}
		s.path = string(res.Stdout)
	}
	h.machine.RoundTrip()
	proc, err := h.machine.Subsystem(ctx, "sftp")
	if err != nil {
		return nil, h.withoutSFTP(ctx, err)
	}
	s.task = &task{piped: newPiped(proc), host: h}
	return s, nil
}

func (h *Host) startServer(ctx context.Context, before, after string) (*sftpSession, error) {
	t, err := h.startTask(ctx, findServer+before+"printf %s $M\n\"$server\" || exit\n"+after)
	if err != nil {
		return nil, err
	}
	for !t.out.has(t.mark) {
		if t.out.ended {
			code, err := t.wait(ctx)
			t.close()
			switch {
			case err != nil:
				return nil, err
			case code == exitNoServer:
				return nil, h.withoutSFTP(ctx, errors.New("there is no sftp-server"))
			}
			return nil, &remote.ScriptError{Result: remote.Result{ExitCode: code, Stderr: t.errs.buf}}
		}
		if err := t.receive(ctx); err != nil {
			t.close()
			return nil, err
		}
	}
	path, _ := t.out.cut(t.mark)
	return &sftpSession{task: t, path: string(path), lost: make(chan struct{})}, nil
}

// An sftpInput is the input of an SFTP server, which ends when its input does.
type sftpInput struct{ *task }

func (i sftpInput) Write(p []byte) (int, error) { return i.proc.Write(p) }
func (i sftpInput) Close() error                { return i.proc.CloseWrite() }

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
	s.task.close()
}

// cause returns why the session ended, where that is what err comes from.
func (s *sftpSession) cause(err error) error {
	if !errors.Is(err, sftp.ErrSSHFxConnectionLost) {
		return err
	}
	<-s.lost
	return s.Wait()
}
