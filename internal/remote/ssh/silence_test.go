package ssh

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"kops/internal/remote"
	"kops/internal/remote/posix"
	"kops/internal/remote/sshtest"
)

// TestLimits holds that what hangs on a host ends with an error that says what and where, that
// nothing of it runs on, and that what speaks from time to time, or may be silent, goes on.
func TestLimits(t *testing.T) {
	short := posix.Limits{Read: 3 * time.Second, Change: 3 * time.Second}
	query := func(ctx context.Context, h remote.Host, script string) error {
		_, err := h.Query(ctx, script)
		return err
	}
	hang := "echo $$ >pid; sleep 100"
	for _, tt := range []struct {
		name string
		call func(ctx context.Context, h remote.Host, dir string) error
		want string // "" for success
	}{
		{"a read", func(ctx context.Context, h remote.Host, dir string) error { return query(ctx, h, "cd "+dir+"; "+hang) }, "run a script that reads"},
		{"a change", func(ctx context.Context, h remote.Host, dir string) error {
			_, err := h.Script(ctx, "cd "+dir+"; "+hang)
			return err
		}, "run a script that changes it"},
		{"a read that speaks now and then", func(ctx context.Context, h remote.Host, dir string) error {
			return query(ctx, h, "for i in 1 2 3 4 5 6; do echo; sleep 0.6; done")
		}, ""},
		{"a patient caller", func(ctx context.Context, h remote.Host, dir string) error {
			return query(remote.Patient(ctx, time.Minute), h, "sleep 3.6")
		}, ""},
		{"a user's command", func(ctx context.Context, h remote.Host, dir string) error {
			_, err := h.Exec(ctx, remote.Command{Shell: "sleep 3.6"})
			return err
		}, ""},
		{"a validation", func(ctx context.Context, h remote.Host, dir string) error {
			return h.WriteFile(ctx, filepath.Join(dir, "x"), strings.NewReader("x"), remote.WriteOptions{Validate: "sleep 3.6; test -f %s"})
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := sshtest.New(t, sshtest.Options{})
			c, err := dial(t, NewDialer(Options{Limits: short}), srv.Settings("me"))
			if err != nil {
				t.Fatal(err)
			}
			h, dir := c.As(remote.Become{}), t.TempDir()
			err = tt.call(t.Context(), h, dir)
			var silent *remote.SilentError
			switch {
			case tt.want == "" && err != nil:
				t.Fatal(err)
			case tt.want == "":
				return
			case !errors.As(err, &silent) || silent.Host != "h" || silent.What != tt.want || silent.After != short.Read:
				t.Errorf("got %v", err)
			}
			if err := query(t.Context(), h, "true"); err != nil {
				t.Errorf("afterwards: %v", err)
			}
			running(t, filepath.Join(dir, "pid"), false)
		})
	}
}

