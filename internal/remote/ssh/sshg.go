package ssh

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"time"

	"kops/internal/remote"
)

// A configCache asks once for each host and its options.
type configCache struct {
	mu   sync.Mutex
	seen map[string]values
}

// resolve returns the configuration of a host: from the ssh command where there is one,
// since it alone reads its files exactly, else from the files.
func (c *configCache) resolve(ctx context.Context, name string, s remote.Settings) (config, error) {
	if strings.HasPrefix(address(name, s), "-") {
		return config{}, fmt.Errorf("the host name %q begins with a dash", address(name, s))
	}
	args, err := parseArgs(s)
	if err != nil {
		return config{}, err
	}
	words := args.arguments(name, s)
	key := strings.Join(words, "\x00")
	c.mu.Lock()
	v, ok := c.seen[key]
	c.mu.Unlock()
	if !ok {
		v, err = askSSH(ctx, words)
		if errors.Is(err, exec.ErrNotFound) {
			v, err = readFiles(args, name, s)
		}
		if err != nil {
			return config{}, err
		}
		c.mu.Lock()
		if c.seen == nil {
			c.seen = map[string]values{}
		}
		c.seen[key] = v
		c.mu.Unlock()
	}
	cfg, err := newConfig(name, s, v)
	cfg.File = args.file
	return cfg, err
}

// askSSH runs `ssh -G`, which prints the configuration and connects to nothing.
func askSSH(ctx context.Context, args []string) (values, error) {
	path, err := exec.LookPath("ssh")
	if err != nil {
		return nil, exec.ErrNotFound
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, append([]string{"-G"}, args...)...).Output()
	if err != nil {
		said := ""
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			said = ": " + strings.TrimSpace(string(exit.Stderr))
		}
		return nil, fmt.Errorf("read ssh_config with ssh -G: %w%s", err, said)
	}
	v := values{}
	for line := range strings.Lines(string(out)) {
		key, val, _ := strings.Cut(strings.TrimSpace(line), " ")
		v[strings.ToLower(key)] = append(v[strings.ToLower(key)], val)
	}
	return v, nil
}
