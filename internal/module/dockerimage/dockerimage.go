// Package dockerimage is the module docker_image: it brings images to a host, and removes them.
package dockerimage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/moby/moby/client"

	"kops/internal/module"
	"kops/internal/module/dockerapi"
	"kops/internal/remote"
	"kops/internal/value"
)

// Spec is the image that is wanted.
type Spec struct {
	Name        string     `arg:"name,required" doc:"name of the image, with registry and, in place of the argument tag, with a tag or a digest"`
	Tag         string     `arg:"tag" doc:"tag, where the name has none"`
	State       string     `arg:"state,choices=present|absent" doc:"whether the image is on the host"`
	Source      string     `arg:"source,choices=pull|load|local|build" doc:"where the image comes from: a registry, an archive, or it is there already"`
	LoadPath    string     `arg:"load_path" doc:"archive on the host, for source load"`
	ForceSource bool       `arg:"force_source" doc:"bring the image even if it is there"`
	ForceTag    bool       `arg:"force_tag" doc:"give the name in repository to this image even if another one bears it"`
	ForceAbsent bool       `arg:"force_absent" doc:"remove the image even if containers were made of it"`
	Repository  string     `arg:"repository" doc:"another name that the image is given"`
	Push        bool       `arg:"push" doc:"kops does not push images: only false"`
	ArchivePath string     `arg:"archive_path,unsupported" doc:"kops does not save images to files"`
	Build       *value.Map `arg:"build,unsupported" doc:"kops does not build images: build them elsewhere, then pull or load them"`
	dockerapi.Connection

	// Archive, where set, opens the archive for source load in place of load_path: an
	// action hands in what the controller has in its cache.
	Archive func(ctx context.Context) (io.ReadCloser, error)
}

// New describes docker_image.
func New() *module.Module {
	return &module.Module{
		Name: "docker_image", Collection: "community.docker",
		Doc: module.Doc{
			Summary: "Bring container images to a host.",
			Notes: []string{
				"It speaks Docker's API through the host's SSH connection; the host needs no Python.",
				"Building, pushing and archiving are not supported.",
			},
			Examples: `- name: Prometheus is on the host
  community.docker.docker_image:
    name: prom/prometheus
    tag: v3.5.0
    source: pull
`,
			Returns: []module.Return{
				{Name: "image", Type: "dict", Text: "what Docker tells of the image, empty if it is not there"},
				{Name: "actions", Type: "list", Text: "what was done"},
			},
		},
		New: func() module.Spec {
			return &Spec{Tag: "latest", State: "present", Connection: dockerapi.Default()}
		},
	}
}

// Validate checks which source needs what.
func (s *Spec) Validate() error {
	switch {
	case strings.ContainsAny(s.Name, " \t"):
		return fmt.Errorf("name: %q is not the name of an image", s.Name)
	case s.Push:
		return errors.New("push: kops does not push images")
	case s.Source == "build":
		return errors.New("source: kops does not build images: build them elsewhere, then pull or load them")
	case s.State == "present" && s.Source == "":
		return errors.New("source: state present needs it: pull, load or local")
	case s.LoadPath != "" && s.Source != "load":
		return errors.New("load_path: only with source load")
	}
	return s.Connection.Check()
}

// Plan looks for the image.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	api, err := s.Open(h)
	if err != nil {
		return module.Change{}, err
	}
	defer api.Close()
	ctx, cancel := s.Limit(ctx)
	defer cancel()
	name := dockerapi.FullName(s.Name, s.Tag)
	image, err := dockerapi.FindImage(ctx, api, name)
	if err != nil {
		return module.Change{}, err
	}
	other := image
	if s.Repository != "" && image.ID != "" {
		if other, err = dockerapi.FindImage(ctx, api, dockerapi.FullName(s.Repository, s.Tag)); err != nil {
			return module.Change{}, err
		}
	}
	fate, err := dockerapi.Foresee(h, "image", name)
	switch {
	case err != nil:
		return module.Change{}, err
	case fate == dockerapi.Gone:
		image = dockerapi.Image{}
	case fate == dockerapi.Altered:
		return module.Change{}, dockerapi.Unknown(h, "image", name)
	}
	change, err := s.decide(name, image, other)
	if len(change.Steps) > 0 {
		change.Effects = []module.Effect{dockerapi.Touched("image", name, s.State == "absent")}
		if s.Repository != "" {
			change.Effects = append(change.Effects, dockerapi.Touches("image", dockerapi.FullName(s.Repository, s.Tag))...)
		}
	}
	return change, err
}

// Touches implements module.Toucher.
func (s *Spec) Touches() []module.Effect {
	if s.Name == "" {
		return nil
	}
	return dockerapi.Touches("image", dockerapi.FullName(s.Name, s.Tag))
}

