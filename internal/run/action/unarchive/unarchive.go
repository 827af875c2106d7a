// Package unarchive is the action unarchive: it finds the archive on the controller and lets
// the module of that name unpack it on the host.
package unarchive

import (
	"context"
	"fmt"
	"sync"

	"kops/internal/module"
	"kops/internal/module/copy"
	"kops/internal/module/unarchive"
	"kops/internal/run/action"
	"kops/internal/run/action/source"
)

// Spec is the module's arguments.
type Spec struct {
	unarchive.Spec
	known *archives
}

// New describes the action.
func New() *module.Module {
	m := unarchive.New()
	known := &archives{files: source.New(), listed: map[copy.Source]*listing{}}
	inner := m.New
	m.New = func() module.Spec { return &Spec{Spec: *inner().(*unarchive.Spec), known: known} }
	return m
}

// Act finds src; an archive on the host needs nothing.
func (s *Spec) Act(_ context.Context, env *action.Env) (action.Outcome, error) {
	spec := s.Spec
	if spec.RemoteSrc {
		return action.Outcome{Spec: &spec}, nil
	}
	found, err := env.Scope.Find("files", spec.Src)
	if err != nil {
		return action.Outcome{}, source.Missing("src", err)
	}
	file, err := s.known.files.Open(env.Scope, found, spec.Decrypt)
	if err != nil {
		return action.Outcome{}, err
	}
	if spec.Listing, err = s.known.list(file); err != nil {
		return action.Outcome{}, fmt.Errorf("src: %s: %w", found, err)
	}
	spec.Src, spec.Archive = found, file
	return action.Outcome{Spec: &spec}, nil
}

// archives remember what is in each archive, for the other hosts.
type archives struct {
	files  *source.Files
	mu     sync.Mutex
	listed map[copy.Source]*listing
}

type listing struct {
	once sync.Once
	list *unarchive.Listing
	err  error
}

// list reads an archive the first time; who asks meanwhile waits.
func (a *archives) list(file copy.Source) (*unarchive.Listing, error) {
	a.mu.Lock()
	l, ok := a.listed[file]
	if !ok {
		l = &listing{}
		a.listed[file] = l
	}
	a.mu.Unlock()
	l.once.Do(func() { l.list, l.err = unarchive.List(file) })
	return l.list, l.err
}
