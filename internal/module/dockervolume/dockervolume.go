// Package dockervolume is the module docker_volume: named volumes.
package dockervolume

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/volume"
	"github.com/moby/moby/client"

	"kops/internal/module"
	"kops/internal/module/dockerapi"
	"kops/internal/remote"
	"kops/internal/value"
)

// Spec is the volume that is wanted.
type Spec struct {
	Name     string     `arg:"volume_name,required,alias=name" doc:"name of the volume"`
	State    string     `arg:"state,choices=present|absent" doc:"whether there is such a volume; absent removes its data"`
	Driver   string     `arg:"driver" doc:"the volume's driver"`
	Options  *value.Map `arg:"driver_options" doc:"options of the driver"`
	Labels   *value.Map `arg:"labels" doc:"labels of the volume"`
	Recreate string     `arg:"recreate,choices=never|always|options-changed" doc:"when to remove a volume, with its data, and make it anew"`
	dockerapi.Connection
}

// New describes docker_volume.
func New() *module.Module {
	return &module.Module{
		Name: "docker_volume", Collection: "community.docker",
		Doc: module.Doc{
			Summary: "Manage Docker's named volumes.",
			Notes: []string{
				"A volume that is there with other options or labels is left as it is, since making it anew loses its data: recreate says otherwise.",
			},
			Examples: `- name: A volume for Prometheus's data
  community.docker.docker_volume:
    name: prometheus-data
`,
			Returns: []module.Return{
				{Name: "volume", Type: "dict", Text: "what Docker tells of the volume, empty if there is none"},
				{Name: "actions", Type: "list", Text: "what was done"},
			},
		},
		New: func() module.Spec {
			return &Spec{State: "present", Driver: "local", Recreate: "never", Connection: dockerapi.Default()}
		},
	}
}

// Validate checks the name and the connection.
func (s *Spec) Validate() error {
	if !dockerapi.IsName(s.Name) {
		return fmt.Errorf("volume_name: %q is not a name: letters, digits, _ . and - only", s.Name)
	}
	return s.Connection.Check()
}

// Plan looks for the volume.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	api, err := s.Open(h)
	if err != nil {
		return module.Change{}, err
	}
	defer api.Close()
	ctx, cancel := s.Limit(ctx)
	defer cancel()
	found, err := api.VolumeInspect(ctx, s.Name, client.VolumeInspectOptions{})
	there := !dockerapi.Missing(err)
	if err != nil && there {
		return module.Change{}, api.Explain("look for volume "+s.Name, err)
	}
	fate, err := dockerapi.Foresee(h, "volume", s.Name)
	switch {
	case err != nil:
		return module.Change{}, err
	case fate == dockerapi.Gone:
		there, found.Volume = false, volume.Volume{}
	case fate == dockerapi.Altered:
		return module.Change{}, dockerapi.Unknown(h, "volume", s.Name)
	}
	return s.decide(there, found.Volume)
}

// Touches implements module.Toucher.
func (s *Spec) Touches() []module.Effect { return dockerapi.Touches("volume", s.Name) }

func (s *Spec) decide(there bool, found volume.Volume) (module.Change, error) {
	change := module.Change{Result: result(there, found)}
	wanted := s.State == "present"
	var differs []string
	if there && wanted {
		var err error
		if differs, err = s.differences(found); err != nil {
			return change, err
		}
	}
	anew := there && wanted && (s.Recreate == "always" || s.Recreate == "options-changed" && len(differs) > 0)
	if there == wanted && !anew {
		return change, nil
	}
	change.Predict = module.Changes
	diff := module.Diff{BeforeHeader: "volume " + s.Name, AfterHeader: "volume " + s.Name, Before: "absent\n", After: "absent\n"}
	if there {
		diff.Before = "present\n"
		change.Steps = append(change.Steps, module.Step{Summary: "remove volume " + s.Name, Do: s.remove})
	}
	if wanted {
		diff.After = "present\n"
		change.Steps = append(change.Steps, module.Step{Summary: "create volume " + s.Name, Do: s.create})
	}
	if anew {
		diff.Note = "made anew, its data is lost: " + strings.Join(append(differs, "recreate: "+s.Recreate), ", ")
	}
	change.Diffs = []module.Diff{diff}
	change.Effects = []module.Effect{dockerapi.Touched("volume", s.Name, !wanted)}
	return change, nil
}

// differences names what is other than wanted. What the task does not give is not compared.
func (s *Spec) differences(found volume.Volume) ([]string, error) {
	var names []string
	if found.Driver != s.Driver {
		names = append(names, "driver")
	}
	for _, m := range []struct {
		name string
		want *value.Map
		have map[string]string
	}{{"driver_options", s.Options, found.Options}, {"labels", s.Labels, found.Labels}} {
		want, err := dockerapi.Texts(m.name, m.want)
		if err != nil {
			return nil, err
		}
		for _, key := range slices.Sorted(maps.Keys(want)) {
			if have, ok := m.have[key]; !ok || have != want[key] {
				names = append(names, m.name+"."+key)
			}
		}
	}
	return names, nil
}

func (s *Spec) create(ctx context.Context, h remote.Host) (module.Outcome, error) {
	api, err := s.Open(h)
	if err != nil {
		return module.Outcome{}, err
	}
	defer api.Close()
	ctx, cancel := s.Limit(ctx)
	defer cancel()
	options := client.VolumeCreateOptions{Name: s.Name, Driver: s.Driver}
	if options.DriverOpts, err = dockerapi.Texts("driver_options", s.Options); err != nil {
		return module.Outcome{}, err
	}
	if options.Labels, err = dockerapi.Texts("labels", s.Labels); err != nil {
		return module.Outcome{}, err
	}
	made, err := api.VolumeCreate(ctx, options)
	return module.Outcome{Changed: true, Result: result(err == nil, made.Volume, "create "+s.Name)},
		api.Explain("create volume "+s.Name, err)
}

func (s *Spec) remove(ctx context.Context, h remote.Host) (module.Outcome, error) {
	api, err := s.Open(h)
	if err != nil {
		return module.Outcome{}, err
	}
	defer api.Close()
	ctx, cancel := s.Limit(ctx)
	defer cancel()
	_, err = api.VolumeRemove(ctx, s.Name, client.VolumeRemoveOptions{})
	return module.Outcome{Changed: true, Result: result(false, volume.Volume{}, "remove "+s.Name)},
		api.Explain("remove volume "+s.Name, err)
}

func result(there bool, found volume.Volume, actions ...string) *value.Map {
	return value.NewMap("volume", dockerapi.Describe(there, found), "actions", value.Strings(actions))
}
