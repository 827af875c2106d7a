package dockercontainer

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/go-units"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"

	"kops/internal/module"
	"kops/internal/module/dockerapi"
	"kops/internal/value"
)

// build makes what the container would be created with.
func (s *Spec) build() (*container.Config, *container.HostConfig, error) {
	b := &builder{
		config: &container.Config{
			Image: s.Image, Cmd: s.command, Entrypoint: s.Entrypoint, User: s.User, WorkingDir: s.WorkingDir,
			Hostname: s.Hostname, Domainname: s.Domainname, StopTimeout: s.StopTimeout, StopSignal: s.StopSignal,
			Tty: isTrue(s.TTY), OpenStdin: isTrue(s.Interactive),
		},
		host: &container.HostConfig{
			NetworkMode:   container.NetworkMode(s.NetworkMode),
			RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyMode(s.RestartPolicy)},
			Privileged:    isTrue(s.Privileged), ReadonlyRootfs: isTrue(s.ReadOnly), AutoRemove: isTrue(s.AutoRemove), Init: s.Init,
			CapAdd: s.Capabilities, CapDrop: s.CapDrop, SecurityOpt: s.SecurityOpts, GroupAdd: s.Groups,
			PidMode: container.PidMode(s.PidMode), IpcMode: container.IpcMode(s.IpcMode),
			LogConfig: container.LogConfig{Type: s.LogDriver},
		},
	}
	if s.RestartRetries != nil {
		b.host.RestartPolicy.MaximumRetryCount = *s.RestartRetries
	}
	if s.NetworkMode == "" && len(s.networks) > 0 {
		b.host.NetworkMode = container.NetworkMode(s.networks[0].name)
	}
	b.mappings(s)
	b.resources(s)
	b.volumes(s.Volumes)
	b.ports(s)
	b.healthcheck(s.Healthcheck)
	b.tmpfs(s.Tmpfs)
	b.addresses(s.DNS)
	return b.config, b.host, b.err
}

// A builder collects the configuration, and the first error.
type builder struct {
	config *container.Config
	host   *container.HostConfig
	err    error
}

func (b *builder) fail(argument string, err error) {
	if b.err == nil && err != nil {
		b.err = fmt.Errorf("%s: %w", argument, err)
	}
}

func (b *builder) texts(argument string, m *value.Map) map[string]string {
	texts, err := dockerapi.Texts(argument, m)
	if b.err == nil {
		b.err = err // names the argument
	}
	return texts
}

func (b *builder) mappings(s *Spec) {
	env := b.texts("env", s.Env)
	for _, name := range slices.Sorted(maps.Keys(env)) {
		b.config.Env = append(b.config.Env, name+"="+env[name])
	}
	b.config.Labels = b.texts("labels", s.Labels)
	b.host.LogConfig.Config = b.texts("log_options", s.LogOptions)
	b.host.Sysctls = b.texts("sysctls", s.Sysctls)
	hosts := b.texts("etc_hosts", s.EtcHosts)
	for _, name := range slices.Sorted(maps.Keys(hosts)) {
		b.host.ExtraHosts = append(b.host.ExtraHosts, name+":"+hosts[name])
	}
}

func (b *builder) resources(s *Spec) {
	b.host.Memory = b.size("memory", s.Memory)
	b.host.MemoryReservation = b.size("memory_reservation", s.MemoryReserve)
	b.host.MemorySwap = b.size("memory_swap", s.MemorySwap)
	b.host.ShmSize = b.size("shm_size", s.ShmSize)
	if s.CPUs != nil {
		b.host.NanoCPUs = int64(*s.CPUs * 1e9)
	}
	if s.CPUShares != nil {
		b.host.CPUShares = int64(*s.CPUShares)
	}
	for _, text := range s.Ulimits {
		name, limits, _ := strings.Cut(text, ":")
		limit, err := units.ParseUlimit(name + "=" + limits)
		if err != nil {
			b.fail("ulimits", fmt.Errorf("%q is not NAME:SOFT[:HARD]", text))
			return
		}
		b.host.Ulimits = append(b.host.Ulimits, limit)
	}
}

