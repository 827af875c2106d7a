package setup

import (
	"fmt"
	"slices"
	"strings"

	"kops/internal/diag"
	"kops/internal/value"
)

// A collector is one kind of facts: the files and the part of the script that hold it, and
// the function that makes facts of the answer.
type collector struct {
	name   string
	kind   string // min, hardware, network or virtual
	files  []source
	script string
	read   func(in sections, facts *value.Map)
}

// A source is files that make a section of the answer. All sources are read by one program:
// starting programs is what gathering facts costs a host.
type source struct {
	section string
	paths   string // globs; without named, the first file that is there counts, or all that a glob finds
	named   bool   // each line begins with its file's path and a colon
}

// collectors returns all collectors, in the order in which they run. env is the first, so
// that it sees the environment as it is.
func collectors() []collector {
	return []collector{
		{"env", "min", nil, envScript, readEnv},
		{"platform", "min", platformFiles, platformScript, readPlatform},
		{"distribution", "min", distributionFiles, "", readDistribution},
		{"lsb", "min", lsbFiles, lsbScript, readLSB},
		{"pkg_mgr", "min", []source{osRelease}, pkgMgrScript, readPkgMgr},
		{"service_mgr", "min", serviceMgrFiles, serviceMgrScript, readServiceMgr},
		{"user", "min", userFiles, userScript, readUser},
		{"date_time", "min", nil, dateScript, readDate},
		{"dns", "min", dnsFiles, "", readDNS},
		{"selinux", "min", selinuxFiles, "", readSELinux},
		{"apparmor", "min", nil, apparmorScript, readAppArmor},
		{"fips", "min", fipsFiles, "", readFIPS},
		{"cmdline", "min", cmdlineFiles, "", readCmdline},
		{"ssh_pub_keys", "min", hostKeysFiles, "", readHostKeys},
		{"local", "min", nil, localScript, readLocal},
		{"chroot", "hardware", nil, chrootScript, readChroot},
		{"loadavg", "hardware", loadFiles, "", readLoad},
		{"processor", "hardware", processorFiles, processorScript, readProcessor},
		{"memory", "hardware", memoryFiles, "", readMemory},
		{"uptime", "hardware", uptimeFiles, "", readUptime},
		{"dmi", "hardware", dmiFiles, "", readDMI},
		{"mounts", "hardware", mountsFiles, mountsScript, readMounts},
		{"devices", "hardware", devicesFiles, devicesScript, readDevices},
		{"interfaces", "network", networkFiles, networkScript, readNetwork},
		{"virtualization", "virtual", virtualFiles, virtualScript, readVirtual},
	}
}

// members are Ansible's other names for collectors.
var members = map[string][]string{
	"system": {"platform"}, "machine_id": {"platform"}, "default_ipv4": {"interfaces"}, "default_ipv6": {"interfaces"},
	"all_ipv4_addresses": {"interfaces"}, "all_ipv6_addresses": {"interfaces"}, "os_family": {"distribution"},
	"virtualization_type": {"virtualization"}, "virtualization_role": {"virtualization"}, "is_chroot": {"chroot"},
	"processor_count": {"processor"}, "memtotal_mb": {"memory"}, "date": {"date_time"}, "kernel": {"platform"},
}

// selectCollectors resolves a gather_subset as Ansible does: min is always in it unless
// !min says otherwise, a list of exclusions alone begins with all, and what is named stays in
// whatever !all says.
func selectCollectors(subset []string) ([]collector, error) {
	all := collectors()
	in, out, named := map[string]bool{}, map[string]bool{}, map[string]bool{}
	add := func(names []string, sets ...map[string]bool) {
		for _, set := range sets {
			for _, n := range names {
				set[n] = true
			}
		}
	}
	minimal, _ := namesOf(all, "min")
	begun := false
	for _, item := range subset {
		word, not := strings.CutPrefix(item, "!")
		names, err := namesOf(all, word)
		switch {
		case not && (word == "facter" || word == "ohai"):
			continue
		case err != nil:
			return nil, err
		case not && word == "all":
			add(slices.DeleteFunc(names, func(n string) bool { return slices.Contains(minimal, n) }), out)
		case not:
			add(names, out)
		case word == "all" || word == "min":
			add(names, in)
		default:
			add(names, in, named)
		}
		begun = begun || !not || word == "all"
	}
	if !begun {
		names, _ := namesOf(all, "all")
		add(names, in)
	}
	add(minimal, in)
	return slices.DeleteFunc(all, func(c collector) bool { return !in[c.name] || out[c.name] && !named[c.name] }), nil
}

// namesOf returns the collectors that a word of gather_subset means.
func namesOf(all []collector, word string) ([]string, error) {
	if names, ok := members[word]; ok {
		return names, nil
	}
	var names []string
	for _, c := range all {
		if word == "all" || word == c.kind || word == c.name {
			names = append(names, c.name)
		}
	}
	if len(names) > 0 {
		return names, nil
	}
	known := []string{"all", "min", "hardware", "network", "virtual"}
	for _, c := range all {
		known = append(known, c.name)
	}
	hint := ""
	if s := diag.Suggest(word, known); s != "" {
		hint = "; " + s
	}
	return nil, fmt.Errorf("gather_subset: %q is not one of %s%s", word, strings.Join(known, ", "), hint)
}
