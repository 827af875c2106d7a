package ssh

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"kops/internal/remote"
)

// A config is what ssh_config, the options of ansible_ssh_common_args and the host's
// variables together say about a connection.
type config struct {
	Host          string // where to connect
	Port          string
	User          string
	HostKeyAlias  string
	KnownHosts    []string
	RevokedKeys   string
	HostKeys      string // "strict", "accept-new" or "off"
	Identities    []string
	Certificates  []string
	OnlyThose     bool   // IdentitiesOnly
	Agent         string // path of the agent's socket, "" for none
	ForwardAgent  string // path of the agent that the host may use, "" for none
	PublicKey     bool   // whether keys may be used
	Password      bool   // whether passwords may be used
	Interactive   bool   // whether keyboard-interactive may be used
	Preferred     []string
	ProxyCommand  string
	ProxyJump     []string
	File          []string // -F, which applies to bastions too
	BindAddress   string
	Network       string // tcp, tcp4, tcp6
	Algorithms    ssh.Algorithms
	Connect       time.Duration
	AliveInterval time.Duration
	AliveCount    int
}

// timeout is how long connecting may take, handshake included.
func (c config) timeout() time.Duration {
	if c.Connect > 0 {
		return c.Connect
	}
	return 10 * time.Second
}

// aliveInterval is how often the host is asked whether it is there.
func (c config) aliveInterval() time.Duration {
	if c.AliveInterval > 0 {
		return c.AliveInterval
	}
	return 15 * time.Second
}

// aliveCount is how many intervals a question may go without an answer. The usual 75 s in all
// outlast a network that is away for half a minute: TCP sends again at growing distances, at
// 26 s and then only at 51 s.
func (c config) aliveCount() int {
	if c.AliveInterval == 0 {
		return max(5, c.AliveCount)
	}
	return c.AliveCount
}

// values are the keywords of a configuration in lower case, as `ssh -G` words them.
type values map[string][]string

func (v values) first(key string) string {
	if len(v[key]) == 0 || v[key][0] == "none" {
		return ""
	}
	return v[key][0]
}

func (v values) yes(key string, otherwise bool) bool {
	switch strings.ToLower(v.first(key)) {
	case "yes", "true":
		return true
	case "no", "false":
		return false
	}
	return otherwise
}

// newConfig reads the keywords that matter.
func newConfig(name string, s remote.Settings, v values) (config, error) {
	c := config{
		Host: v.first("hostname"), Port: v.first("port"), User: v.first("user"),
		HostKeyAlias: v.first("hostkeyalias"),
		OnlyThose:    v.yes("identitiesonly", false),
		PublicKey:    v.yes("pubkeyauthentication", true),
		Password:     v.yes("passwordauthentication", true),
		Interactive:  v.yes("kbdinteractiveauthentication", true),
		ProxyCommand: v.first("proxycommand"),
		BindAddress:  v.first("bindaddress"),
		RevokedKeys:  homePath(v.first("revokedhostkeys")),
		Identities:   homePaths(v["identityfile"]),
		Certificates: homePaths(v["certificatefile"]),
		Agent:        agentPath(v["identityagent"]),
	}
	if err := refused(v); err != nil {
		return c, err
	}
	if forward := v.first("forwardagent"); v.yes("forwardagent", false) {
		c.ForwardAgent = c.Agent
	} else if strings.ContainsAny(forward, "/$") {
		c.ForwardAgent = agentPath([]string{forward})
	}
	if jump := v.first("proxyjump"); jump != "" {
		c.ProxyJump = strings.Split(jump, ",")
	}
	if preferred := v.first("preferredauthentications"); preferred != "" {
		c.Preferred = strings.Split(preferred, ",")
	}
	for _, key := range []string{"userknownhostsfile", "globalknownhostsfile"} {
		for _, line := range v[key] {
			c.KnownHosts = append(c.KnownHosts, homePaths(strings.Fields(line))...)
		}
	}
	if c.Host == "" {
		c.Host = address(name, s)
	}
	if port, err := strconv.Atoi(c.Port); err != nil || port < 1 || port > 65535 {
		return c, fmt.Errorf("the port %q is not between 1 and 65535", c.Port)
	}
	c.Network = map[string]string{"inet": "tcp4", "inet6": "tcp6"}[v.first("addressfamily")]
	if c.Network == "" {
		c.Network = "tcp"
	}
	c.HostKeys = hostKeyRule(v.first("stricthostkeychecking"), s)
	c.setTimes(s, v)
	return c, c.setAlgorithms(v)
}

