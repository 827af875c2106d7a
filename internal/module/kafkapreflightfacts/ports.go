package kafkapreflightfacts

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"kops/internal/remote"
	"kops/internal/value"
)

// ports tells who listens on the ports that were asked for. Who it is is asked only where one does.
func (s *Spec) ports(ctx context.Context, h remote.Reader, in map[string]string) (*value.Map, error) {
	taken := value.NewMap()
	inodes := map[string]int64{} // socket → port
	for _, line := range lines(in["listening"]) {
		f := strings.Fields(line)
		if len(f) < 10 {
			continue
		}
		_, hex, _ := strings.Cut(f[1], ":")
		port, err := strconv.ParseInt(hex, 16, 32)
		if err != nil || !slices.Contains(s.Ports, int(port)) {
			continue
		}
		inodes[f[9]] = port
		taken.Set(port, value.NewMap("process", "", "pid", int64(0), "unit", ""))
	}
	if len(inodes) == 0 {
		return byName(taken), nil
	}
	res, err := h.Query(ctx, ownersScript(inodes))
	if err != nil {
		return nil, fmt.Errorf("find out who listens: %w", err)
	}
	for _, line := range lines(strings.TrimRight(string(res.Stdout), "\n")) {
		f := strings.SplitN(line, "|", 4)
		if len(f) < 4 {
			continue
		}
		m := taken.At(inodes[f[0]]).(*value.Map)
		// systemd holds the sockets of what it starts on demand, beside the service itself.
		if pid := number(f[1]); m.At("pid") == int64(0) || m.At("pid") == int64(1) {
			m.Merge(value.NewMap("process", f[2], "pid", pid, "unit", unitOf(f[3])))
		}
	}
	return byName(taken), nil
}

// byName has text for keys, as JSON will have them.
func byName(m *value.Map) *value.Map {
	out := value.NewMap()
	for k, v := range m.All() {
		out.Set(value.Str(k), v)
	}
	return out
}

// ownersScript finds the processes that hold sockets.
func ownersScript(inodes map[string]int64) string {
	var list []string
	for inode := range inodes {
		list = append(list, inode)
	}
	slices.Sort(list)
	return "ls -l /proc/[0-9]*/fd 2>/dev/null | grep -E '^/proc/|socket:\\[(" + strings.Join(list, "|") + ")\\]$' | while read -r line; do\n" +
		"\tcase $line in /proc/*) pid=${line#/proc/}; pid=${pid%%/*}; continue ;; esac\n" +
		"\tinode=${line##*socket:\\[}\n" +
		"\tprintf '%s|%s|%s|%s\\n' \"${inode%]}\" \"$pid\" \"$(cat /proc/$pid/comm)\" \"$(echo $(cat /proc/$pid/cgroup))\"\n" +
		"done 2>/dev/null\n"
}

var container = regexp.MustCompile(`(docker|libpod|crio|cri-containerd)[-/][0-9a-f]{12,}`)

// unitOf finds the unit of a process in its control groups; what runs in a container is called after the engine.
func unitOf(cgroups string) string {
	if m := container.FindStringSubmatch(cgroups); m != nil {
		return m[1]
	}
	for group := range strings.FieldsSeq(cgroups) {
		parts := strings.Split(group, "/")
		for _, part := range slices.Backward(parts) {
			if strings.HasSuffix(part, ".service") || strings.HasSuffix(part, ".scope") {
				return part
			}
		}
	}
	return ""
}
