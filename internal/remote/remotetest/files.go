package remotetest

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"path"
	"sort"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/blake2b"

	"kops/internal/remote"
)

// A node is a file, a folder or a link.
type node struct {
	typ      fs.FileMode
	mode     fs.FileMode
	uid, gid int
	content  []byte
	link     string
	modTime  time.Time
	inode    uint64
}

// AddFile adds a regular file of root's; missing folders above it are made.
func (h *Host) AddFile(name, content string, mode fs.FileMode) {
	h.add(name, &node{mode: mode, content: []byte(content)})
}

// AddDir adds a folder of root's.
func (h *Host) AddDir(name string, mode fs.FileMode) {
	h.add(name, &node{typ: fs.ModeDir, mode: mode})
}

// AddLink adds a symbolic link.
func (h *Host) AddLink(name, target string) {
	h.add(name, &node{typ: fs.ModeSymlink, mode: 0o777, link: target})
}

// Chown sets the owner and the group of a path by number.
func (h *Host) Chown(name string, uid, gid int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := h.must(name)
	n.uid, n.gid = uid, gid
}

// Chmod sets the mode of a path.
func (h *Host) Chmod(name string, mode fs.FileMode) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.must(name).mode = mode
}

// Remove removes a path and all below it.
func (h *Host) Remove(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	name = path.Clean(name)
	for p := range h.files {
		if p == name || strings.HasPrefix(p, name+"/") {
			delete(h.files, p)
		}
	}
}

// Content returns the content of a regular file, and whether there is one.
func (h *Host) Content(name string) (string, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := h.lookup(name, true)
	if n == nil || n.typ != 0 {
		return "", false
	}
	return string(n.content), true
}

// Tree describes all files, one a line, sorted: path, type, mode, owner and content. Two
// equal trees are equal texts.
func (h *Host) Tree() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var names []string
	for p := range h.files {
		names = append(names, p)
	}
	sort.Strings(names)
	var b strings.Builder
	for _, p := range names {
		n := h.files[p]
		fmt.Fprintf(&b, "%s %s %04o %d:%d %q %s\n", p, n.typ, n.mode, n.uid, n.gid, n.content, n.link)
	}
	return b.String()
}

// must returns the node at name; a test that names a path that is not there is wrong.
func (h *Host) must(name string) *node {
	n := h.files[path.Clean(name)]
	if n == nil {
		panic("remotetest: no such path: " + name)
	}
	return n
}

func (h *Host) add(name string, n *node) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.put(name, n)
}

func (h *Host) put(name string, n *node) {
	name = path.Clean(name)
	if dir := path.Dir(name); dir != name && h.files[dir] == nil {
		h.put(dir, &node{typ: fs.ModeDir, mode: 0o755})
	}
	if n.modTime.IsZero() {
		n.modTime = time.Unix(h.Now, 0)
	}
	if old := h.files[name]; old != nil && n.inode == 0 {
		n.inode = old.inode
	}
	if n.inode == 0 {
		n.inode = uint64(len(h.files) + 1)
	}
	h.files[name] = n
}

// resolve follows the links in the folders of name and, where follow says so, name itself.
func (h *Host) resolve(name string, follow bool, depth int) string {
	name = path.Clean(name)
	if name == "/" || depth > 40 {
		return name
	}
	name = path.Join(h.resolve(path.Dir(name), true, depth+1), path.Base(name))
	n := h.files[name]
	if n == nil || n.typ != fs.ModeSymlink || !follow {
		return name
	}
	target := n.link
	if !path.IsAbs(target) {
		target = path.Join(path.Dir(name), target)
	}
	return h.resolve(target, true, depth+1)
}

func (h *Host) lookup(name string, follow bool) *node {
	return h.files[h.resolve(name, follow, 0)]
}

// Files describes the queried paths.
func (h *Host) Files(ctx context.Context, queries ...remote.FileQuery) ([]remote.File, error) {
	var paths []string
	for _, q := range queries {
		paths = append(paths, q.Path)
	}
	h.record("files", strings.Join(paths, " "))
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]remote.File, len(queries))
	for i, q := range queries {
		f, err := h.describe(q)
		if err != nil {
			return nil, err
		}
		out[i] = f
	}
	return out, nil
}

