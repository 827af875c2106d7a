package posix

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"kops/internal/remote"
)

// drain is how long the outputs of a command are still read after it has ended, counted
// from the last byte: a child that it left in the background may hold them for ever.
const (
	drain      = 300 * time.Millisecond
	drainLimit = 2 * time.Second // from the end of the command
)

// Exec runs a user's command on a channel of its own.
func (h *Host) Exec(ctx context.Context, cmd remote.Command) (remote.Result, error) {
	script, err := commandScript(cmd)
	if err != nil {
		return remote.Result{}, err
	}
	defer h.hosts.files.change()()
	start := time.Now()
	t, err := h.startTask(ctx, script)
	if err != nil {
		return remote.Result{}, err
	}
	defer t.close()
	if cmd.Stdin != nil {
		go t.feed(cmd.Stdin)
	} else {
		_ = t.proc.CloseWrite() // a process that is gone says so when it is waited for
	}
	code, err := t.wait(ctx)
	if err != nil {
		return remote.Result{}, err
	}
	res := remote.Result{ExitCode: code, Stdout: t.out.buf, Stderr: t.errs.buf, Duration: time.Since(start)}
	return res, t.refused(cmd, res)
}

// refused finds that the command could not be run: the wrapper says so after the mark.
func (t *task) refused(cmd remote.Command, res remote.Result) error {
	if err := t.firstFailed(res); err != nil {
		return err
	}
	switch {
	case bytes.HasSuffix(res.Stderr, []byte(t.mark+"cd")):
		return &fs.PathError{Op: "change to the folder", Path: cmd.Dir, Err: fs.ErrNotExist}
	case bytes.HasSuffix(res.Stderr, []byte(t.mark+"run")):
		return &fs.PathError{Op: "run", Path: program(cmd), Err: fs.ErrNotExist}
	}
	return nil
}

// program is what a command starts.
func program(cmd remote.Command) string {
	switch {
	case len(cmd.Argv) > 0:
		return cmd.Argv[0]
	case cmd.Interpreter != "":
		return cmd.Interpreter
	}
	return "/bin/sh"
}

// commandScript returns the lines that become the command. $M is the task's mark.
func commandScript(cmd remote.Command) (string, error) {
	if (len(cmd.Argv) > 0) == (cmd.Shell != "") {
		return "", fmt.Errorf("a command has either words or a line for the shell")
	}
	var b strings.Builder
	b.WriteString(firstOf(cmd))
	for _, e := range cmd.Env {
		name, val, ok := strings.Cut(e, "=")
		if !ok || !envName.MatchString(name) {
			return "", fmt.Errorf("%q is not the name of an environment variable", name)
		}
		fmt.Fprintf(&b, "export %s=%s\n", name, Quote(val))
	}
	if cmd.Dir != "" {
		fmt.Fprintf(&b, "CDPATH= cd -- %s || { printf %%scd $M >&2; exit 1; }\n", Quote(cmd.Dir))
	}
	prog := program(cmd)
	fmt.Fprintf(&b, "command -v %s >/dev/null || { printf %%srun $M >&2; exit 127; }\n", Quote(prog))
	words := cmd.Argv
	if cmd.Shell != "" {
		words = []string{prog, "-c", cmd.Shell}
	}
	if strings.ContainsRune(strings.Join(words, "")+b.String(), 0) {
		return "", fmt.Errorf("a command cannot hold a NUL byte")
	}
	redirect := ""
	if cmd.Stdin == nil {
		redirect = " </dev/null"
	}
	fmt.Fprintf(&b, "unset M s n a b c d g r\nexec %s%s\n", QuoteAll(words), redirect)
	return b.String(), nil
}

// A task is a process of its own for one script, whose input goes on after the script.
type task struct {
	*piped
	host  *Host
	mark  string
	group string
}

