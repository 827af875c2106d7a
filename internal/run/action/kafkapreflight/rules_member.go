package kafkapreflight

import (
	"fmt"
	"slices"
	"strings"

	"kops/internal/module/kafkapreflightfacts"
)

// tolerance is the share of a recommended size that is enough: a machine of 32 GB shows a little
// less of them.
const tolerance = 0.9

const unknown = "not known"

// A memberRule judges a host for one of the parts that it plays.
type memberRule struct {
	name  string
	judge func(h *host, m *member) finding
}

func memberRules() []memberRule {
	return []memberRule{
		{"cpus", cpus},
		{"memory", memory},
		{"heap", heap},
		{"disk", diskSize},
		{"disk kind", diskKind},
		{"disks", diskCount},
		{"mount options", mountOptions},
		{"network", networkSpeed},
		{"open files", openFiles},
	}
}

// unless is ok where a condition holds, else another verdict.
func unless(good bool, otherwise verdict) verdict {
	if good {
		return ok
	}
	return otherwise
}

func cpus(h *host, m *member) finding {
	return finding{unless(h.measured.CPUs >= m.CPUs, advice), fmt.Sprint(h.measured.CPUs), fmt.Sprintf("%d or more", m.CPUs)}
}

func memory(h *host, m *member) finding {
	gb := float64(h.measured.MemoryMB) / 1024
	return finding{unless(gb >= tolerance*float64(m.MemoryGB), advice), fmt.Sprintf("%.1f GB", gb), fmt.Sprintf("%d GB or more", m.MemoryGB)}
}

// heap judges what runs, else what is meant to run.
func heap(h *host, m *member) finding {
	mb := h.measured.Units[m.Unit].HeapMB
	whose := "of the process"
	if mb == 0 {
		mb, whose = kafkapreflightfacts.HeapMB(m.Heap), "as set"
	}
	wanted := fmt.Sprintf("%d%% of the memory or less", m.HeapPercent)
	if m.HeapLeastMB > 0 {
		wanted = fmt.Sprintf("%d MB or more, %s", m.HeapLeastMB, wanted)
	}
	if mb == 0 || h.measured.MemoryMB == 0 {
		return finding{ok, unknown, wanted}
	}
	share := mb * 100 / h.measured.MemoryMB
	f := finding{ok, fmt.Sprintf("%d MB %s, %d%%", mb, whose, share), wanted}
	switch {
	case mb > h.measured.MemoryMB:
		f.verdict = fault
	case share > m.HeapPercent, mb < m.HeapLeastMB:
		f.verdict = advice
	}
	return f
}

// pathsOf are the measurements of the part's own folders.
func (h *host) pathsOf(m *member) []path {
	return slices.DeleteFunc(slices.Clone(h.measured.Paths), func(p path) bool { return !slices.Contains(m.Paths, p.Path) })
}

// mountsOf are the file systems below the part's folders, each once.
func (h *host) mountsOf(m *member) []path {
	var mounts []path
	for _, p := range h.pathsOf(m) {
		if p.Mount != "" && !slices.ContainsFunc(mounts, func(o path) bool { return o.Mount == p.Mount }) {
			mounts = append(mounts, p)
		}
	}
	return mounts
}

// disksOf are the disks below the part's folders, each once.
func (h *host) disksOf(m *member) []disk {
	var disks []disk
	for _, p := range h.mountsOf(m) {
		for _, d := range p.Disks {
			if !slices.Contains(disks, d) {
				disks = append(disks, d)
			}
		}
	}
	return disks
}

func diskSize(h *host, m *member) finding {
	total := int64(0)
	var where []string
	for _, p := range h.mountsOf(m) {
		total += p.SizeGB
		where = append(where, p.Mount)
	}
	wanted := fmt.Sprintf("%d GB or more", m.DiskGB)
	if len(where) == 0 {
		return finding{ok, unknown, wanted}
	}
	return finding{unless(float64(total) >= tolerance*float64(m.DiskGB), advice), fmt.Sprintf("%d GB on %s", total, strings.Join(where, ", ")), wanted}
}

func diskKind(h *host, m *member) finding {
	wanted := "SSD"
	if !m.SSD {
		wanted = "any"
	}
	var kinds []string
	rotates := false
	for _, d := range h.disksOf(m) {
		kind := "SSD"
		if d.Rotational {
			kind, rotates = "rotational", true
		}
		kinds = append(kinds, d.Name+" "+kind)
	}
	if len(kinds) == 0 {
		return finding{ok, unknown, wanted}
	}
	return finding{unless(!m.SSD || !rotates, advice), strings.Join(kinds, ", "), wanted}
}

func diskCount(h *host, m *member) finding {
	disks := h.disksOf(m)
	wanted := fmt.Sprintf("%d or more", m.Disks)
	if len(disks) == 0 {
		return finding{ok, unknown, wanted}
	}
	return finding{unless(int64(len(disks)) >= m.Disks, advice), fmt.Sprint(len(disks)), wanted}
}

// mountOptions judges the kind of file system too. One that is read-only cannot hold data.
func mountOptions(h *host, m *member) finding {
	f := finding{verdict: ok, recommended: strings.Join(h.Filesystems, " or ") + " with " + strings.Join(h.MountOptions, ", ")}
	var seen []string
	for _, p := range h.mountsOf(m) {
		good := slices.Contains(h.Filesystems, p.Fstype)
		shown := []string{}
		for _, o := range h.MountOptions {
			good = good && slices.Contains(p.Options, o)
		}
		for _, o := range p.Options {
			if slices.Contains(h.MountOptions, o) || slices.Contains([]string{"ro", "relatime", "noatime", "strictatime", "sync", "nobarrier"}, o) {
				shown = append(shown, o)
			}
		}
		switch {
		case slices.Contains(p.Options, "ro"):
			f.verdict = fault
		case !good && f.verdict == ok:
			f.verdict = advice
		}
		seen = append(seen, strings.TrimSpace(p.Mount+" "+p.Fstype+" "+strings.Join(shown, ",")))
	}
	if f.measured = strings.Join(seen, "; "); f.measured == "" {
		f.measured = unknown
	}
	return f
}

func networkSpeed(h *host, m *member) finding {
	n := h.measured.Network
	wanted := fmt.Sprintf("%d Mbit/s or more", m.NetworkMbit)
	if n.Speed == 0 {
		return finding{ok, strings.TrimSpace(unknown + " " + n.Interface), wanted}
	}
	return finding{unless(n.Speed >= m.NetworkMbit, advice), fmt.Sprintf("%d Mbit/s %s", n.Speed, n.Interface), wanted}
}

// openFiles judges the unit's limit. A unit that kops writes has the right one.
func openFiles(h *host, m *member) finding {
	u := h.measured.Units[m.Unit]
	wanted := fmt.Sprintf("%d or more", m.OpenFiles)
	switch {
	case !u.There && m.Managed:
		return finding{ok, "no unit " + m.Unit + " yet", wanted}
	case !u.There:
		return finding{fault, "there is no unit " + m.Unit, wanted}
	case u.OpenFiles == -1:
		return finding{ok, "no limit", wanted}
	}
	return finding{unless(u.OpenFiles >= m.OpenFiles, advice), fmt.Sprint(u.OpenFiles), wanted}
}
