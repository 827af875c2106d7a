//go:build lab

package tests

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The ends of every secret, a number, and a secret that its user has put on command lines.
const (
	birdHead     = "Qx7caN4ry"
	birdTail     = "Zw9eNd4ry"
	birdNumber   = "907164253"
	birdArgument = "Qx7aRgvV4lue"
)

var encoded = regexp.MustCompile(`[A-Za-z0-9+/_-]{8,}`)

// findBirds returns where secrets stand in a text, raw or inside what may be base64, with a
// little of what is around them.
func findBirds(text string, argument bool) []string {
	var found []string
	note := func(kind, text string, at int) {
		found = append(found, fmt.Sprintf("%s: %q", kind, text[max(0, at-60):min(len(text), at+60)]))
	}
	look := func(kind, text string) {
		lower := strings.ToLower(text)
		for _, part := range []string{birdHead, birdTail, birdNumber, birdArgument} {
			if at := strings.Index(lower, strings.ToLower(part)); at >= 0 && (argument || part != birdArgument) {
				note(kind, text, at)
			}
		}
	}
	look("a secret", text)
	decode := strings.NewReplacer("-", "+", "_", "/")
	for _, run := range encoded.FindAllString(text, -1) {
		run = decode.Replace(run)
		for skip := range min(4, len(run)) {
			part := run[skip:]
			plain, _ := base64.RawStdEncoding.DecodeString(part[:len(part)-len(part)%4])
			look("base64 of a secret", string(plain))
		}
	}
	return found
}

// A watcher looks at all processes of this machine, those of the lab's machines included, and
// at the folders in which kops writes, as often as it can.
type watcher struct {
	samples int // of all processes
	started int // programs whose command line was read as they started
	missed  int // that had ended by then

	mu    sync.Mutex // found, lines
	found map[string]bool
	stop  chan struct{}
	wg    sync.WaitGroup
	known map[string]int // how often a process has been looked at
	lines map[string]bool
	files map[string]int64

	keys   []string        // further texts that are secret
	spaces map[string]bool // namespaces of processes whose environments are looked at too, and kops's own
	spared string          // of which programs they are not: how their command lines begin
	pace   time.Duration   // between two looks
}

func newWatcher() *watcher {
	return &watcher{found: map[string]bool{}, stop: make(chan struct{}), known: map[string]int{}, lines: map[string]bool{}, files: map[string]int64{}, spaces: map[string]bool{}}
}

func watchProcesses(t *testing.T, folders []string, machines ...string) *watcher {
	t.Helper()
	w := newWatcher()
	w.begin(t, folders, machines...)
	return w
}

// begin starts watching.
func (w *watcher) begin(t *testing.T, folders []string, machines ...string) {
	t.Helper()
	var dirs []string
	for _, machine := range machines {
		pid := firstProcess(t, machine)
		for _, f := range folders {
			dirs = append(dirs, "/proc/"+pid+"/root"+f)
		}
	}
	fd := execSocket(t)
	w.wg.Go(func() { w.execs(fd) })
	w.wg.Go(func() {
		for {
			select {
			case <-w.stop:
				return
			case <-time.After(w.pace):
				w.processes()
				w.folders(dirs)
				w.samples++
			}
		}
	})
}

// end stops watching and returns what was seen.
func (w *watcher) end() []string {
	close(w.stop)
	w.wg.Wait()
	var all []string
	for s := range w.found {
		all = append(all, s)
	}
	return all
}

// sees tells whether a command line held a text.
func (w *watcher) sees(text string) bool {
	for line := range w.lines {
		if strings.Contains(strings.ReplaceAll(line, "\x00", " "), text) {
			return true
		}
	}
	return false
}

// processes reads the command lines. A process is read often while it is young, since it may
// become another program, and then each twentieth time.
func (w *watcher) processes() {
	dir, err := os.Open("/proc")
	if err != nil {
		return
	}
	defer func() { _ = dir.Close() }()
	names, _ := dir.Readdirnames(-1)
	for _, pid := range names {
		if _, err := strconv.Atoi(pid); err != nil {
			continue
		}
		w.known[pid]++
		if n := w.known[pid]; n > 20 && n%20 != 0 {
			continue
		}
		line, err := os.ReadFile("/proc/" + pid + "/cmdline")
		if err != nil {
			delete(w.known, pid) // gone
			continue
		}
		w.look(string(line))
		w.environment(pid, string(line))
	}
}

// environment looks for secrets in what a process was given by its environment, where that is wanted.
func (w *watcher) environment(pid, line string) {
	space, err := os.Readlink("/proc/" + pid + "/ns/pid")
	if err != nil || len(w.spaces) == 0 || !w.spaces[space] && !strings.HasPrefix(line, "bin/kops\x00") || strings.HasPrefix(line, w.spared) {
		return
	}
	if vars, err := os.ReadFile("/proc/" + pid + "/environ"); err == nil {
		w.lookAs("the environment of "+strings.ReplaceAll(line, "\x00", " "), string(vars))
	}
}

// look looks for secrets in a command line.
func (w *watcher) look(line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lines[line] {
		return
	}
	w.lines[line] = true
	for _, seen := range w.secretsIn(line) {
		w.found["the list of processes has "+seen] = true
	}
}

// lookAs looks for secrets in a text that is called so.
func (w *watcher) lookAs(name, text string) {
	for _, seen := range w.secretsIn(text) {
		w.mu.Lock()
		w.found[name+" has "+seen] = true
		w.mu.Unlock()
	}
}

func (w *watcher) secretsIn(text string) []string { return secretsIn(text, w.keys) }

// secretsIn is findBirds for further secrets too.
func secretsIn(text string, keys []string) []string {
	found := findBirds(text, false)
	for _, key := range keys {
		if at := strings.Index(text, key); at >= 0 {
			found = append(found, fmt.Sprintf("a key: %q", text[max(0, at-60):min(len(text), at+20)]))
		}
	}
	return found
}

// folders reads the files that others than their owner can read.
func (w *watcher) folders(dirs []string) {
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			path := filepath.Join(dir, e.Name())
			info, err := e.Info()
			if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o077 == 0 || info.Size() > 1<<20 {
				continue
			}
			stamp := info.ModTime().UnixNano() + info.Size()
			if w.files[path] == stamp {
				continue
			}
			text, err := os.ReadFile(path)
			if err != nil {
				continue
			}
			w.files[path] = stamp
			for _, seen := range findBirds(string(text), true) {
				w.mu.Lock()
				w.found[fmt.Sprintf("%s had the mode %v, and holds %s", path, info.Mode(), seen)] = true
				w.mu.Unlock()
			}
		}
	}
}

// firstProcess is the process of this machine that is a lab machine's first.
func firstProcess(t *testing.T, machine string) string {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range lines {
		line, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(line), "systemd-nspawn") || !strings.Contains(string(line), "machine="+machine+"\x00") {
			continue
		}
		pid := filepath.Base(filepath.Dir(file))
		children, err := os.ReadFile("/proc/" + pid + "/task/" + pid + "/children")
		if first := strings.Fields(string(children)); err == nil && len(first) > 0 {
			return first[0]
		}
	}
	t.Fatalf("no machine %s is running", machine)
	return ""
}
