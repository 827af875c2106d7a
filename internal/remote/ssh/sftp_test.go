package ssh

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"kops/internal/remote"
	"kops/internal/remote/sshtest"
)

// A cut is an SFTP channel that breaks after so many bytes of requests.
type cut struct {
	io.ReadWriteCloser
	left  int
	after func() error
}

func (c *cut) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, c.after()
	}
	n, err := c.ReadWriteCloser.Read(p)
	c.left -= n
	return n, err
}

func TestSFTP(t *testing.T) {
	big := bytes.Repeat([]byte("0123456789abcde\x00"), 1<<17)
	tests := []struct {
		name   string
		cut    int // after so many bytes, 0 for never
		stream bool
		fails  bool
	}{
		{"a file", 0, false, false},
		{"a stream", 0, true, false},
		{"the server fails at once", 1, true, false},
		{"the server fails, and the file is read again", 1 << 18, false, false},
		{"the server fails, and the stream is gone", 1 << 18, true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var sessions atomic.Int32
			serve := func(c io.ReadWriteCloser) io.ReadWriteCloser {
				sessions.Add(1)
				if tt.cut == 0 {
					return c
				}
				return &cut{c, tt.cut, func() error { return errors.New("broken") }}
			}
			h := mustDial(t, sshtest.New(t, sshtest.Options{SFTP: serve}).Settings("me")).As(remote.Become{})
			dir := t.TempDir()
			name := filepath.Join(dir, "x")
			var content io.Reader = bytes.NewReader(big)
			if tt.stream {
				content = io.LimitReader(content, int64(len(big)))
			}
			err := h.WriteFile(context.Background(), name, content, remote.WriteOptions{})
			if sessions.Load() != 1 || tt.fails != (err != nil) {
				t.Fatalf("%d sessions, %v", sessions.Load(), err)
			}
			want := 1
			if tt.fails {
				want = 0
			}
			if e, _ := os.ReadDir(dir); len(e) != want {
				t.Fatalf("in the folder: %v", e)
			}
			if tt.fails {
				return
			}
			for _, read := range []func(io.Reader) ([]byte, error){io.ReadAll, copied} {
				r, err := h.Open(context.Background(), name)
				if err != nil {
					t.Fatal(err)
				}
				got, err := read(r)
				if tt.cut == 0 && (err != nil || !bytes.Equal(got, big)) {
					t.Errorf("read %d bytes: %v", len(got), err)
				}
				if err == nil && !bytes.Equal(got, big) {
					t.Errorf("%d bytes pass for the whole file", len(got))
				}
				_ = r.Close()
			}
		})
	}
}

func copied(r io.Reader) ([]byte, error) {
	var b bytes.Buffer
	_, err := io.Copy(&b, r)
	return b.Bytes(), err
}

func TestLostSFTPLeavesNoHalfFile(t *testing.T) {
	var srv *sshtest.Server
	srv = sshtest.New(t, sshtest.Options{SFTP: func(c io.ReadWriteCloser) io.ReadWriteCloser {
		return &cut{c, 1 << 18, func() error { srv.Drop(); return io.EOF }}
	}})
	h := mustDial(t, srv.Settings("me")).As(remote.Become{})
	dir := t.TempDir()
	err := h.WriteFile(context.Background(), filepath.Join(dir, "x"), strings.NewReader(strings.Repeat("x", 1<<21)), remote.WriteOptions{})
	wantReason(t, err, remote.ConnectionLost)
	if e, _ := os.ReadDir(dir); len(e) > 0 {
		t.Errorf("left behind: %v", e)
	}
}
