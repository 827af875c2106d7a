package overlay

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"kops/internal/remote"
)

// Files implements remote.Reader.
func (r *Reader) Files(ctx context.Context, queries ...remote.FileQuery) ([]remote.File, error) {
	files, err := r.Reader.Files(ctx, queries...)
	if err != nil {
		return nil, err
	}
	s := r.state
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.nodes) == 0 && len(s.users) == 0 && len(s.groups) == 0 && len(s.packages) == 0 {
		return files, nil
	}
	var paths []string
	for _, q := range queries {
		paths = append(paths, q.Path)
	}
	if err := r.prefetch(ctx, paths...); err != nil {
		return nil, err
	}
	for i, q := range queries {
		if files[i], err = r.describe(ctx, q, files[i]); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// describe answers one query. real is the host's own answer.
func (r *Reader) describe(ctx context.Context, q remote.FileQuery, real remote.File) (remote.File, error) {
	at, err := r.locate(ctx, q.Path, q.Follow)
	switch {
	case errors.Is(err, errLoop):
		return real, nil
	case err != nil:
		return real, err
	case at.missing || !at.file.Exists && (at.node == nil || !at.node.doubt):
		return remote.File{Path: q.Path}, nil
	}
	f := real
	if at.node != nil {
		f, err = r.fromNode(ctx, q, at)
	} else if at.foreign {
		f, err = r.elsewhere(ctx, q, at.path)
	}
	if err != nil {
		return f, err
	}
	f.Path = q.Path
	if q.List && f.IsDir() {
		if f.Names, err = r.names(at, f.Names); err != nil {
			return f, err
		}
	}
	return f, r.own(&f, q)
}

// elsewhere asks the host for the path that a query leads to.
func (r *Reader) elsewhere(ctx context.Context, q remote.FileQuery, p string) (remote.File, error) {
	q.Path, q.Follow = p, false
	files, err := r.Reader.Files(ctx, q)
	if err != nil {
		return remote.File{}, err
	}
	return files[0], nil
}

// fromNode answers with what an earlier task would leave.
func (r *Reader) fromNode(ctx context.Context, q remote.FileQuery, at place) (remote.File, error) {
	n := at.node
	f := n.file
	switch {
	case n.doubt:
		return f, r.Unknown(q.Path)
	case n.vague && !q.Partial:
		return f, r.Unknown("owner, mode and content of " + q.Path)
	case n.vague:
		return f, nil
	}
	wants := q.Hash != "" || q.Content > 0
	if n.base != "" && (wants || q.List) {
		real, err := r.elsewhere(ctx, q, n.base)
		if err != nil {
			return f, err
		}
		f.Content, f.Checksum, f.HashedBy, f.Names = real.Content, real.Checksum, real.HashedBy, real.Names
		return f, nil
	}
	if q.List && f.IsDir() && !n.cleared {
		real, err := r.elsewhere(ctx, q, at.path)
		if err != nil {
			return f, err
		}
		f.Names = real.Names
	}
	if !f.IsRegular() || !wants {
		return f, nil
	}
	return r.content(q, n)
}

// content answers queries for the content and the checksum of a file.
func (r *Reader) content(q remote.FileQuery, n *node) (remote.File, error) {
	f := n.file
	f.Content, f.Checksum, f.HashedBy = nil, "", ""
	if !n.known {
		if q.Content == 0 && len(n.file.Checksum) == digits(q.Hash) {
			f.Checksum, f.HashedBy = n.file.Checksum, algorithm(q.Hash)
			return f, nil
		}
		if q.Partial {
			return f, nil
		}
		return f, r.Unknown("content of " + q.Path)
	}
	if f.Size <= q.Content {
		f.Content = append([]byte{}, n.file.Content...)
	}
	if h := newHash(q.Hash); h != nil {
		h.Write(n.file.Content)
		f.Checksum, f.HashedBy = hex.EncodeToString(h.Sum(nil)), algorithm(q.Hash)
	}
	return f, nil
}

// algorithm is the one that answers a query: SHA-256 where any will do.
func algorithm(asked string) string {
	if asked == remote.AnyHash {
		return "sha256"
	}
	return asked
}

func newHash(asked string) hash.Hash {
	switch algorithm(asked) {
	case "md5":
		return md5.New()
	case "sha1":
		return sha1.New()
	case "sha256":
		return sha256.New()
	case "sha512":
		return sha512.New()
	}
	return nil
}

// digits is how long a checksum is in hex.
func digits(asked string) int {
	if h := newHash(asked); h != nil {
		return 2 * h.Size()
	}
	return -1
}

// names lists a folder: what the host has there, without what would be gone, and with what would come.
func (r *Reader) names(at place, real []string) ([]string, error) {
	if at.node != nil && at.node.fog {
		return nil, r.Unknown("what is in " + at.path)
	}
	names := []string{}
	if at.node == nil || !at.node.cleared {
		for _, name := range real {
			if n := r.state.nodes[path.Join(at.path, name)]; n == nil || n.file.Exists {
				names = append(names, name)
			}
		}
	}
	for p, n := range r.state.nodes {
		if path.Dir(p) != at.path || p == "/" {
			continue
		}
		if n.doubt {
			return nil, r.Unknown(p)
		}
		if n.file.Exists && !slices.Contains(names, path.Base(p)) {
			names = append(names, path.Base(p))
		}
	}
	slices.Sort(names)
	return names, nil
}

// Open implements remote.Reader.
func (r *Reader) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	p, n, err := r.opened(ctx, name)
	switch {
	case err != nil:
		return nil, err
	case n != nil:
		return io.NopCloser(bytes.NewReader(n.file.Content)), nil
	}
	return r.Reader.Open(ctx, p)
}

// opened finds what Open is to read: a path of the host, or what a task would write.
func (r *Reader) opened(ctx context.Context, name string) (string, *node, error) {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	if len(r.state.nodes) == 0 && len(r.state.packages) == 0 {
		return name, nil, nil
	}
	at, err := r.locate(ctx, name, true)
	switch {
	case err != nil:
		return "", nil, err
	case at.missing || !at.file.Exists && (at.node == nil || !at.node.doubt):
		return "", nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	case at.node == nil:
		return at.path, nil, nil
	case at.node.base != "":
		return at.node.base, nil, nil
	case at.node.known:
		return "", at.node, nil
	}
	return "", nil, r.Unknown("content of " + name)
}

// nobodys are the folders that distributions keep their packages out of.
var nobodys = []string{"/usr/local/", "/opt/", "/home/", "/root/", "/srv/", "/tmp/", "/var/tmp/", "/mnt/", "/media/", "/run/user/"}

// packageMay tells whether a package that would be installed may bring a path that is not there, or
// one that would be removed may take a path that is: one that bears a part of the package's name.
func (s *State) packageMay(p string, exists bool) bool {
	for _, dir := range nobodys {
		if strings.HasPrefix(p, dir) {
			return false
		}
	}
	return s.packageBears(p, exists)
}
