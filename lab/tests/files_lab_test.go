//go:build lab

package tests

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

const filesInventory = "lab/tests/testdata/files.yaml"

// filesMachines boots the machines for the tests of files. The first gets the faults.
func filesMachines(t *testing.T) {
	t.Helper()
	machines := []string{"spare17", "spare18"}
	must(t, 3*time.Minute, "lab/lab", append([]string{"reset"}, machines...)...)
	t.Cleanup(func() {
		if out, err := exec.Command(root+"/lab/lab", append([]string{"down"}, machines...)...).CombinedOutput(); err != nil {
			t.Errorf("lab/lab down: %v\n%s", err, out)
		}
	})
}

// playOf writes a play of the given tasks.
func playOf(t *testing.T, dir string, tasks ...string) string {
	t.Helper()
	book := filepath.Join(dir, "play.yaml")
	write(t, book, "- hosts: all\n  gather_facts: false\n  tasks:\n    - "+strings.Join(tasks, "\n    - ")+"\n")
	return book
}

// nothingLeft asserts that no temporary file of kops is on a machine.
func nothingLeft(t *testing.T, machine string) {
	t.Helper()
	if left := on(t, machine, "sudo find / -xdev -name '.kops*'; sudo find /srv -name '.kops*'"); strings.TrimSpace(left) != "" {
		t.Errorf("%s: it left %s", machine, left)
	}
}

// trips are the round trips of each result in a run's events, and its status.
func trips(t *testing.T, events string) (status string, trips int64) {
	t.Helper()
	for line := range strings.Lines(events) {
		var e struct {
			Event string
			Data  struct {
				Status string
				Trips  int64 `json:"round_trips"`
			}
		}
		if json.Unmarshal([]byte(line), &e) == nil && e.Event == "result" {
			return e.Data.Status, e.Data.Trips
		}
	}
	t.Fatalf("no result in\n%s", tail(events))
	return "", 0
}

// TestLabFiles copies what is many, large, or has no room.
func TestLabFiles(t *testing.T) {
	filesMachines(t)
	t.Run("1,000 files", manyFiles)
	t.Run("2 GB", largeFile)
	t.Run("no room", noRoom)
}

// manyFiles copies a folder of 1,000 files: few round trips, and one where nothing changes.
func manyFiles(t *testing.T) {
	dir := t.TempDir()
	for i := range 1000 {
		name := filepath.Join(dir, "tree", fmt.Sprint("d", i%20), fmt.Sprint("file ", i))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, name, strings.Repeat(fmt.Sprintf("line of %d\n", i), i))
	}
	book := playOf(t, dir, "copy: {src: tree/, dest: /srv/tree, mode: '0640', directory_mode: '0750', owner: ops}")
	run := func() string {
		return must(t, time.Minute, "bin/kops", "run", book, "-i", filesInventory, "-l", "spare17", "--json")
	}
	if status, n := trips(t, run()); status != "changed" || n > 15 {
		t.Errorf("the first run: %s in %d round trips, want changed in at most 15", status, n)
	}
	const sum = "find . -type f -print0 | LC_ALL=C sort -z | xargs -0 cat | sha256sum"
	here, err := exec.Command("sh", "-c", "cd "+dir+"/tree && "+sum).Output()
	if err != nil {
		t.Fatal(err)
	}
	if there := on(t, "spare17", "cd /srv/tree && "+sum); there != string(here) {
		t.Errorf("the contents differ: %s here, %s there", here, there)
	}
	if odd := on(t, "spare17", "sudo find /srv/tree -type f -not -perm 640 -o -type d -not -perm 750 -o -not -user ops"); odd != "" {
		t.Errorf("another mode or owner: %s", odd)
	}
	if status, n := trips(t, run()); status != "ok" || n != 1 {
		t.Errorf("the second run: %s in %d round trips, want ok in 1", status, n)
	}
	on(t, "spare17", "sudo sh -c 'echo x >/srv/tree/d3/\"file 3\"; rm /srv/tree/d4/\"file 4\"'")
	if status, n := trips(t, run()); status != "changed" || n > 15 {
		t.Errorf("with two that differ: %s in %d round trips, want changed in at most 15", status, n)
	}
	nothingLeft(t, "spare17")

	on(t, "spare17", "sudo mkdir /srv/full && sudo mount -t tmpfs -o size=2m tmpfs /srv/full")
	book = playOf(t, dir, "copy: {src: tree/, dest: /srv/full/tree}", "file: {path: /srv/after, state: touch}")
	out, err := command(t, time.Minute, "bin/kops", "run", book, "-i", filesInventory)
	_, fatal, _ := strings.Cut(out, "fatal: [spare17]")
	if exit(err) != 2 || !strings.Contains(fatal, "No space left on device") || strings.Contains(out, "fatal: [spare18]") {
		t.Errorf("a full disk: exit code %d\n%s", exit(err), tail(out))
	}
	if left := on(t, "spare17", "find /srv/full -type f; ls -A /srv/full/tree | grep kops; true"); left != "" {
		t.Errorf("a full disk: it left %s", left)
	}
	on(t, "spare18", "test -e /srv/after -a -e '/srv/full/tree/d3/file 3'")
}

