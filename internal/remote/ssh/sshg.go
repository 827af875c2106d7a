package ssh

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"strings"
	"sync"
	"time"

	"kops/internal/remote"
)

// A configCache asks once for each host and its options, or once for all hosts of the same
// options where the configuration files do not tell hosts apart.
type configCache struct {
	mu    sync.Mutex
	asked map[string]*answer
}

// An answer is what ssh said, for whoever waits for it.
type answer struct {
	once   sync.Once
	values values
	err    error
}

// resolve returns the configuration of a host: from the ssh command where there is one,
// since it alone reads its files exactly, else from the files.
func (c *configCache) resolve(ctx context.Context, name string, s remote.Settings) (config, error) {
	at := address(name, s)
	if strings.HasPrefix(at, "-") {
		return config{}, fmt.Errorf("the host name %q begins with a dash", at)
	}
	args, err := parseArgs(s)
	if err != nil {
		return config{}, err
	}
	words := args.arguments(name, s)
	key, alike := words, args.hostsAreAlike()
	if alike {
		key = words[:len(words)-1]
	}
	v, err := c.answerTo(strings.Join(key, "\x00"), func() (values, error) {
		v, err := askSSH(ctx, words)
		if errors.Is(err, exec.ErrNotFound) {
			v, err = readFiles(args, name, s)
		}
		return v, err
	})
	if err != nil {
		return config{}, err
	}
	if alike && v.first("hostname") != "" {
		v = maps.Clone(v)
		v["hostname"] = []string{strings.ToLower(at)} // as ssh has it
	}
	cfg, err := newConfig(name, s, v)
	cfg.File = args.file
	return cfg, err
}

// answerTo asks the first time and remembers an answer that is no error.
func (c *configCache) answerTo(key string, ask func() (values, error)) (values, error) {
	c.mu.Lock()
	a := c.asked[key]
	if a == nil {
		if c.asked == nil {
			c.asked = map[string]*answer{}
		}
		a = &answer{}
		c.asked[key] = a
	}
	c.mu.Unlock()
	a.once.Do(func() {
		if a.values, a.err = ask(); a.err != nil {
			c.mu.Lock()
			delete(c.asked, key)
			c.mu.Unlock()
		}
	})
	return a.values, a.err
}

// hostsAreAlike tells whether the configuration can only be the same for every host but for
// the address: no part of a file is for some hosts, and nothing is made of the host's name.
func (a sshArgs) hostsAreAlike() bool {
	files := []string{homePath("~/.ssh/config"), "/etc/ssh/ssh_config"}
	for i, arg := range a.args {
		if strings.ContainsRune(arg, '%') || strings.HasPrefix(strings.ToLower(arg), "hostname") || strings.HasPrefix(strings.ToLower(arg), "canonical") {
			return false
		}
		if arg == "-F" {
			files = []string{a.args[i+1]}
		}
	}
	alike := true
	r := &configReader{each: func(key, val string) {
		switch {
		case key == "host" && val == "*":
		case key == "host" || key == "match" || key == "hostname" || strings.HasPrefix(key, "canonical") || strings.ContainsRune(val, '%'):
			alike = false
		}
	}}
	for _, f := range files {
		if err := r.file(f, 0); err != nil {
			return false // ssh has its say
		}
	}
	return alike
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
