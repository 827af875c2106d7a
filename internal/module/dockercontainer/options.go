package dockercontainer

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/moby/api/types/container"

	"kops/internal/module/dockerapi"
)

// A kind says how an option's values are compared by default.
type kind int

const (
	single  kind = iota // equal texts
	ordered             // equal lists
	set                 // all that is wanted is there; there may be more
	exact               // equal sets
	mapping             // all keys that are wanted have their values; there may be more
)

// An option is an argument that is compared: read finds it in what would be created and in
// what is there, as a text, a list of texts or a mapping of texts.
type option struct {
	name    string
	kind    kind
	given   func(*Spec) bool
	read    func(*container.Config, *container.HostConfig) any
	hidden  bool // values are not shown
	inPlace bool // Docker can change it without making the container anew
	// inherited is the part of a mapping that comes from the image, whatever is asked for.
	inherited func(dockerapi.Image) map[string]string
}

// options are all arguments that are compared, but for image and networks.
var options = []option{
	{name: "command", kind: ordered, given: func(s *Spec) bool { return s.Command != nil },
		read: func(c *container.Config, _ *container.HostConfig) any { return c.Cmd }},
	{name: "entrypoint", kind: ordered, given: func(s *Spec) bool { return s.Entrypoint != nil },
		read: func(c *container.Config, _ *container.HostConfig) any { return c.Entrypoint }},
	{name: "env", kind: mapping, hidden: true, given: func(s *Spec) bool { return s.Env != nil },
		read:      func(c *container.Config, _ *container.HostConfig) any { return pairs(c.Env, "=") },
		inherited: func(i dockerapi.Image) map[string]string { return pairs(i.Env, "=") }},
	{name: "labels", kind: mapping, given: func(s *Spec) bool { return s.Labels != nil },
		read:      func(c *container.Config, _ *container.HostConfig) any { return c.Labels },
		inherited: func(i dockerapi.Image) map[string]string { return i.Labels }},
	{name: "volumes", kind: set, given: func(s *Spec) bool { return s.Volumes != nil }, read: readVolumes},
	{name: "published_ports", kind: exact, given: func(s *Spec) bool { return s.Ports != nil }, read: readPorts},
	{name: "exposed_ports", kind: set, given: func(s *Spec) bool { return s.Exposed != nil },
		read: func(c *container.Config, _ *container.HostConfig) any {
			var ports []string
			for port := range c.ExposedPorts {
				ports = append(ports, port.String())
			}
			return ports
		}},
	{name: "network_mode", given: func(s *Spec) bool { return s.NetworkMode != "" },
		read: func(_ *container.Config, h *container.HostConfig) any {
			return otherwise(strings.TrimPrefix(string(h.NetworkMode), "default"), "bridge")
		}},
	{name: "user", given: func(s *Spec) bool { return s.User != "" },
		read: func(c *container.Config, _ *container.HostConfig) any { return c.User }},
	{name: "working_dir", given: func(s *Spec) bool { return s.WorkingDir != "" },
		read: func(c *container.Config, _ *container.HostConfig) any { return c.WorkingDir }},
	{name: "hostname", given: func(s *Spec) bool { return s.Hostname != "" },
		read: func(c *container.Config, _ *container.HostConfig) any { return c.Hostname }},
	{name: "domainname", given: func(s *Spec) bool { return s.Domainname != "" },
		read: func(c *container.Config, _ *container.HostConfig) any { return c.Domainname }},
	{name: "restart_policy", inPlace: true, given: func(s *Spec) bool { return s.RestartPolicy != "" },
		read: func(_ *container.Config, h *container.HostConfig) any {
			return otherwise(string(h.RestartPolicy.Name), "no")
		}},
	{name: "restart_retries", inPlace: true, given: func(s *Spec) bool { return s.RestartRetries != nil },
		read: func(_ *container.Config, h *container.HostConfig) any {
			return strconv.Itoa(h.RestartPolicy.MaximumRetryCount)
		}},
	{name: "healthcheck", kind: mapping, given: func(s *Spec) bool { return s.Healthcheck != nil }, read: readHealthcheck},
	{name: "memory", inPlace: true, given: func(s *Spec) bool { return s.Memory != "" },
		read: func(_ *container.Config, h *container.HostConfig) any { return number(h.Memory) }},
	{name: "memory_reservation", inPlace: true, given: func(s *Spec) bool { return s.MemoryReserve != "" },
		read: func(_ *container.Config, h *container.HostConfig) any { return number(h.MemoryReservation) }},
	{name: "memory_swap", inPlace: true, given: func(s *Spec) bool { return s.MemorySwap != "" },
		read: func(_ *container.Config, h *container.HostConfig) any { return number(h.MemorySwap) }},
	{name: "cpus", inPlace: true, given: func(s *Spec) bool { return s.CPUs != nil },
		read: func(_ *container.Config, h *container.HostConfig) any { return number(h.NanoCPUs) }},
	{name: "cpu_shares", inPlace: true, given: func(s *Spec) bool { return s.CPUShares != nil },
		read: func(_ *container.Config, h *container.HostConfig) any { return number(h.CPUShares) }},
	{name: "shm_size", given: func(s *Spec) bool { return s.ShmSize != "" },
		read: func(_ *container.Config, h *container.HostConfig) any { return number(h.ShmSize) }},
	{name: "log_driver", given: func(s *Spec) bool { return s.LogDriver != "" },
		read: func(_ *container.Config, h *container.HostConfig) any { return h.LogConfig.Type }},
	{name: "log_options", kind: mapping, given: func(s *Spec) bool { return s.LogOptions != nil },
		read: func(_ *container.Config, h *container.HostConfig) any { return h.LogConfig.Config }},
	{name: "privileged", given: func(s *Spec) bool { return s.Privileged != nil },
		read: func(_ *container.Config, h *container.HostConfig) any { return strconv.FormatBool(h.Privileged) }},
	{name: "capabilities", kind: set, given: func(s *Spec) bool { return s.Capabilities != nil },
		read: func(_ *container.Config, h *container.HostConfig) any { return capabilities(h.CapAdd) }},
	{name: "cap_drop", kind: set, given: func(s *Spec) bool { return s.CapDrop != nil },
		read: func(_ *container.Config, h *container.HostConfig) any { return capabilities(h.CapDrop) }},
	{name: "security_opts", kind: set, given: func(s *Spec) bool { return s.SecurityOpts != nil },
		read: func(_ *container.Config, h *container.HostConfig) any { return h.SecurityOpt }},
	{name: "groups", kind: set, given: func(s *Spec) bool { return s.Groups != nil },
		read: func(_ *container.Config, h *container.HostConfig) any { return h.GroupAdd }},
	{name: "read_only", given: func(s *Spec) bool { return s.ReadOnly != nil },
		read: func(_ *container.Config, h *container.HostConfig) any { return strconv.FormatBool(h.ReadonlyRootfs) }},
	{name: "tmpfs", kind: mapping, given: func(s *Spec) bool { return s.Tmpfs != nil },
		read: func(_ *container.Config, h *container.HostConfig) any { return h.Tmpfs }},
	{name: "init", given: func(s *Spec) bool { return s.Init != nil },
		read: func(_ *container.Config, h *container.HostConfig) any { return strconv.FormatBool(isTrue(h.Init)) }},
	{name: "tty", given: func(s *Spec) bool { return s.TTY != nil },
		read: func(c *container.Config, _ *container.HostConfig) any { return strconv.FormatBool(c.Tty) }},
	{name: "interactive", given: func(s *Spec) bool { return s.Interactive != nil },
		read: func(c *container.Config, _ *container.HostConfig) any { return strconv.FormatBool(c.OpenStdin) }},
	{name: "auto_remove", given: func(s *Spec) bool { return s.AutoRemove != nil },
		read: func(_ *container.Config, h *container.HostConfig) any { return strconv.FormatBool(h.AutoRemove) }},
	{name: "pid_mode", given: func(s *Spec) bool { return s.PidMode != "" },
		read: func(_ *container.Config, h *container.HostConfig) any { return string(h.PidMode) }},
	{name: "ipc_mode", given: func(s *Spec) bool { return s.IpcMode != "" },
		read: func(_ *container.Config, h *container.HostConfig) any { return string(h.IpcMode) }},
	{name: "stop_timeout", given: func(s *Spec) bool { return s.StopTimeout != nil },
		read: func(c *container.Config, _ *container.HostConfig) any {
			if c.StopTimeout == nil {
				return ""
			}
			return strconv.Itoa(*c.StopTimeout)
		}},
	{name: "stop_signal", given: func(s *Spec) bool { return s.StopSignal != "" },
		read: func(c *container.Config, _ *container.HostConfig) any { return c.StopSignal }},
	{name: "etc_hosts", kind: set, given: func(s *Spec) bool { return s.EtcHosts != nil },
		read: func(_ *container.Config, h *container.HostConfig) any { return h.ExtraHosts }},
	{name: "dns_servers", kind: ordered, given: func(s *Spec) bool { return s.DNS != nil },
		read: func(_ *container.Config, h *container.HostConfig) any { return texts(h.DNS) }},
	{name: "ulimits", kind: set, given: func(s *Spec) bool { return s.Ulimits != nil },
		read: func(_ *container.Config, h *container.HostConfig) any { return texts(h.Ulimits) }},
	{name: "sysctls", kind: mapping, given: func(s *Spec) bool { return s.Sysctls != nil },
		read: func(_ *container.Config, h *container.HostConfig) any { return h.Sysctls }},
}

