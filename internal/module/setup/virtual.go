package setup

import (
	"strings"

	"kops/internal/value"
)

var virtualFiles = []source{{section: "cpuinfo", paths: "/proc/cpuinfo"}, {section: "dmi-virt", named: true,
	paths: "/sys/devices/virtual/dmi/id/product_name /sys/devices/virtual/dmi/id/sys_vendor /sys/devices/virtual/dmi/id/bios_vendor"}}

// virtualScript asks systemd only where nothing says that this is a container.
const virtualScript = `kops_section container
if [ -e /.dockerenv ]; then echo docker
elif [ -e /run/.containerenv ]; then echo podman
elif [ -s /run/systemd/container ]; then cat /run/systemd/container
else
	tr '\0' '\n' </proc/1/environ | grep '^container='
	kops_section detect-virt
	command -v systemd-detect-virt >/dev/null && systemd-detect-virt
fi
kops_section kvm
[ -e /dev/kvm ] && echo kvm`

// virtualTypes are Ansible's names for what systemd-detect-virt says.
var virtualTypes = map[string]string{"kvm": "kvm", "qemu": "kvm", "amazon": "kvm", "google": "kvm", "oracle": "virtualbox", "vmware": "VMware",
	"microsoft": "VirtualPC", "xen": "xen", "bochs": "kvm", "parallels": "parallels", "zvm": "zvm", "bhyve": "bhyve",
	"docker": "docker", "podman": "podman", "lxc": "lxc", "lxc-libvirt": "lxc", "openvz": "openvz", "wsl": "wsl", "systemd-nspawn": "container",
	"container-other": "container", "rkt": "container", "proot": "container"}

func readVirtual(in sections, facts *value.Map) {
	kind, role := virtualization(in)
	facts.Set("virtualization_type", kind)
	facts.Set("virtualization_role", role)
}

// virtualization asks for a container first, then what systemd says, then the firmware.
func virtualization(in sections) (kind, role string) {
	for _, word := range in.lines("container") {
		word = strings.TrimPrefix(strings.TrimSpace(word), "container=")
		if word == "" {
			continue
		}
		if name, ok := virtualTypes[word]; ok {
			return name, "guest"
		}
		return "container", "guest"
	}
	if name, ok := virtualTypes[in.one("detect-virt")]; ok {
		return name, "guest"
	}
	for _, text := range in.files("dmi-virt") {
		switch {
		case strings.HasPrefix(text, "KVM"), strings.HasPrefix(text, "QEMU"), text == "Amazon EC2", text == "Google", text == "Bochs", text == "RHEV Hypervisor", text == "OpenStack Nova":
			return "kvm", "guest"
		case strings.HasPrefix(text, "VMware"):
			return "VMware", "guest"
		case text == "VirtualBox":
			return "virtualbox", "guest"
		case text == "Xen" || strings.HasPrefix(text, "HVM dom"):
			return "xen", "guest"
		}
	}
	switch {
	case strings.Contains(in["cpuinfo"], " hypervisor"):
		return "kvm", "guest"
	case in.one("kvm") != "":
		return "kvm", "host"
	}
	return "NA", "NA"
}
