package dockercontainer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"kops/internal/module"
	"kops/internal/module/dockerapi"
	"kops/internal/remote"
	"kops/internal/value"
)

// previousSuffix marks a container that is being replaced, until the new one runs.
const previousSuffix = "-kops-previous"

// defaultStopTimeout is Docker's, in seconds.
const defaultStopTimeout = 10

// act opens a client for one act, and describes the container after it.
func (s *Spec) act(verb string, do func(context.Context, *dockerapi.Client) (module.Outcome, error)) func(context.Context, remote.Host) (module.Outcome, error) {
	return func(ctx context.Context, h remote.Host) (module.Outcome, error) {
		api, err := s.Open(h)
		if err != nil {
			return module.Outcome{}, err
		}
		defer api.Close()
		out, err := do(ctx, api)
		if err != nil {
			return out, api.Explain(verb+" container "+s.Name, err)
		}
		limited, cancel := s.Limit(ctx)
		defer cancel()
		have, there, err := find(limited, api, s.Name)
		out.Result = value.NewMap("container", dockerapi.Describe(there, have), "actions", value.Strings([]string{verb})).Merge(out.Result)
		return out, err
	}
}

func (s *Spec) pull(before dockerapi.Image) func(context.Context, *dockerapi.Client) (module.Outcome, error) {
	return func(ctx context.Context, api *dockerapi.Client) (module.Outcome, error) {
		now, err := dockerapi.Pull(ctx, api, dockerapi.FullName(s.Image, ""))
		if err != nil {
			return module.Outcome{}, err
		}
		s.pulled = true
		// A newer image under the same name makes a container differ that did not before.
		changed := now.ID != before.ID
		return module.Outcome{Changed: changed, Replan: changed && before.ID != ""}, nil
	}
}

func (s *Spec) create(ctx context.Context, api *dockerapi.Client) (module.Outcome, error) {
	config, host, err := s.build()
	if err != nil {
		return module.Outcome{}, err
	}
	ctx, cancel := s.Limit(ctx)
	defer cancel()
	options := client.ContainerCreateOptions{Name: s.Name, Config: config, HostConfig: host}
	if len(s.networks) > 0 {
		options.NetworkingConfig = &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{}}
		for _, n := range s.networks {
			endpoint, err := n.endpoint()
			if err != nil {
				return module.Outcome{}, err
			}
			options.NetworkingConfig.EndpointsConfig[n.name] = endpoint
		}
	}
	made, err := api.ContainerCreate(ctx, options)
	return module.Outcome{Changed: true, Result: warned(made.Warnings)}, err
}

func (s *Spec) start(ctx context.Context, api *dockerapi.Client) (module.Outcome, error) {
	ctx, cancel := s.Limit(ctx)
	defer cancel()
	_, err := api.ContainerStart(ctx, s.Name, client.ContainerStartOptions{})
	return module.Outcome{Changed: true}, err
}

func (s *Spec) stop(ctx context.Context, api *dockerapi.Client) (module.Outcome, error) {
	return module.Outcome{Changed: true}, s.end(ctx, api, s.Name)
}

// end stops or kills a container by name.
func (s *Spec) end(ctx context.Context, api *dockerapi.Client, name string) error {
	ctx, cancel := s.limitStop(ctx)
	defer cancel()
	if s.ForceKill {
		_, err := api.ContainerKill(ctx, name, client.ContainerKillOptions{})
		return err
	}
	_, err := api.ContainerStop(ctx, name, client.ContainerStopOptions{Timeout: s.StopTimeout})
	return err
}

func (s *Spec) restart(ctx context.Context, api *dockerapi.Client) (module.Outcome, error) {
	ctx, cancel := s.limitStop(ctx)
	defer cancel()
	_, err := api.ContainerRestart(ctx, s.Name, client.ContainerRestartOptions{Timeout: s.StopTimeout})
	return module.Outcome{Changed: true}, err
}

// limitStop adds the time that a container has to end.
func (s *Spec) limitStop(ctx context.Context) (context.Context, context.CancelFunc) {
	seconds := s.APITimeout + defaultStopTimeout
	if s.StopTimeout != nil {
		seconds = s.APITimeout + *s.StopTimeout
	}
	return context.WithTimeout(ctx, time.Duration(seconds)*time.Second)
}

