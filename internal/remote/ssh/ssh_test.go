package ssh

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"kops/internal/remote"
	"kops/internal/remote/sshtest"
)

// key writes a new key, encrypted where there is a passphrase, and returns its path.
func key(t *testing.T, passphrase string) (string, ssh.Signer) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var block *pem.Block
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(private, "")
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return name, signer
}

func dial(t *testing.T, d *Dialer, s remote.Settings) (remote.Connection, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := d.Dial(ctx, "h", s)
	if err == nil {
		t.Cleanup(func() { _ = c.Close() })
	}
	return c, err
}

func mustDial(t *testing.T, s remote.Settings) remote.Connection {
	t.Helper()
	c, err := dial(t, NewDialer(Options{}), s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wantReason(t *testing.T, err error, reason remote.Reason) {
	t.Helper()
	var failed *remote.ConnectError
	if !errors.As(err, &failed) || failed.Reason != reason {
		t.Errorf("got %v, want %q", err, reason)
	}
}

func TestAuthentication(t *testing.T) {
	file, signer := key(t, "")
	locked, lockedSigner := key(t, "open sesame")
	other, _ := key(t, "")
	keys := []ssh.PublicKey{signer.PublicKey(), lockedSigner.PublicKey()}
	passwords := map[string]string{"me": "secret"}
	tests := []struct {
		name   string
		opts   sshtest.Options
		set    func(*remote.Settings)
		reason remote.Reason
	}{
		{"key", sshtest.Options{Keys: keys}, func(s *remote.Settings) { s.PrivateKeyFile = file }, ""},
		{"wrong key", sshtest.Options{Keys: keys}, func(s *remote.Settings) { s.PrivateKeyFile = other }, remote.AuthFailed},
		{"missing key", sshtest.Options{Keys: keys}, func(s *remote.Settings) { s.PrivateKeyFile = "/no/key" }, remote.AuthFailed},
		{"encrypted key", sshtest.Options{Keys: keys}, func(s *remote.Settings) { s.PrivateKeyFile, s.Passphrase = locked, "open sesame" }, ""},
		{"wrong passphrase", sshtest.Options{Keys: keys}, func(s *remote.Settings) { s.PrivateKeyFile, s.Passphrase = locked, "x" }, remote.AuthFailed},
		{"nobody to ask", sshtest.Options{Keys: keys}, func(s *remote.Settings) { s.PrivateKeyFile = locked }, remote.AuthFailed},
		{"password", sshtest.Options{Passwords: passwords}, func(s *remote.Settings) { s.Password = "secret" }, ""},
		{"wrong password", sshtest.Options{Passwords: passwords}, func(s *remote.Settings) { s.Password = "x" }, remote.AuthFailed},
		{"asked for by keyboard", sshtest.Options{Passwords: passwords, Interactive: true}, func(s *remote.Settings) { s.Password = "secret" }, ""},
		{"few tries", sshtest.Options{Keys: keys, MaxTries: 1}, func(s *remote.Settings) { s.PrivateKeyFile = file }, ""},
		{"commands refused", sshtest.Options{NoExec: true}, func(*remote.Settings) {}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := sshtest.New(t, tt.opts).Settings("me")
			tt.set(&s)
			c, err := dial(t, NewDialer(Options{}), s)
			if tt.reason != "" {
				wantReason(t, err, tt.reason)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.As(remote.Become{}).Query(context.Background(), "true")
			if tt.opts.NoExec {
				wantReason(t, err, remote.NoShell)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestPassphraseIsAskedOnce(t *testing.T) {
	locked, signer := key(t, "open sesame")
	srv := sshtest.New(t, sshtest.Options{Keys: []ssh.PublicKey{signer.PublicKey()}})
	s := srv.Settings("me")
	s.PrivateKeyFile = locked
	asked := 0
	d := NewDialer(Options{Prompt: func(q string) (string, error) { asked++; return "open sesame", nil }})
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if _, err := dial(t, d, s); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

func TestPassphraseMayTakeLongerThanTheHandshake(t *testing.T) {
	locked, signer := key(t, "open sesame")
	s := sshtest.New(t, sshtest.Options{Keys: []ssh.PublicKey{signer.PublicKey()}}).Settings("me")
	s.PrivateKeyFile, s.Timeout = locked, 1
	d := NewDialer(Options{Prompt: func(string) (string, error) {
		<-time.After(1500 * time.Millisecond)
		return "open sesame", nil
	}})
	if _, err := dial(t, d, s); err != nil {
		t.Error(err)
	}
}

func TestUserCertificate(t *testing.T) {
	ca := sshtest.NewKey(t)
	file, signer := key(t, "")
	cert := &ssh.Certificate{Key: signer.PublicKey(), CertType: ssh.UserCert, ValidPrincipals: []string{"me"}, ValidBefore: ssh.CertTimeInfinity}
	if err := cert.SignCert(rand.Reader, ca); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file+"-cert.pub", ssh.MarshalAuthorizedKey(cert), 0o600); err != nil {
		t.Fatal(err)
	}
	s := sshtest.New(t, sshtest.Options{UserCA: ca.PublicKey()}).Settings("me")
	s.PrivateKeyFile = file
	if _, err := dial(t, NewDialer(Options{}), s); err != nil {
		t.Error(err)
	}
}

func TestHostKeys(t *testing.T) {
	host, other, ca := sshtest.NewKey(t), sshtest.NewKey(t), sshtest.NewKey(t)
	cert := &ssh.Certificate{Key: host.PublicKey(), CertType: ssh.HostCert, ValidPrincipals: []string{"127.0.0.1"}, ValidBefore: ssh.CertTimeInfinity}
	if err := cert.SignCert(rand.Reader, ca); err != nil {
		t.Fatal(err)
	}
	certified, err := ssh.NewCertSigner(cert, host)
	if err != nil {
		t.Fatal(err)
	}
	line := func(marker string, hashed bool, k ssh.Signer) func(addr string) string {
		return func(addr string) string {
			name := knownhosts.Normalize(addr)
			if hashed {
				name = knownhosts.HashHostname(name)
			}
			return strings.TrimSpace(marker+" "+name+" "+string(ssh.MarshalAuthorizedKey(k.PublicKey()))) + "\n"
		}
	}
	tests := []struct {
		name   string
		key    ssh.Signer
		lines  func(addr string) string
		rule   string
		reason remote.Reason
	}{
		{"known", host, line("", false, host), "", ""},
		{"hashed", host, line("", true, host), "", ""},
		{"unknown", host, func(string) string { return "" }, "", remote.HostKeyUnknown},
		{"changed", host, line("", false, other), "", remote.HostKeyChanged},
		{"revoked", host, line("@revoked", false, host), "", remote.HostKeyRevoked},
		{"revoked, unchecked", host, line("@revoked", false, host), "no", remote.HostKeyRevoked},
		{"certificate authority", certified, line("@cert-authority", false, ca), "", ""},
		{"another authority", certified, line("@cert-authority", false, other), "", remote.HostKeyUnknown},
		{"unknown, unchecked", host, func(string) string { return "" }, "no", ""},
		{"unknown, asked about", host, func(string) string { return "" }, "ask", remote.HostKeyUnknown},
		{"unknown, accepted as new", host, func(string) string { return "" }, "accept-new", ""},
		{"changed, accepted as new", host, line("", false, other), "accept-new", remote.HostKeyChanged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := sshtest.New(t, sshtest.Options{HostKeys: []ssh.Signer{tt.key}})
			known := srv.WriteKnownHosts(tt.lines(srv.Addr))
			s := srv.Settings("me")
			s.SSHArgs = []string{"-F", "/dev/null", "-o", "UserKnownHostsFile=" + known}
			if tt.rule != "" {
				s.SSHArgs = append(s.SSHArgs, "-o", "StrictHostKeyChecking="+tt.rule)
			}
			for range 2 { // the second finds what the first remembered
				_, err := dial(t, NewDialer(Options{}), s)
				if tt.reason != "" {
					wantReason(t, err, tt.reason)
				} else if err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestSilentHost(t *testing.T) {
	s := sshtest.New(t, sshtest.Options{Silent: true}).Settings("me")
	s.Timeout = 1
	_, err := dial(t, NewDialer(Options{}), s)
	wantReason(t, err, remote.TimedOut)
}

func TestFewSessions(t *testing.T) {
	s := sshtest.New(t, sshtest.Options{MaxSessions: 2}).Settings("me")
	c := mustDial(t, s)
	h := c.As(remote.Become{})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := h.Exec(ctx, remote.Command{Shell: "sleep 0.05"}); err != nil {
				t.Error(err)
			}
			if _, err := h.Query(ctx, "true"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// TestHeldShellStays has a host with room for few sessions: the shell that holds something is not
// closed to make room, unless there is room for one alone. Then the next shell takes it again.
func TestHeldShellStays(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for sessions, want := range map[int]string{1: "3", 2: "1"} {
		h := mustDial(t, sshtest.New(t, sshtest.Options{MaxSessions: sessions}).Settings("me")).As(remote.Become{})
		taken := filepath.Join(t.TempDir(), "taken")
		if res, err := h.Hold(ctx, "exec 9>>"+taken+"; echo x >&9", nil); err != nil || res.ExitCode != 0 {
			t.Fatal(res, err)
		}
		for range 2 {
			if _, err := h.Exec(ctx, remote.Command{Shell: "true"}); err != nil {
				t.Error(err)
			}
		}
		res, err := h.Query(ctx, "grep -c x "+taken)
		if err != nil || strings.TrimSpace(string(res.Stdout)) != want {
			t.Errorf("%d sessions: taken %s times, want %s (%v)", sessions, res.Stdout, want, err)
		}
	}
}

// TestHeldAgain loses the connection: whatever comes first, a command on a channel of its own too, what
// was held is taken again before.
func TestHeldAgain(t *testing.T) {
	srv := sshtest.New(t, sshtest.Options{})
	c := mustDial(t, srv.Settings("me"))
	h := c.As(remote.Become{})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	taken := filepath.Join(t.TempDir(), "taken")
	if res, err := h.Hold(ctx, "exec 9>>"+taken+"; echo x >&9", nil); err != nil || res.ExitCode != 0 {
		t.Fatal(res, err)
	}
	if err := c.Reset(); err != nil {
		t.Fatal(err)
	}
	res, err := h.Exec(ctx, remote.Command{Shell: "grep -c x " + taken})
	if err != nil || strings.TrimSpace(string(res.Stdout)) != "2" {
		t.Errorf("taken %s times before the command, want 2 (%v)", res.Stdout, err)
	}
}

func TestLostConnection(t *testing.T) {
	srv := sshtest.New(t, sshtest.Options{})
	h := mustDial(t, srv.Settings("me")).As(remote.Become{})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	during := func(call func(script string) error) error {
		marker := filepath.Join(srv.Dir, "running")
		_ = os.Remove(marker)
		done := make(chan error)
		go func() { done <- call("[ -e " + marker + " ] && exit; : >" + marker + "; sleep 100") }()
		for {
			if _, err := os.Stat(marker); err == nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
		srv.Drop()
		return <-done
	}
	if err := during(func(s string) error { _, err := h.Query(ctx, s); return err }); err != nil {
		t.Errorf("a read is tried again: %v", err)
	}
	err := during(func(s string) error { _, err := h.Script(ctx, s); return err })
	wantReason(t, err, remote.ConnectionLost)
	err = during(func(s string) error { _, err := h.Exec(ctx, remote.Command{Shell: s}); return err })
	wantReason(t, err, remote.ConnectionLost)
	if _, err := h.Script(ctx, "true"); err != nil {
		t.Errorf("after the loss: %v", err)
	}
	if srv.Accepted() < 3 {
		t.Errorf("%d connections", srv.Accepted())
	}
}

func TestLostConnectionLeavesNoHalfFile(t *testing.T) {
	srv := sshtest.New(t, sshtest.Options{})
	h := mustDial(t, srv.Settings("me")).As(remote.Become{})
	dir := t.TempDir()
	r, w := io.Pipe()
	done := make(chan error)
	go func() {
		done <- h.WriteFile(context.Background(), filepath.Join(dir, "x"), r, remote.WriteOptions{})
	}()
	go func() {
		for {
			if _, err := w.Write(make([]byte, 1<<10)); err != nil {
				return
			}
			if e, _ := os.ReadDir(dir); len(e) > 0 {
				srv.Drop()
				_ = w.Close()
				return
			}
		}
	}()
	wantReason(t, <-done, remote.ConnectionLost)
	if _, err := os.Stat(filepath.Join(dir, "x")); err == nil {
		t.Error("half a file was put in place")
	}
	if e, _ := os.ReadDir(dir); len(e) > 0 {
		t.Errorf("left behind: %v", e)
	}
}

func TestNoisyLogin(t *testing.T) {
	noisy := []string{"/bin/sh", "-c", `echo Welcome; echo warning >&2; exec /bin/sh -c "$0"`}
	h := mustDial(t, sshtest.New(t, sshtest.Options{Shell: noisy}).Settings("me")).As(remote.Become{})
	res, err := h.Exec(context.Background(), remote.Command{Argv: []string{"echo", "x"}})
	if err != nil || string(res.Stdout) != "x\n" || len(res.Stderr) > 0 {
		t.Errorf("exec: %q %q %v", res.Stdout, res.Stderr, err)
	}
	res, err = h.Query(context.Background(), "echo y")
	if err != nil || string(res.Stdout) != "y\n" || len(res.Stderr) > 0 {
		t.Errorf("query: %q %q %v", res.Stdout, res.Stderr, err)
	}
}

func TestDisabledLogin(t *testing.T) {
	refusing := []string{"/bin/sh", "-c", `echo This account is currently not available.; exit 1`}
	h := mustDial(t, sshtest.New(t, sshtest.Options{Shell: refusing}).Settings("me")).As(remote.Become{})
	_, err := h.Query(context.Background(), "true")
	wantReason(t, err, remote.NoShell)
	if err == nil || !strings.Contains(err.Error(), "not available") {
		t.Errorf("got %v", err)
	}
}

func TestDial(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.Copy(c, c)
			_ = c.Close()
		}
	}()
	for _, forbidden := range []bool{false, true} {
		h := mustDial(t, sshtest.New(t, sshtest.Options{NoForward: forbidden}).Settings("me")).As(remote.Become{})
		c, err := h.Dial(context.Background(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatalf("forbidden %v: %v", forbidden, err)
		}
		text := bytes.Repeat([]byte("x\x00\n"), 1<<16)
		go func() { _, _ = c.Write(text) }()
		got := make([]byte, len(text))
		if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, text) {
			t.Errorf("forbidden %v: %v", forbidden, err)
		}
		_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
		if _, err := c.Read(got); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("forbidden %v: deadline: %v", forbidden, err)
		}
		_ = c.Close()
		closed, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_ = closed.Close()
		if _, err := h.Dial(context.Background(), "tcp", closed.Addr().String()); !errors.Is(err, syscall.ECONNREFUSED) || !strings.Contains(err.Error(), "refused") {
			t.Errorf("forbidden %v: a closed port: %v", forbidden, err)
		}
	}
}

func TestBastionIsShared(t *testing.T) {
	bastion, target := sshtest.New(t, sshtest.Options{}), sshtest.New(t, sshtest.Options{})
	file := filepath.Join(t.TempDir(), "config")
	host, port, _ := net.SplitHostPort(bastion.Addr)
	config := fmt.Sprintf("Host bastion\nHostname %s\nPort %s\nUserKnownHostsFile %s\nHost 127.0.0.1\nUserKnownHostsFile %s\n",
		host, port, bastion.KnownHosts(), target.KnownHosts())
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	d := NewDialer(Options{})
	defer d.Close()
	for range 3 {
		s := target.Settings("me")
		s.SSHArgs = []string{"-F", file, "-J", "me@bastion"}
		c, err := dial(t, d, s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.As(remote.Become{}).Query(context.Background(), "true"); err != nil {
			t.Error(err)
		}
	}
	if bastion.Accepted() != 1 || target.Accepted() != 3 {
		t.Errorf("%d connections to the bastion, %d to the target", bastion.Accepted(), target.Accepted())
	}
}

// Who asks whether anybody listens at an address takes no sshd for it that is down.
func TestDialWithoutSSHIsNoRefusal(t *testing.T) {
	bastion, target := sshtest.New(t, sshtest.Options{}), sshtest.New(t, sshtest.Options{})
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	file := filepath.Join(t.TempDir(), "config")
	host, port, _ := net.SplitHostPort(bastion.Addr)
	config := fmt.Sprintf("Host bastion\nHostname %s\nPort %s\nUserKnownHostsFile %s\n", host, port, bastion.KnownHosts())
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args   []string
		reason remote.Reason
	}{{nil, remote.Refused}, {[]string{"-F", file, "-J", "me@bastion"}, remote.JumpFailed}} {
		s := target.Settings("me")
		s.Port, s.SSHArgs = closed.Addr().(*net.TCPAddr).Port, tt.args
		d := NewDialer(Options{})
		_, err := d.Dial(context.Background(), "target", s) // as where a connection was lost
		if wantReason(t, err, tt.reason); errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("a refusal: %v", err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}
