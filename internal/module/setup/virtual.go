package setup

import (
	"strings"

	"kops/internal/value"
)

const virtualScript = `kops_section detect-virt
command -v systemd-detect-virt >/dev/null && systemd-detect-virt
kops_section container
[ -e /.dockerenv ] && echo docker
[ -e /run/.containerenv ] && echo podman
cat /run/systemd/container; echo
tr '\0' '\n' </proc/1/environ | grep '^container='
kops_section dmi-virt
grep -sH '' /sys/devices/virtual/dmi/id/product_name /sys/devices/virtual/dmi/id/sys_vendor /sys/devices/virtual/dmi/id/bios_vendor
kops_section hypervisor
grep -m1 -w hypervisor /proc/cpuinfo
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
	case in.one("hypervisor") != "":
		return "kvm", "guest"
	case in.one("kvm") != "":
		return "kvm", "host"
	}
	return "NA", "NA"
}
