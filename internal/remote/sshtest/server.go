// Package sshtest is an SSH server inside the test process. Commands run on this machine,
// in a folder of the test's; authentication, limits and failures are what the test asks for.
package sshtest

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"kops/internal/remote"
)

// Options say what the server is like. The zero value lets everybody in.
type Options struct {
	Passwords   map[string]string // by user; nil: no passwords
	Keys        []ssh.PublicKey   // that may log in
	UserCA      ssh.PublicKey     // whose certificates may log in
	Interactive bool              // ask for the password by keyboard-interactive alone
	HostKeys    []ssh.Signer      // an ed25519 key if empty
	MaxSessions int               // 0 for no limit
	MaxTries    int               // failures of authentication; 6 if 0
	NoForward   bool              // forbid tunnels
	NoExec      bool              // refuse commands
	Shell       []string          // what a command line is handed to; /bin/sh -c
	Silent      bool              // accept TCP and then say nothing

	// Run, where it is set, takes the place of every command line and returns its exit
	// status: for more hosts than there can be shells.
	Run func(line string, stdin io.Reader, stdout, stderr io.Writer) int
}

// A Server listens on a port of this machine until the test ends.
type Server struct {
	Addr string // host:port
	Dir  string // where commands run

	t        testing.TB
	opts     Options
	config   *ssh.ServerConfig
	listener net.Listener

	mu       sync.Mutex
	conns    map[net.Conn]bool
	accepted int
	groups   map[int]net.Conn // process groups of the commands that run, and whose they are
	serving  sync.WaitGroup
}

// New starts a server.
func New(t testing.TB, opts Options) *Server {
	t.Helper()
	if len(opts.HostKeys) == 0 {
		opts.HostKeys = []ssh.Signer{NewKey(t)}
	}
	if len(opts.Shell) == 0 {
		opts.Shell = []string{"/bin/sh", "-c"}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Addr: l.Addr().String(), Dir: t.TempDir(), t: t, opts: opts, listener: l,
		conns: map[net.Conn]bool{}, groups: map[int]net.Conn{}}
	s.config = s.serverConfig()
	s.serving.Add(1)
	go s.accept()
	t.Cleanup(s.close)
	return s
}

// NewKey returns a new ed25519 key.
func NewKey(t testing.TB) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// Settings lead to the server, with its key known and strictly checked.
func (s *Server) Settings(user string) remote.Settings {
	host, port, _ := net.SplitHostPort(s.Addr)
	n, _ := strconv.Atoi(port)
	return remote.Settings{Address: host, Port: n, User: user, HostKeyChecking: true, Timeout: 30,
		SSHArgs: []string{"-F", "/dev/null", "-o", "IdentityAgent=none", "-o", "IdentitiesOnly=yes",
			"-o", "UserKnownHostsFile=" + s.KnownHosts(), "-o", "GlobalKnownHostsFile=/dev/null"}}
}

// KnownHosts writes a known_hosts file with the server's keys and returns its path.
func (s *Server) KnownHosts() string {
	var lines string
	for _, k := range s.opts.HostKeys {
		lines += knownhosts.Line([]string{s.Addr}, k.PublicKey()) + "\n"
	}
	return s.WriteKnownHosts(lines)
}

// WriteKnownHosts writes a known_hosts file of the given lines.
func (s *Server) WriteKnownHosts(lines string) string {
	name := filepath.Join(s.t.TempDir(), "known_hosts")
	if err := os.WriteFile(name, []byte(lines), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return name
}

// Drop cuts all connections.
func (s *Server) Drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.Close() // that it is gone already is what is wanted
	}
}

// Accepted returns how many connections there have been.
func (s *Server) Accepted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted
}

func (s *Server) close() {
	_ = s.listener.Close()
	s.Drop()
	s.killAll(nil)
	s.serving.Wait()
}

func (s *Server) accept() {
	defer s.serving.Done()
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[c] = true
		s.accepted++
		s.mu.Unlock()
		s.serving.Add(1)
		go func() {
			defer s.serving.Done()
			s.serve(c)
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		}()
	}
}

func (s *Server) serverConfig() *ssh.ServerConfig {
	c := &ssh.ServerConfig{MaxAuthTries: s.opts.MaxTries}
	for _, k := range s.opts.HostKeys {
		c.AddHostKey(k)
	}
	right := func(user, password string) (*ssh.Permissions, error) {
		if want, ok := s.opts.Passwords[user]; ok && want == password {
			return nil, nil
		}
		time.Sleep(10 * time.Millisecond) // as sshd does, in small
		return nil, errors.New("wrong password")
	}
	if s.opts.Passwords == nil && len(s.opts.Keys) == 0 && s.opts.UserCA == nil {
		c.NoClientAuth = true
	}
	if s.opts.Interactive {
		c.KeyboardInteractiveCallback = func(m ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			answers, err := ask("", "", []string{"Password: "}, []bool{false})
			if err != nil {
				return nil, err
			}
			return right(m.User(), answers[0])
		}
	} else if s.opts.Passwords != nil {
		c.PasswordCallback = func(m ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			return right(m.User(), string(password))
		}
	}
	if len(s.opts.Keys) > 0 || s.opts.UserCA != nil {
		checker := &ssh.CertChecker{
			IsUserAuthority: func(ca ssh.PublicKey) bool { return s.opts.UserCA != nil && same(ca, s.opts.UserCA) },
			UserKeyFallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
				for _, k := range s.opts.Keys {
					if same(k, key) {
						return nil, nil
					}
				}
				return nil, errors.New("unknown key")
			},
		}
		c.PublicKeyCallback = checker.Authenticate
	}
	return c
}

func same(a, b ssh.PublicKey) bool { return string(a.Marshal()) == string(b.Marshal()) }