// startTask starts a script on a channel of its own and waits until it runs. The script is
// sent by standard input, so nothing of it can be seen in the host's list of processes.
func (h *Host) startTask(ctx context.Context, script string) (*task, error) {
	if remote.IsAhead(ctx) {
		return nil, errNotAhead
	}
	if err := h.guard(ctx); err != nil {
		return nil, err
	}
	mark, prompt := newMark(), newMark()+":"
	rest := "IFS= read -r s; eval \"$s\""
	if h.become.Method != "" {
		rest = "unset LC_ALL LANGUAGE; " + rest
	}
	line, err := becomeLine(h.become, prompt, bootstrap(mark, rest))
	if err != nil {
		return nil, badBecome(h.machine, err)
	}
	proc, err := h.machine.Start(ctx, line)
	if err != nil {
		return nil, err
	}
	t := &task{piped: newPiped(proc), host: h, mark: mark}
	if err := h.startSilent(t.start(ctx, script, prompt)); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

// start sends the script and waits until it runs.
func (t *task) start(ctx context.Context, script, prompt string) error {
	h := t.host
	ctx, t.pulse = h.watched(ctx, "start a program", h.hosts.limits.Read, 0)
	defer func() {
		t.pulse.stop()
		t.pulse = nil
	}()
	// What the host prints at a login, and sudo's lecture, end at the mark.
	first := oneLine("M=" + t.mark + "; printf %s- $M >&2\n" + script)
	asks := h.become.Method == "su" || h.become.Password != ""
	if asks {
		if err := awaitBecome(ctx, h.machine, h.become, t.piped, prompt, t.mark); err != nil {
			return err
		}
	}
	h.machine.RoundTrip(ctx)
	go func() { _, _ = t.proc.Write([]byte(first)) }() // a failure shows as the end of the outputs
	return t.greet(ctx)
}

// greet reads up to the script's own output.
func (t *task) greet(ctx context.Context) error {
	for {
		if t.out.has(t.mark) && t.errs.has(t.mark+"-") {
			break
		}
		if t.out.ended && t.errs.ended {
			return startError(t.host.machine, t.host.become, t.piped)
		}
		if err := t.receive(ctx); err != nil {
			return err
		}
	}
	t.errs.cut(t.mark + "-")
	t.out.cut(t.mark)
	for !t.out.has("\n") && !t.out.ended {
		if err := t.receive(ctx); err != nil {
			return err
		}
	}
	group, _ := t.out.cut("\n")
	t.group = strings.TrimSpace(string(group))
	return nil
}

// feed copies to the script's input.
func (t *task) feed(r io.Reader) {
	// A command may end without reading all; it is its exit status that counts.
	_, _ = io.Copy(t.proc, r)
	_ = t.proc.CloseWrite()
}

// wait reads the outputs until the script has ended. A script that ctx ends is killed.
func (t *task) wait(ctx context.Context) (int, error) {
	exited := t.proc.Exited()
	var quiet, enough <-chan time.Time
	for !t.out.ended || !t.errs.ended {
		select {
		case <-ctx.Done():
			t.host.killGroup(t.group)
			return 0, context.Cause(ctx)
		case <-exited:
			exited, quiet, enough = nil, time.After(drain), time.After(drainLimit)
		case <-quiet:
			return t.proc.ExitCode()
		case <-enough:
			return t.proc.ExitCode()
		case c, ok := <-t.out.chunks:
			t.out.add(c, ok)
			t.pulse.beat()
			quiet = again(quiet)
		case c, ok := <-t.errs.chunks:
			t.errs.add(c, ok)
			t.pulse.beat()
			quiet = again(quiet)
		}
	}
	select {
	case <-t.proc.Exited():
	case <-ctx.Done():
		t.host.killGroup(t.group)
		return 0, context.Cause(ctx)
	}
	return t.proc.ExitCode()
}

// again restarts the drain, once it has begun.
func again(quiet <-chan time.Time) <-chan time.Time {
	if quiet == nil {
		return nil
	}
	return time.After(drain)
}
