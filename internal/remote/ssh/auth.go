package ssh

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// maxKeys is how many keys are offered: sshd ends a connection after 6 failures by default,
// and a password may have to be tried too.
const maxKeys = 4

// agentLimit is how long the agent may take, to list its keys and to sign: it may ask a person.
const agentLimit = time.Minute

// attempts record what was tried, for the error.
type attempts struct {
	keys     []string // where the keys that were offered come from
	skipped  []string // why others were not
	password bool
	agent    net.Conn
	signing  func() (done func()) // called where a person may be asked while the handshake waits
}

func (a *attempts) summary() string {
	var tried []string
	if len(a.keys) > 0 {
		tried = append(tried, "the keys "+strings.Join(a.keys, ", "))
	}
	if a.password {
		tried = append(tried, "the password")
	}
	out := strings.Join(tried, " and ")
	if out == "" {
		out = "the login: there is no key and no password to try"
	}
	if len(a.skipped) > 0 {
		out += " (not tried: " + strings.Join(a.skipped, "; ") + ")"
	}
	return out
}

func (a *attempts) advice() string {
	if a.password {
		return "check ansible_user and ansible_password"
	}
	return "check ansible_user, name the key with ansible_ssh_private_key_file, or give a password with -k"
}

// close ends the connection to the agent, which is needed while keys are tried.
func (a *attempts) close() {
	if a.agent != nil {
		_ = a.agent.Close() // it was only read from
	}
}

// authMethods returns the methods in the order in which they are tried.
func (c *client) authMethods(tried *attempts) ([]ssh.AuthMethod, error) {
	byName := map[string]ssh.AuthMethod{}
	if c.config.PublicKey {
		signers, err := c.signers(tried)
		if err != nil {
			return nil, err
		}
		if len(signers) > 0 {
			byName["publickey"] = ssh.PublicKeys(signers...)
		}
	}
	if c.settings.Password != "" {
		if c.config.Password {
			byName["password"] = ssh.PasswordCallback(func() (string, error) {
				tried.password = true
				return c.settings.Password, nil
			})
		}
		if c.config.Interactive {
			byName["keyboard-interactive"] = ssh.KeyboardInteractive(c.answer(tried))
		}
	}
	order := c.config.Preferred
	if len(order) == 0 {
		order = []string{"publickey", "keyboard-interactive", "password"}
	}
	if c.settings.Password != "" && c.settings.PrivateKeyFile == "" && len(c.config.Preferred) == 0 {
		order = []string{"password", "keyboard-interactive", "publickey"}
	}
	var methods []ssh.AuthMethod
	for _, name := range order {
		if m := byName[name]; m != nil {
			methods = append(methods, m)
		}
	}
	return methods, nil
}

// answer gives the password to the one question that hides what is typed.
func (c *client) answer(tried *attempts) ssh.KeyboardInteractiveChallenge {
	return func(_, _ string, questions []string, echos []bool) ([]string, error) {
		answers := make([]string, len(questions))
		for i := range questions {
			if echos[i] || i > 0 {
				return nil, fmt.Errorf("the host asks %q, which kops cannot answer", questions[i])
			}
			tried.password = true
			answers[i] = c.settings.Password
		}
		return answers, nil
	}
}

// An identity is a key that may be offered.
type identity struct {
	ssh.Signer
	source string
	agent  bool // it is the agent's
}

