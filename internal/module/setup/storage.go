package setup

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"kops/internal/value"
)

// mountsScript asks about sizes only where there is a device or a server: a file system
// that hangs costs the limit, not the run. Octal escapes stand in /proc/mounts for blanks.
//
// Devices of this machine are asked about together; a server's file system, or that of a program, alone.
const mountsScript = `kops_section sizes
kops_sizes() { $kops_limit stat -f -c '%S %b %a %c %d %n' -- "$@"; }
set --
while read -r dev mp fs rest; do
	case $dev in /*|*:/*) ;; *) continue ;; esac
	case $mp in *\\*) mp=$(printf '%b' "$mp") ;; esac
	case $dev:$fs in //*|*:/*|*:fuse*) kops_sizes "$mp" ;; *) set -- "$@" "$mp" ;; esac
done </proc/mounts
[ $# -eq 0 ] || kops_sizes "$@"
kops_section uuids
for l in /dev/disk/by-uuid/*; do [ -e "$l" ] && echo "$(readlink -f "$l") ${l##*/}"; done`

var mountsFiles = []source{{section: "mounts", paths: "/proc/mounts"}}

var devicesFiles = []source{{section: "block", named: true, paths: "/sys/block/*/size /sys/block/*/ro /sys/block/*/removable /sys/block/*/queue/rotational " +
	"/sys/block/*/queue/logical_block_size /sys/block/*/queue/scheduler /sys/block/*/device/vendor /sys/block/*/device/model " +
	"/sys/block/*/device/serial /sys/block/*/*/start /sys/block/*/*/size"}}

const devicesScript = `kops_section holders
for l in /sys/block/*/holders/*; do [ -e "$l" ] && echo "$l:holder"; done`

func readMounts(in sections, facts *value.Map) {
	sizes := map[string][]string{}
	for _, line := range in.lines("sizes") {
		if f := strings.SplitN(line, " ", 6); len(f) == 6 {
			sizes[f[5]] = f
		}
	}
	uuids := map[string]string{}
	for _, line := range in.lines("uuids") {
		device, uuid, _ := strings.Cut(line, " ")
		uuids[device] = uuid
	}
	mounts := value.NewList()
	for _, line := range in.lines("mounts") {
		f := strings.Fields(line)
		if len(f) < 6 || !strings.HasPrefix(f[0], "/") && !strings.Contains(f[0], ":/") {
			continue
		}
		device, mount := unescape(f[0]), unescape(f[1])
		uuid := uuids[device]
		if uuid == "" {
			uuid = "N/A"
		}
		m := value.NewMap("mount", mount, "device", device, "fstype", f[2], "options", f[3], "dump", number(f[4]), "passno", number(f[5]))
		addSizes(m, sizes[mount])
		m.Set("uuid", uuid)
		mounts.Append(m)
	}
	facts.Set("mounts", mounts)
}

// addSizes takes block size, blocks, free blocks, inodes and free inodes.
func addSizes(m *value.Map, f []string) {
	if f == nil {
		return
	}
	size, total, free, inodes, freeInodes := number(f[0]), number(f[1]), number(f[2]), number(f[3]), number(f[4])
	m.Merge(value.NewMap("size_total", size*total, "size_available", size*free, "block_size", size, "block_total", total,
		"block_available", free, "block_used", total-free, "inode_total", inodes, "inode_available", freeInodes, "inode_used", inodes-freeInodes))
}

// unescape undoes the octal escapes of /proc/mounts.
func unescape(text string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`, `\043`, "#").Replace(text)
}

func readDevices(in sections, facts *value.Map) {
	files := map[string]string{}
	for _, section := range []string{"block", "holders"} {
		for file, text := range in.files(section) {
			files[strings.TrimPrefix(file, "/sys/block/")] = text
		}
	}
	devices := value.NewMap()
	for _, p := range slices.Sorted(maps.Keys(files)) {
		name, rest, _ := strings.Cut(p, "/")
		if rest == "size" && !strings.HasPrefix(name, "ram") {
			devices.Set(name, device(files, name))
		}
	}
	facts.Set("devices", devices)
}

func device(files map[string]string, name string) *value.Map {
	at := func(file string) value.Value {
		if text, ok := files[name+"/"+file]; ok && text != "" {
			return text
		}
		return nil
	}
	sectors := number(files[name+"/size"])
	d := value.NewMap("vendor", at("device/vendor"), "model", at("device/model"), "serial", at("device/serial"), "removable", at("removable"),
		"rotational", at("queue/rotational"), "sectors", sectors, "sectorsize", at("queue/logical_block_size"), "size", size(sectors*512), "virtual", int64(1),
		"scheduler_mode", scheduler(files[name+"/queue/scheduler"]))
	if at("device/vendor") != nil || at("device/model") != nil {
		d.Set("virtual", int64(0))
	}
	holders, partitions := value.NewList(), value.NewMap()
	for _, p := range slices.Sorted(maps.Keys(files)) {
		dir, file := path.Split(p)
		part := strings.Trim(strings.TrimPrefix(dir, name+"/"), "/")
		switch {
		case dir == name+"/holders/":
			holders.Append(file)
		case strings.HasPrefix(dir, name+"/") && file == "start" && !strings.Contains(part, "/"):
			n := number(files[dir+"size"])
			partitions.Set(part, value.NewMap("start", files[p], "sectors", n, "sectorsize", number(files[name+"/queue/logical_block_size"]), "size", size(n*512)))
		}
	}
	d.Set("holders", holders)
	d.Set("partitions", partitions)
	return d
}

// scheduler returns the name in brackets.
func scheduler(text string) string {
	_, after, _ := strings.Cut(text, "[")
	name, _, _ := strings.Cut(after, "]")
	return name
}

// size writes bytes as Ansible does: "20.00 GB".
func size(bytes int64) string {
	units := []string{"TB", "GB", "MB", "KB", "Bytes"}
	for i, u := range units {
		if unit := int64(1) << (10 * (len(units) - 1 - i)); bytes >= unit || unit == 1 {
			return strconv.FormatFloat(float64(bytes)/float64(unit), 'f', 2, 64) + " " + u
		}
	}
	return ""
}
