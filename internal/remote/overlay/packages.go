package overlay

import (
	"context"
	"regexp"
	"strings"

	"kops/internal/remote"
)

// Packages implements remote.Reader. What an installation brings with it, or a removal takes along, is not known.
func (r *Reader) Packages(ctx context.Context, manager string, names ...string) (map[string]remote.Package, error) {
	packages, err := r.Reader.Packages(ctx, manager, names...)
	if err != nil {
		return nil, err
	}
	s := r.state
	s.mu.Lock()
	defer s.mu.Unlock()
	comes, goes := s.moves()
	for _, name := range names {
		p, ok := s.packages[name]
		switch {
		case s.doubts["package "+name]:
			return nil, r.Unknown("package " + name)
		case ok:
			packages[name] = p
		case comes && !packages[name].Installed:
			return nil, r.Unknown("package " + name + ", which another may bring along")
		case goes && packages[name].Installed:
			return nil, r.Unknown("package " + name + ", which another may take along")
		}
	}
	return packages, nil
}

// moves tells whether packages would come or go.
func (s *State) moves() (comes, goes bool) {
	for _, p := range s.packages {
		comes, goes = comes || p.Installed, goes || !p.Installed
	}
	for d := range s.doubts {
		if strings.HasPrefix(d, "package ") {
			comes, goes = true, true
		}
	}
	return comes, goes
}

var words = regexp.MustCompile(`[a-z]+`)

// plain are parts of package names that name nothing.
var plain = map[string]bool{"lib": true, "dev": true, "common": true, "server": true, "client": true, "tools": true, "utils": true,
	"core": true, "data": true, "bin": true, "python": true, "perl": true, "headless": true, "doc": true, "base": true, "amd": true,
	"all": true, "jre": true, "jdk": true, "run": true, "time": true, "full": true, "minimal": true, "etc": true, "var": true, "usr": true}

// packageBears tells whether something that bears the name may come or go with a package: they share a word.
func (s *State) packageBears(name string, exists bool) bool {
	for _, p := range s.packages {
		if p.Installed == exists { // what is there is not brought, and what is not there is not taken
			continue
		}
		for _, w := range words.FindAllString(strings.ToLower(p.Name), -1) {
			if len(w) >= 3 && !plain[w] && (strings.Contains(name, w) || len(name) >= 4 && strings.HasPrefix(w, name)) {
				return true
			}
		}
	}
	return false
}