// largeFile copies 2 GB with little memory; a source that changes meanwhile, and a disk that
// gets full, leave nothing.
func largeFile(t *testing.T) {
	dir := t.TempDir()
	big := filepath.Join(dir, "big")
	write(t, big, "begin")
	file, err := os.OpenFile(big, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteAt([]byte("end"), 2<<30); err != nil { // sparse: zeros between
		t.Fatal(err)
	}
	book := playOf(t, dir, "copy: {src: big, dest: /srv/big, mode: '0600'}", "file: {path: /srv/after, state: touch}")
	run := func(args ...string) (string, *os.ProcessState, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, "bin/kops", append([]string{"run", book, "-i", filesInventory}, args...)...)
		cmd.Dir = root
		out, err := cmd.CombinedOutput()
		return string(out), cmd.ProcessState, err
	}

	out, state, err := run("-l", "spare17")
	if err != nil {
		t.Fatalf("%v\n%s", err, tail(out))
	}
	if peak := state.SysUsage().(*syscall.Rusage).Maxrss >> 10; peak > 64 {
		t.Errorf("kops took %d MB of memory, want at most 64", peak)
	}
	if there := on(t, "spare17", "sudo sh -c 'stat -c \"%s %a\" /srv/big; head -c5 /srv/big; tail -c3 /srv/big'"); there != "2147483651 600\nbeginend" {
		t.Errorf("on the host: %q", there)
	}

	t.Run("the source changes meanwhile", func(t *testing.T) {
		on(t, "spare17", "sudo rm /srv/big /srv/after")
		stop := make(chan struct{})
		done := make(chan struct{})
		go func() {
			defer close(done)
			for end := int64(2 << 30); ; end++ {
				select {
				case <-stop:
					return
				default:
					_, _ = file.WriteAt([]byte("x"), end+3) // kops says what comes of it
				}
			}
		}()
		out, _, err := run("-l", "spare17")
		close(stop)
		<-done
		if exit(err) != 2 || !strings.Contains(out, "big was changed on the controller while it was copied") {
			t.Errorf("exit code %d\n%s", exit(err), tail(out))
		}
		on(t, "spare17", "test ! -e /srv/big -a ! -e /srv/after")
		nothingLeft(t, "spare17")
	})
	t.Run("the disk gets full", func(t *testing.T) {
		on(t, "spare17", "sudo mkdir /srv/small && sudo mount -t tmpfs -o size=100m tmpfs /srv/small")
		on(t, "spare18", "sudo mkdir /srv/small && df --output=avail -B1 /srv/small | tail -1")
		if err := file.Truncate(200 << 20); err != nil {
			t.Fatal(err)
		}
		book = playOf(t, dir, "copy: {src: big, dest: /srv/small/big}", "file: {path: /srv/after, state: touch}")
		out, _, err := run()
		_, fatal, _ := strings.Cut(out, "fatal: [spare17]")
		if exit(err) != 2 || !strings.Contains(fatal, "No space left on device") || !strings.Contains(fatal, "/srv/small/big") || strings.Contains(out, "fatal: [spare18]") {
			t.Errorf("exit code %d\n%s", exit(err), tail(out))
		}
		on(t, "spare17", "test -z \"$(ls -A /srv/small)\" -a ! -e /srv/after")
		on(t, "spare18", "test -e /srv/small/big -a -e /srv/after")
	})
}

