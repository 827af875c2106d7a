package setup

import (
	"regexp"
	"strings"

	"kops/internal/value"
)

var osRelease = source{section: "os-release", paths: "/etc/os-release /usr/lib/os-release"}

var distributionFiles = []source{osRelease,
	{section: "debian_version", paths: "/etc/debian_version"},
	{section: "system-release", paths: "/etc/redhat-release /etc/system-release"}}

var lsbFiles = []source{{section: "lsb-release", paths: "/etc/lsb-release"}}

const lsbScript = `if [ ! -r /etc/lsb-release ] && command -v lsb_release >/dev/null; then
	kops_section lsb_release
	lsb_release -a
fi`

const pkgMgrScript = `kops_section pkg_mgr
for m in apt-get dnf5 dnf yum microdnf zypper apk pacman emerge; do command -v $m >/dev/null && echo $m; done`

var serviceMgrFiles = []source{{section: "init", paths: "/proc/1/comm"}}

const serviceMgrScript = `kops_section service_mgr
[ -d /run/systemd/system ] && echo has-systemd
[ -x /sbin/openrc-run ] && echo has-openrc
[ -d /etc/init.d ] && echo has-initd`

// A distro is Ansible's name and family for an ID of os-release.
type distro struct{ name, family string }

var distros = map[string]distro{
	"debian": {"Debian", "Debian"}, "ubuntu": {"Ubuntu", "Debian"}, "raspbian": {"Debian", "Debian"}, "linuxmint": {"Linux Mint", "Debian"},
	"kali": {"Kali", "Debian"}, "pop": {"Pop!_OS", "Debian"}, "devuan": {"Devuan", "Debian"},
	"rhel": {"RedHat", "RedHat"}, "centos": {"CentOS", "RedHat"}, "rocky": {"Rocky", "RedHat"}, "almalinux": {"AlmaLinux", "RedHat"},
	"fedora": {"Fedora", "RedHat"}, "amzn": {"Amazon", "RedHat"}, "ol": {"OracleLinux", "RedHat"}, "scientific": {"Scientific", "RedHat"},
	"sles": {"SLES", "Suse"}, "sled": {"SLED", "Suse"}, "opensuse-leap": {"openSUSE Leap", "Suse"},
	"opensuse-tumbleweed": {"openSUSE Tumbleweed", "Suse"}, "opensuse": {"openSUSE", "Suse"},
	"alpine": {"Alpine", "Alpine"}, "arch": {"Archlinux", "Archlinux"}, "manjaro": {"Manjaro", "Archlinux"}, "gentoo": {"Gentoo", "Gentoo"},
}

// families are os-release's ID_LIKE words and the families that they stand for.
var families = map[string]string{"debian": "Debian", "ubuntu": "Debian", "rhel": "RedHat", "fedora": "RedHat", "centos": "RedHat",
	"suse": "Suse", "opensuse": "Suse", "arch": "Archlinux", "alpine": "Alpine"}

var (
	releaseVersion = regexp.MustCompile(`release (\d+(?:\.\d+)?)`)
	parenthesis    = regexp.MustCompile(`\(([^)]*)\)`)
	debianVersion  = regexp.MustCompile(`^\d+(\.\d+)?`)
)

func distroOf(release map[string]string) distro {
	id := release["ID"]
	if d, ok := distros[id]; ok {
		return d
	}
	d := distro{name: release["NAME"], family: release["NAME"]}
	for like := range strings.FieldsSeq(release["ID_LIKE"]) {
		if f, ok := families[like]; ok {
			d.family = f
			break
		}
	}
	return d
}

func readDistribution(in sections, facts *value.Map) {
	release := in.assignments("os-release")
	d := distroOf(release)
	version := versionOf(in, release)
	major, minor, dotted := strings.Cut(version, ".")
	facts.Set("distribution", d.name)
	facts.Set("distribution_version", version)
	facts.Set("distribution_major_version", major)
	if dotted {
		minor, _, _ = strings.Cut(minor, ".")
		facts.Set("distribution_minor_version", minor)
	}
	facts.Set("distribution_release", codename(release))
	facts.Set("os_family", d.family)
}