func (s *Spec) remove(ctx context.Context, api *dockerapi.Client) (module.Outcome, error) {
	have, there, err := find(ctx, api, s.Name)
	if err != nil {
		return module.Outcome{}, err
	}
	if there && have.State != nil && have.State.Running {
		if err := s.end(ctx, api, s.Name); err != nil {
			return module.Outcome{}, err
		}
	}
	return module.Outcome{Changed: true}, s.discard(ctx, api, s.Name)
}

// discard removes a container by name; one that is gone already is as good.
func (s *Spec) discard(ctx context.Context, api *dockerapi.Client, name string) error {
	ctx, cancel := s.Limit(ctx)
	defer cancel()
	_, err := api.ContainerRemove(ctx, name, client.ContainerRemoveOptions{Force: true, RemoveVolumes: !s.KeepVolumes})
	if dockerapi.Missing(err) {
		return nil
	}
	return err
}

func (s *Spec) update(differs []difference) func(context.Context, *dockerapi.Client) (module.Outcome, error) {
	return func(ctx context.Context, api *dockerapi.Client) (module.Outcome, error) {
		_, host, err := s.build()
		if err != nil {
			return module.Outcome{}, err
		}
		ctx, cancel := s.Limit(ctx)
		defer cancel()
		options := client.ContainerUpdateOptions{Resources: &container.Resources{
			Memory: host.Memory, MemoryReservation: host.MemoryReservation, MemorySwap: host.MemorySwap,
			NanoCPUs: host.NanoCPUs, CPUShares: host.CPUShares,
		}}
		if slices.ContainsFunc(differs, func(d difference) bool { return d.name == "restart_policy" || d.name == "restart_retries" }) {
			options.RestartPolicy = &host.RestartPolicy
		}
		made, err := api.ContainerUpdate(ctx, s.Name, options)
		return module.Outcome{Changed: true, Result: warned(made.Warnings)}, err
	}
}

// warned keeps what Docker could not do, such as a limit that the host's kernel has not.
func warned(warnings []string) *value.Map {
	if len(warnings) == 0 {
		return nil
	}
	return value.NewMap("warnings", value.Strings(warnings))
}

// replace makes the container anew. The old one steps aside, and comes back where the new
// one cannot be made or started.
func (s *Spec) replace(ctx context.Context, api *dockerapi.Client) (module.Outcome, error) {
	previous := s.Name + previousSuffix
	have, there, err := find(ctx, api, s.Name)
	if err != nil {
		return module.Outcome{}, err
	}
	ran := there && have.State != nil && have.State.Running
	if err := s.discard(ctx, api, previous); err != nil { // of a run that was cut off
		return module.Outcome{}, err
	}
	if _, err := api.ContainerRename(ctx, s.Name, client.ContainerRenameOptions{NewName: previous}); err != nil {
		return module.Outcome{}, err
	}
	stopped := false
	var out module.Outcome
	err = func() error {
		if out, err = s.create(ctx, api); err != nil {
			return err
		}
		if ran {
			stopped = true
			if err := s.end(ctx, api, previous); err != nil {
				return err
			}
		}
		if s.State != "started" {
			return nil
		}
		_, err := s.start(ctx, api)
		return err
	}()
	if err != nil {
		return module.Outcome{}, s.restore(ctx, api, previous, stopped, err)
	}
	return out, s.discard(ctx, api, previous)
}

// restore brings the previous container back, even where the run is being interrupted.
func (s *Spec) restore(ctx context.Context, api *dockerapi.Client, previous string, start bool, why error) error {
	ctx, cancel := s.Limit(context.WithoutCancel(ctx))
	defer cancel()
	err := s.discard(ctx, api, s.Name)
	if err == nil {
		_, err = api.ContainerRename(ctx, previous, client.ContainerRenameOptions{NewName: s.Name})
	}
	if err == nil && start {
		_, err = s.start(ctx, api)
	}
	if err != nil {
		return fmt.Errorf("%w; and the container before it, %s, could not be brought back: %v", why, previous, err)
	}
	return fmt.Errorf("%w; the container before it is back", why)
}