// noRoom runs each module that writes where it cannot: a full disk, a read-only mount.
func noRoom(t *testing.T) {
	on(t, "spare17", "sudo rm -f /srv/after")
	dir := t.TempDir()
	listener, err := net.Listen("tcp", "10.99.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(strings.Repeat("x", 1<<20))) // a host whose disk is full hangs up
	})}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	const full = "sudo mkdir -p /srv/t && sudo mount -t tmpfs -o size=64k tmpfs /srv/t && echo one | sudo tee /srv/t/f && sudo sh -c 'cat /dev/zero >/srv/t/fill; true'"
	const readOnly = "sudo mkdir -p /srv/t && sudo mount -t tmpfs tmpfs /srv/t && echo one | sudo tee /srv/t/f && sudo mount -o remount,ro /srv/t"
	const etc = "sudo mount --bind /etc /etc && sudo mount -o remount,ro,bind /etc"
	get := "get_url: {url: 'http://" + listener.Addr().String() + "/x', dest: /srv/t/x, mode: '0644'"
	const sum = ", checksum: 'sha1:e37f4d5be56713044d62525e406d250a722647d6'}"
	for _, tt := range []struct{ name, fault, mend, task, reason string }{
		{"a line on a full disk", full, "/srv/t", "lineinfile: {path: /srv/t/f, line: '" + strings.Repeat("two ", 2000) + "'}", "/srv/t/f.*no space left on device"},
		{"a line on a read-only mount", readOnly, "/srv/t", "lineinfile: {path: /srv/t/f, line: two}", "/srv/t/f.*read-only file system"},
		{"a download on a full disk", full, "/srv/t", get + "}", "/srv/t.*no space left on device"},
		{"a pushed download on a full disk", full, "/srv/t", get + sum, "/srv/t/x.*no space left on device"},
		{"a download on a read-only mount", readOnly, "/srv/t", get + sum, "/srv/t/x.*read-only file system"},
		{"a package on a full disk", "sudo mount -t tmpfs -o size=16k tmpfs /var/cache/apt/archives && sudo mkdir /var/cache/apt/archives/partial",
			"/var/cache/apt/archives", "apt: {name: tree, update_cache: true}", "enough free space in /var/cache/apt/archives"},
		{"a user on a read-only mount", etc, "/etc", "user: {name: kops-new}", "/etc/passwd"},
		{"a file on a read-only mount", etc, "/etc", "copy: {content: x, dest: /etc/new}", "/etc.*read-only file system"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			on(t, "spare17", "sudo mkdir -p /srv/t && echo one | sudo tee /srv/t/f")
			on(t, "spare17", tt.fault)
			defer on(t, "spare17", "sudo umount -l "+tt.mend)
			on(t, "spare18", "sudo mkdir -p /srv/t && echo one | sudo tee /srv/t/f")
			before := on(t, "spare17", "ls -A /srv/t /etc; sudo cat /srv/t/f")
			book := playOf(t, dir, tt.task, "file: {path: /srv/after, state: touch}")
			out, err := command(t, 2*time.Minute, "bin/kops", "run", book, "-i", filesInventory)
			_, fatal, _ := strings.Cut(out, "fatal: [spare17]")
			if exit(err) != 2 || !regexp.MustCompile("(?is)"+tt.reason).MatchString(fatal) || strings.Contains(out, "fatal: [spare18]") {
				t.Errorf("exit code %d, want %q of spare17\n%s", exit(err), tt.reason, tail(out))
			}
			if after := on(t, "spare17", "ls -A /srv/t /etc; sudo cat /srv/t/f"); after != before {
				t.Errorf("it left\n%s\nbefore:\n%s", after, before)
			}
			on(t, "spare17", "test ! -e /srv/after")
			on(t, "spare18", "test -e /srv/after && sudo rm -r /srv/after /srv/t")
			nothingLeft(t, "spare17")
		})
	}
}
