package state

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// maxText is the size up to which Text takes a document.
const maxText = 4 << 20

// Artifacts is the cache of files that the controller fetched, each under the checksum that
// it was verified by. It may be used by several goroutines, and its folder by several
// processes.
type Artifacts struct {
	dir   string
	sleep func(ctx context.Context, d time.Duration) error

	mu       sync.Mutex
	clients  map[bool]*http.Client // by ValidateCerts
	fetching map[string]*call      // by digest
	texts    map[string]*call      // by URL and account
}

// A call is one piece of work that several wait for.
type call struct {
	done chan struct{}
	path string
	text []byte
	err  error
}

// NewArtifacts returns the cache in cacheDir's folder artifacts, which is made when it is
// first needed. See CacheDir.
func NewArtifacts(cacheDir string) *Artifacts {
	return &Artifacts{dir: filepath.Join(cacheDir, "artifacts"), sleep: sleep, clients: map[bool]*http.Client{}, fetching: map[string]*call{}, texts: map[string]*call{}}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Fetch returns the path of a file with the checksum that req has: the one in the cache, or
// else one that is downloaded, once for all that wait for it. A mismatch is a
// *MismatchError and leaves nothing. The file must not be changed.
func (a *Artifacts) Fetch(ctx context.Context, req Request) (string, error) {
	want, err := parseDigest(req.Checksum)
	if err != nil {
		return "", fmt.Errorf("fetch %s: %w", req.place(), err)
	}
	c, err := a.shared(ctx, a.fetching, want.String(), func(c *call) { c.path, c.err = a.fetch(ctx, req, want) })
	if err != nil {
		return "", err
	}
	return c.path, c.err
}

// Text returns a document of at most 4 MB. It is fetched once, however often it is asked for.
func (a *Artifacts) Text(ctx context.Context, req Request) ([]byte, error) {
	key := fmt.Sprintf("%s\x00%s\x00%v", req.URL, req.Username, req.Header)
	c, err := a.shared(ctx, a.texts, key, func(c *call) { c.text, c.err = a.text(ctx, req) })
	if err != nil {
		return nil, err
	}
	return c.text, c.err
}

// shared does the work of key unless it is done or under way. What failed is done again for
// the next who asks; who waited for one that was cancelled takes it up.
func (a *Artifacts) shared(ctx context.Context, calls map[string]*call, key string, work func(*call)) (*call, error) {
	for {
		a.mu.Lock()
		c, ok := calls[key]
		if !ok {
			c = &call{done: make(chan struct{})}
			calls[key] = c
			a.mu.Unlock()
			work(c)
			if c.err != nil {
				a.mu.Lock()
				delete(calls, key)
				a.mu.Unlock()
			}
			close(c.done)
			return c, nil
		}
		a.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-c.done:
		}
		if !errors.Is(c.err, context.Canceled) && !errors.Is(c.err, context.DeadlineExceeded) {
			return c, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
}

// fetch finds or downloads one file, under a lock that other processes respect.
func (a *Artifacts) fetch(ctx context.Context, req Request, want digest) (string, error) {
	path := filepath.Join(a.dir, want.algorithm, want.hex)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("make the artifact cache: %w", err)
	}
	unlock, err := a.lock(ctx, path+".lock")
	if err != nil {
		return "", fmt.Errorf("lock the artifact cache: %w", err)
	}
	defer unlock()
	switch got, err := hashFile(path, want.algorithm); {
	case err == nil && got == want.hex:
		return path, nil
	case err == nil: // damaged: the file is not what it was when it came
		if err := os.Remove(path); err != nil {
			return "", fmt.Errorf("remove a damaged file of the artifact cache: %w", err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("read the artifact cache: %w", err)
	}
	return path, a.download(ctx, req, want, path)
}

// lock waits for the file's lock, which other processes may hold while they download.
func (a *Artifacts) lock(ctx context.Context, path string) (unlock func(), err error) {
	for {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, err
		}
		if err = flock(ctx, f, a.sleep); err != nil {
			f.Close()
			return nil, err
		}
		if sameFile(f, path) {
			// Removed while it is held: whoever waits for it notices that and opens it anew.
			return func() { os.Remove(path); f.Close() }, nil
		}
		f.Close()
	}
}

func flock(ctx context.Context, f *os.File, sleep func(context.Context, time.Duration) error) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return err
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

func sameFile(f *os.File, path string) bool {
	held, err := f.Stat()
	if err != nil {
		return false
	}
	now, err := os.Stat(path)
	return err == nil && os.SameFile(held, now)
}

func hashFile(path, algorithm string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h, err := newHash(algorithm)
	if err != nil {
		return "", err
	}
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
