package kafkapreflightfacts

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"kops/internal/module"
)

// mark begins the line that names a section of the script's answer.
const mark = "@@kops "

// measureScript reads what needs no argument. The clock is read at its two ends.
const measureScript = `kops_section cpus
nproc || getconf _NPROCESSORS_ONLN
kops_section memory
cat /proc/meminfo
kops_section swappiness
cat /proc/sys/vm/swappiness
kops_section swaps
cat /proc/swaps
kops_section machine
cat /etc/machine-id /proc/sys/kernel/random/boot_id
kops_section speeds
grep -sH '' /sys/class/net/*/speed
kops_section routes
cat /proc/net/route
kops_section listening
grep -h ' 0A ' /proc/net/tcp /proc/net/tcp6
kops_section mounts
cat /proc/self/mountinfo
kops_section devices
ls -l /sys/dev/block
kops_section slaves
ls -d /sys/block/*/slaves/*
kops_section rotational
grep -sH '' /sys/block/*/queue/rotational
kops_section firmware
cat /sys/class/dmi/id/sys_vendor /sys/class/dmi/id/bios_vendor /sys/class/dmi/id/bios_version /sys/hypervisor/uuid
`

// script is the whole question. What it asks each name and each path for may hang; each is given its time.
func (s *Spec) script(pids map[string]int) string {
	var b strings.Builder
	b.WriteString("(\nkops_section() { printf '\\n%s\\n' \"" + mark + "$1\"; }\nkops_section began\ndate +%s.%N\n")
	fmt.Fprintf(&b, "kops_limit=; command -v timeout >/dev/null && kops_limit='timeout %d'\n", s.Limit)
	b.WriteString(measureScript)
	for _, unit := range slices.Sorted(maps.Keys(pids)) {
		fmt.Fprintf(&b, "kops_section %s\ntr '\\0' '\\n' </proc/%d/cmdline | grep '^-Xmx'\n", module.Quote("heap "+unit), pids[unit])
	}
	b.WriteString("kops_section paths\nfor p in " + quoteAll(s.Paths) + "; do\n" +
		"\te=$p; while [ ! -e \"$e\" ] && [ -n \"$e\" ]; do e=${e%/*}; done\n" +
		"\tprintf '%s\\t%s\\n' \"$p\" \"$($kops_limit df -Pk \"${e:-/}\" | tail -n 1)\"\ndone\n")
	b.WriteString("kops_section java\nkops_java=$(command -v " + module.Quote(s.Java) + ") && $kops_limit \"$kops_java\" -version 2>&1\n")
	if len(s.Names) > 0 {
		b.WriteString("kops_section names\nif command -v getent; then\nfor n in " + quoteAll(s.Names) + "; do\n" +
			"\tprintf '%s|%s\\n' \"$n\" \"$(echo $($kops_limit getent ahosts \"$n\"))\" &\ndone\nwait\nfi\n")
	}
	b.WriteString("kops_section ended\ndate +%s.%N\n) 2>/dev/null </dev/null\n")
	return b.String()
}

func quoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = module.Quote(w)
	}
	return strings.Join(quoted, " ")
}

// split finds the sections of the answer by name.
func split(answer string) map[string]string {
	sections := map[string]string{}
	for part := range strings.SplitSeq("\n"+answer, "\n"+mark) {
		name, text, _ := strings.Cut(part, "\n")
		sections[name] = strings.TrimRight(text, "\n")
	}
	return sections
}

func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
