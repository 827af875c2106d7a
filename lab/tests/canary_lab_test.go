//go:build lab

package tests

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kops/internal/module/dockerapi/dockertest"
)

// canaries are the secrets of the test: every one begins and ends with a text that no form of
// quoting changes, and has in its middle what quoting does change.
var canaries = map[string]string{
	"canary":       bird("Vault", `'"&$x <%d> é/+\ `),
	"canary_token": bird("Token", "-_.~"),
	"canary_url":   bird("Url", "@:/?"),
	"canary_key":   "-----BEGIN KEY-----\n" + bird("Key1", "/+=") + "\n" + bird("Key2", "+/") + "\n" + bird("Key3", "//") + "\n-----END KEY-----\n",
	"canary_sudo":  bird("Sudo", "$ '"),
	"canary_login": bird("Login", "! "),
}

// TestLabCanary uses secrets in every way that testdata/canary/play.yaml has, at every
// verbosity, and finds them nowhere but in the files that were to hold them: not in outputs,
// records, lists of processes, journals, temporary files, files that others can read.
func TestLabCanary(t *testing.T) {
	must(t, 3*time.Minute, "lab/lab", "reset", "spare19", "spare20")
	t.Cleanup(func() { // after the socket in the machine is closed, which holds its disk
		down := exec.Command("lab/lab", "down", "spare19", "spare20")
		down.Dir = root
		if out, err := down.CombinedOutput(); err != nil {
			t.Errorf("lab/lab down: %v\n%s", err, out)
		}
	})
	dir := t.TempDir()
	canaryFiles(t, dir)
	canaryHost(t)
	watch := watchProcesses(t, []string{"/srv", "/srv/canary", "/tmp", "/var/tmp", "/root", "/run", "/var/lib/kops", "/var/lib/kops/owed", "/home/plain", "/home/ops", "/home/pw"}, "spare19", "spare20")

	for i, args := range [][]string{
		{"--check", "--diff", "-vvv"},
		{"-v"},
		{"--diff", "-vvv"},
		{"--json", "--diff"},
		{"-vv", "--check", "--diff"},
	} {
		round := string(rune('1' + i))
		out, err := canaryRun(dir, append(args, "-e", "round="+round)...)
		if code := exit(err); code != 0 {
			t.Errorf("%v: exit code %d\n%s", args, code, tail(out))
		}
		for _, seen := range findBirds(out, true) {
			t.Errorf("kops run %v printed %s", args, seen)
		}
		if shown := strings.Count(out, "********"); shown < 30 {
			t.Errorf("%v: only %d secrets are masked\n%s", args, shown, tail(out))
		}
	}

	for _, seen := range watch.end() {
		t.Error(seen)
	}
	// What the user wrote into a command line is there: the watch works.
	t.Logf("%d programs were seen as they started, %d had ended already; all processes were looked at %d times", watch.started, watch.missed, watch.samples)
	if watch.samples < 100 || watch.started < 200 || !watch.sees("canary_argv="+birdArgument) || !watch.sees("sleep 0.5; echo "+birdArgument) {
		t.Errorf("the processes were looked at %d times, and what was to be seen was not", watch.samples)
	}
	for _, machine := range []string{"spare19", "spare20"} {
		journal := on(t, machine, "sudo journalctl --no-pager -o json --all; sudo cat /var/log/*.log 2>/dev/null; true")
		if len(journal) < 10000 {
			t.Errorf("the journal of %s is too short to be all of it: %s", machine, journal)
		}
		for _, seen := range findBirds(journal, true) {
			t.Errorf("the journal of %s has %s", machine, seen)
		}
	}
	left := canaryLeft(t, "/var/lib/kops-lab/machines/spare19/upper", "/srv/canary/")
	left = append(left, canaryLeft(t, "/var/lib/kops-lab/machines/spare20/upper", "/home/plain/canary")...)
	left = append(left, canaryLeft(t, filepath.Join(dir, "home"), "/canary", "/drawn", "/fetched")...)
	slices.Sort(left)
	if records, err := filepath.Glob(filepath.Join(dir, "home/state/kops/runs/*.jsonl")); err != nil || len(records) != 5 {
		t.Errorf("the runs left the records %v, %v", records, err)
	}
	if want := "/canary /fetched /home/plain/canary /srv/canary/content /srv/canary/got /srv/canary/key /srv/canary/line /srv/canary/of-pw " +
		"/srv/canary/stdin /srv/canary/template /srv/canary/vaulted"; strings.Join(left, " ") != want {
		t.Errorf("secrets are in %v, want %s", left, want)
	}
}

// bird is a secret whose two ends are found again in any form.
func bird(name, odd string) string { return birdHead + name + odd + birdTail }

