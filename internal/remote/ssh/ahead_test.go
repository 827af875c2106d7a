package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"kops/internal/remote"
	"kops/internal/remote/sshtest"
)

// A line leads to a server. While it is held, nothing that the server says arrives.
type line struct{ sync.RWMutex }

// newLine returns the settings that lead through a line to a server with the key.
func newLine(t *testing.T, srv *sshtest.Server, key ssh.Signer) (*line, remote.Settings) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{}
	go func() {
		near, err := listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", srv.Addr)
		if err != nil {
			_ = near.Close()
			return
		}
		go func() {
			_, _ = io.Copy(far, near)
			_ = far.Close()
		}()
		_, _ = io.Copy(near, io.TeeReader(far, l))
		_ = near.Close()
	}()
	t.Cleanup(func() { _ = listener.Close() })
	s := srv.Settings("me")
	known := srv.WriteKnownHosts(knownhosts.Line([]string{listener.Addr().String()}, key.PublicKey()))
	s.SSHArgs = append([]string{"-o", "UserKnownHostsFile=" + known}, s.SSHArgs...)
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	s.Port, _ = strconv.Atoi(port)
	return l, s
}

// Write waits while the line is held.
func (l *line) Write(p []byte) (int, error) {
	l.RLock()
	defer l.RUnlock()
	return len(p), nil
}

// TestReadsAhead holds that reads ahead go to the host while the answer to the first is still on its way: all
// run before any answer arrives. They share one shell, and each counts its own round trip.
func TestReadsAhead(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	key := sshtest.NewKey(t)
	srv := sshtest.New(t, sshtest.Options{HostKeys: []ssh.Signer{key}})
	line, settings := newLine(t, srv, key)
	c := mustDial(t, settings)
	h := c.As(remote.Become{})
	shell, err := h.Query(ctx, "echo $$")
	if err != nil {
		t.Fatal(err)
	}
	client := c.(*connection).client
	for !client.alive().hasPrepared() && ctx.Err() == nil { // while the next session is being opened
		time.Sleep(time.Millisecond)
	}
	before := c.RoundTrips()
	line.Lock()
	const reads = 5
	var all sync.WaitGroup
	for i := range reads {
		all.Go(func() {
			var trips atomic.Int64
			ctx := remote.CountTrips(ctx, &trips)
			if i > 0 {
				ctx = remote.Ahead(ctx)
			}
			res, err := h.Query(ctx, fmt.Sprintf(": >ran%d; echo $$", i))
			if err != nil || string(res.Stdout) != string(shell.Stdout) || trips.Load() != 1 {
				t.Errorf("read %d: shell %s, want %s; %d round trips; %v", i, res.Stdout, shell.Stdout, trips.Load(), err)
			}
		})
	}
	for i := range reads {
		for ctx.Err() == nil {
			if _, err := os.Stat(filepath.Join(srv.Dir, fmt.Sprintf("ran%d", i))); err == nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
	}
	if ctx.Err() != nil {
		t.Error("they wait for each other's answers")
	}
	line.Unlock()
	all.Wait()
	if n := c.RoundTrips() - before; n != reads {
		t.Errorf("%d round trips", n)
	}
}

// TestReadsBehindHold holds that a read ahead goes to the host while the answer to a script that holds something is
// still on its way, and that what is held stays held.
func TestReadsBehindHold(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	key := sshtest.NewKey(t)
	srv := sshtest.New(t, sshtest.Options{HostKeys: []ssh.Signer{key}})
	line, settings := newLine(t, srv, key)
	h := mustDial(t, settings).As(remote.Become{})
	if _, err := h.Query(ctx, ":"); err != nil {
		t.Fatal(err)
	}
	line.Lock()
	read, held := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := h.Hold(ctx, "exec 9>lock; flock -n 9", func() {
			go func() {
				_, err := h.Query(remote.Ahead(ctx), ": >behind")
				read <- err
			}()
		})
		held <- err
	}()
	for ctx.Err() == nil {
		if _, err := os.Stat(filepath.Join(srv.Dir, "behind")); err == nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	line.Unlock()
	if err := errors.Join(<-held, <-read, ctx.Err()); err != nil {
		t.Fatal(err)
	}
	free := exec.CommandContext(ctx, "flock", "-n", filepath.Join(srv.Dir, "lock"), "true")
	if err := free.Run(); err == nil {
		t.Error("the lock is free")
	}
	if _, err := h.Hold(ctx, "", nil); err != nil {
		t.Fatal(err)
	}
}
