package setup

import (
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"kops/internal/value"
)

const envScript = `kops_section env
env`

var platformFiles = []source{{section: "machine_id", paths: "/etc/machine-id /var/lib/dbus/machine-id"}}

// platformScript has uname print name, node, release, version and machine, in this order.
const platformScript = `kops_section platform
uname -snrvm
kops_section fqdn
hostname -f || cat /etc/hostname
kops_section userspace
getconf LONG_BIT`

// userFiles hold who acts, by number, and the users that need no service.
var userFiles = []source{{section: "status", paths: "/proc/self/status"}, {section: "passwd", paths: "/etc/passwd"}}

// userScript asks about the user who acts where it is not root, to whom the root folder belongs.
const userScript = `kops_section user
[ -O / ] || getent passwd "$(id -u)"`

const dateScript = `kops_section date
date '+%Y|%m|%A|%w|%W|%d|%H|%M|%S|%s|%Z|%z|%N'
kops_section dst
date -d 2024-07-01 +%Z`

var dnsFiles = []source{{section: "dns", paths: "/etc/resolv.conf"}}

var selinuxFiles = []source{
	{section: "selinux-mode", paths: "/sys/fs/selinux/enforce"},
	{section: "selinux-policy", paths: "/sys/fs/selinux/policyvers"},
	{section: "selinux-config", paths: "/etc/selinux/config"}}

const apparmorScript = `kops_section apparmor
[ -d /sys/kernel/security/apparmor ] && echo enabled`

var fipsFiles = []source{{section: "fips", paths: "/proc/sys/crypto/fips_enabled"}}

var cmdlineFiles = []source{{section: "cmdline", paths: "/proc/cmdline"}}

var hostKeysFiles = []source{{section: "hostkeys", paths: "/etc/ssh/ssh_host_*_key.pub"}}

// localScript prints the host's own facts. A program that fails is told by its status.
const localScript = `for f in "$kops_facts"/*.fact; do
	[ -f "$f" ] || continue
	kops_section "local $f"
	if [ -x "$f" ]; then $kops_limit "$f"; kops_section "status $f"; echo $?; else cat "$f"; fi
done`

const chrootScript = `kops_section chroot
if [ -n "$debian_chroot" ]; then echo yes
elif [ -e /proc/1/root/. ] && ! [ / -ef /proc/1/root/. ]; then echo yes; fi`

var loadFiles = []source{{section: "loadavg", paths: "/proc/loadavg"}}

func readEnv(in sections, facts *value.Map) {
	env := value.NewMap()
	last := ""
	for _, line := range in.lines("env") {
		if k, v, ok := strings.Cut(line, "="); ok && envName.MatchString(k) {
			env.Set(k, v)
			last = k
		} else if last != "" { // a value of several lines goes on
			env.Set(last, env.String(last)+"\n"+line)
		}
	}
	facts.Set("env", env)
}

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func readPlatform(in sections, facts *value.Map) {
	words := strings.SplitN(in.one("platform"), " ", 4)
	for len(words) < 4 {
		words = append(words, "")
	}
	system, node, release, version := words[0], words[1], words[2], words[3]
	last := strings.LastIndexByte(version, ' ') + 1
	version, machine := strings.TrimSpace(version[:last]), version[last:]
	fqdn := in.one("fqdn")
	if fqdn == "" {
		fqdn = node
	}
	short, _, _ := strings.Cut(node, ".")
	_, domain, _ := strings.Cut(fqdn, ".")
	facts.Merge(value.NewMap("system", system, "nodename", node, "hostname", short, "fqdn", fqdn, "domain", domain,
		"kernel", release, "kernel_version", version, "machine", machine, "architecture", architecture(machine)))
	if bits := in.one("userspace"); bits != "" {
		facts.Set("userspace_bits", bits)
		facts.Set("userspace_architecture", architecture(machine))
		if bits == "32" && architecture(machine) == "x86_64" {
			facts.Set("userspace_architecture", "i386")
		}
	}
	if id := in.one("machine_id"); id != "" {
		facts.Set("machine_id", id)
	}
}

func architecture(machine string) string {
	if len(machine) == 4 && machine[0] == 'i' && machine[2:] == "86" {
		return "i386"
	}
	return machine
}

func readUser(in sections, facts *value.Map) {
	ids := map[string][2]int64{} // real and effective
	for _, line := range in.lines("status") {
		if f := strings.Fields(line); len(f) > 2 {
			ids[f[0]] = [2]int64{number(f[1]), number(f[2])}
		}
	}
	uid, gid := ids["Uid:"], ids["Gid:"]
	fields := []string{value.Str(uid[1])}
	for _, line := range append(in.lines("user"), in.lines("passwd")...) {
		if f := strings.Split(line, ":"); len(f) > 6 && f[2] == value.Str(uid[1]) {
			fields = f
			break
		}
	}
	for len(fields) < 7 {
		fields = append(fields, "")
	}
	facts.Merge(value.NewMap("user_id", fields[0], "user_uid", uid[1], "user_gid", gid[1],
		"user_gecos", fields[4], "user_dir", fields[5], "user_shell", fields[6],
		"real_user_id", uid[0], "effective_user_id", uid[1], "real_group_id", gid[0], "effective_group_id", gid[1]))
}

