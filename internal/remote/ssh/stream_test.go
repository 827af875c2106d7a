package ssh

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kops/internal/remote"
	"kops/internal/remote/sshtest"
)

// An interrupted reader does something after so many bytes.
type interrupted struct {
	io.Reader
	left int
	then func() error
}

func (i *interrupted) Read(p []byte) (int, error) {
	if i.left <= 0 {
		if err := i.then(); err != nil {
			return 0, err
		}
	}
	n, err := i.Reader.Read(p[:min(len(p), 10_000)])
	i.left -= n
	return n, err
}

func TestUploadThatBreaks(t *testing.T) {
	broken := errors.New("input/output error")
	for _, tt := range []struct {
		name  string
		then  func(*sshtest.Server, context.CancelFunc) error
		wants func(error) bool
	}{
		{"the content cannot be read on", func(*sshtest.Server, context.CancelFunc) error { return broken },
			func(err error) bool { return errors.Is(err, broken) }},
		{"the connection is cut", func(s *sshtest.Server, _ context.CancelFunc) error { s.Drop(); return nil },
			func(err error) bool {
				var c *remote.ConnectError
				return errors.As(err, &c) && c.Reason == remote.ConnectionLost
			}},
		{"the run is ended", func(_ *sshtest.Server, cancel context.CancelFunc) error { cancel(); return nil },
			func(err error) bool { return errors.Is(err, context.Canceled) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			srv := sshtest.New(t, sshtest.Options{})
			h := mustDial(t, srv.Settings("me")).As(remote.Become{})
			dir := t.TempDir()
			content := &interrupted{strings.NewReader(strings.Repeat("x", 1<<22)), 1 << 18, func() error { return tt.then(srv, cancel) }}
			err := h.WriteFile(ctx, filepath.Join(dir, "x"), content, remote.WriteOptions{})
			if !tt.wants(err) {
				t.Errorf("error %v", err)
			}
			if e, _ := os.ReadDir(dir); len(e) > 0 {
				t.Errorf("left behind: %v", e)
			}
		})
	}
}

func TestLargeFile(t *testing.T) {
	big := bytes.Repeat([]byte("0123456789abcde\x00"), 1<<19)
	srv := sshtest.New(t, sshtest.Options{})
	h := mustDial(t, srv.Settings("me")).As(remote.Become{})
	name := filepath.Join(t.TempDir(), "x")
	if err := h.WriteFile(context.Background(), name, bytes.NewReader(big), remote.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	r, err := h.Open(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, big) {
		t.Errorf("read %d bytes: %v", len(got), err)
	}
	r, err = h.Open(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	srv.Drop()
	if n, err := io.Copy(io.Discard, r); err == nil {
		t.Errorf("%d bytes of a connection that was cut pass for the whole file", n)
	}
}
