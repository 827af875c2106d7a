package source

import (
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"kops/internal/module/copy"
)

// A file is a regular file, whose checksums are computed once for all hosts.
type file struct {
	path    string
	size    int64
	mode    fs.FileMode
	modTime time.Time
	sums    sync.Map // of func() (string, error), by algorithm
}

// Size is the file's.
func (f *file) Size() int64 { return f.size }

// Mode is the file's.
func (f *file) Mode() fs.FileMode { return f.mode }

// Checksum computes a checksum the first time; whoever asks for it meanwhile waits.
func (f *file) Checksum(algorithm string) (string, error) {
	sum, _ := f.sums.LoadOrStore(algorithm, sync.OnceValues(func() (string, error) { return f.hash(algorithm) }))
	return sum.(func() (string, error))()
}

func (f *file) hash(algorithm string) (string, error) {
	h, err := copy.NewHash(algorithm)
	if err != nil {
		return "", err
	}
	r, err := f.Open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Open opens the file, unless it has become another one since it was looked at. Where it
// changes while it is read, the last Read says so: half of the old content and half of the
// new must not pass for either.
func (f *file) Open() (io.ReadCloser, error) {
	r, err := os.Open(f.path)
	if err != nil {
		return nil, explain(f.path, err)
	}
	s := &steady{File: r, of: f}
	if err := s.unchanged(); err != nil {
		r.Close()
		return nil, err
	}
	return s, nil
}

// A steady reader reads a file that must stay as it is.
type steady struct {
	*os.File
	of   *file
	read int64
}

// Read reads on. It hides the other ways in which an os.File can be copied.
func (s *steady) Read(p []byte) (int, error) {
	n, err := s.File.Read(p)
	s.read += int64(n)
	switch {
	case err == io.EOF:
		if changed := s.unchanged(); changed != nil {
			return n, changed
		}
	case err != nil:
		return n, explain(s.of.path, err)
	case s.read > s.of.size: // it grows, perhaps for ever
		return 0, s.of.changed()
	}
	return n, err
}

// WriteTo would bypass Read.
func (s *steady) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{s})
}

func (s *steady) unchanged() error {
	info, err := s.Stat()
	if err != nil {
		return explain(s.of.path, err)
	}
	if info.Size() != s.of.size || !info.ModTime().Equal(s.of.modTime) {
		return s.of.changed()
	}
	return nil
}

func (f *file) changed() error {
	return fmt.Errorf("src: %s was changed on the controller while it was copied: run the task again", f.path)
}