func (b *builder) size(argument, text string) int64 {
	if text == "" {
		return 0
	}
	if text == "-1" || text == "unlimited" {
		return -1
	}
	size, err := units.RAMInBytes(text)
	if err != nil {
		b.fail(argument, fmt.Errorf("%q is not a size such as 512M", text))
	}
	return size
}

func (b *builder) volumes(volumes []string) {
	for _, v := range volumes {
		if strings.Contains(v, ":") {
			b.host.Binds = append(b.host.Binds, v)
			continue
		}
		if b.config.Volumes == nil {
			b.config.Volumes = map[string]struct{}{}
		}
		b.config.Volumes[v] = struct{}{}
	}
}

func (b *builder) ports(s *Spec) {
	b.config.ExposedPorts = network.PortSet{}
	b.host.PortBindings = network.PortMap{}
	for _, text := range s.Exposed {
		port, err := network.ParsePort(text)
		if err != nil {
			b.fail("exposed_ports", fmt.Errorf("%q is not PORT[/PROTOCOL]", text))
			return
		}
		b.config.ExposedPorts[port] = struct{}{}
	}
	for _, text := range s.Ports {
		published, err := parsePorts(text, s.DefaultHostIP)
		if err != nil {
			b.fail("published_ports", err)
			return
		}
		for _, p := range published {
			b.config.ExposedPorts[p.port] = struct{}{}
			b.host.PortBindings[p.port] = append(b.host.PortBindings[p.port], p.binding)
		}
	}
}

// healthcheck reads Ansible's mapping; the test "NONE" turns the image's check off.
func (b *builder) healthcheck(m *value.Map) {
	if m == nil {
		return
	}
	check := &container.HealthConfig{}
	for k, v := range m.All() {
		name, _ := k.(string)
		var err error
		switch name {
		case "test":
			switch v := v.(type) {
			case *value.List:
				check.Test, err = words(v)
			case string:
				check.Test = []string{"CMD-SHELL", v}
				if v == "NONE" {
					check.Test = []string{"NONE"}
				}
			}
		case "interval":
			check.Interval, err = duration(v)
		case "timeout":
			check.Timeout, err = duration(v)
		case "start_period":
			check.StartPeriod, err = duration(v)
		case "start_interval":
			check.StartInterval, err = duration(v)
		case "retries":
			var n int64
			n, err = module.ToInt(v)
			check.Retries = int(n)
		default:
			err = fmt.Errorf("unknown key %v: test, interval, timeout, retries, start_period, start_interval are known", k)
		}
		b.fail("healthcheck", err)
	}
	if len(check.Test) == 0 {
		b.fail("healthcheck", fmt.Errorf("needs a test: a command line, or a list that begins with CMD, CMD-SHELL or NONE"))
	}
	b.config.Healthcheck = check
}

func duration(v value.Value) (time.Duration, error) {
	text, err := module.ToString(v)
	if err != nil {
		return 0, err
	}
	if seconds, err := strconv.Atoi(text); err == nil {
		return time.Duration(seconds) * time.Second, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration such as 1m30s", text)
	}
	return d, nil
}

func (b *builder) tmpfs(items []string) {
	for _, text := range items {
		target, opts, _ := strings.Cut(text, ":")
		if !strings.HasPrefix(target, "/") {
			b.fail("tmpfs", fmt.Errorf("%q is not TARGET[:OPTIONS]", text))
		}
		if b.host.Tmpfs == nil {
			b.host.Tmpfs = map[string]string{}
		}
		b.host.Tmpfs[target] = opts
	}
}

func (b *builder) addresses(servers []string) {
	for _, text := range servers {
		address, err := netip.ParseAddr(text)
		if err != nil {
			b.fail("dns_servers", fmt.Errorf("%q is not an address", text))
			return
		}
		b.host.DNS = append(b.host.DNS, address)
	}
}

func isTrue(b *bool) bool { return b != nil && *b }

func (n networkWish) endpoint() (*network.EndpointSettings, error) {
	endpoint := &network.EndpointSettings{Aliases: n.aliases}
	if n.address == "" {
		return endpoint, nil
	}
	address, err := netip.ParseAddr(n.address)
	if err != nil {
		return nil, fmt.Errorf("networks: %s: %q is not an address", n.name, n.address)
	}
	endpoint.IPAMConfig = &network.EndpointIPAMConfig{IPv4Address: address}
	return endpoint, nil
}