// readVolumes writes each volume as SOURCE:TARGET:MODE, as Docker may or may not.
func readVolumes(c *container.Config, h *container.HostConfig) any {
	var volumes []string
	for _, bind := range h.Binds {
		parts := strings.Split(bind, ":")
		if len(parts) == 2 {
			parts = append(parts, "rw")
		}
		for i := range min(2, len(parts)) {
			if path.IsAbs(parts[i]) {
				parts[i] = path.Clean(parts[i])
			}
		}
		volumes = append(volumes, strings.Join(parts, ":"))
	}
	return slices.AppendSeq(volumes, maps.Keys(c.Volumes))
}

func readPorts(_ *container.Config, h *container.HostConfig) any {
	var ports []string
	for port, bindings := range h.PortBindings {
		for _, b := range bindings {
			address := "0.0.0.0"
			if b.HostIP.IsValid() {
				address = b.HostIP.String()
			}
			ports = append(ports, fmt.Sprintf("%s:%s:%s", address, strings.TrimPrefix(b.HostPort, "0"), port))
		}
	}
	return ports
}

func readHealthcheck(c *container.Config, _ *container.HostConfig) any {
	check := c.Healthcheck
	if check == nil {
		return map[string]string{}
	}
	read := map[string]string{"test": strings.Join(check.Test, " ")}
	for name, d := range map[string]int64{"interval": int64(check.Interval), "timeout": int64(check.Timeout),
		"start_period": int64(check.StartPeriod), "start_interval": int64(check.StartInterval), "retries": int64(check.Retries)} {
		if d != 0 {
			read[name] = number(d)
		}
	}
	return read
}

func pairs(items []string, separator string) map[string]string {
	m := make(map[string]string, len(items))
	for _, item := range items {
		key, val, _ := strings.Cut(item, separator)
		m[key] = val
	}
	return m
}

// capabilities are known with and without CAP_.
func capabilities(names []string) []string {
	var list []string
	for _, name := range names {
		list = append(list, strings.TrimPrefix(strings.ToUpper(name), "CAP_"))
	}
	return list
}

func texts[T fmt.Stringer](items []T) []string {
	var list []string
	for _, item := range items {
		list = append(list, item.String())
	}
	return list
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func otherwise(s, empty string) string {
	if s == "" {
		return empty
	}
	return s
}
