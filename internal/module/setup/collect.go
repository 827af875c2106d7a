package setup

import (
	"fmt"
	"slices"
	"strings"

	"kops/internal/diag"
	"kops/internal/value"
)

// A collector is one kind of facts: the part of the script that reads it, and the function
// that makes facts of the answer.
type collector struct {
	name   string
	kind   string // min, hardware, network or virtual
	script string
	read   func(in sections, facts *value.Map)
}

// collectors returns all collectors, in the order in which they run. env is the first, so
// that it sees the environment as it is.
func collectors() []collector {
	return []collector{
		{"env", "min", envScript, readEnv},
		{"platform", "min", platformScript, readPlatform},
		{"distribution", "min", distributionScript, readDistribution},
		{"lsb", "min", lsbScript, readLSB},
		{"pkg_mgr", "min", pkgMgrScript, readPkgMgr},
		{"service_mgr", "min", serviceMgrScript, readServiceMgr},
		{"user", "min", userScript, readUser},
		{"date_time", "min", dateScript, readDate},
		{"dns", "min", dnsScript, readDNS},
		{"selinux", "min", selinuxScript, readSELinux},
		{"apparmor", "min", apparmorScript, readAppArmor},
		{"fips", "min", fipsScript, readFIPS},
		{"cmdline", "min", cmdlineScript, readCmdline},
		{"ssh_pub_keys", "min", hostKeysScript, readHostKeys},
		{"local", "min", localScript, readLocal},
		{"chroot", "hardware", chrootScript, readChroot},
		{"loadavg", "hardware", loadScript, readLoad},
		{"processor", "hardware", processorScript, readProcessor},
		{"memory", "hardware", memoryScript, readMemory},
		{"uptime", "hardware", uptimeScript, readUptime},
		{"dmi", "hardware", dmiScript, readDMI},
		{"mounts", "hardware", mountsScript, readMounts},
		{"devices", "hardware", devicesScript, readDevices},
		{"interfaces", "network", networkScript, readNetwork},
		{"virtualization", "virtual", virtualScript, readVirtual},
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
