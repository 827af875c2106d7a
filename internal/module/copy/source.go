package copy

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"

	"golang.org/x/crypto/blake2b"
)

// A Source is a content on the controller.
type Source interface {
	Size() int64
	Mode() fs.FileMode // 0o7777, for mode: preserve
	// Checksum returns the hex digest by the algorithms of remote.File. It is asked for once a host, also
	// ahead of time: whoever makes a Source of a large file remembers it.
	Checksum(algorithm string) (string, error)
	Open() (io.ReadCloser, error)
}

// A Tree is a folder on the controller. Where Name is not empty, the folder itself is copied
// into dest, under that name; else only what is in it.
type Tree struct {
	Name    string
	Entries []Entry // folders before what is in them
}

// An Entry is a file, a folder or a link of a Tree: with a Source, a Link, or neither.
type Entry struct {
	Path   string // relative to the folder, with slashes
	Source Source
	Link   string // target of a link that is copied as one
}

// Content returns a Source in memory: a rendered template, the argument content.
func Content(b []byte) Source { return content(b) }

type content []byte

func (c content) Size() int64                  { return int64(len(c)) }
func (c content) Mode() fs.FileMode            { return 0o644 }
func (c content) Open() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(c)), nil }

func (c content) Checksum(algorithm string) (string, error) {
	h, err := NewHash(algorithm)
	if err != nil {
		return "", err
	}
	h.Write(c)
	return hex.EncodeToString(h.Sum(nil)), nil
}

// NewHash returns the hash of an algorithm of remote.File.
func NewHash(algorithm string) (hash.Hash, error) {
	switch algorithm {
	case "md5":
		return md5.New(), nil
	case "sha1":
		return sha1.New(), nil
	case "sha256":
		return sha256.New(), nil
	case "sha512":
		return sha512.New(), nil
	case "blake2b":
		return blake2b.New512(nil)
	}
	return nil, fmt.Errorf("%q is not a checksum that kops knows", algorithm)
}

// readSmall reads a Source of at most limit bytes; nil for a larger one.
func readSmall(s Source, limit int64) ([]byte, error) {
	if s.Size() > limit {
		return nil, nil
	}
	r, err := s.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}
