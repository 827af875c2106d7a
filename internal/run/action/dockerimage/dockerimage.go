// Package dockerimage is the action docker_image: it hands the module of that name an archive of
// the controller, for hosts that reach no registry.
package dockerimage

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"kops/internal/module"
	"kops/internal/module/dockerimage"
	"kops/internal/run/action"
	"kops/internal/run/action/source"
	"kops/internal/state"
)

// Spec is the module's arguments, and those of an archive on the controller.
type Spec struct {
	dockerimage.Spec
	LoadFrom string `arg:"archive" doc:"kops only: an archive for source load, which is a file of the controller or, with checksum, a URL"`
	Checksum string `arg:"checksum,with=archive" doc:"kops only: sha256:HEX of an archive that is a URL"`
}

// New describes the action.
func New() *module.Module {
	m := dockerimage.New()
	inner := m.New
	m.New = func() module.Spec { return &Spec{Spec: *inner().(*dockerimage.Spec)} }
	m.Doc.Notes = append(m.Doc.Notes, "archive and checksum are kops's own: the controller pushes the image to hosts that reach no registry.")
	return m
}

// Validate checks what the archive needs.
func (s *Spec) Validate() error {
	switch {
	case s.LoadFrom == "":
	case s.Source != "load":
		return fmt.Errorf("archive: only with source load")
	case s.LoadPath != "":
		return fmt.Errorf("archive: excludes load_path, which is on the host")
	case isURL(s.LoadFrom) && s.Checksum == "":
		return fmt.Errorf("checksum: is needed where archive is a URL: sha256:HEX")
	case !isURL(s.LoadFrom) && s.Checksum != "":
		return fmt.Errorf("checksum: is for an archive that is a URL")
	}
	return s.Spec.Validate()
}

func isURL(s string) bool { return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") }

// Act finds the archive. A URL is fetched only once a host has to load the image.
func (s *Spec) Act(_ context.Context, env *action.Env) (action.Outcome, error) {
	spec := s.Spec
	switch {
	case s.LoadFrom == "":
	case isURL(s.LoadFrom):
		req := state.Request{URL: s.LoadFrom, Checksum: s.Checksum, ValidateCerts: true}
		spec.Archive = func(ctx context.Context) (io.ReadCloser, error) {
			path, err := env.Artifacts.Fetch(ctx, req)
			if err != nil {
				return nil, err
			}
			return os.Open(path)
		}
	default:
		found, err := env.Scope.Find("files", s.LoadFrom)
		if err != nil {
			return action.Outcome{}, source.Missing("archive", err)
		}
		spec.Archive = func(context.Context) (io.ReadCloser, error) { return os.Open(found) }
	}
	return action.Outcome{Spec: &spec}, nil
}
