package logs

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"kops/internal/remote"
)

// A shell is a host that is this machine.
type shell struct {
	t    *testing.T
	name string              // sh by default
	path string              // a folder of programs that come first
	env  []string            // TZ and the like
	user *syscall.Credential // who reads, nil for whoever tests

	mu   sync.Mutex
	runs []*exec.Cmd
}

// Stream runs the script in a process group of its own.
func (s *shell) Stream(ctx context.Context, what, script string) (io.ReadCloser, error) {
	name := strings.Fields(s.name + " sh")
	if s.name != "" {
		name = strings.Fields(s.name)
	}
	cmd := exec.Command(name[0], append(name[1:], "-c", script)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "PATH="+s.path+":"+os.Getenv("PATH"))
	cmd.Env = append(cmd.Env, s.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: s.user}
	said := &buffer{}
	cmd.Stderr = said
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.runs = append(s.runs, cmd)
	s.mu.Unlock()
	return &running{cmd: cmd, in: in, out: out, said: said, what: what}, nil
}

// cut ends what runs, as a lost connection does.
func (s *shell) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, cmd := range s.runs {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // that it is gone already is what is wanted
	}
	s.runs = nil
}

// alive tells whether something that it ran still runs.
func (s *shell) alive() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, cmd := range s.runs {
		if syscall.Kill(-cmd.Process.Pid, 0) == nil {
			return true
		}
	}
	return false
}

type running struct {
	cmd  *exec.Cmd
	in   io.Closer
	out  io.Reader
	said *buffer
	what string
	once sync.Once
	err  error
}

func (r *running) Read(p []byte) (int, error) {
	n, err := r.out.Read(p)
	if n > 0 || err == nil {
		return n, nil
	}
	r.once.Do(func() { r.err = r.cmd.Wait() })
	var exit *exec.ExitError
	switch {
	case errors.As(r.err, &exit) && exit.ExitCode() < 0:
		return 0, &remote.ConnectError{Host: "here", Reason: remote.ConnectionLost, Detail: "it was cut"}
	case r.err != nil:
		return 0, &remote.ScriptError{What: r.what, Result: remote.Result{ExitCode: r.cmd.ProcessState.ExitCode(), Stderr: []byte(r.said.String())}}
	}
	return 0, io.EOF
}

func (r *running) Close() error {
	_ = r.in.Close() // the script ends by it
	return nil
}

// A buffer may be read while it is written.
type buffer struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// String is what has come so far.
func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// source is a file on this machine.
func source(t *testing.T, host, path string, s *shell) *Source {
	if s == nil {
		s = &shell{t: t}
	}
	return &Source{Host: host, Path: path, Connect: func(context.Context) (Streamer, error) { return s, nil }}
}

// A collector is a sink that keeps everything.
type collector struct {
	mu      sync.Mutex
	entries []Entry
}

func (c *collector) Entry(e Entry) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries = append(c.entries, e)
	return nil
}

func (c *collector) Flush() error { return nil }

// text is what has come so far: "host: text" for each entry.
func (c *collector) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	for _, e := range c.entries {
		b.WriteString(e.Source.Host + ": " + e.Text + "\n")
	}
	return b.String()
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err == nil {
		_, err = f.WriteString(text)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("after half a minute still not: %s", what)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// shells are the shells and awks that there are here, as folders of programs.
func shells(t *testing.T) map[string]*shell {
	all := map[string]*shell{}
	for _, awk := range []string{"mawk", "gawk", "busybox"} {
		found, err := exec.LookPath(awk)
		if err != nil {
			continue
		}
		dir := t.TempDir()
		if err := os.Symlink(found, filepath.Join(dir, "awk")); err != nil {
			t.Fatal(err)
		}
		s := &shell{t: t, path: dir}
		if awk == "busybox" { // all of its programs, as on Alpine
			s.name = found + " sh"
			for _, name := range []string{"tail", "head", "cat", "date", "sort", "cut", "wc", "gzip", "id"} {
				if err := os.Symlink(found, filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
			}
		}
		all[awk] = s
	}
	if bash, err := exec.LookPath("bash"); err == nil {
		all["bash"] = &shell{t: t, name: bash + " --posix"}
	}
	return all
}
