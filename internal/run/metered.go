package run

import (
	"context"
	"io"
	"io/fs"
	"sync"
	"time"

	"kops/internal/remote"
)

// A metered host tells the heartbeat how much of a content has gone to it.
type metered struct {
	remote.Host
	busy *busy
}

// WriteFile counts the content.
func (m metered) WriteFile(ctx context.Context, path string, content io.Reader, opts remote.WriteOptions) error {
	size := opts.Size
	if f, ok := content.(interface{ Stat() (fs.FileInfo, error) }); ok && size <= 0 {
		if info, err := f.Stat(); err == nil {
			size = info.Size()
		}
	}
	return m.Host.WriteFile(ctx, path, m.busy.sends(size).count(content), opts)
}

// WriteFiles counts the contents together.
func (m metered) WriteFiles(ctx context.Context, files []remote.NewFile) error {
	var size int64
	for _, f := range files {
		size += max(f.Size, 0)
	}
	t := m.busy.sends(size)
	counted := make([]remote.NewFile, len(files))
	for i, f := range files {
		counted[i] = f
		counted[i].Open = func() (io.ReadCloser, error) {
			r, err := f.Open()
			if err != nil {
				return nil, err
			}
			return &counter{Reader: r, Closer: r, of: t}, nil
		}
	}
	return m.Host.WriteFiles(ctx, counted)
}

// Exec counts the input: an archive that is unpacked as it comes.
func (m metered) Exec(ctx context.Context, cmd remote.Command) (remote.Result, error) {
	if cmd.Stdin != nil {
		cmd.Stdin = m.busy.sends(0).count(cmd.Stdin)
	}
	return m.Host.Exec(ctx, cmd)
}

// A transfer is a content on its way to a host.
type transfer struct {
	size  int64 // 0 where it is not known
	begun time.Time
	mu    sync.Mutex
	sent  int64
}

func (t *transfer) count(r io.Reader) io.Reader { return &counter{Reader: r, of: t} }

// so returns how far it is.
func (t *transfer) so() (sent, size int64, took time.Duration) {
	if t == nil {
		return 0, 0, 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sent, t.size, time.Since(t.begun)
}

// A counter counts what is read.
type counter struct {
	io.Reader
	io.Closer
	of *transfer
}

// Read reads on.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.of.mu.Lock()
	c.of.sent += int64(n)
	c.of.mu.Unlock()
	return n, err
}
