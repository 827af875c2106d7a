// Package copy is the action copy: it finds the source on the controller and lets the module
// of that name put it on the host.
package copy

import (
	"context"
	"os"
	"path/filepath"

	"kops/internal/module"
	"kops/internal/module/copy"
	"kops/internal/run/action"
	"kops/internal/run/action/source"
)

// Spec is the module's arguments.
type Spec struct {
	copy.Spec
	files *source.Files
}

// New describes the action.
func New() *module.Module {
	m := copy.New()
	files, inner := source.New(), m.New
	m.New = func() module.Spec { return &Spec{Spec: *inner().(*copy.Spec), files: files} }
	return m
}

// Act finds src; a content and a source on the host need nothing.
func (s *Spec) Act(_ context.Context, env *action.Env) (action.Outcome, error) {
	spec := s.Spec
	if spec.Content != nil || spec.RemoteSrc {
		return action.Outcome{Spec: &spec}, nil
	}
	found, err := env.Scope.Find("files", spec.Src)
	if err != nil {
		return action.Outcome{}, source.Missing("src", err)
	}
	info, err := os.Stat(found)
	if err == nil && info.IsDir() {
		if spec.Tree, err = s.files.Tree(env.Scope, found, spec.LocalFollow, spec.Decrypt); err == nil {
			spec.Tree.Name = source.TreeName(spec.Src, found)
		}
	} else if err == nil {
		spec.Basename = filepath.Base(found)
		spec.Source, err = s.files.Open(env.Scope, found, spec.Decrypt)
	}
	if err != nil {
		return action.Outcome{}, err
	}
	spec.Src = found
	return action.Outcome{Spec: &spec}, nil
}
