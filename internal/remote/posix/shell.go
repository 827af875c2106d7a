package posix

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"kops/internal/remote"
)

// shellInit prepares a shell for kops's own scripts: messages that can be recognized,
// the administrator's programs in the path (a login user's path may lack them), and
// whether stat knows fractions of seconds (busybox does not).
const shellInit = `LC_ALL=C; export LC_ALL; unset LANGUAGE CDPATH ENV
PATH="${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin"; export PATH
case $(stat -c %.9Y / 2>/dev/null) in *.*) kops_times='%.9X %.9Y %.9Z';; *) kops_times='%X %Y %Z';; esac
`

// A shell is a POSIX shell that runs one script after the other. Each script has a
// subshell, with nothing to read on its input. The end of its outputs is a mark that
// nobody can guess, so outputs may hold any bytes. What it says is read by one call at a time, the
// first in its queue.
type shell struct {
	*piped
	mark  string
	group string // its process group, "" if unknown
	fresh bool   // its first marks have not been read yet
	begun bool   // it has been sent a script

	last    *place        // the end of the queue
	room    chan struct{} // one for each in the queue
	wanted  context.Context
	dismiss context.CancelFunc // ends wanted: answers that nobody waits for are not read to their end

	mu     sync.Mutex
	calls  int  // that wait for an answer
	broken bool // it has been ended
}

// newShell makes a shell of a process; the caller has entered it.
func newShell(proc Process, mark string) *shell {
	s := &shell{piped: newPiped(proc), mark: mark, fresh: true, room: make(chan struct{}, queueLimit), calls: 1}
	s.wanted, s.dismiss = context.WithCancel(context.Background())
	s.last = newPlace(call{})
	close(s.last.written)
	close(s.last.done)
	return s
}

// openShell starts a shell as the acting user. Where no password is asked for, it does not
// wait for the shell: the first script's answer tells.
func (h *Host) openShell(ctx context.Context) (*shell, error) {
	m, b := h.machine, h.become
	mark, prompt := newMark(), newMark()+":"
	line, err := becomeLine(b, prompt, bootstrap(mark, "exec /bin/sh"))
	if err != nil {
		return nil, badBecome(m, err)
	}
	proc, err := m.Start(ctx, line)
	if err != nil {
		return nil, err
	}
	s := newShell(proc, mark)
	if b.Method != "" && (b.Password != "" || b.Method == "su") {
		wait, p := h.watched(ctx, "start a shell", h.hosts.limits.Read, 0)
		defer p.stop()
		if err := awaitBecome(wait, m, b, s.piped, prompt, mark); err != nil {
			s.close()
			return nil, h.startSilent(err)
		}
	}
	return s, nil
}

func badBecome(m Machine, err error) error {
	return &remote.ConnectError{Host: m.Name(), Reason: remote.BadConfig, Detail: err.Error(), Err: err}
}

// run runs a script in a shell that nobody else uses.
func (s *shell) run(ctx context.Context, h *Host, c call) (remote.Result, error) {
	p, err := s.send(ctx, h, c)
	if err != nil {
		return remote.Result{}, err
	}
	defer s.done(p)
	return s.read(ctx, h, c)
}

// read reads the answer to the script of a call.
func (s *shell) read(ctx context.Context, h *Host, c call) (res remote.Result, err error) {
	start := time.Now()
	if s.fresh {
		if err := s.first(ctx, h); err != nil {
			return res, err
		}
	}
	ctx, s.pulse = h.watched(ctx, c.what, c.limit, c.then)
	defer s.pulse.stop()
	if err := s.collect(ctx, s.mark+"=", s.mark+"="); err != nil {
		return res, err
	}
	res.Stdout, _ = s.out.cut(s.mark + "=")
	res.Stderr, _ = s.errs.cut(s.mark + "=")
	if err := s.collect(ctx, "\n", ""); err != nil {
		return res, err
	}
	status, _ := s.out.cut("\n")
	if _, err := fmt.Sscan(string(status), &res.ExitCode); err != nil {
		return res, fmt.Errorf("the shell on %s answered %q in place of an exit status", h.machine.Name(), status)
	}
	res.Duration = time.Since(start)
	return res, nil
}

// wrap returns what the shell is sent for a call.
func (s *shell) wrap(c call) string {
	var b strings.Builder
	if !s.begun {
		s.begun = true
		b.WriteString(shellInit)
		fmt.Fprintf(&b, "printf %%s %s- >&2\n", s.mark)
	}
	run := "(eval " + Quote(c.script) + ") </dev/null 9>&-" // what the shell holds is not for children
	if c.holds {
		run = "eval " + Quote(c.script) + " </dev/null"
	}
	fmt.Fprintf(&b, "%s; printf '%%s=%%d\\n' %s $?; printf %%s= %s >&2\n", run, s.mark, s.mark)
	return b.String()
}

// first waits until a fresh shell has begun.
func (s *shell) first(ctx context.Context, h *Host) error {
	ctx, s.pulse = h.watched(ctx, "start a shell", h.hosts.limits.Read, 0)
	defer s.pulse.stop()
	return h.startSilent(s.greet(ctx, h))
}

// greet reads what a fresh shell says first, after whatever the host prints at a login.
func (s *shell) greet(ctx context.Context, h *Host) error {
	err := s.collect(ctx, s.mark, s.mark+"-")
	if err == errEnded && !s.out.has(s.mark) {
		return startError(h.machine, h.become, s.piped)
	}
	if err != nil {
		return err
	}
	s.out.cut(s.mark)
	s.errs.cut(s.mark + "-")
	if err := s.collect(ctx, "\n", ""); err != nil {
		return err
	}
	group, _ := s.out.cut("\n")
	s.group = strings.TrimSpace(string(group))
	s.fresh = false
	return nil
}

// greetLimit is how long a call that was given up waits for the first words of its shell.
const greetLimit = time.Second

// greetLate reads what a fresh shell says first after its script was given up: without the
// number of its process group, what it started could not be ended.
func (s *shell) greetLate(h *Host) {
	if !s.fresh {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), greetLimit)
	defer cancel()
	_ = s.greet(ctx, h) // a shell that does not run has started nothing
}

// collect reads until both outputs have their mark; an empty mark is not waited for.
func (s *shell) collect(ctx context.Context, out, errs string) error {
	for !s.out.has(out) || errs != "" && !s.errs.has(errs) {
		if s.out.ended && s.errs.ended {
			return errEnded
		}
		if err := s.receive(ctx); err != nil {
			return err
		}
	}
	return nil
}
