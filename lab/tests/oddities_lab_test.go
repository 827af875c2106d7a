//go:build lab

package tests

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// oddities are what is unusual or wrong with sudo, sshd, the login and the system of a host.
func oddities(t *testing.T) []fault {
	var all []fault
	all = append(all, sudoFaults()...)
	all = append(all, loginFaults(t)...)
	all = append(all, sshdFaults(t)...)
	return append(all, systemFaults()...)
}

// install installs packages on a machine.
const install = `if ! ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1; then sudo apt-get update -qq; fi; sudo apt-get install -qq --no-install-recommends`

const id = "    - command: id -un\n      changed_when: false\n"

// sudoFaults are distinct errors within seconds, or none.
func sudoFaults() []fault {
	pw := func(password string) string {
		if password == "" {
			return "{ansible_user: pw}"
		}
		return "{ansible_user: pw, ansible_become_password: " + password + "}"
	}
	const right = "kops-lab-pw"
	sudoers := func(line string) (string, string) {
		return fmt.Sprintf("echo '%s' | sudo tee /etc/sudoers.d/fault >/dev/null; sudo chmod 440 /etc/sudoers.d/fault", line), "sudo rm /etc/sudoers.d/fault"
	}
	failed := func(reason string) []string {
		return []string{"fatal: [spare15]: FAILED!", "spare15: " + reason}
	}
	lecture, noLecture := sudoers("Defaults:pw lecture=always")
	tty, noTTY := sudoers("Defaults:pw requiretty")
	return []fault{
		{name: "a wrong sudo password", vars: pw("mistaken"), tasks: id, code: 2, limit: 10 * time.Second, says: failed("wrong become password: sudo as pw to root")},
		{name: "a missing sudo password", vars: pw(""), tasks: id, code: 2, limit: 10 * time.Second, says: failed("become password needed: sudo as pw to root")},
		{name: "a user who may not", vars: "{ansible_user: plain, ansible_password: kops-lab-plain, ansible_become_password: kops-lab-plain, ansible_ssh_private_key_file: null}", tasks: id,
			code: 2, limit: 10 * time.Second, says: failed("become not allowed: sudo as plain to root")},
		{name: "requiretty", prepare: tty, undo: noTTY, vars: pw(right), tasks: id, code: 2, limit: 10 * time.Second, says: failed("sudo needs a terminal: sudo as pw to root")},
		{name: "a lecture", prepare: lecture, undo: noLecture, vars: pw(right), twice: true},
	}
}

// loginFaults are about what comes before the first command: the listener, keys and the login shell.
func loginFaults(t *testing.T) []fault {
	changed := filepath.Join(t.TempDir(), "known_hosts")
	write(t, changed, odd.address+" "+string(ssh.MarshalAuthorizedKey(newKey(t, nil))))
	keys := agent.NewKeyring()
	for range 20 {
		newKey(t, keys)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	_, port, _ := net.SplitHostPort(silent.Addr().String())
	return []fault{
		{name: "a listener that never answers", vars: "{ansible_host: 127.0.0.1, ansible_port: " + port + ", ansible_timeout: 3}", tasks: id, code: 4, limit: 10 * time.Second,
			says: []string{"unreachable: [spare15]: UNREACHABLE! spare15: timed out: 127.0.0.1:" + port + " answers, but the SSH handshake did not end within 3s"}},
		{name: "a changed host key", vars: "{ansible_ssh_common_args: -F /dev/null -o UserKnownHostsFile=" + changed + "}", tasks: id, code: 4, limit: 10 * time.Second,
			says: []string{"unreachable: [spare15]: UNREACHABLE! spare15: host key changed", " -R " + odd.address}},
		{name: "an agent with twenty keys", env: []string{"SSH_AUTH_SOCK=" + serveAgent(t, keys)}},
		{name: "an agent that the host may use", env: []string{"SSH_AUTH_SOCK=" + serveAgent(t, keys)}, vars: "{ansible_ssh_extra_args: -o ForwardAgent=yes}",
			tasks: "    - command: ssh-add -l\n      become: false\n      register: keys\n      failed_when: keys.stdout_lines | length != 20\n"},
		{name: "fish as login shell", prepare: install + " fish >/dev/null 2>&1 && sudo chsh -s /usr/bin/fish ops",
			undo: "sudo chsh -s /bin/bash ops", twice: true},
		{name: "banners", prepare: `echo Welcome | sudo tee /etc/banner >/dev/null; echo Banner /etc/banner | sudo tee /etc/ssh/sshd_config.d/fault.conf >/dev/null; sudo systemctl reset-failed ssh; sudo systemctl restart ssh
			cp .bashrc .bashrc.kept; sed -i '1i echo "Welcome to $HOSTNAME"; echo careful >&2' .bashrc`,
			undo: "mv .bashrc.kept .bashrc; sudo rm /etc/ssh/sshd_config.d/fault.conf; sudo systemctl reset-failed ssh; sudo systemctl restart ssh", twice: true},
	}
}

// newKey makes a key, adds it to an agent where there is one, and returns its public part.
func newKey(t *testing.T, keys agent.Agent) ssh.PublicKey {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if keys != nil {
		if err := keys.Add(agent.AddedKey{PrivateKey: private}); err != nil {
			t.Fatal(err)
		}
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

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
			go func() { _ = agent.ServeAgent(keys, conn) }()
		}
	}()
	return socket
}