// TestLimitOfAChecksum holds that a checksum may take long once stat has answered, and that stat may not.
func TestLimitOfAChecksum(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"sha1sum": "sleep 3.6; exec /usr/bin/sha1sum", "file": "x"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	srv := sshtest.New(t, sshtest.Options{Shell: withPath(dir)})
	c, err := dial(t, NewDialer(Options{Limits: posix.Limits{Read: 3 * time.Second}}), srv.Settings("me"))
	if err != nil {
		t.Fatal(err)
	}
	h := c.As(remote.Become{})
	query := remote.FileQuery{Path: filepath.Join(dir, "file"), Hash: "sha1"}
	if files, err := h.Files(t.Context(), query); err != nil || len(files[0].Checksum) != 40 {
		t.Errorf("a slow checksum: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "stat"), []byte("#!/bin/sh\nexec sleep 100\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	var silent *remote.SilentError
	if _, err := h.Files(t.Context(), query); !errors.As(err, &silent) || silent.What != "look at "+query.Path {
		t.Errorf("a stat that hangs: %v", err)
	}
}

// withPath is a login shell that finds the programs of a folder first.
func withPath(dir string) []string {
	return []string{"/bin/sh", "-c", `PATH=` + dir + `:$PATH; export PATH; exec /bin/sh -c "$0"`}
}

// TestLimitOfATransfer holds that a file which does not come or go on ends as such, and leaves nothing half-written.
func TestLimitOfATransfer(t *testing.T) {
	bin, dir := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "cat"), []byte("#!/bin/sh\nexec sleep 100\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	srv := sshtest.New(t, sshtest.Options{Shell: withPath(bin)})
	c, err := dial(t, NewDialer(Options{Limits: posix.Limits{Read: 3 * time.Second}}), srv.Settings("me"))
	if err != nil {
		t.Fatal(err)
	}
	h, name := c.As(remote.Become{}), filepath.Join(dir, "file")
	var silent *remote.SilentError
	err = h.WriteFile(t.Context(), name, strings.NewReader(strings.Repeat("x", 1<<17)), remote.WriteOptions{})
	if !errors.As(err, &silent) || silent.What != "take the content of "+name {
		t.Errorf("a write: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	if _, err = h.Open(t.Context(), name); !errors.As(err, &silent) || silent.What != "read "+name {
		t.Errorf("a read: %v", err)
	}
}

// TestLimitOfAStream holds that a host counts as silent only while somebody reads, that a word on standard error is one too, and
// that a host which hangs is noticed.
func TestLimitOfAStream(t *testing.T) {
	const limit = 2 * time.Second
	const much = 8 << 20 // more than is on the way at a time
	for _, tt := range []struct {
		name   string
		script string
		pause  time.Duration // after the first bytes
		hangs  bool
	}{
		{"the reader pauses", "head -c 8388608 /dev/zero", 2 * limit, false},
		{"the reader pauses before the script goes on", "head -c 4096 /dev/zero; sleep 3; head -c 8384512 /dev/zero", 2 * limit, false},
		{"signs of life", "head -c 4096 /dev/zero; for i in 1 2 3 4; do sleep 1; echo >&2; done; head -c 8384512 /dev/zero", 0, false},
		{"it hangs", "head -c 4096 /dev/zero; sleep 100", 0, true},
		{"it hangs while the reader pauses", "head -c 4096 /dev/zero; sleep 100", 2 * limit, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := sshtest.New(t, sshtest.Options{})
			c, err := dial(t, NewDialer(Options{Limits: posix.Limits{Read: limit}}), srv.Settings("me"))
			if err != nil {
				t.Fatal(err)
			}
			r, err := c.As(remote.Become{}).Stream(t.Context(), "read it", tt.script)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if _, err := io.ReadFull(r, make([]byte, 4096)); err != nil {
				t.Fatal(err)
			}
			<-time.After(tt.pause)
			n, err := io.Copy(io.Discard, r)
			var silent *remote.SilentError
			if tt.hangs != errors.As(err, &silent) || !tt.hangs && (err != nil || n != much-4096) {
				t.Errorf("%d bytes, %v", n, err)
			}
		})
	}
}

// TestLoginThatHangs holds that a login which does not come to a shell ends as such.
func TestLoginThatHangs(t *testing.T) {
	srv := sshtest.New(t, sshtest.Options{Shell: []string{"/bin/sh", "-c", "sleep 100"}})
	c, err := dial(t, NewDialer(Options{Limits: posix.Limits{Read: 300 * time.Millisecond}}), srv.Settings("me"))
	if err != nil {
		t.Fatal(err)
	}
	h := c.As(remote.Become{})
	_, err = h.Query(t.Context(), "true")
	wantReason(t, err, remote.NoShell)
	_, err = h.Exec(t.Context(), remote.Command{Argv: []string{"true"}})
	wantReason(t, err, remote.NoShell)
	_, err = c.As(remote.Become{Method: "sudo", User: "nobody-here"}).Query(t.Context(), "true")
	wantReason(t, err, remote.BecomeTimedOut)
}

// running waits until the process whose number the file holds runs, or does not.
func running(t *testing.T, file string, want bool) {
	t.Helper()
	var pid int
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range strings.TrimSpace(string(data)) {
		pid = pid*10 + int(c-'0')
	}
	deadline := time.Now().Add(10 * time.Second)
	for (syscall.Kill(pid, 0) == nil) != want {
		if time.Now().After(deadline) {
			t.Fatalf("process %d: running is not %v", pid, want)
		}
	}
}
