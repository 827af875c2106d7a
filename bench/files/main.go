// Command files measures what kops copies against scp and tar: one large file, and a folder of many
// small ones, in turn to the same machine of the lab.
//
//	go run ./bench/files            (as root, after make build)
package main

import (
	"crypto/rand"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"kops/bench/promise"
)

const dir = "/var/lib/kops-lab/ssh/"

// A bench is what all measurements have in common.
type bench struct {
	machine string
	rounds  int
	work    string // a folder of this machine
}

// A way is one way to copy. Its command is a line of shell that finds the files in the working folder.
type way struct {
	name, line string
	again      bool // after the others of its round: what it copies is there already
}

func main() {
	b := bench{}
	flag.StringVar(&b.machine, "machine", "spare17", "the lab's machine that files are copied to")
	flag.IntVar(&b.rounds, "rounds", 5, "how often each way is measured")
	size := flag.Int64("size", 2<<30, "bytes of the large file")
	count := flag.Int("files", 1000, "files in the folder")
	flag.Parse()
	if err := b.run(*size, *count); err != nil {
		fmt.Fprintln(os.Stderr, "files:", err)
		os.Exit(1)
	}
}

func (b *bench) run(size int64, count int) error {
	if out, err := exec.Command("lab/lab", "up", b.machine).CombinedOutput(); err != nil {
		return fmt.Errorf("lab/lab up %s: %w\n%s", b.machine, err, out)
	}
	var err error
	if b.work, err = os.MkdirTemp("", "kops-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.work)
	if err := b.prepare(size, count); err != nil {
		return err
	}
	kops, err := filepath.Abs("bin/kops")
	if err != nil {
		return err
	}
	ssh := "-F none -i " + dir + "id_ed25519 -o UserKnownHostsFile=" + dir + "known_hosts -o BatchMode=yes"
	to := "ops@" + b.machine
	fmt.Printf("%s of %d bytes, to %s, median of %d\n\n", "one file", size, b.machine, b.rounds)
	large, err := b.measure([]way{
		{name: "scp", line: "scp -q " + ssh + " big " + to + ":bench/big"},
		{name: "kops", line: kops + " run big.yaml -i inventory.yaml -q"},
		{name: "kops, unchanged", line: kops + " run big.yaml -i inventory.yaml -q", again: true},
	})
	if err != nil {
		return err
	}
	fmt.Printf("\na folder of %d files, to %s, median of %d\n\n", count, b.machine, b.rounds)
	many, err := b.measure([]way{
		{name: "scp -r", line: "scp -qr " + ssh + " tree " + to + ":bench/tree"},
		{name: "tar to ssh tar", line: "tar -c tree | ssh " + ssh + " " + to + " tar -x -C bench"},
		{name: "kops", line: kops + " run tree.yaml -i inventory.yaml -q"},
		{name: "kops, unchanged", line: kops + " run tree.yaml -i inventory.yaml -q", again: true},
	})
	if err != nil {
		return err
	}
	return promise.Report(os.Stdout,
		promise.Promise{Name: "a large file, times scp's speed", Measured: large["kops"].speed, Limit: 0.9, AtLeast: true},
		promise.Promise{Name: "memory for it, MB", Measured: large["kops"].memory, Limit: flat},
		promise.Promise{Name: "a folder, times scp's speed", Measured: many["kops"].speed, Limit: 0.9, AtLeast: true},
	)
}

// flat is how many MB of memory kops may take for a file of any size.
const flat = 100

// prepare writes the files to be copied, the inventory and the playbooks.
func (b *bench) prepare(size int64, count int) error {
	big, err := os.Create(filepath.Join(b.work, "big"))
	if err != nil {
		return err
	}
	defer big.Close()
	if _, err := io.CopyN(big, rand.Reader, size); err != nil {
		return err
	}
	for i := range count {
		name := filepath.Join(b.work, "tree", fmt.Sprint("d", i%20), fmt.Sprint("f", i))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, []byte(strings.Repeat(rand.Text()+"\n", 50+i%300)), 0o644); err != nil {
			return err
		}
	}
	play := "- hosts: all\n  gather_facts: false\n  tasks:\n    - copy: {src: %s, dest: /home/ops/bench/%s, mode: '0644'%s}\n"
	for name, text := range map[string]string{
		"big.yaml":  fmt.Sprintf(play, "big", "big", ""),
		"tree.yaml": fmt.Sprintf(play, "tree/", "tree", ", directory_mode: '0755'"),
		"inventory.yaml": "all: {hosts: {" + b.machine + ": {ansible_user: ops, ansible_ssh_private_key_file: " + dir + "id_ed25519, " +
			"ansible_ssh_common_args: -F none -o UserKnownHostsFile=" + dir + "known_hosts}}}\n",
	} {
		if err := os.WriteFile(filepath.Join(b.work, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// A figure is what a way took.
type figure struct {
	speed  float64 // times that of the first way
	memory float64 // of this machine's, MB
}

// measure takes the ways in turn, round by round, prints the table and returns it by the ways' names.
func (b *bench) measure(ways []way) (map[string]figure, error) {
	took := make([][]time.Duration, len(ways))
	memory := make([]int64, len(ways))
	for range b.rounds {
		for i, w := range ways {
			if !w.again {
				clean := exec.Command("lab/lab", "ssh", b.machine, "rm -rf bench && mkdir bench && sync")
				if out, err := clean.CombinedOutput(); err != nil {
					return nil, fmt.Errorf("clean up: %w\n%s", err, out)
				}
			}
			cmd := exec.Command("sh", "-c", "exec "+w.line)
			if strings.Contains(w.line, "|") {
				cmd = exec.Command("sh", "-c", w.line)
			}
			cmd.Dir = b.work
			begun := time.Now()
			if out, err := cmd.CombinedOutput(); err != nil {
				return nil, fmt.Errorf("%s: %w\n%s", w.name, err, out)
			}
			took[i] = append(took[i], time.Since(begun))
			memory[i] = max(memory[i], cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
		}
	}
	fmt.Println("| way | seconds | speed of the first | memory |\n|---|---|---|---|")
	first, figures := median(took[0]), map[string]figure{}
	for i, w := range ways {
		m := median(took[i])
		f := figure{speed: first.Seconds() / m.Seconds(), memory: float64(memory[i]) / 1024}
		figures[w.name] = f
		fmt.Printf("| %s | %.2f | %.2f | %.0f MB |\n", w.name, m.Seconds(), f.speed, f.memory)
	}
	return figures, nil
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
