package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// errRunning: a server of this store holds the lock.
var errRunning = errors.New("the artifact server runs already (`artifacts stop` ends it)")

// startTimeout bounds the wait for a server that starts: it may have to push images into a new registry.
const startTimeout = 2 * time.Minute

// lockPidFile makes this process the store's server: its id is in the file, and the lock, which ends with the
// process, says that it lives.
func lockPidFile(s store) (*os.File, error) {
	f, err := os.OpenFile(s.pidFile(), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errRunning
		}
		return nil, err
	}
	err = errors.Join(f.Truncate(0), writeString(f, strconv.Itoa(os.Getpid())+"\n"))
	return f, err
}

func writeString(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

// running says whether a server of this store lives, and its process id.
func running(s store) (int, bool, error) {
	f, err := os.Open(s.pidFile())
	if errors.Is(err, os.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	defer f.Close()
	if err := unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB); !errors.Is(err, unix.EWOULDBLOCK) {
		return 0, false, err
	}
	text, err := io.ReadAll(f)
	if err != nil {
		return 0, false, err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	return pid, err == nil, err
}

// serveInBackground returns when the server is ready. One that serves this very store already is left alone; one that
// serves an older build, or elsewhere, is replaced.
func serveInBackground(ctx context.Context, s store, addr addresses, out io.Writer) error {
	if _, alive, err := running(s); err != nil {
		return err
	} else if alive {
		want, err := sha256File(s.manifestPath())
		if err != nil {
			return err
		}
		if have, err := askHealth(ctx, addr.http); err == nil && have.Manifest == want {
			fmt.Fprintf(out, "the artifact server runs already on http://%s\n", addr.http)
			return nil
		}
		if err := stop(ctx, s, out); err != nil {
			return err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	logFile, err := os.Create(s.logFile())
	if err != nil {
		return err
	}
	defer logFile.Close()
	// A session of its own, and no terminal: it outlives the shell that starts it.
	cmd := exec.Command(self, "serve", "-listen", addr.http, "-registry", addr.registry)
	cmd.Stdout, cmd.Stderr = logFile, logFile
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Dir = "/"
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	if err := waitReady(ctx, s, addr.http, exited); err != nil {
		return err
	}
	fmt.Fprintf(out, "the artifact server runs on http://%s, its images on %s (pid %d, log %s)\n", addr.http, addr.registry, cmd.Process.Pid, s.logFile())
	return nil
}

// waitReady asks the server until it answers, or ends.
func waitReady(ctx context.Context, s store, addr string, exited <-chan error) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		if _, err := askHealth(ctx, addr); err == nil {
			return nil
		}
		select {
		case err := <-exited:
			text, _ := os.ReadFile(s.logFile())
			return fmt.Errorf("the artifact server ended (%v):\n%s", err, tail(string(text), 20))
		case <-ctx.Done():
			return fmt.Errorf("wait for the artifact server (log %s): %w", s.logFile(), ctx.Err())
		case <-again.C:
		}
	}
}

// stop ends the server and returns when it is gone. None running is no error.
func stop(ctx context.Context, s store, out io.Writer) error {
	pid, alive, err := running(s)
	if err != nil {
		return err
	}
	if !alive {
		fmt.Fprintln(out, "the artifact server does not run")
		return nil
	}
	if err := unix.Kill(pid, unix.SIGTERM); err != nil {
		return fmt.Errorf("stop the artifact server, process %d: %w", pid, err)
	}
	f, err := os.Open(s.pidFile())
	if err != nil {
		return err
	}
	gone := make(chan error, 1)
	go func() {
		defer f.Close()
		gone <- unix.Flock(int(f.Fd()), unix.LOCK_SH) // granted when the process, and with it its lock, is gone
	}()
	select {
	case err = <-gone:
	case <-ctx.Done():
		err = ctx.Err()
	case <-time.After(15 * time.Second):
		err = fmt.Errorf("process %d does not end", pid)
	}
	if err == nil {
		fmt.Fprintln(out, "the artifact server is stopped")
	}
	return err
}
