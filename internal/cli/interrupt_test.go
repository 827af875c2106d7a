package cli

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A held run is a process of kops whose first task waits for the test, on this machine.
type held struct {
	t    *testing.T
	dir  string
	cmd  *exec.Cmd
	errs *bufio.Reader
	said strings.Builder
	up   *os.File // tells that the first task is under way
	gate *os.File // lets it end
}

// heldLimit ends a process that hangs.
const heldLimit = time.Minute

// hold starts a run, by way of a line of shell in which "$@" is the command.
func hold(t *testing.T, line string, stdout io.Writer) *held {
	t.Helper()
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, "kops")); err != nil { // TestMain makes kops of it by its name
		t.Fatal(err)
	}
	book := "- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n" +
		"    - shell: 'echo >up; read x <gate; echo >first'\n      args: {chdir: " + dir + "}\n" +
		"    - shell: 'echo >second'\n      args: {chdir: " + dir + "}\n"
	if err := os.WriteFile(filepath.Join(dir, "play.yaml"), []byte(book), 0o600); err != nil {
		t.Fatal(err)
	}
	h := &held{t: t, dir: dir, up: fifo(t, filepath.Join(dir, "up")), gate: fifo(t, filepath.Join(dir, "gate"))}
	// Whoever runs the tests may have signals ignored, which a process inherits; what is caught, not.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(caught)
	h.cmd = exec.Command("/bin/sh", "-c", line, "sh", filepath.Join(dir, "kops"), "run", filepath.Join(dir, "play.yaml"), "--lock", "off")
	h.cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+dir+"/state", "XDG_CACHE_HOME="+dir+"/cache", "NO_COLOR=1")
	h.cmd.Stdout = stdout
	errs, err := h.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	h.errs = bufio.NewReader(errs)
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	watchdog := time.AfterFunc(heldLimit, func() { _ = h.cmd.Process.Kill() }) // it may have ended
	t.Cleanup(func() { watchdog.Stop() })
	if c, ok := stdout.(io.Closer); ok {
		_ = c.Close() // ours
	}
	return h
}

// fifo makes a pipe in the file system. Neither end waits for the other.
func fifo(t *testing.T, name string) *os.File {
	t.Helper()
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(name, os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// underWay waits until the first task is.
func (h *held) underWay() {
	h.t.Helper()
	err := h.up.SetReadDeadline(time.Now().Add(heldLimit))
	if err == nil {
		_, err = h.up.Read(make([]byte, 1))
	}
	if err != nil {
		h.t.Fatal("the first task does not begin: ", err)
	}
}

func (h *held) signal(s syscall.Signal) {
	h.t.Helper()
	if err := h.cmd.Process.Signal(s); err != nil {
		h.t.Fatal(err)
	}
}

// hear waits until kops has said something on standard error.
func (h *held) hear(text string) {
	h.t.Helper()
	for !strings.Contains(h.said.String(), text) {
		line, err := h.errs.ReadString('\n')
		h.said.WriteString(line)
		if err != nil {
			h.t.Fatalf("it does not say %q, but %q", text, h.said.String())
		}
	}
}

// open lets the first task end.
func (h *held) open() {
	h.t.Helper()
	if _, err := h.gate.WriteString("go\n"); err != nil {
		h.t.Fatal(err)
	}
}

// ends waits for the exit code, and compares which of the tasks have come to their end: one of done.
func (h *held) ends(code int, done ...string) {
	h.t.Helper()
	rest, _ := io.ReadAll(h.errs)
	h.said.Write(rest)
	err := h.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		h.t.Fatal(err)
	}
	if got := h.cmd.ProcessState.ExitCode(); got != code {
		h.t.Errorf("exit code %d (%v), want %d\n%s", got, h.cmd.ProcessState, code, h.said.String())
	}
	var found []string
	for _, name := range []string{"first", "second"} {
		if _, err := os.Stat(filepath.Join(h.dir, name)); err == nil {
			found = append(found, name)
		}
	}
	if got := strings.Join(found, " "); !slices.Contains(done, got) {
		h.t.Errorf("done: %q, want %q\n%s", got, done, h.said.String())
	}
}

func TestSignalEndsTheRunAfterItsSteps(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(s.String(), func(t *testing.T) {
			var out strings.Builder
			h := hold(t, `exec "$@"`, &out)
			h.underWay()
			h.signal(s)
			h.hear("finishing the steps that are under way")
			h.open()
			h.ends(130, "first")
			if !strings.Contains(out.String(), "PLAY RECAP") || !strings.Contains(out.String(), "The run was interrupted") {
				t.Errorf("no recap in\n%s", out.String())
			}
		})
	}
}

func TestSecondSignalEndsTheRunAtOnce(t *testing.T) {
	h := hold(t, `exec "$@"`, nil)
	h.underWay()
	h.signal(syscall.SIGTERM)
	h.hear("finishing the steps that are under way")
	h.signal(syscall.SIGINT)
	h.ends(130, "")
}

// nohup, and "&" in a script, have signals ignored: then they do not interrupt.
func TestIgnoredSignal(t *testing.T) {
	var out strings.Builder
	h := hold(t, `trap '' HUP INT; exec "$@"`, &out)
	h.underWay()
	h.signal(syscall.SIGHUP)
	h.signal(syscall.SIGINT)
	h.open()
	h.ends(0, "first second")
}

// What reads the output may go away: a pager that is left, head -1.
func TestOutputThatNobodyReads(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Close()
	h := hold(t, `exec "$@"`, w)
	h.hear("nobody reads the output any more")
	h.open()
	h.ends(130, "first", "") // the first task may not have begun
}

// A full disk under the output is no reason to stop halfway; the record has what could not be shown.
func TestOutputOnAFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	h := hold(t, `exec "$@"`, full)
	h.open()
	h.ends(1, "first second")
	if !strings.Contains(h.said.String(), "no space left on device") {
		t.Errorf("it says %q", h.said.String())
	}
	records, err := filepath.Glob(filepath.Join(h.dir, "state/kops/runs/*"))
	if err != nil || len(records) == 0 {
		t.Fatalf("no record: %v", err)
	}
}
