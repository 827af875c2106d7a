package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// machines are hosts of the lab.
type machines struct {
	names     []string
	addresses []string
	key       string
	known     string // known_hosts
}

// bootMachines boots the named machines. What they have been before does not matter.
func bootMachines(ctx context.Context, names []string) (*machines, error) {
	if err := command(ctx, ".", nil, "lab/lab", append([]string{"up"}, names...)...); err != nil {
		return nil, err
	}
	dir := os.Getenv("KOPS_LAB_DIR")
	if dir == "" {
		dir = "/var/lib/kops-lab"
	}
	m := &machines{names: names, key: filepath.Join(dir, "ssh/id_ed25519"), known: filepath.Join(dir, "ssh/known_hosts")}
	for _, name := range names {
		var number int
		if _, err := fmt.Sscanf(name, "spare%d", &number); err != nil {
			return nil, fmt.Errorf("%s is not one of the lab's spare machines", name)
		}
		m.addresses = append(m.addresses, fmt.Sprintf("10.99.0.%d", 40+number))
	}
	return m, nil
}

// down shuts the machines down, whatever has become of the run.
func (m *machines) down() error {
	return command(context.Background(), ".", nil, "lab/lab", append([]string{"down"}, m.names...)...)
}

// installPython installs what ansible-core needs on a host.
func (m *machines) installPython(ctx context.Context) error {
	return m.everywhere(ctx, "command -v python3 >/dev/null || { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y python3 >/dev/null; }")
}

// everywhere runs a script as root on all machines at once.
func (m *machines) everywhere(ctx context.Context, script string) error {
	errs := make([]error, len(m.addresses))
	var wg sync.WaitGroup
	for i, address := range m.addresses {
		wg.Go(func() {
			cmd := exec.CommandContext(ctx, "ssh", "-o", "UserKnownHostsFile="+m.known, "-o", "LogLevel=ERROR", "-i", m.key, "ops@"+address, "sudo sh -s")
			cmd.Stdin = strings.NewReader(script)
			if out, err := cmd.CombinedOutput(); err != nil {
				errs[i] = fmt.Errorf("%s: %w: %s", address, err, out)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// cpu is how much CPU time the machines have used since they were booted, by their cgroups.
func (m *machines) cpu() time.Duration {
	var total time.Duration
	for _, name := range m.names {
		for _, file := range []string{"/sys/fs/cgroup/kops-lab/" + name, "/sys/fs/cgroup/unified/kops-lab/" + name} {
			stat, err := os.ReadFile(file + "/cpu.stat")
			var micro int64
			if _, after, ok := strings.Cut(string(stat), "usage_usec "); err == nil && ok {
				_, err = fmt.Sscan(after, &micro)
				total += time.Duration(micro) * time.Microsecond
			}
			if err == nil {
				break
			}
		}
	}
	return total
}

// environment is what floor.sh and pyinfra's inventory read.
func (m *machines) environment() []string {
	return append(os.Environ(), "KEY="+m.key, "KNOWN="+m.known, "HOSTS="+strings.Join(m.addresses, " "))
}

// inventory is that of kops and of ansible-core.
func (m *machines) inventory() string {
	var b strings.Builder
	fmt.Fprintf(&b, "kafka:\n  vars:\n    ansible_user: ops\n    ansible_become: true\n    ansible_ssh_private_key_file: %s\n", m.key)
	fmt.Fprintf(&b, "    ansible_ssh_common_args: -o UserKnownHostsFile=%s\n  hosts:\n", m.known)
	for _, address := range m.addresses {
		fmt.Fprintf(&b, "    %s:\n", address)
	}
	return b.String()
}

// command runs a program and shows what it said only where it fails.
func command(ctx context.Context, dir string, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, env
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}
