//go:build lab && torture

package tests

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// watch looks at the processes of this machine and of the fleet's, the environments of the fleet's and of kops, and the
// folders for passing files, until it is ended.
func (s *secured) watch() *watcher {
	w := newWatcher()
	w.keys, w.pace, w.spared = s.keys, 20*time.Millisecond, "/usr/local/kafka_exporter/"
	for _, m := range secureMachines {
		space, err := os.Readlink("/proc/" + firstProcess(s.t, m) + "/ns/pid")
		if err != nil {
			s.t.Fatal(err)
		}
		w.spaces[space] = true
	}
	w.begin(s.t, []string{"/tmp", "/var/tmp", "/dev/shm", "/root", "/run", "/etc/kafka", "/etc/kafka-exporter", "/etc/systemd/system", "/var/lib/kops", "/var/lib/kops/owed", "/home/ops"}, secureMachines...)
	return w
}

// silent holds that no secret was seen, and that none is left but where it belongs.
func (s *secured) silent(w *watcher) {
	for _, seen := range w.end() {
		s.t.Error(seen)
	}
	s.t.Logf("%d programs were seen as they started, %d had ended already; all processes were looked at %d times", w.started, w.missed, w.samples)
	if w.samples < 100 || w.started < 200 || !w.sees("kafka_exporter --kafka.server=spare60:9092") {
		s.t.Error("what was to be seen was not")
	}
	for _, m := range secureMachines {
		journal := on(s.t, m, "sudo journalctl --no-pager -o json --all; sudo find /tmp /run /dev/shm -xdev -type f -size -1000k -exec cat {} + 2>/dev/null; sudo systemctl show --no-pager '*exporter*' confluent-kafka; true")
		for _, seen := range secretsIn(journal, s.keys) {
			s.t.Errorf("journal, passing files or units of %s: %s", m, seen)
		}
		want := []string{"/etc/kafka/monitoring.key"}
		if m == "spare63" {
			want = []string{"/etc/kafka-exporter/environment", "/etc/kafka/monitoring.key"}
		}
		if left := s.files("/var/lib/kops-lab/machines/" + m + "/upper"); !slices.Equal(left, want) {
			s.t.Errorf("secrets are in %v of %s, want %v", left, m, want)
		}
	}
	home := filepath.Join(s.dir, "home")
	if left := s.files(home); len(left) > 0 {
		s.t.Errorf("secrets are in %v of kops's own", left)
	}
	if records, err := filepath.Glob(home + "/state/kops/runs/*.jsonl"); err != nil || len(records) < 10 {
		s.t.Errorf("the runs left the records %v, %v", records, err)
	}
}

// big are folders of programs and images, which kops does not write into.
var big = []string{"/opt/confluent", "/var/lib/docker", "/usr", "/var/lib/kafka", "/var/cache/kops", "/.cache", "/var/log/journal"}

// files are those that hold a secret; each must be its owner's alone.
func (s *secured) files(dir string) (holds []string) {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		short := strings.TrimPrefix(path, dir)
		if err == nil && d.IsDir() && slices.Contains(big, short) {
			return fs.SkipDir
		}
		if err != nil || !d.Type().IsRegular() {
			return nil // gone meanwhile
		}
		text, err := os.ReadFile(path)
		if err != nil || len(secretsIn(string(text), s.keys)) == 0 {
			return nil
		}
		holds = append(holds, short)
		if info, err := d.Info(); err != nil || info.Mode().Perm()&0o077 != 0 {
			s.t.Errorf("%s has the mode %v, %v", path, info.Mode(), err)
		}
		return nil
	})
	if err != nil {
		s.t.Error(err)
	}
	slices.Sort(holds)
	return holds
}