// versionOf prefers the file that has the point release where os-release has not.
func versionOf(in sections, release map[string]string) string {
	version := release["VERSION_ID"]
	switch release["ID"] {
	case "debian", "raspbian":
		if v := debianVersion.FindString(in.one("debian_version")); v != "" {
			return v
		}
	case "centos", "scientific":
		if m := releaseVersion.FindStringSubmatch(in.one("system-release")); m != nil {
			return m[1]
		}
	case "arch":
		return "rolling"
	}
	if version == "" {
		return "NA"
	}
	return version
}

func codename(release map[string]string) string {
	switch name := release["VERSION_CODENAME"]; {
	case name != "":
		return name
	case release["ID"] == "centos" && strings.Contains(release["NAME"], "Stream"):
		return "Stream"
	case release["ID"] == "amzn", release["ID"] == "fedora":
		return "NA"
	}
	if m := parenthesis.FindStringSubmatch(release["VERSION"]); m != nil {
		return m[1]
	}
	return "NA"
}

func readLSB(in sections, facts *value.Map) {
	lsb := value.NewMap()
	names := map[string]string{"DISTRIB_ID": "id", "DISTRIB_RELEASE": "release", "DISTRIB_DESCRIPTION": "description", "DISTRIB_CODENAME": "codename",
		"Distributor ID": "id", "Release": "release", "Description": "description", "Codename": "codename"}
	found := in.assignments("lsb-release")
	for _, line := range in.lines("lsb_release") {
		if k, v, ok := strings.Cut(line, ":"); ok {
			found[k] = strings.TrimSpace(v)
		}
	}
	for _, key := range []string{"id", "release", "description", "codename"} {
		for k, v := range found {
			if names[k] == key {
				lsb.Set(key, v)
			}
		}
	}
	if release := lsb.String("release"); release != "" {
		major, _, _ := strings.Cut(release, ".")
		lsb.Set("major_release", major)
	}
	facts.Set("lsb", lsb)
}

func readPkgMgr(in sections, facts *value.Map) {
	there := map[string]bool{}
	for _, m := range in.lines("pkg_mgr") {
		there[strings.TrimSpace(m)] = true
	}
	facts.Set("pkg_mgr", pkgMgr(in.assignments("os-release"), there))
}

// pkgMgr picks the distribution's own package manager: apt can be installed on Fedora too.
func pkgMgr(release map[string]string, there map[string]bool) string {
	order := []string{"apt-get", "dnf5", "dnf", "yum", "zypper", "apk", "pacman", "emerge"}
	switch distroOf(release).family {
	case "RedHat":
		order = []string{"dnf", "dnf5", "yum", "microdnf"}
		if release["ID"] == "fedora" && there["dnf5"] {
			order = []string{"dnf5"}
		}
	case "Suse":
		order = []string{"zypper"}
	}
	for _, m := range order {
		if !there[m] {
			continue
		}
		switch m {
		case "apt-get":
			return "apt"
		case "emerge":
			return "portage"
		}
		return m
	}
	return "unknown"
}

func readServiceMgr(in sections, facts *value.Map) {
	lines := in.lines("service_mgr")
	has := func(word string) bool {
		for _, l := range lines {
			if l == word {
				return true
			}
		}
		return false
	}
	first := strings.TrimSpace(in.line("init", 0))
	switch {
	case first == "systemd" || has("has-systemd"):
		first = "systemd"
	case has("has-openrc"):
		first = "openrc"
	case first == "runit-init":
		first = "runit"
	case first == "init" && has("has-initd"):
		first = "sysvinit"
	case first == "" || first == "init" || strings.HasSuffix(first, "sh"):
		first = "service"
	}
	facts.Set("service_mgr", first)
}
