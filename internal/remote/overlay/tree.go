package overlay

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strings"

	"kops/internal/remote"
)

// A node is a path that earlier tasks would have changed.
type node struct {
	file    remote.File
	vague   bool   // that it exists and its type are known, no more
	doubt   bool   // it may have changed, or not: nothing is known
	fog     bool   // what lies below may have changed, or not
	cleared bool   // what the host has below it is gone
	base    string // the host's own path that still has the content; "" where file.Content is all
	known   bool   // file.Content is the content
}

// errLoop is what too many links lead to.
var errLoop = errors.New("too many levels of symbolic links")

const maxLinks = 40

// A place is where a path leads.
type place struct {
	path    string // links resolved
	node    *node  // nil: as on the host
	file    remote.File
	missing bool // a folder on the way does not exist
	foreign bool // reached by something that is not so on the host
}

// locate walks a path, over links of the host and of earlier tasks.
func (r *Reader) locate(ctx context.Context, p string, follow bool) (place, error) {
	parts := strings.Split(strings.Trim(path.Clean(p), "/"), "/")
	at, links := place{path: "/", file: remote.File{Exists: true, Type: fs.ModeDir}}, 0
	for i := 0; i < len(parts); i++ {
		if parts[i] == "" {
			continue
		}
		next := path.Join(at.path, parts[i])
		found, err := r.look(ctx, next)
		if err != nil {
			return at, err
		}
		found.foreign = found.foreign || at.foreign
		last := i == len(parts)-1
		switch {
		case found.node != nil && found.node.doubt && (!last || follow):
			return at, r.Unknown(next)
		case found.file.IsLink() && (!last || follow):
			if links++; links > maxLinks {
				return at, errLoop
			}
			target := found.file.Link
			if !path.IsAbs(target) {
				target = path.Join(at.path, target)
			}
			rest := parts[i+1:]
			parts = append(strings.Split(strings.Trim(path.Clean(target), "/"), "/"), rest...)
			i = -1
			at = place{path: "/", file: remote.File{Exists: true, Type: fs.ModeDir}, foreign: found.foreign}
			continue
		case !last && !found.file.Exists:
			return place{path: path.Join(append([]string{next}, parts[i+1:]...)...), missing: true, foreign: found.foreign}, nil
		case !last && !found.file.IsDir():
			return place{path: path.Join(append([]string{next}, parts[i+1:]...)...), missing: true, foreign: found.foreign}, nil
		}
		at = found
	}
	return at, nil
}

// look describes a path whose folders are resolved, without following it. The content is not looked at.
func (r *Reader) look(ctx context.Context, p string) (place, error) {
	if n := r.state.nodes[p]; n != nil {
		return place{path: p, node: n, file: n.file, foreign: true}, nil
	}
	for dir := p; dir != "/"; {
		dir = path.Dir(dir)
		n := r.state.nodes[dir]
		switch {
		case n == nil:
			continue
		case n.doubt || n.fog:
			return place{}, r.Unknown(p)
		case n.cleared || !n.file.Exists:
			return place{path: p, file: remote.File{Path: p}, foreign: true}, nil
		}
	}
	f, err := r.stat(ctx, p)
	if err != nil {
		return place{}, err
	}
	if r.state.packageMay(p, f.Exists) {
		return place{}, r.Unknown(p + ", which a package may bring or take")
	}
	return place{path: p, file: f}, nil
}

// stat asks the host itself, once for each path.
func (r *Reader) stat(ctx context.Context, p string) (remote.File, error) {
	if f, ok := r.stats[p]; ok {
		return f, nil
	}
	if err := r.prefetch(ctx, p); err != nil {
		return remote.File{}, err
	}
	return r.stats[p], nil
}

// prefetch asks the host for paths and all folders above them, in one go.
func (r *Reader) prefetch(ctx context.Context, paths ...string) error {
	var queries []remote.FileQuery
	asked := map[string]bool{}
	for _, p := range paths {
		for p = path.Clean(p); p != "/" && p != "."; p = path.Dir(p) {
			if _, ok := r.stats[p]; !ok && !asked[p] {
				asked[p] = true
				queries = append(queries, remote.FileQuery{Path: p})
			}
		}
	}
	if len(queries) == 0 {
		return nil
	}
	files, err := r.Reader.Files(ctx, queries...)
	if err != nil {
		return err
	}
	for i, q := range queries {
		r.stats[q.Path] = files[i]
	}
	return nil
}

