package dockercontainer

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"kops/internal/diag"
	"kops/internal/module"
	"kops/internal/module/dockerapi"
	"kops/internal/value"
)

// Validate checks all arguments as far as that goes without the host.
func (s *Spec) Validate() error {
	if !dockerapi.IsName(s.Name) {
		return fmt.Errorf("name: %q is not a name: letters, digits, _ . and - only", s.Name)
	}
	if s.State != "absent" && s.Image == "" {
		return fmt.Errorf("image: state %s needs it", s.State)
	}
	for _, check := range []func() error{s.checkNetwork, s.checkVolumes, s.checkComparisons, s.checkFixed, s.Connection.Check} {
		if err := check(); err != nil {
			return err
		}
	}
	var err error
	if s.command, err = words(s.Command); err != nil {
		return fmt.Errorf("command: %w", err)
	}
	// Building the configuration finds what is wrong with sizes, ports, limits and mappings.
	_, _, err = s.build()
	return err
}

// checkFixed refuses what has one supported value.
func (s *Spec) checkFixed() error {
	switch {
	case !s.Detach:
		return errors.New("detach: kops never waits for a container's end; run the command with docker run")
	case !s.NetworksCLI:
		return errors.New("networks_cli_compatible: only true is supported")
	case s.RestartRetries != nil && s.RestartPolicy != "on-failure":
		return fmt.Errorf("restart_retries: only with restart_policy on-failure, not %q", s.RestartPolicy)
	}
	switch s.Pull {
	case "True":
		s.Pull = "always"
	case "False":
		s.Pull = "missing"
	}
	return nil
}

func (s *Spec) checkNetwork() error {
	var err error
	if s.networks, err = networks(s.Networks); err != nil {
		return fmt.Errorf("networks: %w", err)
	}
	if s.NetworkMode == "host" && len(s.Ports) > 0 {
		return fmt.Errorf("published_ports: %s cannot be published with network_mode host: "+
			"the container listens on the host's own ports", strings.Join(s.Ports, ", "))
	}
	if strings.HasPrefix(s.NetworkMode, "container:") {
		return errors.New("network_mode: another container's network is not supported")
	}
	if s.NetworkMode == "host" && len(s.networks) > 0 {
		return errors.New("networks: a container in the host's network is in no other")
	}
	return nil
}

// volumeModes are the words that may stand after a volume's second colon.
var volumeModes = []string{"ro", "rw", "z", "Z", "nocopy", "consistent", "cached", "delegated",
	"private", "rprivate", "shared", "rshared", "slave", "rslave"}

func (s *Spec) checkVolumes() error {
	for _, v := range s.Volumes {
		if err := checkVolume(v); err != nil {
			return fmt.Errorf("volumes: %w", err)
		}
	}
	return nil
}

func checkVolume(v string) error {
	parts := strings.Split(v, ":")
	if len(parts) == 1 {
		if source, target, two := strings.Cut(v, " "); two {
			return fmt.Errorf("%q has a space where a colon belongs: write %q", v, source+":"+strings.TrimSpace(target))
		}
		if !path.IsAbs(v) {
			return fmt.Errorf("%q is not SOURCE:TARGET, and not a path in the container", v)
		}
		return nil
	}
	if len(parts) > 3 {
		return fmt.Errorf("%q has too many colons: write SOURCE:TARGET[:MODE]", v)
	}
	source, target := parts[0], parts[1]
	if !path.IsAbs(source) && !dockerapi.IsName(source) {
		return fmt.Errorf("%q: %q is neither an absolute path on the host nor the name of a volume", v, source)
	}
	if !path.IsAbs(target) {
		return fmt.Errorf("%q: %q is not an absolute path in the container", v, target)
	}
	if len(parts) == 3 {
		for mode := range strings.SplitSeq(parts[2], ",") {
			if !slices.Contains(volumeModes, mode) {
				return fmt.Errorf("%q: %q is not one of %s", v, mode, strings.Join(volumeModes, ", "))
			}
		}
	}
	return nil
}

func (s *Spec) checkComparisons() error {
	known := []string{"*", "image", "networks"}
	for _, o := range options {
		known = append(known, o.name)
	}
	for k, v := range s.Comparisons.All() {
		name, _ := k.(string)
		if !slices.Contains(known, name) {
			return fmt.Errorf("comparisons: %q is not an argument that is compared; %s", name, diag.Suggest(name, known))
		}
		if how, _ := v.(string); how != "strict" && how != "ignore" && how != "allow_more_present" {
			return fmt.Errorf("comparisons: %s: %v is not one of strict, ignore, allow_more_present", name, v)
		}
	}
	return nil
}

func networks(v value.Value) ([]networkWish, error) {
	if v == nil {
		return nil, nil
	}
	items, ok := v.(*value.List)
	if !ok {
		return nil, fmt.Errorf("wants a list, not %s", value.TypeName(v))
	}
	var wishes []networkWish
	for _, item := range items.Items {
		m, ok := item.(*value.Map)
		if !ok || m.String("name") == "" {
			return nil, errors.New("each item is a mapping with a name")
		}
		wish := networkWish{name: m.String("name")}
		for k, v := range m.All() {
			switch k {
			case "name":
			case "ipv4_address":
				text, err := module.ToString(v)
				if err != nil {
					return nil, fmt.Errorf("ipv4_address: %w", err)
				}
				wish.address = text
			case "aliases":
				list, ok := v.(*value.List)
				if !ok {
					return nil, errors.New("aliases is a list")
				}
				for _, alias := range list.Items {
					wish.aliases = append(wish.aliases, value.Str(alias))
				}
			default:
				return nil, fmt.Errorf("%v is not supported: name, aliases, ipv4_address are", k)
			}
		}
		wishes = append(wishes, wish)
	}
	return wishes, nil
}