// signers returns the keys to offer: the one that the host's variables name, those that
// ssh_config names, the agent's, then ssh's default files. A key that is named and that the
// agent holds is the agent's: its file may be encrypted, or hold the public part alone.
func (c *client) signers(tried *attempts) ([]ssh.Signer, error) {
	held := c.agentKeys(tried)
	var all []identity
	if c.settings.PrivateKey != "" {
		k, err := c.dialer.keys.parse("ansible_private_key", []byte(c.settings.PrivateKey), c.settings.Passphrase)
		if err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	if file := homePath(c.settings.PrivateKeyFile); file != "" {
		ks, err := c.named(file, held)
		if err != nil {
			return nil, err
		}
		all = append(all, ks...)
	}
	var defaults []identity
	for _, file := range c.config.Identities {
		ks, err := c.named(file, held)
		switch {
		case err != nil && isDefault(file):
		case err != nil:
			tried.skipped = append(tried.skipped, err.Error())
		case isDefault(file):
			defaults = append(defaults, ks...)
		default:
			all = append(all, ks...)
		}
	}
	if !c.config.OnlyThose {
		all = append(all, held...)
	}
	return offered(append(all, defaults...), tried), nil
}

// named returns the keys of a file that is named, or the agent's in their place.
func (c *client) named(file string, held []identity) ([]identity, error) {
	ks, err := c.dialer.keys.load(file, c.config.Certificates, c.settings.Passphrase)
	if err == nil {
		for i, k := range ks {
			if isLocked(k) {
				ks = slices.Clone(ks) // the keyring's own
				ks[i] = heldBy(held, k.PublicKey(), k)
			}
		}
		return ks, nil
	}
	for _, path := range []string{file, file + ".pub"} {
		if public, unread := readPublic(path); unread == nil {
			if k := heldBy(held, public, identity{}); k.Signer != nil {
				return []identity{k}, nil
			}
		}
	}
	return nil, err
}

// heldBy returns the agent's key with that public part, or otherwise.
func heldBy(held []identity, public ssh.PublicKey, otherwise identity) identity {
	for _, k := range held {
		if slices.Equal(k.PublicKey().Marshal(), public.Marshal()) {
			return k
		}
	}
	return otherwise
}

// offered leaves out keys that occur twice and those beyond maxKeys.
func offered(all []identity, tried *attempts) []ssh.Signer {
	var out []ssh.Signer
	var seen []string
	for _, k := range all {
		public := string(k.PublicKey().Marshal())
		switch {
		case slices.Contains(seen, public):
		case len(out) == maxKeys:
			tried.skipped = append(tried.skipped, k.source+": too many keys, name the right one")
		default:
			seen = append(seen, public)
			out = append(out, unhurried(k, tried))
			tried.keys = append(tried.keys, k.source)
		}
	}
	return out
}

// unhurried has the handshake wait for a key whose use a person may have to allow: one that is
// encrypted, or an agent's.
func unhurried(k identity, tried *attempts) ssh.Signer {
	if s, ok := k.Signer.(ssh.AlgorithmSigner); ok && (k.agent || isLocked(k)) {
		return &slowSigner{s, tried}
	}
	return k.Signer
}

func isLocked(k identity) bool {
	_, locked := k.Signer.(*lockedKey)
	return locked
}

// A slowSigner is a key whose use may take a person's time.
type slowSigner struct {
	ssh.AlgorithmSigner
	tried *attempts
}

// Sign signs.
func (s *slowSigner) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	defer s.tried.signing()()
	return s.AlgorithmSigner.Sign(rand, data)
}

// SignWithAlgorithm signs.
func (s *slowSigner) SignWithAlgorithm(rand io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	defer s.tried.signing()()
	return s.AlgorithmSigner.SignWithAlgorithm(rand, data, algorithm)
}

// isDefault tells whether ssh tries the file without being told to.
func isDefault(file string) bool {
	return filepath.Dir(file) == homePath("~/.ssh") && strings.HasPrefix(filepath.Base(file), "id_")
}

// agentKeys returns the keys that the agent holds.
func (c *client) agentKeys(tried *attempts) []identity {
	if c.config.Agent == "" {
		return nil
	}
	conn, err := net.Dial("unix", c.config.Agent)
	if err != nil {
		tried.skipped = append(tried.skipped, "the agent: "+err.Error())
		return nil
	}
	tried.agent = conn
	_ = conn.SetDeadline(time.Now().Add(agentLimit)) // a socket has deadlines
	signers, err := agent.NewClient(conn).Signers()
	if err != nil {
		tried.skipped = append(tried.skipped, "the agent: "+err.Error())
		return nil
	}
	out := make([]identity, len(signers))
	for i, s := range signers {
		out[i] = identity{s, "the agent's " + ssh.FingerprintSHA256(s.PublicKey()), true}
	}
	return out
}
