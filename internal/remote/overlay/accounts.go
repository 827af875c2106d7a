package overlay

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"kops/internal/remote"
)

// Accounts implements remote.Reader.
func (r *Reader) Accounts(ctx context.Context, users, groups []string) (remote.Accounts, error) {
	a, err := r.Reader.Accounts(ctx, users, groups)
	if err != nil {
		return a, err
	}
	s := r.state
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range users {
		if err := r.user(ctx, a.Users, name); err != nil {
			return a, err
		}
	}
	for _, name := range groups {
		if err := r.group(a.Groups, name); err != nil {
			return a, err
		}
	}
	return a, nil
}

func (r *Reader) user(ctx context.Context, found map[string]remote.User, key string) error {
	s := r.state
	real, there := found[key]
	if s.doubts["user "+key] {
		return r.Unknown("user " + key)
	}
	if u, ok := s.users[key]; ok {
		delete(found, key)
		if u != nil {
			found[key] = *u
		}
	} else if u, ok := byNumber(s.users, key, func(u *remote.User) int { return u.UID }); ok {
		found[key] = *u
	} else if e, ok := s.users[real.Name]; there && ok && (e == nil || e.UID != real.UID) {
		delete(found, key)
	} else if s.packageBears(key, there) {
		return r.Unknown("user " + key + ", which a package may bring or take")
	}
	u, there := found[key]
	if !there {
		return nil
	}
	r.state.membership(&u)
	if len(s.nodes) > 0 && u.Home != "" && strings.HasPrefix(u.Home, "/") {
		at, err := r.locate(ctx, u.Home, true)
		if err != nil {
			return err
		}
		if at.foreign {
			if at.node != nil && at.node.doubt {
				return r.Unknown("home folder of " + key)
			}
			u.HomeMissing = at.missing || !at.file.Exists
		}
	}
	found[key] = u
	return nil
}

// membership takes groups that would be gone or renumbered out of a user.
func (s *State) membership(u *remote.User) {
	u.Groups = slices.DeleteFunc(slices.Clone(u.Groups), func(name string) bool {
		g, ok := s.groups[name]
		return ok && g == nil
	})
	if g := s.groups[u.Group]; g != nil {
		u.GID = g.GID
	}
}

func (r *Reader) group(found map[string]remote.Group, key string) error {
	s := r.state
	real, there := found[key]
	if s.doubts["group "+key] {
		return r.Unknown("group " + key)
	}
	if g, ok := s.groups[key]; ok {
		delete(found, key)
		if g != nil {
			found[key] = *g
		}
	} else if g, ok := byNumber(s.groups, key, func(g *remote.Group) int { return g.GID }); ok {
		found[key] = *g
	} else if e, ok := s.groups[real.Name]; there && ok && (e == nil || e.GID != real.GID) {
		delete(found, key)
	} else if s.packageBears(key, there) {
		return r.Unknown("group " + key + ", which a package may bring or take")
	}
	return nil
}

// byNumber finds an account that would have the number.
func byNumber[T any](accounts map[string]*T, key string, number func(*T) int) (*T, bool) {
	id, err := strconv.Atoi(key)
	if err != nil {
		return nil, false
	}
	for _, a := range accounts {
		if a != nil && number(a) == id {
			return a, true
		}
	}
	return nil, false
}

// own names owner and group as they would be called: a user who is gone leaves a number.
func (r *Reader) own(f *remote.File, q remote.FileQuery) error {
	s := r.state
	owner, sure := rename(f.Owner, f.UID, s.users, func(u *remote.User) int { return u.UID })
	group, sureGroup := rename(f.Group, f.GID, s.groups, func(g *remote.Group) int { return g.GID })
	f.Owner, f.Group = owner, group
	if (!sure || !sureGroup) && !q.Partial {
		return r.Unknown("owner of " + q.Path)
	}
	return nil
}

// rename returns what the number of an owner will be called, and whether that is sure.
func rename[T any](name string, id int, accounts map[string]*T, number func(*T) int) (string, bool) {
	text := strconv.Itoa(id)
	if e, changed := accounts[name]; changed && name != text {
		switch {
		case e == nil && id < 0:
			return name, false
		case e == nil:
			name = text
		case number(e) == id:
			return name, true
		case number(e) < 0 || id < 0:
			return name, false
		default:
			name = text
		}
	}
	if name != text {
		return name, true
	}
	for who, e := range accounts {
		switch {
		case e == nil:
		case number(e) == id:
			return who, true
		case number(e) < 0: // the next free number: it may be this one
			return name, false
		}
	}
	return name, true
}