// canaryFiles writes the playbook's inventory and its vault files, encrypted by kops itself.
func canaryFiles(t *testing.T, dir string) {
	t.Helper()
	for _, sub := range []string{"group_vars/main", "files", "templates", "home/tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"play.yaml", "templates/canary.j2"} {
		text, err := os.ReadFile(filepath.Join("testdata/canary", name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), string(text))
	}
	password := filepath.Join(dir, "password")
	write(t, password, bird("VaultPassword", ""))
	vault := func(text string, args ...string) string {
		t.Helper()
		cmd := exec.Command("bin/kops", append([]string{"vault"}, append(args, "--vault-password-file", password)...)...)
		cmd.Dir, cmd.Stdin = root, strings.NewReader(text)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("kops vault %v: %v", args, err)
		}
		return string(out)
	}
	vars := ""
	for _, name := range slices.Sorted(maps.Keys(canaries)) {
		vars += vault(canaries[name], "encrypt-string", "--stdin-name", name)
	}
	write(t, filepath.Join(dir, "group_vars/all.yml"), vars)
	write(t, filepath.Join(dir, "group_vars/main/vault.yml"), vault("canary_file: "+bird("File", "")+"\ncanary_pin: "+birdNumber+"\n", "encrypt"))
	write(t, filepath.Join(dir, "files/vaulted.txt"), vault("-- vaulted --\n"+strings.Repeat(bird("Vaulted", " text ")+"\n", 3), "encrypt"))
	write(t, filepath.Join(dir, "extra.yml"), vault("canary_extra: "+bird("Extra", "")+"\n", "encrypt"))
	write(t, filepath.Join(dir, "hosts.yml"), `all:
  vars:
    ansible_ssh_common_args: -o UserKnownHostsFile=/var/lib/kops-lab/ssh/known_hosts
    ansible_ssh_private_key_file: /var/lib/kops-lab/ssh/id_ed25519
  children:
    main: {hosts: {bulk: {ansible_host: 10.99.0.59, ansible_user: ops}}}
  hosts:
    sudo: {ansible_host: 10.99.0.59, ansible_user: pw, ansible_become: true, ansible_become_password: "{{ canary_sudo }}"}
    here: {ansible_connection: local}
    login: {ansible_host: 10.99.0.60, ansible_user: plain, ansible_password: "{{ canary_login }}", ansible_ssh_private_key_file: ""}
`)
}

// canaryHost gives the hosts' users the passwords of the test, a folder, and an engine that
// speaks Docker's API: the real one takes a minute to install, and stores the environment as
// this one does.
func canaryHost(t *testing.T) {
	t.Helper()
	for machine, line := range map[string]string{"spare19": "pw:" + canaries["canary_sudo"], "spare20": "plain:" + canaries["canary_login"]} {
		cmd := exec.Command("lab/lab", "ssh", machine, "sudo chpasswd && sudo mkdir -p /srv/canary && sudo chmod 755 /srv/canary")
		cmd.Dir, cmd.Stdin = root, strings.NewReader(line+"\n")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", machine, err, out)
		}
	}
	engine := dockertest.New(t)
	engine.Registry["registry/canary:1"] = dockertest.Image("0123456789abcdef")
	l, err := net.Listen("unix", "/var/lib/kops-lab/machines/spare19/root/srv/docker.sock")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	if err := os.Chmod("/var/lib/kops-lab/machines/spare19/root/srv/docker.sock", 0o666); err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			to, err := engine.Dial("", "")
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(to, from); _ = to.Close() }()
			go func() { _, _ = io.Copy(from, to); _ = from.Close() }()
		}
	}()
}

// canaryRun runs the playbook, with a server that sends back what it was asked.
func canaryRun(dir string, args ...string) (string, error) {
	l, err := net.Listen("tcp", "10.99.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: http.HandlerFunc(echo)}
	go func() { _ = server.Serve(l) }()
	defer func() { _ = server.Close() }()
	bin, err := filepath.Abs(filepath.Join(root, "bin/kops"))
	if err != nil {
		return "", err
	}
	home := filepath.Join(dir, "home")
	cmd := exec.Command(bin, append([]string{"run", "play.yaml", "-i", "hosts.yml", "--vault-password-file", "password",
		"-e", "@extra.yml", "-e", "echo=http://" + l.Addr().String(), "-e", "out=" + home, "-e", "argv_password=" + birdArgument,
		"-e", "canary_argv=" + birdArgument}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+home, "TMPDIR="+home+"/tmp", "XDG_STATE_HOME="+home+"/state", "XDG_CACHE_HOME="+home+"/cache", "XDG_RUNTIME_DIR="+home+"/run")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	return out.String(), err
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	user, password, _ := r.BasicAuth()
	if strings.HasPrefix(r.URL.Path, "/fail") {
		w.WriteHeader(http.StatusTeapot)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"headers": r.Header, "body": string(body), "path": r.URL.String(), "user": user, "password": password})
}

// canaryLeft finds secrets in the files below dir, outside the paths that are to hold them, and
// returns those that do.
func canaryLeft(t *testing.T, dir string, wanted ...string) (holds []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		short := strings.TrimPrefix(path, dir)
		info, err := d.Info()
		if err != nil || info.Size() > 64<<20 {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		expected := slices.ContainsFunc(wanted, func(w string) bool { return strings.HasPrefix(short, w) })
		seen := findBirds(string(text), false)
		if len(seen) > 0 && (!expected || info.Mode().Perm()&0o077 != 0) {
			t.Errorf("%s, mode %v, holds %s", path, info.Mode(), seen[0])
		}
		if len(seen) > 0 && expected {
			holds = append(holds, short)
		}
		if strings.Contains(filepath.Base(path), "kops-") || strings.HasSuffix(path, ".tmp") {
			t.Errorf("%s was left", path)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return holds
}
