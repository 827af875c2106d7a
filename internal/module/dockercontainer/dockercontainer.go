// Package dockercontainer is the module docker_container: containers, compared with what
// would be made, and made anew only where they differ.
package dockercontainer

import (
	"kops/internal/module"
	"kops/internal/module/dockerapi"
	"kops/internal/value"
)

// Spec is the container that is wanted. What is nil or empty is not compared.
type Spec struct {
	Name            string      `arg:"name,required" doc:"name of the container"`
	Image           string      `arg:"image" doc:"image, with tag"`
	State           string      `arg:"state,choices=absent|present|started|stopped" doc:"present makes the container without starting it"`
	Command         value.Value `arg:"command,raw" doc:"command in place of the image's: a list of words, or a line that is split as a shell would"`
	Entrypoint      []string    `arg:"entrypoint" doc:"entry point in place of the image's"`
	Env             *value.Map  `arg:"env" doc:"environment; values are never shown in diffs"`
	Volumes         []string    `arg:"volumes" doc:"SOURCE:TARGET[:MODE], where SOURCE is a path on the host or the name of a volume, or TARGET alone"`
	Ports           []string    `arg:"published_ports,alias=ports" doc:"[[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]; not together with the host's network"`
	Exposed         []string    `arg:"exposed_ports,alias=exposed|expose" doc:"ports for other containers"`
	NetworkMode     string      `arg:"network_mode" doc:"bridge, host, none or the name of a network"`
	Networks        value.Value `arg:"networks,raw" doc:"networks to be in: a list of mappings with name, aliases and ipv4_address"`
	User            string      `arg:"user" doc:"who runs the command"`
	WorkingDir      string      `arg:"working_dir" doc:"folder that the command runs in"`
	Hostname        string      `arg:"hostname" doc:"the container's name for itself"`
	Domainname      string      `arg:"domainname" doc:"the container's domain"`
	RestartPolicy   string      `arg:"restart_policy,choices=no|on-failure|always|unless-stopped" doc:"when Docker starts the container again"`
	RestartRetries  *int        `arg:"restart_retries,with=restart_policy" doc:"how often on-failure tries"`
	Labels          *value.Map  `arg:"labels" doc:"labels"`
	Healthcheck     *value.Map  `arg:"healthcheck" doc:"test, interval, timeout, retries, start_period"`
	Memory          string      `arg:"memory" doc:"limit of memory, as 512M"`
	MemoryReserve   string      `arg:"memory_reservation" doc:"soft limit of memory"`
	MemorySwap      string      `arg:"memory_swap" doc:"limit of memory and swap together"`
	ShmSize         string      `arg:"shm_size" doc:"size of /dev/shm"`
	CPUs            *float64    `arg:"cpus" doc:"how many processors may be used, in parts"`
	CPUShares       *int        `arg:"cpu_shares" doc:"weight among containers"`
	LogDriver       string      `arg:"log_driver" doc:"where output goes"`
	LogOptions      *value.Map  `arg:"log_options,with=log_driver" doc:"options of the log driver"`
	Privileged      *bool       `arg:"privileged" doc:"whether the container may do all"`
	Capabilities    []string    `arg:"capabilities" doc:"capabilities to add"`
	CapDrop         []string    `arg:"cap_drop" doc:"capabilities to take away"`
	SecurityOpts    []string    `arg:"security_opts" doc:"security options"`
	Groups          []string    `arg:"groups" doc:"further groups of the user"`
	ReadOnly        *bool       `arg:"read_only" doc:"whether the root file system is read-only"`
	Tmpfs           []string    `arg:"tmpfs" doc:"TARGET[:OPTIONS] of file systems in memory"`
	Init            *bool       `arg:"init" doc:"whether an init process reaps children"`
	TTY             *bool       `arg:"tty" doc:"whether the command has a terminal"`
	Interactive     *bool       `arg:"interactive" doc:"whether standard input stays open"`
	AutoRemove      *bool       `arg:"auto_remove" doc:"whether Docker removes the container when it ends"`
	PidMode         string      `arg:"pid_mode" doc:"namespace of processes"`
	IpcMode         string      `arg:"ipc_mode" doc:"namespace of IPC"`
	StopTimeout     *int        `arg:"stop_timeout" doc:"seconds until a container that is told to stop is killed"`
	StopSignal      string      `arg:"stop_signal" doc:"signal that tells the container to stop"`
	EtcHosts        *value.Map  `arg:"etc_hosts" doc:"names and their addresses for /etc/hosts"`
	DNS             []string    `arg:"dns_servers" doc:"name servers"`
	Ulimits         []string    `arg:"ulimits" doc:"NAME:SOFT[:HARD]"`
	Sysctls         *value.Map  `arg:"sysctls" doc:"kernel settings of the container"`
	Pull            string      `arg:"pull,choices=missing|always|never|True|False" doc:"when to pull the image; true means always, false missing"`
	Recreate        bool        `arg:"recreate" doc:"make the container anew in any case"`
	Restart         bool        `arg:"restart" doc:"restart the container if it was there already and is left as it is"`
	ForceKill       bool        `arg:"force_kill,alias=forcekill" doc:"kill in place of stop"`
	KeepVolumes     bool        `arg:"keep_volumes" doc:"keep volumes without a name when the container is removed"`
	Comparisons     *value.Map  `arg:"comparisons" doc:"how an argument is compared: strict, ignore or allow_more_present; '*' for all"`
	ImageComparison string      `arg:"image_name_mismatch,choices=recreate|ignore" doc:"whether a container whose image has another name, but is the same, is made anew"`
	DefaultHostIP   string      `arg:"default_host_ip" doc:"address that ports are published on where none is given"`
	Detach          bool        `arg:"detach" doc:"kops never waits for a container's end: only true"`
	Defaults        string      `arg:"container_default_behavior,choices=no_defaults" doc:"arguments that are not given are left to the image and to Docker"`
	NetworksCLI     bool        `arg:"networks_cli_compatible" doc:"the first of networks is the one that the container is made in: only true"`
	EnvFile         string      `arg:"env_file,unsupported" doc:"write env, whose values may come from a vault"`
	Mounts          value.Value `arg:"mounts,unsupported" doc:"write volumes"`
	Cleanup         bool        `arg:"cleanup,unsupported" doc:"kops never waits for a container's end"`
	OutputLogs      bool        `arg:"output_logs,unsupported" doc:"kops never waits for a container's end"`
	Devices         value.Value `arg:"devices,unsupported" doc:"not built yet"`
	dockerapi.Connection

	command  []string
	networks []networkWish
	pulled   bool // a step has pulled already: the Plan that follows does not ask for it again
}

