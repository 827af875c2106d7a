package kafkapreflightfacts

import (
	"path"
	"slices"
	"strings"

	"kops/internal/value"
)

// A mount is one line of mountinfo.
type mount struct {
	number, fstype, source string
	options                []string
}

// paths describes the file system and the disks of each path.
func paths(in map[string]string) *value.List {
	mounts := readMounts(in["mounts"])
	blocks := readBlocks(in)
	found := value.NewList()
	for _, line := range lines(in["paths"]) {
		name, df, _ := strings.Cut(line, "\t")
		f := strings.Fields(df)
		if len(f) < 6 { // df said nothing, or not in time
			found.Append(value.NewMap("path", name, "mount", "", "device", "", "fstype", "", "options", value.NewList(), "size_gb", int64(0), "disks", value.NewList()))
			continue
		}
		at := strings.Join(f[5:], " ")
		m := mounts[at]
		disks := value.NewList()
		for _, d := range blocks.disks(m) {
			disks.Append(value.NewMap("name", d, "rotational", blocks.rotational[d]))
		}
		found.Append(value.NewMap("path", name, "mount", at, "device", f[0], "fstype", m.fstype, "options", value.Strings(m.options),
			"size_gb", number(f[1])*1024/1e9, "disks", disks))
	}
	return found
}

// readMounts reads mountinfo by mount point; the last one on a point is the one that is seen.
func readMounts(text string) map[string]mount {
	mounts := map[string]mount{}
	for _, line := range lines(text) {
		left, right, _ := strings.Cut(line, " - ")
		l, r := strings.Fields(left), strings.Fields(right)
		if len(l) < 6 || len(r) < 2 {
			continue
		}
		m := mount{number: l[2], fstype: r[0], source: r[1], options: strings.Split(l[5], ",")}
		if len(r) > 2 {
			for o := range strings.SplitSeq(r[2], ",") {
				if !slices.Contains(m.options, o) && o != "rw" && !strings.Contains(o, "=") { // a file system that is written may be mounted to be read
					m.options = append(m.options, o)
				}
			}
		}
		mounts[unescape(l[4])] = m
	}
	return mounts
}

// unescape undoes the octal escapes of mountinfo.
func unescape(text string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(text)
}

// blocks are the block devices: partitions, what is made of several, and disks.
type blocks struct {
	byNumber   map[string]string   // "254:1" → "vda1"
	parent     map[string]string   // partition → disk; of a disk, no block device
	slaves     map[string][]string // "dm-0" → what it is made of
	rotational map[string]bool
}

func readBlocks(in map[string]string) blocks {
	b := blocks{map[string]string{}, map[string]string{}, map[string][]string{}, map[string]bool{}}
	for _, line := range lines(in["devices"]) {
		link, target, ok := strings.Cut(line, " -> ")
		if !ok {
			continue
		}
		name := path.Base(target)
		b.byNumber[link[strings.LastIndexByte(link, ' ')+1:]] = name
		b.parent[name] = path.Base(path.Dir(target))
	}
	for _, line := range lines(in["slaves"]) {
		holder := path.Base(path.Dir(path.Dir(line)))
		b.slaves[holder] = append(b.slaves[holder], path.Base(line))
	}
	for _, line := range lines(in["rotational"]) {
		file, text, _ := strings.Cut(line, ":")
		b.rotational[path.Base(path.Dir(path.Dir(file)))] = text == "1"
	}
	return b
}

// disks returns the disks that a mount lies on, sorted: none for a network's and an overlay's.
func (b blocks) disks(m mount) []string {
	name, ok := b.byNumber[m.number]
	if !ok { // btrfs has a number of its own
		name = path.Base(m.source)
	}
	var found []string
	var add func(name string, depth int)
	add = func(name string, depth int) {
		if _, isDisk := b.rotational[b.parent[name]]; isDisk {
			name = b.parent[name]
		}
		_, known := b.rotational[name]
		switch {
		case depth > 10:
		case len(b.slaves[name]) > 0:
			for _, s := range b.slaves[name] {
				add(s, depth+1)
			}
		case known && !slices.Contains(found, name):
			found = append(found, name)
		}
	}
	add(name, 0)
	slices.Sort(found)
	return found
}