// sshdFaults are hosts that allow less than usual.
func sshdFaults(t *testing.T) []fault {
	config := func(lines string) (string, string) {
		const file = "/etc/ssh/sshd_config.d/fault.conf"
		return "printf '" + lines + "' | sudo tee " + file + " >/dev/null; sudo systemctl reset-failed ssh; sudo systemctl restart ssh", "sudo rm " + file + "; sudo systemctl reset-failed ssh; sudo systemctl restart ssh"
	}
	few, many := config("MaxSessions 2\\n")
	closed, open := config("AllowTcpForwarding no\\nAllowStreamLocalForwarding no\\n")
	l, err := net.Listen("tcp", "10.99.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("from " + r.RemoteAddr)) })}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	uri := fmt.Sprintf(`
    - uri: {url: "http://%s/", return_content: true}
      register: page
    - assert: {that: "ansible_host in page.content"}
    - wait_for: {host: 10.99.0.1, port: 4, timeout: 1, connect_timeout: 1}
      register: closed
      failed_when: "'Timeout when waiting for 10.99.0.1:4' not in closed.msg"
    - kafka_health: {bootstrap_servers: "127.0.0.1:9092", timeout: 0}
      register: kafka
      failed_when: "'127.0.0.1:9092 on spare15' not in kafka.msg or 'Connection refused (tried by a program there' not in kafka.msg"
    - docker_container: {name: x, image: x}
      register: docker
      failed_when: "'docker.sock' not in docker.msg"
`, l.Addr())
	return []fault{
		{name: "MaxSessions 2", prepare: few, undo: many, twice: true},
		{name: "forwarding forbidden", prepare: closed, undo: open, tasks: standard + strings.TrimPrefix(uri, "\n")},
		{name: "no sftp-server", prepare: "sudo mv /usr/lib/openssh/sftp-server /usr/lib/openssh/gone", undo: "sudo mv /usr/lib/openssh/gone /usr/lib/openssh/sftp-server", twice: true},
		{name: "no sftp-server, as the login user", prepare: "sudo mv /usr/lib/openssh/sftp-server /usr/lib/openssh/gone", undo: "sudo mv /usr/lib/openssh/gone /usr/lib/openssh/sftp-server",
			tasks: "    - copy: {src: big.bin, dest: /home/ops/big.bin}\n      become: false\n    - fetch: {src: /home/ops/big.bin, dest: fetched/}\n      become: false\n"},
		{name: "no systemd-stdio-bridge", prepare: "sudo mv /usr/bin/systemd-stdio-bridge /usr/bin/gone", undo: "sudo mv /usr/bin/gone /usr/bin/systemd-stdio-bridge; sudo systemctl stop kops-work",
			twice: true},
	}
}

// systemFaults are unusual systems.
func systemFaults() []fault {
	const german = install + " locales >/dev/null 2>&1 && sudo localedef -i de_DE -f UTF-8 de_DE.UTF-8 && " +
		"echo LANG=de_DE.UTF-8 | sudo tee /etc/default/locale >/dev/null"
	clock := install + " libfaketime >/dev/null 2>&1 && echo +2h | sudo tee /etc/faketimerc >/dev/null && " +
		"ls /usr/lib/*/faketime/libfaketime.so.1 | sudo tee /etc/ld.so.preload >/dev/null && sudo systemctl reset-failed ssh; sudo systemctl restart ssh && " +
		"test $(date +%s) -gt "
	return []fault{
		{name: "in German", prepare: german, twice: true},
		{name: "in German, a wrong sudo password", vars: "{ansible_user: pw, ansible_become_password: mistaken}", tasks: id, code: 2, limit: 10 * time.Second,
			says: []string{"wrong become password"}},
		{name: "in German, a missing sudo password", vars: "{ansible_user: pw}", tasks: id, code: 2, limit: 10 * time.Second, says: []string{"become password needed"},
			undo: "sudo rm /etc/default/locale"},
		{name: "a noexec /tmp", prepare: "sudo mount -t tmpfs -o noexec,mode=1777 tmpfs /tmp", undo: "sudo umount /tmp", twice: true},
		{name: "a read-only home", prepare: "sudo mount --bind /home/ops /home/ops && sudo mount -o remount,bind,ro /home/ops", undo: "sudo umount -l /home/ops", twice: true},
		{name: "a clock two hours off", prepare: clock + fmt.Sprint(time.Now().Unix()+7000), undo: "sudo rm /etc/ld.so.preload", twice: true},
	}
}
