// Package overlay is a host as it would be after changes that check mode only predicted: a
// Reader whose answers have the effects of earlier tasks laid over them. What those tasks leave
// open is an error of type Unknown, never a guess.
package overlay

import (
	"context"
	"sync"

	"kops/internal/remote"
)

// Unknown says what cannot be known before earlier tasks have been done.
type Unknown struct{ What string }

// Error returns what is not known.
func (u *Unknown) Error() string { return "not known before earlier tasks are done: " + u.What }

// A State is what earlier tasks would have brought to one host. It is safe for concurrent use.
type State struct {
	mu       sync.Mutex
	nodes    map[string]*node        // by path, links in the folders above resolved
	users    map[string]*remote.User // nil: gone
	groups   map[string]*remote.Group
	units    map[string]remote.Unit
	packages map[string]remote.Package
	objects  map[remote.Object]bool // true: gone
	doubts   map[string]bool        // "user kafka", "package nginx": may have changed, or not
	written  map[string]bool        // files that changed since systemd last read the files of units
	reloaded bool                   // systemd would have read the files of all units anew
	acted    map[string]bool        // units that would be started, stopped, restarted
	any      bool
}

// NewState returns a State without effects.
func NewState() *State {
	return &State{
		nodes: map[string]*node{}, users: map[string]*remote.User{}, groups: map[string]*remote.Group{},
		units: map[string]remote.Unit{}, packages: map[string]remote.Package{}, objects: map[remote.Object]bool{},
		doubts: map[string]bool{}, written: map[string]bool{}, acted: map[string]bool{},
	}
}

// Any tells whether earlier tasks would have, or might have, changed anything.
func (s *State) Any() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.any
}

// Doubt records that a task may have changed what nobody can name: a command.
func (s *State) Doubt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.any = true
}

// MayBring tells whether an earlier task would make the user, or might.
func (s *State) MayBring(user string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.users[user] != nil || s.doubts["user "+user] || len(s.packages) > 0
}

// A Reader is a host with a State laid over it, for one task.
type Reader struct {
	remote.Reader
	state   *State
	network func() string

	mu    sync.Mutex
	doubt string
	stats map[string]remote.File // what the host itself has, links not followed
}

var _ remote.Foreseer = (*Reader)(nil)

// New returns r with the state laid over it. network says why what a service answers is not known,
// "" where it is.
func New(r remote.Reader, s *State, network func() string) *Reader {
	return &Reader{Reader: r, state: s, network: network, stats: map[string]remote.File{}}
}

// Doubted returns the first thing that was asked for and is not known; "" where all is.
func (r *Reader) Doubted() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.doubt
}

// Unknown implements remote.Foreseer.
func (r *Reader) Unknown(what string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.doubt == "" {
		r.doubt = what
	}
	return &Unknown{What: what}
}

// Apply lays effects over the state, in their order. It reads the host to find where links lead.
func (r *Reader) Apply(ctx context.Context, effects ...remote.Effect) error {
	s := r.state
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range effects {
		if e.Reload {
			s.written, s.reloaded = map[string]bool{}, true
		}
		s.any = s.any || subject(e) != "" || e.Path != nil
		switch {
		case e.Path != nil:
			if err := r.setPath(ctx, e); err != nil {
				return err
			}
		case e.Doubt:
			s.doubts[subject(e)] = true
		case e.User != nil:
			s.users[e.User.Name] = e.User
			if e.Gone {
				s.users[e.User.Name] = nil
			}
		case e.Group != nil:
			s.groups[e.Group.Name] = e.Group
			if e.Gone {
				s.groups[e.Group.Name] = nil
			}
		case e.Unit != nil:
			s.setUnit(e)
		case e.Package != nil:
			s.packages[e.Package.Name] = *e.Package
		case e.Object != nil:
			s.objects[*e.Object] = e.Gone
		}
	}
	return nil
}

// subject names what an effect that is no path is about.
func subject(e remote.Effect) string {
	switch {
	case e.User != nil:
		return "user " + e.User.Name
	case e.Group != nil:
		return "group " + e.Group.Name
	case e.Unit != nil:
		return "unit " + e.Unit.Name
	case e.Package != nil:
		return "package " + e.Package.Name
	case e.Object != nil:
		return e.Object.Kind + " " + e.Object.Name
	}
	return ""
}

// Object implements remote.Foreseer.
func (r *Reader) Object(o remote.Object) (touched, gone bool) {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	gone, ok := r.state.objects[o]
	if r.state.doubts[o.Kind+" "+o.Name] {
		return true, false
	}
	return ok, gone
}

// UnitTouched implements remote.Foreseer.
func (r *Reader) UnitTouched(names ...string) bool {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	for _, name := range names {
		if r.state.acted[name] || r.state.doubts["unit "+name] {
			return true
		}
	}
	return false
}
