//go:build lab

package ssh

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"kops/internal/remote"
)

// The lab's hosts, as lab/lab up leaves them.
const (
	labHost  = "10.99.0.11"
	labHost2 = "10.99.0.12"
	labKey   = "/var/lib/kops-lab/ssh/id_ed25519"
	labKnown = "/var/lib/kops-lab/ssh/known_hosts"
	pwSudo   = "kops-lab-pw"
	plainPw  = "kops-lab-plain"
)

var sudo = remote.Become{Method: "sudo"}

func dialer(t testing.TB) *Dialer {
	d := NewDialer(Options{KnownHosts: []string{labKnown}})
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func labSettings(user string) remote.Settings {
	return remote.Settings{Address: labHost, User: user, PrivateKeyFile: labKey, HostKeyChecking: true, SSHArgs: []string{"-F", "/dev/null"}}
}

func connectLab(t testing.TB, s remote.Settings) remote.Connection {
	t.Helper()
	c, err := dialer(t).Dial(context.Background(), "zk1", s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func limited(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestLabBecome(t *testing.T) {
	withPassword := func(p string) remote.Become { return remote.Become{Method: "sudo", Password: p} }
	plain := labSettings("plain")
	plain.PrivateKeyFile, plain.Password = "", plainPw
	tests := []struct {
		name   string
		s      remote.Settings
		become remote.Become
		want   string
		reason remote.Reason
	}{
		{"no become", labSettings("ops"), remote.Become{}, "ops", ""},
		{"without a password", labSettings("ops"), sudo, "root", ""},
		{"a password that is not asked for", labSettings("ops"), withPassword("x"), "root", ""},
		{"another user", labSettings("ops"), remote.Become{Method: "sudo", User: "nobody"}, "nobody", ""},
		{"with a password", labSettings("pw"), withPassword(pwSudo), "root", ""},
		{"wrong password", labSettings("pw"), withPassword("mistaken-9"), "", remote.SudoWrongPassword},
		{"password needed", labSettings("pw"), sudo, "", remote.SudoNeedsPassword},
		{"not in sudoers", plain, withPassword(plainPw), "", remote.SudoNotAllowed},
		{"no such user", labSettings("ops"), remote.Become{Method: "sudo", User: "no-such-user"}, "", remote.BecomeUserUnknown},
		{"sudo missing", labSettings("ops"), remote.Become{Method: "sudo", Exe: "/no/sudo"}, "", remote.SudoMissing},
		{"su", plain, remote.Become{Method: "su", User: "pw", Password: pwSudo}, "pw", ""},
		{"su with a wrong password", plain, remote.Become{Method: "su", Password: "mistaken-9"}, "", remote.SudoWrongPassword},
		{"su without a password", plain, remote.Become{Method: "su"}, "", remote.SudoNeedsPassword},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := connectLab(t, tt.s).As(tt.become)
			for _, how := range []string{"query", "exec"} {
				var res remote.Result
				var err error
				if how == "query" {
					res, err = h.Query(limited(t), "id -un")
				} else {
					res, err = h.Exec(limited(t), remote.Command{Argv: []string{"id", "-un"}})
				}
				var failed *remote.ConnectError
				errors.As(err, &failed)
				switch {
				case tt.reason == "" && (err != nil || string(res.Stdout) != tt.want+"\n" || len(res.Stderr) != 0):
					t.Errorf("%s: %q, %q, %v", how, res.Stdout, res.Stderr, err)
				case tt.reason != "" && (failed == nil || failed.Reason != tt.reason):
					t.Errorf("%s: got %v, want %s", how, err, tt.reason)
				case tt.reason != "" && (strings.Contains(err.Error(), tt.become.Password) && tt.become.Password != ""):
					t.Errorf("the error tells the password: %v", err)
				}
			}
		})
	}
}

func TestLabRefused(t *testing.T) {
	change := func(f func(*remote.Settings)) remote.Settings {
		s := labSettings("ops")
		s.Timeout = 5
		f(&s)
		return s
	}
	empty := t.TempDir() + "/known"
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	changed := t.TempDir() + "/known"
	if err := os.WriteFile(changed, []byte(labHost+" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGxP5r6V6Zc7F0e0tYyJ0wM8x1qWb5Zk9pGsuqDwK5yT\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		s      remote.Settings
		known  string
		reason remote.Reason
	}{
		{"name", change(func(s *remote.Settings) { s.Address = "no-such-host.invalid" }), labKnown, remote.NameNotFound},
		{"refused", change(func(s *remote.Settings) { s.Port = 4 }), labKnown, remote.Refused},
		{"authentication", change(func(s *remote.Settings) { s.User = "nobody" }), labKnown, remote.AuthFailed},
		{"password", change(func(s *remote.Settings) { s.User, s.Password, s.PrivateKeyFile = "plain", "mistaken-9", "" }), labKnown, remote.AuthFailed},
		{"unknown key", change(func(*remote.Settings) {}), empty, remote.HostKeyUnknown},
		{"changed key", change(func(*remote.Settings) {}), changed, remote.HostKeyChanged},
		{"no route", change(func(s *remote.Settings) { s.Address = "10.99.0.250" }), labKnown, remote.Unroutable},
		{"option", change(func(s *remote.Settings) { s.SSHArgs = []string{"-R", "1:a:2"} }), labKnown, remote.BadConfig},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := NewDialer(Options{KnownHosts: []string{tt.known}})
			_, err := d.Dial(limited(t), "zk1", tt.s)
			var failed *remote.ConnectError
			if !errors.As(err, &failed) || failed.Reason != tt.reason {
				t.Fatalf("got %v, want %s", err, tt.reason)
			}
			t.Log(err)
		})
	}
}

func TestLabFilesAsRoot(t *testing.T) {
	c := connectLab(t, labSettings("ops"))
	h := c.As(sudo)
	name := "/etc/kops-test.conf"
	t.Cleanup(func() { _, _ = h.Script(limited(t), "rm -f "+name+"*") })
	big := bytes.Repeat([]byte("0123456789abcde\x00"), 1<<16)
	for _, content := range [][]byte{[]byte("it's\n"), big, nil} {
		if err := h.WriteFile(limited(t), name, bytes.NewReader(content), remote.WriteOptions{Owner: "ops", Group: "adm"}); err != nil {
			t.Fatal(err)
		}
		before := c.RoundTrips()
		f, err := h.Files(limited(t), remote.FileQuery{Path: name, Content: 1 << 21, Hash: "sha256"})
		if err != nil || f[0].Owner != "ops" || f[0].Group != "adm" || f[0].Mode != 0o644 || !bytes.Equal(f[0].Content, content) {
			t.Errorf("%v: %s:%s %o, %d bytes", err, f[0].Owner, f[0].Group, f[0].Mode, len(f[0].Content))
		}
		if n := c.RoundTrips() - before; n != 1 {
			t.Errorf("%d round trips", n)
		}
		for _, b := range []remote.Become{sudo, {}} {
			readsAll(t, c.As(b), name, content)
		}
	}
	if err := c.As(remote.Become{}).WriteFile(limited(t), "/etc/x", strings.NewReader("x"), remote.WriteOptions{}); err == nil || !strings.Contains(err.Error(), "Permission denied") {
		t.Errorf("as ops: %v", err)
	}
}

// readsAll reads a file, a big one over SFTP.
func readsAll(t *testing.T, h remote.Host, name string, want []byte) {
	t.Helper()
	r, err := h.Open(limited(t), name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	// What comes over SFTP is a pipe behind its client.
	if _, sftp := r.(interface{ CloseWithError(error) error }); sftp != (len(want) >= 1<<20) {
		t.Errorf("%d bytes as %s come as %T", len(want), h.User(), r)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
		t.Errorf("read %d bytes as %s: %v", len(got), h.User(), err)
	}
}

// TestLabReload: systemd reads its files anew only where anything may have changed since it did so for this run. A
// generator, which each reload runs, counts.
func TestLabReload(t *testing.T) {
	h, other := connectLab(t, labSettings("ops")).As(sudo), connectLab(t, labSettings("ops")).As(sudo)
	const counter = "/etc/systemd/system-generators/kops-count"
	t.Cleanup(func() {
		_, _ = h.Script(limited(t), "systemctl stop kops-read; rm -rf /etc/systemd/system/kops-* /etc/systemd/system-generators /run/kops-count; systemctl daemon-reload")
	})
	if _, err := h.Script(limited(t), `mkdir -p /etc/systemd/system-generators; printf '#!/bin/sh\nprintf x >>/run/kops-count\n' >`+counter+"; chmod 755 "+counter); err != nil {
		t.Fatal(err)
	}
	write := func(h remote.Host, command string) {
		t.Helper()
		if err := h.WriteFile(limited(t), "/etc/systemd/system/kops-read.service", strings.NewReader("[Service]\nExecStart="+command+"\n"), remote.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	reloaded := func() int {
		t.Helper()
		if err := h.Systemd(limited(t), remote.DaemonReload); err != nil {
			t.Fatal(err)
		}
		res, err := h.Query(limited(t), "cat /run/kops-count")
		if err != nil {
			t.Fatal(err)
		}
		return len(res.Stdout)
	}
	for i, command := range []string{"/bin/sleep 1000", "/bin/sleep 2000"} {
		write(h, command)
		if first, second := reloaded(), reloaded(); first != i+1 || second != i+1 {
			t.Errorf("%d reloads after %d changes, and %d once more", first, i+1, second)
		}
	}
	if err := h.Systemd(limited(t), remote.Start, "kops-read.service"); err != nil {
		t.Fatal(err)
	}
	write(other, "/bin/sleep 3000")
	if us, err := h.Units(limited(t), "kops-read.service"); err != nil || !us[0].NeedDaemonReload {
		t.Fatalf("%v, need daemon-reload: %v", err, us[0].NeedDaemonReload)
	}
	if n := reloaded(); n != 3 {
		t.Errorf("%d reloads after another run's change, want 3", n)
	}
}

func TestLabUnits(t *testing.T) {
	c := connectLab(t, labSettings("ops"))
	h := c.As(sudo)
	t.Cleanup(func() {
		_, _ = h.Script(limited(t), "systemctl stop kops-test kops-bad; rm -f /etc/systemd/system/kops-*; systemctl daemon-reload; systemctl reset-failed")
	})
	unit := func(command string) string {
		return "[Service]\nExecStart=" + command + "\nType=exec\n[Install]\nWantedBy=multi-user.target\n"
	}
	for name, text := range map[string]string{"kops-test": unit("/bin/sleep 1000"), "kops-bad": strings.Replace(unit("/bin/sh -c 'echo broken; exit 3'"), "exec", "oneshot", 1)} {
		if err := h.WriteFile(limited(t), "/etc/systemd/system/"+name+".service", strings.NewReader(text), remote.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, verb := range []remote.SystemdVerb{remote.DaemonReload, remote.Enable, remote.Start, remote.Restart} {
		var names []string
		if verb != remote.DaemonReload {
			names = []string{"kops-test.service"}
		}
		start := time.Now()
		if err := h.Systemd(limited(t), verb, names...); err != nil {
			t.Fatal(err)
		}
		t.Log(verb, time.Since(start))
	}
	start, before := time.Now(), c.RoundTrips()
	us, err := h.Units(limited(t), "kops-test.service", "no-such.service", "ssh.service")
	if err != nil {
		t.Fatal(err)
	}
	t.Log("units", time.Since(start), c.RoundTrips()-before)
	if u := us[0]; u.ActiveState != "active" || u.UnitFileState != "enabled" || u.MainPID == 0 || u.LoadState != "loaded" {
		t.Errorf("%+v", u)
	}
	if us[1].Exists() || !us[2].Exists() {
		t.Errorf("%+v %+v", us[1].LoadState, us[2].LoadState)
	}
	err = h.Systemd(limited(t), remote.Start, "kops-bad.service")
	if err == nil || !strings.Contains(err.Error(), "broken") || !strings.Contains(err.Error(), "exit-code") {
		t.Errorf("failing unit: %v", err)
	}
	if err := h.Systemd(limited(t), remote.Start, "no-such.service"); err == nil {
		t.Error("a unit that does not exist was started")
	}
	for _, verb := range []remote.SystemdVerb{remote.Stop, remote.Disable} {
		if err := h.Systemd(limited(t), verb, "kops-test.service"); err != nil {
			t.Fatal(err)
		}
	}
	// Mask needs a unit without a file of its own in /etc.
	for verb, state := range map[remote.SystemdVerb]string{remote.Mask: "masked"} {
		if err := h.Systemd(limited(t), verb, "kops-none.service"); err != nil {
			t.Fatal(err)
		}
		us, err := h.Units(limited(t), "kops-none.service")
		if err != nil || us[0].LoadState != state {
			t.Errorf("%v %+v", err, us)
		}
		if err := h.Systemd(limited(t), remote.Unmask, "kops-none.service"); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.As(remote.Become{}).Systemd(limited(t), remote.Restart, "ssh.service"); err == nil {
		t.Error("a user without rights restarted sshd")
	} else {
		t.Log(err)
	}
}

func TestLabDial(t *testing.T) {
	c := connectLab(t, labSettings("ops"))
	conn, err := c.As(sudo).Dial(limited(t), "tcp", "127.0.0.1:22")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	b := make([]byte, 4)
	if _, err := io.ReadFull(conn, b); err != nil || string(b) != "SSH-" {
		t.Errorf("%q %v", b, err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	for err == nil {
		_, err = conn.Read(make([]byte, 100))
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("deadline: %v", err)
	}
	if _, err := c.As(sudo).Dial(limited(t), "tcp", "127.0.0.1:4"); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("closed port: %v", err)
	}
	if _, err := c.As(sudo).Dial(limited(t), "unix", "/run/no.sock"); err == nil {
		t.Error("a socket that is not there was dialled")
	} else {
		t.Log(err)
	}
}

func TestLabPackagesAndAccounts(t *testing.T) {
	h := connectLab(t, labSettings("ops")).As(sudo)
	ps, err := h.Packages(limited(t), "apt", "sudo", "no-such-package", "openssh-server")
	if err != nil || len(ps) != 2 || ps["sudo"].Version == "" {
		t.Errorf("%v %+v", err, ps)
	}
	a, err := h.Accounts(limited(t), []string{"pw", "root", "none"}, []string{"adm"})
	if err != nil || !strings.HasPrefix(a.Users["pw"].Password, "$") || len(a.Users) != 2 || a.Groups["adm"].Name != "adm" {
		t.Errorf("%v %+v", err, a)
	}
}

func TestLabJump(t *testing.T) {
	s := labSettings("ops")
	s.Address = labHost2
	file := t.TempDir() + "/config"
	config := "IdentityFile " + labKey + "\nHost bastion\n Hostname " + labHost + "\n User ops\n"
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"-F", file, "-J", "bastion"}, {"-F", file, "-J", "bastion,ops@" + labHost},
		{"-F", "/dev/null", "-o", fmt.Sprintf("ProxyCommand=ssh -F %s -o UserKnownHostsFile=%s -W %%h:%%p bastion", file, labKnown)}} {
		s.SSHArgs = args
		c := connectLab(t, s)
		res, err := c.As(sudo).Query(limited(t), "hostname")
		if err != nil || strings.TrimSpace(string(res.Stdout)) != "zk2" {
			t.Errorf("%v: %q %v", args, res.Stdout, err)
		}
	}
}

func TestLabReconnect(t *testing.T) {
	c := connectLab(t, labSettings("ops"))
	h := c.As(sudo)
	if _, err := h.Query(limited(t), "true"); err != nil {
		t.Fatal(err)
	}
	if err := c.Reset(); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Script(limited(t), "true"); err != nil {
		t.Errorf("after a reset: %v", err)
	}
	// The host ends the connection while the answer is awaited: a read is asked again.
	kill := "kill -9 $(ps -o ppid= -p $(ps -o ppid= -p $PPID)) 2>/dev/null; pkill -9 -f 'sshd-session: ops$|sshd: ops$|sshd: ops@notty'"
	_, err := h.Script(limited(t), kill)
	var lost *remote.ConnectError
	if !errors.As(err, &lost) || lost.Reason != remote.ConnectionLost {
		t.Errorf("got %v", err)
	}
	if _, err := h.Query(limited(t), "true"); err != nil {
		t.Errorf("after the loss: %v", err)
	}
}

func BenchmarkLab(b *testing.B) {
	c := connectLab(b, labSettings("ops"))
	h := c.As(sudo)
	run := func(name string, f func() error) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	ctx := context.Background()
	run("query", func() error { _, err := h.Query(ctx, "true"); return err })
	run("files", func() error {
		_, err := h.Files(ctx, remote.FileQuery{Path: "/etc/passwd", Hash: "sha256"}, remote.FileQuery{Path: "/etc/none"})
		return err
	})
	run("exec", func() error { _, err := h.Exec(ctx, remote.Command{Argv: []string{"true"}}); return err })
	run("write", func() error {
		return h.WriteFile(ctx, "/tmp/kops-bench", strings.NewReader("x"), remote.WriteOptions{})
	})
	run("units", func() error { _, err := h.Units(ctx, "ssh.service"); return err })
	run("write 64 MB", func() error {
		return h.WriteFile(ctx, "/tmp/kops-bench", io.LimitReader(zeros{}, 64<<20), remote.WriteOptions{})
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestLabDiskFullAndReadOnly(t *testing.T) {
	h := connectLab(t, labSettings("ops")).As(sudo)
	t.Cleanup(func() { _, _ = h.Script(limited(t), "umount /mnt/kops-small; rmdir /mnt/kops-small") })
	if _, err := h.Script(limited(t), "mkdir -p /mnt/kops-small && mount -t tmpfs -o size=64k tmpfs /mnt/kops-small"); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{1 << 20, 30 << 10} {
		var err error
		for i := range 4 {
			text := strings.NewReader(strings.Repeat("x", int(size)))
			if err = h.WriteFile(limited(t), fmt.Sprintf("/mnt/kops-small/%d", i), text, remote.WriteOptions{}); err != nil {
				break
			}
		}
		if err == nil || !strings.Contains(err.Error(), "No space left on device") {
			t.Errorf("full disk: %v", err)
		}
	}
	f, err := h.Files(limited(t), remote.FileQuery{Path: "/mnt/kops-small", List: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range f[0].Names {
		if strings.HasPrefix(name, ".kops") {
			t.Errorf("left behind: %s", name)
		}
	}
	if _, err := h.Script(limited(t), "mount -o remount,ro /mnt/kops-small"); err != nil {
		t.Fatal(err)
	}
	err = h.WriteFile(limited(t), "/mnt/kops-small/x", strings.NewReader("x"), remote.WriteOptions{})
	if err == nil || !strings.Contains(err.Error(), "Read-only file system") {
		t.Errorf("read-only: %v", err)
	}
}
