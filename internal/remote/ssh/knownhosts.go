package ssh

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"

	"kops/internal/remote"
)

// A keyCheck decides whether a host's key is the right one.
type keyCheck struct {
	client  *client
	db      *knownhosts.HostKeyDB // nil where no file exists
	name    string                // host and port as known_hosts has them
	revoked map[string]bool       // marshalled keys
}

func (c *client) newKeyCheck() (*keyCheck, error) {
	k := &keyCheck{client: c, name: net.JoinHostPort(c.config.Host, c.config.Port)}
	if c.config.HostKeyAlias != "" {
		k.name = net.JoinHostPort(c.config.HostKeyAlias, "22")
	}
	var files []string
	for _, f := range c.config.KnownHosts {
		if info, err := os.Stat(f); err == nil && info.Mode().IsRegular() {
			files = append(files, f)
		}
	}
	var err error
	if len(files) > 0 {
		if k.db, err = knownhosts.NewDB(files...); err != nil {
			return nil, fmt.Errorf("read known_hosts: %w", err)
		}
	}
	if c.config.RevokedKeys != "" {
		k.revoked, err = readRevoked(c.config.RevokedKeys)
	}
	return k, err
}

// readRevoked reads RevokedHostKeys, one public key a line. The binary form is refused: to
// pass over it would be to trust a revoked key.
func readRevoked(path string) (map[string]bool, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read RevokedHostKeys: %w", err)
	}
	if bytes.HasPrefix(data, []byte("SSHKRL")) {
		return nil, fmt.Errorf("RevokedHostKeys %s is a binary list, which kops cannot read; a list of public keys works", path)
	}
	out := map[string]bool{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		key, _, _, _, err := ssh.ParseAuthorizedKey(line)
		if err != nil {
			return nil, fmt.Errorf("RevokedHostKeys %s: %w", path, err)
		}
		out[string(key.Marshal())] = true
	}
	return out, lines.Err()
}

// algorithms puts first what known_hosts has keys for: a host with several keys then shows
// the one that is known. Certificates are asked for only where an authority is known.
func (k *keyCheck) algorithms() []string {
	allowed := k.client.config.Algorithms.HostKeys
	var out, known []string
	if k.db != nil {
		known = k.db.HostKeyAlgorithms(k.name)
	}
	for _, a := range known {
		if slices.Contains(allowed, a) {
			out = append(out, a)
		}
	}
	for _, a := range allowed {
		if !slices.Contains(out, a) && !strings.Contains(a, "-cert-v01@") {
			out = append(out, a)
		}
	}
	return out
}

// check is an ssh.HostKeyCallback.
func (k *keyCheck) check(_ string, addr net.Addr, key ssh.PublicKey) error {
	rule := k.client.config.HostKeys
	if k.revoked[string(key.Marshal())] {
		return k.fail(remote.HostKeyRevoked, key, "RevokedHostKeys lists it", "", nil)
	}
	err := error(&xknownhosts.KeyError{})
	if k.db != nil {
		err = k.db.HostKeyCallback()(k.name, anyAddress(addr), key)
	}
	var revoked *xknownhosts.RevokedError
	var unknown *xknownhosts.KeyError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &revoked):
		return k.fail(remote.HostKeyRevoked, key,
			fmt.Sprintf("%s:%d revokes it", revoked.Revoked.Filename, revoked.Revoked.Line), "", err)
	case rule == "off":
		return nil
	case !errors.As(err, &unknown):
		return k.fail(remote.HostKeyUnknown, key, "its certificate is not trusted: "+err.Error(), "", err)
	case len(unknown.Want) > 0 && sameType(unknown.Want, key):
		w := unknown.Want[0]
		return k.fail(remote.HostKeyChanged, key, fmt.Sprintf("%s:%d has %s %s", w.Filename, w.Line, w.Key.Type(), ssh.FingerprintSHA256(w.Key)),
			"if the host was installed anew, remove the old key with: ssh-keygen -f "+w.Filename+" -R "+xknownhosts.Normalize(k.name)+"; if not, someone may be listening", err)
	case rule == "accept-new" && len(unknown.Want) == 0:
		return k.remember(key)
	}
	return k.fail(remote.HostKeyUnknown, key, "no known_hosts file has it ("+strings.Join(k.client.config.KnownHosts, ", ")+")",
		"compare the fingerprint with the host's, then add it: ssh-keyscan -H"+k.port()+" "+k.client.config.Host+" >> "+k.first(), err)
}

// first is the file that new keys go into, as ssh does.
func (k *keyCheck) first() string {
	if len(k.client.config.KnownHosts) == 0 {
		return "~/.ssh/known_hosts"
	}
	return k.client.config.KnownHosts[0]
}

// sameType tells whether a known key is of the type that was shown: then the key has changed;
// else it is another key of the host, which nobody has seen yet.
func sameType(want []xknownhosts.KnownKey, key ssh.PublicKey) bool {
	for _, w := range want {
		if w.Key.Type() == key.Type() {
			return true
		}
	}
	return false
}

func (k *keyCheck) port() string {
	if k.client.config.Port == "22" {
		return ""
	}
	return " -p " + k.client.config.Port
}

// remember adds a new host's key to the first known_hosts file.
func (k *keyCheck) remember(key ssh.PublicKey) error {
	if len(k.client.config.KnownHosts) == 0 {
		return nil
	}
	k.client.dialer.mu.Lock()
	defer k.client.dialer.mu.Unlock()
	f, err := os.OpenFile(k.client.config.KnownHosts[0], os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("remember the host's key: %w", err)
	}
	_, err = fmt.Fprintln(f, knownhosts.Line([]string{k.name}, key))
	return errors.Join(err, f.Close())
}

func (k *keyCheck) fail(reason remote.Reason, key ssh.PublicKey, detail, advice string, err error) error {
	return &remote.ConnectError{Host: k.client.name, Reason: reason, Advice: advice, Err: err,
		Detail: fmt.Sprintf("%s shows %s %s; %s", k.name, key.Type(), ssh.FingerprintSHA256(key), detail)}
}

// anyAddress stands in for addresses that are not TCP's: those of proxies.
func anyAddress(addr net.Addr) net.Addr {
	if _, _, err := net.SplitHostPort(addr.String()); err == nil {
		return addr
	}
	return &net.TCPAddr{IP: net.IPv4zero}
}
