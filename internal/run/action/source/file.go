package source

import (
	"encoding/hex"
	"fmt"
	"hash"
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

	usual  sync.Once
	others sync.Mutex
	sums   sync.Map // of checksum, by algorithm
}

type checksum struct {
	hex string
	err error
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

// Checksum computes a checksum the first time; whoever asks for it meanwhile waits.
func (f *file) Checksum(algorithm string) (string, error) {
	if algorithm == "sha1" || algorithm == "blake2b" { // every copy of a large file asks for both
		f.usual.Do(func() { f.remember("sha1", "blake2b") })
	} else {
		f.others.Lock()
		defer f.others.Unlock()
	}
	if _, known := f.sums.Load(algorithm); !known {
		f.remember(algorithm)
	}
	sum, _ := f.sums.Load(algorithm)
	return sum.(checksum).hex, sum.(checksum).err
}

// remember reads the file once for some algorithms.
func (f *file) remember(algorithms ...string) {
	hashes := make([]hash.Hash, len(algorithms))
	var all []io.Writer
	var err error
	for i, algorithm := range algorithms {
		if hashes[i], err = copy.NewHash(algorithm); err != nil {
			break
		}
		all = append(all, hashes[i])
	}
	if err == nil {
		err = f.read(io.MultiWriter(all...))
	}
	for i, algorithm := range algorithms {
		sum := checksum{err: err}
		if err == nil {
			sum.hex = hex.EncodeToString(hashes[i].Sum(nil))
		}
		f.sums.Store(algorithm, sum)
	}
}

// read writes the whole file to w.
func (f *file) read(w io.Writer) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	if _, err := io.Copy(w, r); err != nil {
		return explain(f.path, err)
	}
	return nil
}
