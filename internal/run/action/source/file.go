package source

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"
)

// A file is a regular file, whose checksums are computed once for all hosts.
type file struct {
	path    string
	size    int64
	mode    fs.FileMode
	modTime time.Time

	once sync.Once
	sums map[string]string
	err  error
}

// Size is the file's.
func (f *file) Size() int64 { return f.size }

// Mode is the file's.
func (f *file) Mode() fs.FileMode { return f.mode }

// Open opens the file, unless it has become another one since it was looked at.
func (f *file) Open() (io.ReadCloser, error) {
	r, err := os.Open(f.path)
	if err != nil {
		return nil, explain(f.path, err)
	}
	info, err := r.Stat()
	if err == nil && (info.Size() != f.size || !info.ModTime().Equal(f.modTime)) {
		err = fmt.Errorf("src: %s was changed on the controller while it was copied: run the task again", f.path)
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Checksum computes all algorithms in one go, the first time; whoever asks meanwhile waits.
func (f *file) Checksum(algorithm string) (string, error) {
	f.once.Do(f.hash)
	sum, ok := f.sums[algorithm]
	if f.err == nil && !ok {
		return "", fmt.Errorf("%q is not a checksum that kops knows", algorithm)
	}
	return sum, f.err
}

func (f *file) hash() {
	hashes := map[string]hash.Hash{"sha1": sha1.New(), "sha256": sha256.New(), "sha512": sha512.New(), "md5": md5.New()}
	var all []io.Writer
	for _, h := range hashes {
		all = append(all, h)
	}
	r, err := f.Open()
	if err != nil {
		f.err = err
		return
	}
	defer r.Close()
	if _, err := io.Copy(io.MultiWriter(all...), r); err != nil {
		f.err = explain(f.path, err)
		return
	}
	f.sums = map[string]string{}
	for name, h := range hashes {
		f.sums[name] = hex.EncodeToString(h.Sum(nil))
	}
}