func (h *Host) describe(q remote.FileQuery) (remote.File, error) {
	f := remote.File{Path: q.Path}
	n := h.lookup(q.Path, q.Follow)
	if n == nil {
		return f, nil
	}
	f.Exists, f.Type, f.Mode = true, n.typ, n.mode
	f.UID, f.GID = n.uid, n.gid
	f.Owner, f.Group = h.userName(n.uid), h.groupName(n.gid)
	f.Size, f.Link, f.Inode, f.Device, f.Links = int64(len(n.content)), n.link, n.inode, 1, 1
	f.ModTime, f.AccTime, f.ChgTime = n.modTime, n.modTime, n.modTime
	f.Readable, f.Writable, f.Executable = true, true, n.mode&0o111 != 0
	if n.typ == 0 && q.Hash != "" {
		if f.HashedBy = q.Hash; q.Hash == remote.AnyHash {
			f.HashedBy = "blake2b"
		}
		sum, err := checksum(f.HashedBy, n.content)
		if err != nil {
			return f, err
		}
		f.Checksum = sum
	}
	if n.typ == 0 && q.Content > 0 && f.Size <= q.Content {
		f.Content = append([]byte{}, n.content...)
	}
	if n.typ == fs.ModeDir && q.List {
		f.Names = h.names(h.resolve(q.Path, q.Follow, 0))
	}
	return f, nil
}

func (h *Host) names(dir string) []string {
	out := []string{}
	for p := range h.files {
		if p != dir && path.Dir(p) == dir {
			out = append(out, path.Base(p))
		}
	}
	sort.Strings(out)
	return out
}

func checksum(algorithm string, content []byte) (string, error) {
	var sum []byte
	switch algorithm {
	case "md5":
		s := md5.Sum(content)
		sum = s[:]
	case "sha1":
		s := sha1.Sum(content)
		sum = s[:]
	case "sha256":
		s := sha256.Sum256(content)
		sum = s[:]
	case "sha512":
		s := sha512.Sum512(content)
		sum = s[:]
	case "blake2b":
		s := blake2b.Sum512(content)
		sum = s[:]
	default:
		return "", fmt.Errorf("remotetest: unknown checksum %q", algorithm)
	}
	return hex.EncodeToString(sum), nil
}

// Open reads a file.
func (h *Host) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	h.record("open", name)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	n := h.lookup(name, true)
	if n == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return io.NopCloser(bytes.NewReader(append([]byte{}, n.content...))), nil
}

// WriteFile writes a file as the real hosts do: what opts is silent about is kept.
func (h *Host) WriteFile(ctx context.Context, name string, content io.Reader, opts remote.WriteOptions) error {
	h.record("write", name)
	return h.write(ctx, name, content, opts)
}

func (h *Host) write(ctx context.Context, name string, content io.Reader, opts remote.WriteOptions) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	body, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	if h.OnWrite != nil {
		if err := h.OnWrite(name); err != nil {
			return err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	name = h.resolve(name, true, 0)
	if h.files[path.Dir(name)] == nil {
		return fmt.Errorf("write %s: the folder %s does not exist", name, path.Dir(name))
	}
	n := &node{mode: 0o644, uid: h.UsersByName[h.UserName].UID, gid: h.UsersByName[h.UserName].GID, modTime: opts.ModTime}
	if old := h.files[name]; old != nil {
		n.mode, n.uid, n.gid = old.mode, old.uid, old.gid
		if opts.Backup != "" {
			saved := *old
			saved.inode = 0
			h.put(opts.Backup, &saved)
		}
	}
	n.content = body
	if opts.Mode != nil {
		n.mode = *opts.Mode
	}
	if err := h.own(n, opts); err != nil {
		return err
	}
	h.put(name, n)
	return nil
}

// WriteFiles writes each file in turn, and counts as one call.
func (h *Host) WriteFiles(ctx context.Context, files []remote.NewFile) error {
	h.record("write", fmt.Sprintf("%d files", len(files)))
	for _, f := range files {
		content, err := f.Open()
		if err != nil {
			return err
		}
		err = h.write(ctx, f.Path, content, f.WriteOptions)
		content.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

func (h *Host) own(n *node, opts remote.WriteOptions) error {
	if opts.Owner != "" {
		u, ok := h.user(opts.Owner)
		if !ok {
			return fmt.Errorf("chown: invalid user: %q", opts.Owner)
		}
		n.uid = u.UID
	}
	if opts.Group != "" {
		g, ok := h.group(opts.Group)
		if !ok {
			return fmt.Errorf("chown: invalid group: %q", opts.Group)
		}
		n.gid = g.GID
	}
	return nil
}

func (h *Host) userName(id int) string {
	for _, u := range h.UsersByName {
		if u.UID == id {
			return u.Name
		}
	}
	return strconv.Itoa(id)
}

func (h *Host) groupName(id int) string {
	for _, g := range h.GroupsByName {
		if g.GID == id {
			return g.Name
		}
	}
	return strconv.Itoa(id)
}
