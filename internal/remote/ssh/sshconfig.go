package ssh

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path"
	"path/filepath"
	"strings"

	"kops/internal/remote"
)

// readFiles reads the configuration where there is no ssh command to ask. It knows Host,
// Include and the keywords; Match needs the command, and is refused.
func readFiles(args sshArgs, name string, s remote.Settings) (values, error) {
	r := &configReader{host: address(name, s), values: values{}}
	files := []string{homePath("~/.ssh/config"), "/etc/ssh/ssh_config"}
	for i := 0; i < len(args.args); i++ {
		switch flag := args.args[i]; flag {
		case "-o":
			i++
			key, val := splitOption(args.args[i])
			r.set(key, val)
		case "-J", "-i", "-p", "-l":
			i++
			r.set(map[string]string{"-J": "proxyjump", "-i": "identityfile", "-p": "port", "-l": "user"}[flag], args.args[i])
		case "-A", "-a":
			r.set("forwardagent", map[string]string{"-A": "yes", "-a": "no"}[flag])
		case "-4", "-6":
			r.set("addressfamily", map[string]string{"-4": "inet", "-6": "inet6"}[flag])
		case "-F":
			i++
			files = []string{args.args[i]}
		}
	}
	if s.Port != 0 {
		r.set("port", fmt.Sprint(s.Port))
	}
	if s.User != "" {
		r.set("user", s.User)
	}
	for _, f := range files {
		if err := r.file(f, 0); err != nil {
			return nil, err
		}
	}
	return r.values, r.defaults()
}

type configReader struct {
	host   string
	values values
	each   func(key, val string) // where not nil: sees every line, and nothing is set
}

// many are the keywords that may be given more than once.
var many = map[string]bool{"identityfile": true, "certificatefile": true, "sendenv": true}

// set keeps the first value of a keyword, as ssh does.
func (r *configReader) set(key, val string) {
	if key == "challengeresponseauthentication" {
		key = "kbdinteractiveauthentication"
	}
	if key == "proxyjump" && len(r.values["proxycommand"]) > 0 || key == "proxycommand" && len(r.values["proxyjump"]) > 0 {
		return // of the two the first counts
	}
	if many[key] || len(r.values[key]) == 0 {
		r.values[key] = append(r.values[key], val)
	}
}

func (r *configReader) file(name string, depth int) error {
	if depth > 16 {
		return fmt.Errorf("%s: Include goes deeper than 16 files", name)
	}
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read ssh_config: %w", err)
	}
	applies, number := true, 0
	for line := range strings.Lines(string(data)) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, val := splitOption(line)
		if r.each != nil {
			r.each(key, val)
		}
		switch {
		case key == "host":
			applies = matchHost(r.host, strings.Fields(val))
		case key == "match" && strings.EqualFold(val, "all"):
			applies = true
		case key == "match":
			return fmt.Errorf("%s:%d: Match can only be read with the ssh command, which this machine lacks; install openssh-client, or point kops to another file with -F", name, number)
		case !applies && r.each == nil:
		case key == "include":
			if err := r.include(filepath.Dir(name), strings.Fields(val), depth); err != nil {
				return err
			}
		case r.each == nil:
			r.set(key, val)
		}
	}
	return nil
}

func (r *configReader) include(dir string, patterns []string, depth int) error {
	for _, p := range patterns {
		p = homePath(p)
		if !filepath.IsAbs(p) {
			p = filepath.Join(dir, p)
		}
		names, err := filepath.Glob(p)
		if err != nil {
			return fmt.Errorf("ssh_config: Include %s: %w", p, err)
		}
		for _, n := range names {
			if err := r.file(n, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// matchHost tells whether one of the patterns fits and none that begins with "!" does.
func matchHost(host string, patterns []string) bool {
	found := false
	for _, p := range patterns {
		not := strings.HasPrefix(p, "!")
		if ok, _ := path.Match(strings.TrimPrefix(p, "!"), host); ok {
			if not {
				return false
			}
			found = true
		}
	}
	return found
}

// defaults sets what ssh would.
func (r *configReader) defaults() error {
	if r.values.first("hostname") == "" {
		r.set("hostname", r.host)
	} else {
		r.values["hostname"][0] = strings.ReplaceAll(r.values["hostname"][0], "%h", r.host)
	}
	if r.values.first("user") == "" {
		me, err := user.Current()
		if err != nil {
			return fmt.Errorf("find out who runs kops: %w", err)
		}
		r.set("user", me.Username)
	}
	r.set("port", "22")
	r.set("userknownhostsfile", "~/.ssh/known_hosts ~/.ssh/known_hosts2")
	r.set("globalknownhostsfile", "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2")
	if len(r.values["identityfile"]) == 0 {
		for _, kind := range []string{"ed25519", "ecdsa", "rsa"} {
			r.set("identityfile", "~/.ssh/id_"+kind)
		}
	}
	return nil
}
