package dockercontainer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"kops/internal/module"
	"kops/internal/module/dockerapi"
	"kops/internal/remote"
	"kops/internal/value"
)

// A scene is what was read of the host.
type scene struct {
	there bool
	have  container.InspectResponse
	image dockerapi.Image
}

// Plan compares the container with what would be made.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	api, err := s.Open(h)
	if err != nil {
		return module.Change{}, err
	}
	defer api.Close()
	ctx, cancel := s.Limit(ctx)
	defer cancel()
	var now scene
	if now.have, now.there, err = find(ctx, api, s.Name); err != nil {
		return module.Change{}, err
	}
	fate, err := dockerapi.Foresee(h, "container", s.Name)
	if err != nil {
		return module.Change{}, err
	}
	if fate == dockerapi.Gone {
		now.have, now.there = container.InspectResponse{}, false
	}
	if s.State == "absent" {
		now.there = now.there || fate == dockerapi.Altered
		return s.planAbsent(now), nil
	}
	if fate == dockerapi.Altered {
		return module.Change{}, dockerapi.Unknown(h, "container", s.Name)
	}
	if now.image, err = dockerapi.FindImage(ctx, api, dockerapi.FullName(s.Image, "")); err != nil {
		return module.Change{}, err
	}
	fate, err = dockerapi.Foresee(h, "image", dockerapi.FullName(s.Image, ""))
	switch {
	case err != nil:
		return module.Change{}, err
	case fate == dockerapi.Gone:
		now.image = dockerapi.Image{}
	case fate == dockerapi.Altered && (now.there || s.Pull == "never"): // a new container is made of whichever image is there then
		return module.Change{}, dockerapi.Unknown(h, "image", s.Image)
	}
	return s.decide(now)
}

// Touches implements module.Toucher.
func (s *Spec) Touches() []module.Effect { return dockerapi.Touches("container", s.Name) }

func find(ctx context.Context, api *dockerapi.Client, name string) (container.InspectResponse, bool, error) {
	found, err := api.ContainerInspect(ctx, name, client.ContainerInspectOptions{})
	if dockerapi.Missing(err) {
		return container.InspectResponse{}, false, nil
	}
	return found.Container, err == nil, api.Explain("look for container "+name, err)
}

func (s *Spec) planAbsent(now scene) module.Change {
	change := module.Change{Result: result(now.there, now.have, nil)}
	if !now.there {
		return change
	}
	change.Predict = module.Changes
	change.Diffs = []module.Diff{s.diff("present\n", "absent\n")}
	change.Effects = []module.Effect{dockerapi.Touched("container", s.Name, true)}
	change.Steps = []module.Step{{Summary: "remove container " + s.Name, Do: s.act("remove", s.remove)}}
	return change
}

// decide compares what was read with what is wanted.
func (s *Spec) decide(now scene) (module.Change, error) {
	if now.image.ID == "" && s.Pull == "never" {
		return module.Change{}, fmt.Errorf("image %s is not on the host, and pull is never: %w", s.Image, module.ErrDependsOnEarlier)
	}
	change := module.Change{Result: result(now.there, now.have, nil)}
	pull := now.image.ID == "" || s.Pull == "always" && !s.pulled
	if pull {
		change.Steps = append(change.Steps, module.Step{Summary: "pull image " + s.Image, Do: s.act("pull", s.pull(now.image))})
	}
	if !now.there {
		s.planNew(&change)
		return change, nil
	}
	differs, err := s.differences(now.have, now.image)
	if err != nil {
		return module.Change{}, err
	}
	if s.Recreate && !s.pulled {
		differs = append(differs, difference{name: "recreate", before: "recreate: false\n", after: "recreate: true\n"})
	}
	s.planExisting(&change, now, differs)
	if pull && change.Predict == module.None {
		change.Predict = module.Unknown
	}
	return change, nil
}

func (s *Spec) planNew(change *module.Change) {
	change.Predict = module.Changes
	change.Diffs = []module.Diff{s.diff("absent\n", s.State+"\nimage: "+s.Image+"\n")}
	change.Effects = []module.Effect{dockerapi.Touched("container", s.Name, false)}
	change.Steps = append(change.Steps, module.Step{Summary: "create container " + s.Name, Do: s.act("create", s.create)})
	if s.State == "started" {
		change.Steps = append(change.Steps, module.Step{Summary: "start container " + s.Name, Do: s.act("start", s.start)})
	}
}

func (s *Spec) planExisting(change *module.Change, now scene, differs []difference) {
	running := now.have.State != nil && now.have.State.Running
	runs := running
	var before, after strings.Builder
	var names []string
	for _, d := range differs {
		before.WriteString(d.before)
		after.WriteString(d.after)
		names = append(names, d.name)
	}
	step := func(verb string, do func(context.Context, *dockerapi.Client) (module.Outcome, error)) {
		change.Steps = append(change.Steps, module.Step{Summary: verb + " container " + s.Name, Do: s.act(verb, do)})
		change.Predict = module.Changes
	}
	anew := slices.ContainsFunc(differs, func(d difference) bool { return !d.inPlace })
	switch {
	case anew:
		step("recreate", s.replace)
		runs = s.State == "started"
	case len(differs) > 0:
		step("update", s.update(differs))
	}
	switch {
	case s.State == "started" && !runs:
		step("start", s.start)
		before.WriteString("state: stopped\n")
		after.WriteString("state: started\n")
		runs = true
	case s.State == "started" && s.Restart && !anew && !s.pulled:
		step("restart", s.restart)
		before.WriteString("restart: false\n")
		after.WriteString("restart: true\n")
	case s.State == "stopped" && runs:
		step("stop", s.stop)
		before.WriteString("state: started\n")
		after.WriteString("state: stopped\n")
		runs = false
	}
	if change.Predict == module.None {
		return
	}
	change.Diffs = []module.Diff{s.diff(before.String(), after.String())}
	change.Effects = []module.Effect{dockerapi.Touched("container", s.Name, false)}
	change.Result.Set("differences", value.Strings(names))
}

func (s *Spec) diff(before, after string) module.Diff {
	header := "container " + s.Name
	return module.Diff{BeforeHeader: header, AfterHeader: header, Before: before, After: after}
}

func result(there bool, have container.InspectResponse, actions []string) *value.Map {
	return value.NewMap(
		"container", dockerapi.Describe(there, have),
		"actions", value.Strings(actions),
		"differences", value.NewList(),
	)
}