func readDate(in sections, facts *value.Map) {
	f := strings.Split(in.line("date", 0), "|")
	if len(f) != 13 {
		return
	}
	micro := "000000"
	if len(f[12]) == 9 { // busybox has no %N
		micro = f[12][:6]
	}
	utc := time.Unix(number(f[9]), 0).UTC().Format("2006-01-02T15:04:05")
	day, clock := f[0]+f[1]+f[5], f[6]+f[7]+f[8]
	dst := in.line("dst", 0) // the zone's name in summer
	if dst == "" {
		dst = f[10]
	}
	facts.Set("date_time", value.NewMap("year", f[0], "month", f[1], "weekday", f[2], "weekday_number", f[3], "weeknumber", f[4], "day", f[5],
		"hour", f[6], "minute", f[7], "second", f[8], "epoch", f[9], "epoch_int", f[9], "date", f[0]+"-"+f[1]+"-"+f[5], "time", f[6]+":"+f[7]+":"+f[8],
		"iso8601_micro", utc+"."+micro+"Z", "iso8601", utc+"Z", "iso8601_basic", day+"T"+clock+micro, "iso8601_basic_short", day+"T"+clock,
		"tz", f[10], "tz_dst", dst, "tz_offset", f[11]))
}

func readDNS(in sections, facts *value.Map) {
	dns := value.NewMap()
	for _, line := range in.lines("dns") {
		line, _, _ = strings.Cut(line, "#")
		line, _, _ = strings.Cut(line, ";")
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		switch words[0] {
		case "nameserver":
			list, ok := dns.At("nameservers").(*value.List)
			if !ok {
				list = value.NewList()
				dns.Set("nameservers", list)
			}
			list.Append(words[1])
		case "domain":
			dns.Set("domain", words[1])
		case "search", "sortlist":
			dns.Set(words[0], value.Strings(words[1:]))
		case "options":
			options := value.NewMap()
			for _, o := range words[1:] {
				if k, v, ok := strings.Cut(o, ":"); ok {
					options.Set(k, v)
				} else {
					options.Set(o, true)
				}
			}
			dns.Set("options", options)
		}
	}
	facts.Set("dns", dns)
}

func readSELinux(in sections, facts *value.Map) {
	mode := in.one("selinux-mode")
	if mode == "" {
		facts.Set("selinux", value.NewMap("status", "disabled"))
		return
	}
	config := in.assignments("selinux-config")
	names := map[string]string{"0": "permissive", "1": "enforcing"}
	facts.Set("selinux", value.NewMap("status", "enabled", "mode", names[mode], "policyvers", number(in.one("selinux-policy")),
		"config_mode", config["SELINUX"], "type", config["SELINUXTYPE"]))
}

func readAppArmor(in sections, facts *value.Map) {
	status := "disabled"
	if in.one("apparmor") == "enabled" {
		status = "enabled"
	}
	facts.Set("apparmor", value.NewMap("status", status))
}

func readFIPS(in sections, facts *value.Map) { facts.Set("fips", in.one("fips") == "1") }

func readCmdline(in sections, facts *value.Map) {
	first, all := value.NewMap(), value.NewMap()
	for word := range strings.FieldsSeq(in["cmdline"]) {
		k, text, ok := strings.Cut(word, "=")
		var v value.Value = text
		if !ok {
			v = true
		}
		first.Set(k, v)
		switch before := all.At(k).(type) {
		case nil:
			all.Set(k, v)
		case *value.List:
			before.Append(v)
		default:
			all.Set(k, value.NewList(before, v))
		}
	}
	facts.Set("cmdline", first)
	facts.Set("proc_cmdline", all)
}

func readHostKeys(in sections, facts *value.Map) {
	names := map[string]string{"ssh-rsa": "rsa", "ssh-ed25519": "ed25519", "ssh-dss": "dsa",
		"ecdsa-sha2-nistp256": "ecdsa", "ecdsa-sha2-nistp384": "ecdsa", "ecdsa-sha2-nistp521": "ecdsa"}
	for _, line := range in.lines("hostkeys") {
		words := strings.Fields(line)
		if len(words) < 2 || names[words[0]] == "" {
			continue
		}
		facts.Set("ssh_host_key_"+names[words[0]]+"_public", words[1])
		facts.Set("ssh_host_key_"+names[words[0]]+"_public_keytype", words[0])
	}
}

// readLocal reads the host's own facts: JSON, or else INI, or else an error in their place.
func readLocal(in sections, facts *value.Map) {
	local := value.NewMap()
	var names []string
	for name := range in {
		if file, ok := strings.CutPrefix(name, "local "); ok {
			names = append(names, file)
		}
	}
	slices.Sort(names)
	for _, file := range names {
		key := strings.TrimSuffix(path.Base(file), ".fact")
		if status := in.one("status " + file); status != "" && status != "0" {
			local.Set(key, "Failure executing fact script ("+file+"), rc: "+status)
			continue
		}
		local.Set(key, parseFact(file, in["local "+file]))
	}
	facts.Set("local", local)
}

func parseFact(file, text string) value.Value {
	if json.Valid([]byte(text)) {
		if v, err := value.ParseJSON([]byte(text)); err == nil {
			return v
		}
	}
	sections, section := value.NewMap(), (*value.Map)(nil)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
			continue
		case line[0] == '[' && line[len(line)-1] == ']':
			section = value.NewMap()
			sections.Set(line[1:len(line)-1], section)
			continue
		}
		i := strings.IndexAny(line, "=:")
		if i < 0 || section == nil {
			return "error loading facts as JSON or ini - please check content: " + file
		}
		section.Set(strings.ToLower(strings.TrimSpace(line[:i])), strings.TrimSpace(line[i+1:]))
	}
	return sections
}

func readChroot(in sections, facts *value.Map) { facts.Set("is_chroot", in.one("chroot") == "yes") }

func readLoad(in sections, facts *value.Map) {
	f := strings.Fields(in["loadavg"])
	if len(f) < 3 {
		return
	}
	load := value.NewMap()
	for i, name := range []string{"1m", "5m", "15m"} {
		if n, err := value.ToFloat(f[i]); err == nil {
			load.Set(name, n)
		}
	}
	facts.Set("loadavg", load)
}