// A networkWish is an item of networks.
type networkWish struct {
	name, address string
	aliases       []string
}

// New describes docker_container.
func New() *module.Module {
	return &module.Module{
		Name: "docker_container", Collection: "community.docker",
		Doc: module.Doc{
			Summary: "Manage containers.",
			Notes: []string{
				"An existing container is compared with what would be made: arguments that are not given are not compared. env, labels, volumes and other sets may hold more than is asked for; comparisons changes that.",
				"A container that differs is made anew; the old one is kept until the new one has started, and comes back if that fails. A change of restart policy, memory or processors alone is made in place.",
				"A volume without a colon must be a path in the container: 'A B' is refused, since it is 'A:B' misspelt. Ports cannot be published in the host's network.",
			},
			Examples: `- name: Prometheus runs
  community.docker.docker_container:
    name: prometheus
    image: prom/prometheus:v3.5.0
    network_mode: host
    restart_policy: unless-stopped
    volumes:
      - /etc/prometheus:/etc/prometheus:ro
      - prometheus-data:/prometheus
`,
			Returns: []module.Return{
				{Name: "container", Type: "dict", Text: "what Docker tells of the container, empty if there is none"},
				{Name: "actions", Type: "list", Text: "what was done"},
				{Name: "differences", Type: "list", Text: "arguments by which the container differed"},
			},
		},
		New: func() module.Spec {
			return &Spec{State: "started", Pull: "missing", KeepVolumes: true, ImageComparison: "recreate", DefaultHostIP: "0.0.0.0",
				Detach: true, Defaults: "no_defaults", NetworksCLI: true, Connection: dockerapi.Default()}
		},
	}
}