// decide compares what is there. other is the image that bears the name in repository.
func (s *Spec) decide(name string, image, other dockerapi.Image) (module.Change, error) {
	change := module.Change{Result: result(image)}
	if s.State == "absent" {
		if image.ID != "" {
			change.Predict = module.Changes
			change.Diffs = []module.Diff{{BeforeHeader: name, AfterHeader: name, Before: "present\n", After: "absent\n"}}
			change.Steps = []module.Step{{Summary: "remove image " + name, Do: s.remove(name)}}
		}
		return change, nil
	}
	if image.ID == "" || s.ForceSource && s.Source != "local" {
		if s.Source == "local" {
			return change, fmt.Errorf("image %s is not on the host, and source is local: %w", name, module.ErrDependsOnEarlier)
		}
		if s.Source == "load" && s.LoadPath == "" && s.Archive == nil {
			return change, errors.New("load_path: source load needs the path of an archive on the host")
		}
		change.Predict = module.Changes
		change.Diffs = []module.Diff{{BeforeHeader: name, AfterHeader: name, Before: "absent\n", After: "present\n"}}
		if image.ID != "" {
			change.Predict, change.Diffs = module.Unknown, nil
		}
		change.Steps = append(change.Steps, module.Step{Summary: s.Source + " image " + name, Do: s.bring(name, image)})
	}
	if s.Repository != "" && (other.ID == "" || image.ID == "" || other.ID != image.ID && s.ForceTag) {
		full := dockerapi.FullName(s.Repository, s.Tag)
		change.Predict = module.Changes
		change.Steps = append(change.Steps, module.Step{Summary: "tag image " + name + " as " + full, Do: s.tag(name, full)})
	}
	return change, nil
}

func (s *Spec) bring(name string, before dockerapi.Image) func(context.Context, remote.Host) (module.Outcome, error) {
	return s.step(func(ctx context.Context, api *dockerapi.Client, h remote.Host) (module.Outcome, error) {
		var now dockerapi.Image
		var err error
		if s.Source == "load" {
			now, err = s.load(ctx, api, h, name)
		} else {
			now, err = dockerapi.Pull(ctx, api, name)
		}
		if err != nil {
			return module.Outcome{}, err
		}
		return module.Outcome{Changed: now.ID != before.ID, Result: result(now, s.Source+" "+name)}, nil
	})
}

func (s *Spec) load(ctx context.Context, api *dockerapi.Client, h remote.Host, name string) (dockerapi.Image, error) {
	ctx, cancel := context.WithTimeout(ctx, dockerapi.PullLimit)
	defer cancel()
	open, from := s.Archive, "the controller"
	if open == nil {
		from = s.LoadPath
		open = func(ctx context.Context) (io.ReadCloser, error) { return h.Open(ctx, s.LoadPath) }
	}
	archive, err := open(ctx)
	if err != nil {
		return dockerapi.Image{}, fmt.Errorf("load image %s from %s: %w", name, from, err)
	}
	defer archive.Close()
	answer, err := api.ImageLoad(ctx, archive)
	if err != nil {
		return dockerapi.Image{}, api.Explain("load image "+name+" from "+from, err)
	}
	defer answer.Close()
	said, err := io.ReadAll(answer)
	if err != nil {
		return dockerapi.Image{}, api.Explain("load image "+name+" from "+from, err)
	}
	image, err := dockerapi.FindImage(ctx, api, name)
	if err == nil && image.ID == "" {
		err = fmt.Errorf("load image %s: the archive %s does not hold it; Docker said: %.300s", name, from, said)
	}
	return image, err
}

func (s *Spec) tag(name, full string) func(context.Context, remote.Host) (module.Outcome, error) {
	return s.step(func(ctx context.Context, api *dockerapi.Client, _ remote.Host) (module.Outcome, error) {
		_, err := api.ImageTag(ctx, client.ImageTagOptions{Source: name, Target: full})
		return module.Outcome{Changed: true}, api.Explain("tag image "+name+" as "+full, err)
	})
}

func (s *Spec) remove(name string) func(context.Context, remote.Host) (module.Outcome, error) {
	return s.step(func(ctx context.Context, api *dockerapi.Client, _ remote.Host) (module.Outcome, error) {
		_, err := api.ImageRemove(ctx, name, client.ImageRemoveOptions{Force: s.ForceAbsent, PruneChildren: true})
		return module.Outcome{Changed: true, Result: result(dockerapi.Image{}, "remove "+name)}, api.Explain("remove image "+name, err)
	})
}

// step opens a client for one act.
func (s *Spec) step(do func(context.Context, *dockerapi.Client, remote.Host) (module.Outcome, error)) func(context.Context, remote.Host) (module.Outcome, error) {
	return func(ctx context.Context, h remote.Host) (module.Outcome, error) {
		api, err := s.Open(h)
		if err != nil {
			return module.Outcome{}, err
		}
		defer api.Close()
		return do(ctx, api, h)
	}
}

func result(image dockerapi.Image, actions ...string) *value.Map {
	return value.NewMap("image", dockerapi.Describe(image.ID != "", image.Raw.InspectResponse), "actions", value.Strings(actions))
}
