package ssh

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"kops/internal/remote"
)

// What the ssh command makes of a file, and what kops reads where there is no command, is
// the same.
func TestConfigWithAndWithoutCommand(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{
		"config": "Include " + dir + "/more\nUser=first\nHost k* !kafka9\n  Port 2222\n  User second\nHost kafka1\n" +
			"  HostName %h.example\n  IdentityFile \"/keys/a b\"\n  IdentityFile /keys/b\n  ProxyJump a,b:1\nMatch all\n  ServerAliveInterval 7\n",
		"more": "StrictHostKeyChecking accept-new\nUserKnownHostsFile /known/a /known/b\n",
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"kafka1", "kafka9", "zk1"} {
		for _, extra := range [][]string{nil, {"-p", "99", "-o", "User=third"}, {"-o", "ProxyCommand=nc %h %p"}} {
			s := remote.Settings{HostKeyChecking: true, SSHArgs: append([]string{"-F", dir + "/config"}, extra...)}
			args, err := parseArgs(s)
			if err != nil {
				t.Fatal(err)
			}
			asked, err := askSSH(context.Background(), args.arguments(name, s))
			if err != nil {
				t.Fatal(err)
			}
			read, err := readFiles(args, name, s)
			if err != nil {
				t.Fatal(err)
			}
			want, err := newConfig(name, s, asked)
			if err != nil {
				t.Fatal(err)
			}
			got, err := newConfig(name, s, read)
			if err != nil {
				t.Fatal(err)
			}
			got.Algorithms, got.Identities = want.Algorithms, trimDefaults(got.Identities)
			want.Identities = trimDefaults(want.Identities)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s %v:\nread %+v\nssh  %+v", name, extra, got, want)
			}
		}
	}
}

// trimDefaults leaves out the files that ssh tries by itself: versions of it differ there.
func trimDefaults(files []string) []string {
	var out []string
	for _, f := range files {
		if !isDefault(f) {
			out = append(out, f)
		}
	}
	return out
}

func TestConfigRefused(t *testing.T) {
	match := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(match, []byte("Match host a user b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"-W", "x"}, "-W is not supported"},
		{[]string{"-o"}, "needs a value"},
		{[]string{"-o", "KnownHostsCommand=/bin/x"}, "not supported"},
		{[]string{"-o", "Ciphers=3des-cbc", "-F", "/dev/null", "-o", "KexAlgorithms=sntrup761x25519-sha512"}, "none of the algorithms"},
		{[]string{"oops"}, "is not an option"},
		{[]string{"-F", match}, "config:1: Match"},
	}
	for _, tt := range tests {
		s := remote.Settings{SSHArgs: tt.args}
		args, err := parseArgs(s)
		if err == nil && strings.Contains(tt.want, "Match") {
			_, err = readFiles(args, "h", s)
		} else if err == nil {
			_, err = (&configCache{}).resolve(context.Background(), "h", s)
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: got %v, want %q", tt.args, err, tt.want)
		}
	}
}

func TestCiphers(t *testing.T) {
	for _, tt := range []struct{ given, first string }{
		{"", ssh.CipherAES128GCM},
		{"Ciphers=aes256-ctr,aes128-gcm@openssh.com", ssh.CipherAES256CTR},
		{"Ciphers=chacha20-poly1305@openssh.com,aes256-gcm@openssh.com", ssh.CipherChaCha20Poly1305},
	} {
		s := remote.Settings{SSHArgs: []string{"-F", "/dev/null"}}
		if tt.given != "" {
			s.SSHArgs = append(s.SSHArgs, "-o", tt.given)
		}
		c, err := (&configCache{}).resolve(context.Background(), "h", s)
		if err != nil || c.Algorithms.Ciphers[0] != tt.first {
			t.Errorf("%q: %v, error %v; want first %s", tt.given, c.Algorithms.Ciphers, err, tt.first)
		}
	}
}

// ssh is asked once for all hosts where its answer can only be the same but for the address.
func TestAskedOnceForHostsThatAreAlike(t *testing.T) {
	for _, tt := range []struct {
		text  string
		args  []string
		asked int
		where string // where b leads
	}{
		{"Host *\n  User ops\n", nil, 1, "b ops"},
		{"Host B\n  HostName c\n", []string{"-l", "me"}, 2, "c me"},
		{"Host B\n  HostName c\nHost *\n  User ops\n", nil, 2, "c ops"},
		{"HostName %h.example\nUser x\n", nil, 2, "b.example x"},
		{"User x\n", []string{"-o", "ProxyCommand=nc %h %p"}, 2, "b x"},
		{"User x\n", []string{"-o", "HostName=d"}, 2, "d x"},
	} {
		file := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		var cache configCache
		var last config
		for _, name := range []string{"A", "B"} {
			c, err := cache.resolve(t.Context(), name, remote.Settings{SSHArgs: append([]string{"-F", file}, tt.args...)})
			if err != nil {
				t.Fatal(err)
			}
			last = c
		}
		if where := last.Host + " " + last.User; len(cache.asked) != tt.asked || where != tt.where {
			t.Errorf("%q %v: asked %d times, leads to %s; want %d, %s", tt.text, tt.args, len(cache.asked), where, tt.asked, tt.where)
		}
	}
}