// hostKeyRule never asks: what ssh would ask about is refused, with advice.
func hostKeyRule(word string, s remote.Settings) string {
	switch strings.ToLower(word) {
	case "no", "off", "false":
		return "off"
	case "accept-new":
		return "accept-new"
	}
	if !s.HostKeyChecking {
		return "off"
	}
	return "strict"
}

func (c *config) setTimes(s remote.Settings, v values) {
	seconds := func(key string) time.Duration {
		n, _ := strconv.Atoi(v.first(key)) // "none" is 0
		return time.Duration(n) * time.Second
	}
	c.Connect = seconds("connecttimeout")
	if s.Timeout > 0 {
		c.Connect = time.Duration(s.Timeout) * time.Second
	}
	c.AliveInterval = seconds("serveraliveinterval")
	c.AliveCount, _ = strconv.Atoi(v.first("serveralivecountmax"))
	if c.AliveCount == 0 {
		c.AliveCount = 3
	}
}

// unwishedCiphers are what ssh -G prints where nobody has chosen ciphers, by OpenSSH's versions.
// They have chacha20 first, which costs a large file three times the time of AES, for which
// processors have instructions.
var unwishedCiphers = []string{
	"chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com", // 6.7 to 9.9
	"chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr", // 10
}

// setAlgorithms takes what ssh_config allows and this implementation has. Algorithms that
// are no longer safe are used only where ssh_config names them, as old hosts need.
func (c *config) setAlgorithms(v values) error {
	good, old := ssh.SupportedAlgorithms(), ssh.InsecureAlgorithms()
	var err error
	pick := func(key string, have ...[]string) []string {
		allowed := v.first(key)
		if allowed == "" || key == "ciphers" && slices.Contains(unwishedCiphers, allowed) {
			return have[0]
		}
		var out []string
		for _, a := range strings.Split(allowed, ",") {
			for _, list := range have {
				for _, h := range list {
					if a == h {
						out = append(out, a)
					}
				}
			}
		}
		if len(out) == 0 && err == nil {
			err = fmt.Errorf("kops has none of the algorithms that ssh_config's %s allows: %s", key, allowed)
		}
		return out
	}
	c.Algorithms = ssh.Algorithms{
		KeyExchanges: pick("kexalgorithms", good.KeyExchanges, old.KeyExchanges),
		Ciphers:      pick("ciphers", good.Ciphers, old.Ciphers),
		MACs:         pick("macs", good.MACs, old.MACs),
		HostKeys:     pick("hostkeyalgorithms", good.HostKeys, old.HostKeys),
	}
	return err
}

// refused finds settings that change whom kops talks to, or how it proves it, and that it
// cannot honour.
func refused(v values) error {
	for _, key := range []string{"knownhostscommand", "pkcs11provider", "bindinterface"} {
		if v.first(key) != "" {
			return fmt.Errorf("ssh_config sets %s %s, which kops cannot honour", key, v.first(key))
		}
	}
	if v.yes("proxyusefdpass", false) {
		return fmt.Errorf("ssh_config sets ProxyUseFdpass, which kops cannot honour; a ProxyCommand that copies works")
	}
	return nil
}

// address is where the inventory says the host is.
func address(name string, s remote.Settings) string {
	if s.Address != "" {
		return s.Address
	}
	return name
}

// agentPath is the agent's socket: IdentityAgent, or that of the environment.
func agentPath(setting []string) string {
	word := "SSH_AUTH_SOCK"
	if len(setting) > 0 {
		word = setting[0]
	}
	switch {
	case word == "none":
		return ""
	case word == "SSH_AUTH_SOCK":
		return os.Getenv("SSH_AUTH_SOCK")
	case strings.HasPrefix(word, "$"):
		return os.Getenv(strings.Trim(word[1:], "{}"))
	}
	return homePath(word)
}

// homePath puts the home folder in the place of "~".
func homePath(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if me, err := user.Current(); err == nil {
			return filepath.Join(me.HomeDir, rest)
		}
	}
	return path
}

func homePaths(paths []string) []string {
	var out []string
	for _, p := range paths {
		if p != "none" {
			out = append(out, homePath(strings.Trim(p, `"`)))
		}
	}
	return out
}