// setPath lays the effect on a path over what is there.
func (r *Reader) setPath(ctx context.Context, e remote.Effect) error {
	s := r.state
	p := path.Clean(e.Path.Path)
	follow := e.Path.Exists && !e.Path.IsLink() && !e.Unlink && !e.Doubt
	at, err := r.locate(ctx, p, follow)
	var unknown *Unknown
	switch {
	case errors.As(err, &unknown), errors.Is(err, errLoop):
		at = place{path: p} // where it is cannot be told: under its own name at least
	case err != nil:
		return err
	}
	p = at.path
	if e.Doubt {
		s.forgetBelow(p)
		s.nodes[p] = &node{file: remote.File{Path: p}, doubt: !e.Below, fog: true}
		if e.Below && at.file.Exists {
			s.nodes[p].file, s.nodes[p].base = at.file, p
			if at.node != nil {
				*s.nodes[p] = *at.node
				s.nodes[p].fog = true
			}
		} else {
			s.nodes[p].doubt = true
		}
		s.written[p] = true
		return nil
	}
	n := &node{file: *e.Path, vague: e.Vague, fog: e.Below}
	n.file.Path, n.file.Foreseen = p, true
	if n.file.IsLink() {
		n.file.Size = int64(len(n.file.Link))
	}
	if e.Path.Exists {
		r.parents(ctx, p)
	}
	old := at.node
	switch {
	case !e.Path.Exists || !e.Path.IsDir():
		s.forgetBelow(p)
		n.cleared = true
	case old != nil:
		n.cleared, n.fog = old.cleared || !old.file.IsDir(), n.fog || old.fog
	}
	n.known = n.file.IsRegular() && !e.Vague && (n.file.Content != nil || n.file.Size == 0 && n.file.Checksum == "")
	if e.Kept {
		n.known, n.base = false, p
		if old != nil {
			n.known, n.base, n.file.Content, n.file.Checksum = old.known, old.base, old.file.Content, old.file.Checksum
			n.vague = old.vague
		}
	} else {
		s.written[p] = true
	}
	s.nodes[p] = n
	return nil
}

// parents makes the folders above a path that an effect says will be there.
func (r *Reader) parents(ctx context.Context, p string) {
	for dir := path.Dir(p); dir != "/"; dir = path.Dir(dir) {
		at, err := r.look(ctx, dir)
		if err != nil || at.file.Exists {
			return
		}
		n := &node{file: remote.File{Path: dir, Exists: true, Type: fs.ModeDir, Foreseen: true}, vague: true}
		if old := r.state.nodes[dir]; old != nil {
			n.cleared = true
		}
		r.state.nodes[dir] = n
	}
}

func (s *State) forgetBelow(p string) {
	for q := range s.nodes {
		if strings.HasPrefix(q, strings.TrimSuffix(p, "/")+"/") {
			delete(s.nodes, q)
		}
	}
}

// Touched implements remote.Foreseer.
func (r *Reader) Touched(ctx context.Context, p string) (bool, error) {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	if len(r.state.nodes) == 0 && len(r.state.packages) == 0 {
		return false, nil
	}
	at, err := r.locate(ctx, p, true)
	var unknown *Unknown
	switch {
	case errors.As(err, &unknown):
		return true, nil
	case err != nil:
		return false, err
	}
	return at.foreign || len(r.state.below(at.path)) > 0, nil
}

// Below implements remote.Foreseer.
func (r *Reader) Below(ctx context.Context, p string) ([]string, error) {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	if len(r.state.nodes) == 0 {
		return nil, nil
	}
	at, err := r.locate(ctx, p, true)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, q := range r.state.below(at.path) {
		paths = append(paths, path.Join(p, strings.TrimPrefix(q, at.path)))
	}
	return paths, nil
}

func (s *State) below(p string) []string {
	var paths []string
	for q := range s.nodes {
		if q == p || strings.HasPrefix(q, strings.TrimSuffix(p, "/")+"/") {
			paths = append(paths, q)
		}
	}
	return paths
}
