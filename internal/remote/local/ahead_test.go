package local

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kops/internal/remote"
)

// A queue is a host whose shell is busy until the file go exists.
type queue struct {
	t    *testing.T
	conn remote.Connection
	host remote.Host
	dir  string
	pid  string // of the shell
	sent int64
}

// newQueue opens a shell.
func newQueue(t *testing.T) *queue {
	t.Helper()
	c, err := Dial(context.Background(), "localhost", remote.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	q := &queue{t: t, conn: c, host: c.As(remote.Become{}), dir: t.TempDir()}
	res, err := q.host.Query(context.Background(), "echo $$")
	if err != nil {
		t.Fatal(err)
	}
	q.pid, q.sent = string(res.Stdout), c.RoundTrips()
	return q
}

// said is what a call came to.
type said struct {
	out string
	err error
}

type run func(context.Context, string) (remote.Result, error)

// call starts a call and waits until the shell has been given its script.
func (q *queue) call(ctx context.Context, do run, script string) <-chan said {
	q.t.Helper()
	done := make(chan said, 1)
	go func() {
		res, err := do(ctx, script)
		done <- said{string(res.Stdout), err}
	}()
	q.sent++
	wait(q.t, func() bool { return q.conn.RoundTrips() == q.sent })
	return done
}

// busy is a script that goes on until let is called.
func (q *queue) busy() string {
	at := filepath.Join(q.dir, "go")
	return "while ! [ -e " + at + " ]; do sleep 0.01; done; echo $$"
}

func (q *queue) let() {
	q.t.Helper()
	if err := os.WriteFile(filepath.Join(q.dir, "go"), nil, 0o600); err != nil {
		q.t.Fatal(err)
	}
}

// expect wants the shell's answer.
func (q *queue) expect(what string, done <-chan said) {
	q.t.Helper()
	if s := <-done; s.err != nil || s.out != q.pid {
		q.t.Errorf("%s: %q, %v; the shell was %s", what, s.out, s.err, q.pid)
	}
}

func TestReadsQueueInOneShell(t *testing.T) {
	q := newQueue(t)
	ctx := context.Background()
	first := q.call(ctx, q.host.Query, q.busy())
	second := q.call(remote.Ahead(ctx), q.host.Query, "echo $$")
	third := q.call(ctx, q.host.Query, "echo $$")
	// A change has the queue to itself.
	changed := make(chan said, 1)
	go func() {
		res, err := q.host.Script(ctx, "echo $$")
		changed <- said{string(res.Stdout), err}
	}()
	q.let()
	q.expect("the first", first)
	q.expect("the one ahead", second)
	q.expect("the one behind it", third)
	q.expect("the change", changed)
}

// Scripts and answers that are larger than what a pipe or a channel holds do not block each other.
func TestLargeReadsQueue(t *testing.T) {
	q := newQueue(t)
	const size = 1 << 18
	script := ": " + strings.Repeat("x", size) + "\nhead -c 262144 /dev/zero; head -c 262144 /dev/zero >&2"
	var all []<-chan said
	for range 12 { // more than the queue has room for
		done := make(chan said, 1)
		go func() {
			res, err := q.host.Query(remote.Ahead(context.Background()), script)
			if len(res.Stderr) != size {
				t.Errorf("%d bytes on stderr", len(res.Stderr))
			}
			done <- said{string(res.Stdout), err}
		}()
		all = append(all, done)
	}
	for _, done := range all {
		if s := <-done; s.err != nil || len(s.out) != size {
			t.Errorf("%d bytes, %v", len(s.out), s.err)
		}
	}
}

// A call made ahead that is given up leaves the shell to the others.
func TestReadAheadIsGivenUp(t *testing.T) {
	q := newQueue(t)
	ctx, cancel := context.WithCancel(context.Background())
	running := q.call(remote.Ahead(ctx), q.host.Query, q.busy())
	waiting := q.call(remote.Ahead(ctx), q.host.Query, "echo 2")
	behind := q.call(context.Background(), q.host.Query, "echo $$")
	cancel()
	for _, done := range []<-chan said{running, waiting} {
		if s := <-done; !errors.Is(s.err, context.Canceled) {
			t.Errorf("got %q, %v", s.out, s.err)
		}
	}
	q.let()
	q.expect("the one behind", behind)
}

// A call that is given up while its script runs ends the shell: who waits in its queue asks another one, who
// asked ahead does not.
func TestShellEndsUnderQueue(t *testing.T) {
	q := newQueue(t)
	ctx, cancel := context.WithCancel(context.Background())
	running := q.call(ctx, q.host.Query, q.busy())
	ahead := q.call(remote.Ahead(context.Background()), q.host.Query, "echo $$")
	behind := q.call(context.Background(), q.host.Query, "echo $$")
	cancel()
	if s := <-running; !errors.Is(s.err, context.Canceled) {
		t.Errorf("given up: %q, %v", s.out, s.err)
	}
	if s := <-ahead; s.err == nil {
		t.Errorf("ahead: %q", s.out)
	}
	if s := <-behind; s.err != nil || s.out == q.pid {
		t.Errorf("behind: %q, %v; the shell was %s", s.out, s.err, q.pid)
	}
}

// A shell that ends by itself is noticed by all that wait for it; a change is never run twice.
func TestShellIsKilledUnderQueue(t *testing.T) {
	q := newQueue(t)
	log := filepath.Join(q.dir, "log")
	running := q.call(context.Background(), q.host.Script, "echo x >>"+log+"; "+q.busy()+"; kill -s KILL $$")
	ahead := q.call(remote.Ahead(context.Background()), q.host.Query, "echo $$")
	behind := q.call(context.Background(), q.host.Query, "echo $$")
	q.let()
	if s := <-running; s.err == nil {
		t.Errorf("killed: %q", s.out)
	}
	if s := <-ahead; s.err == nil {
		t.Errorf("ahead: %q", s.out)
	}
	if s := <-behind; s.err != nil || s.out == q.pid {
		t.Errorf("behind: %q, %v; the shell was %s", s.out, s.err, q.pid)
	}
	if b, err := os.ReadFile(log); err != nil || string(b) != "x\n" {
		t.Errorf("the change has run: %q, %v", b, err)
	}
}

// What nobody waits for any more is ended with the connection.
func TestCloseEndsReadsAhead(t *testing.T) {
	q := newQueue(t)
	ctx, cancel := context.WithCancel(context.Background())
	running := q.call(remote.Ahead(ctx), q.host.Query, q.busy())
	cancel()
	<-running
	if err := q.conn.Close(); err != nil {
		t.Error(err)
	}
	state := "/proc/" + strings.TrimSpace(q.pid) + "/stat"
	wait(t, func() bool { _, err := os.Stat(state); return err != nil })
}

// Ahead of its time, nothing is started on the host.
func TestNothingIsStartedAhead(t *testing.T) {
	c, err := Dial(context.Background(), "localhost", remote.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, h := remote.Ahead(context.Background()), c.As(remote.Become{})
	if _, err := h.Query(ctx, ":"); err == nil {
		t.Error("a shell was opened")
	}
	if _, err := h.Exec(ctx, remote.Command{Shell: ":"}); err == nil {
		t.Error("a program was started")
	}
}
