// Package overlay is a host as it would be after changes that check mode only predicted:
// a Reader whose answers have the effects of earlier tasks laid over them.
package overlay

import (
	"context"
	"strings"

	"kops/internal/remote"
)

// A State is what earlier tasks would have brought.
type State struct {
	files    map[string]remote.File
	users    map[string]*remote.User // nil: gone
	groups   map[string]*remote.Group
	units    map[string]*remote.Unit
	packages map[string]remote.Package
}

// NewState returns a State without effects.
func NewState() State {
	return State{
		files: map[string]remote.File{}, users: map[string]*remote.User{}, groups: map[string]*remote.Group{},
		units: map[string]*remote.Unit{}, packages: map[string]remote.Package{},
	}
}

// SetFile says what a path would be.
func (s State) SetFile(f remote.File) { s.files[f.Path] = f }

// SetUser says what a user would be, or that it would be gone.
func (s State) SetUser(u remote.User, gone bool) {
	s.users[u.Name] = &u
	if gone {
		s.users[u.Name] = nil
	}
}

// SetGroup says what a group would be, or that it would be gone.
func (s State) SetGroup(g remote.Group, gone bool) {
	s.groups[g.Name] = &g
	if gone {
		s.groups[g.Name] = nil
	}
}

// SetUnit says what a unit would be, or that it would be gone.
func (s State) SetUnit(u remote.Unit, gone bool) {
	if gone {
		u = remote.Unit{Name: u.Name, LoadState: "not-found", ActiveState: "inactive"}
	}
	s.units[u.Name] = &u
}

// SetPackage says whether a package would be installed.
func (s State) SetPackage(p remote.Package) { s.packages[p.Name] = p }

type reader struct {
	remote.Reader
	state State
}

// New returns r with the state laid over it.
func New(r remote.Reader, s State) remote.Reader { return &reader{Reader: r, state: s} }

// Files implements remote.Reader. What lies below a folder that would be gone is gone too.
func (r *reader) Files(ctx context.Context, queries ...remote.FileQuery) ([]remote.File, error) {
	files, err := r.Reader.Files(ctx, queries...)
	if err != nil {
		return nil, err
	}
	for i, q := range queries {
		if f, ok := r.state.file(q.Path); ok {
			files[i] = f
		}
	}
	return files, nil
}

func (s State) file(path string) (remote.File, bool) {
	path = clean(path)
	if f, ok := s.files[path]; ok {
		return f, true
	}
	for dir := path; ; {
		i := strings.LastIndexByte(dir, '/')
		if i <= 0 {
			return remote.File{}, false
		}
		dir = dir[:i]
		if f, ok := s.files[dir]; ok && !f.Exists {
			return remote.File{Path: path}, true
		}
	}
}

func clean(path string) string {
	if len(path) > 1 {
		return strings.TrimRight(path, "/")
	}
	return path
}

// Accounts implements remote.Reader.
func (r *reader) Accounts(ctx context.Context, users, groups []string) (remote.Accounts, error) {
	a, err := r.Reader.Accounts(ctx, users, groups)
	if err != nil {
		return a, err
	}
	for _, name := range users {
		if u, ok := r.state.users[name]; ok {
			delete(a.Users, name)
			if u != nil {
				a.Users[name] = *u
			}
		}
	}
	for _, name := range groups {
		if g, ok := r.state.groups[name]; ok {
			delete(a.Groups, name)
			if g != nil {
				a.Groups[name] = *g
			}
		}
	}
	return a, nil
}

// Units implements remote.Reader.
func (r *reader) Units(ctx context.Context, names ...string) ([]remote.Unit, error) {
	units, err := r.Reader.Units(ctx, names...)
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		if u, ok := r.state.units[name]; ok {
			units[i] = *u
		}
	}
	return units, nil
}

// Packages implements remote.Reader.
func (r *reader) Packages(ctx context.Context, manager string, names ...string) (map[string]remote.Package, error) {
	packages, err := r.Reader.Packages(ctx, manager, names...)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if p, ok := r.state.packages[name]; ok {
			packages[name] = p
		}
	}
	return packages, nil
}
