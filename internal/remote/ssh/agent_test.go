package ssh

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"kops/internal/remote"
	"kops/internal/remote/sshtest"
)

// serveAgent offers a keyring on a socket and returns its path.
func serveAgent(t *testing.T, keys agent.Agent) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "agent")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_ = agent.ServeAgent(keys, conn)
				_ = conn.Close()
			}()
		}
	}()
	return socket
}

// holdKey adds the key of a file to an agent.
func holdKey(t *testing.T, keys agent.Agent, file, passphrase string) ssh.PublicKey {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var private any
	if passphrase == "" {
		private, err = ssh.ParseRawPrivateKey(data)
	} else {
		private, err = ssh.ParseRawPrivateKeyWithPassphrase(data, []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.Add(agent.AddedKey{PrivateKey: private}); err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer.PublicKey()
}

// TestAgentWithTwentyKeys holds that a host which ends the connection after six failures is
// entered with the key that is named, in whichever way, and that without a name few are tried.
func TestAgentWithTwentyKeys(t *testing.T) {
	keys := agent.NewKeyring()
	for range 20 {
		file, _ := key(t, "")
		holdKey(t, keys, file, "")
	}
	locked, _ := key(t, "open sesame")
	lockedKey := holdKey(t, keys, locked, "open sesame")
	public := filepath.Join(t.TempDir(), "card.pub")
	if err := os.WriteFile(public, ssh.MarshalAuthorizedKey(lockedKey), 0o600); err != nil {
		t.Fatal(err)
	}
	plain, plainSigner := key(t, "")
	socket := serveAgent(t, keys)
	for _, tt := range []struct {
		name     string
		accepted ssh.PublicKey
		file     string
		args     []string
		reason   remote.Reason
	}{
		{"a key file of the inventory", plainSigner.PublicKey(), plain, nil, ""},
		{"an IdentityFile", plainSigner.PublicKey(), "", []string{"-o", "IdentityFile=" + plain}, ""},
		{"an encrypted key that the agent holds", lockedKey, locked, nil, ""},
		{"the same with IdentitiesOnly", lockedKey, "", []string{"-o", "IdentityFile=" + locked, "-o", "IdentitiesOnly=yes"}, ""},
		{"the public part alone", lockedKey, "", []string{"-o", "IdentityFile=" + public}, ""},
		{"no name", lockedKey, "", nil, remote.AuthFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := sshtest.New(t, sshtest.Options{Keys: []ssh.PublicKey{tt.accepted}, MaxTries: 6})
			s := srv.Settings("me")
			s.PrivateKeyFile = tt.file
			s.SSHArgs = append([]string{"-F", "/dev/null", "-o", "UserKnownHostsFile=" + srv.KnownHosts(), "-o", "IdentityAgent=" + socket}, tt.args...)
			_, err := dial(t, NewDialer(Options{}), s)
			if tt.reason != "" {
				wantReason(t, err, tt.reason)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestKeepAlives(t *testing.T) {
	for _, tt := range []struct {
		v    values
		want time.Duration // without an answer, until the connection is given up
	}{
		{values{"serveraliveinterval": {"0"}, "serveralivecountmax": {"3"}}, 75 * time.Second},
		{values{"serveraliveinterval": {"0"}, "serveralivecountmax": {"8"}}, 120 * time.Second},
		{values{"serveraliveinterval": {"7"}, "serveralivecountmax": {"3"}}, 21 * time.Second},
		{values{"serveraliveinterval": {"60"}, "serveralivecountmax": {"1"}}, 60 * time.Second},
	} {
		tt.v["port"] = []string{"22"}
		c, err := newConfig("h", remote.Settings{}, tt.v)
		if got := c.aliveInterval() * time.Duration(c.aliveCount()); err != nil || got != tt.want {
			t.Errorf("%v: %v, %v", tt.v, got, err)
		}
	}
}
