//go:build lab && torture

package tests

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

const appPassword = "of-the-users"

// Passwords of the fleet that kops logs in with. What quoting changes is in them.
var securePasswords = map[string]string{
	"monitoring": bird("Monitoring", `'"&$x <%d> =,;é/+\ #`),
	"admin":      bird("Admin", ` $(id) {`),
}

// newSecured brings the fleet up, with its users, and the vault that kops takes their passwords from.
func newSecured(t *testing.T) *secured {
	t.Helper()
	dir := t.TempDir()
	for _, sub := range []string{"certs", "other", "home/tmp", "home/run"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	must(t, time.Minute, "lab/tests/testdata/existing/certs.sh", append([]string{dir + "/certs", "monitoring", "app"}, secureBrokers...)...)
	must(t, time.Minute, "lab/tests/testdata/existing/certs.sh", dir+"/other")
	s := &secured{t: t, dir: dir, flags: []string{"-i", secureDir + "inventory.yaml", "-e", "@" + dir + "/vault.yml", "--vault-password-file", dir + "/password"}}
	key, err := os.ReadFile(dir + "/certs/monitoring.key")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(key), "\n") {
		if len(line) == 64 {
			s.keys = append(s.keys, line)
		}
	}
	s.vault()
	certs := []string{"-e", "cert_dir=" + dir + "/certs", "-e", "other_dir=" + dir + "/other"}
	// Kafka's own tool takes the first user's password in its command line: it gets another one before anybody looks.
	s.run("lab/tests/testdata/existing/fleet.yaml", append(certs, "-e", "vault_kafka_password=first")...)
	s.run(secureDir+"keys.yaml", certs...)
	s.users()
	return s
}

// vault writes the passwords as a user keeps them.
func (s *secured) vault() {
	write(s.t, s.dir+"/password", bird("VaultPassword", ""))
	text := ""
	for user, password := range securePasswords {
		cmd := exec.Command("bin/kops", "vault", "encrypt-string", "--stdin-name", user+"_password", "--vault-password-file", s.dir+"/password")
		cmd.Dir, cmd.Stdin = root, strings.NewReader(password)
		out, err := cmd.Output()
		if err != nil {
			s.t.Fatalf("kops vault: %v", err)
		}
		text += string(out)
	}
	write(s.t, s.dir+"/vault.yml", text)
}

// users gives the fleet's users their passwords, once the cluster answers.
func (s *secured) users() {
	l := &load{opts: s.loginBy(plain.Auth{User: "broker", Pass: "between-brokers"}.AsMechanism())}
	for _, b := range secureBrokers {
		l.seeds = append(l.seeds, b+":9092")
	}
	c := l.client(s.t)
	defer c.Close()
	var failed error
	eventually(s.t, 2*time.Minute, "the cluster to take its users' passwords", func() bool {
		upserts := []kadm.UpsertSCRAM{{User: "app", Mechanism: kadm.ScramSha512, Iterations: 4096, Password: appPassword}}
		for user, password := range securePasswords {
			upserts = append(upserts, kadm.UpsertSCRAM{User: user, Mechanism: kadm.ScramSha512, Iterations: 4096, Password: password})
		}
		ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
		defer cancel()
		var altered kadm.AlteredUserSCRAMs
		if altered, failed = kadm.NewClient(c).AlterUserSCRAMs(ctx, nil, upserts); failed == nil {
			failed = altered.Error()
		}
		return failed == nil
	})
	if failed != nil {
		s.t.Fatal(failed)
	}
}

// login is how a client of the fleet's users logs in.
func (s *secured) login(user, password string) []kgo.Opt {
	return s.loginBy(scram.Auth{User: user, Pass: password}.AsSha512Mechanism())
}

func (s *secured) loginBy(m sasl.Mechanism) []kgo.Opt {
	s.t.Helper()
	ca, err := os.ReadFile(s.dir + "/certs/ca.pem")
	if err != nil {
		s.t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(s.dir+"/certs/app.crt", s.dir+"/certs/app.key")
	if err != nil {
		s.t.Fatal(err)
	}
	config := &tls.Config{RootCAs: x509.NewCertPool(), Certificates: []tls.Certificate{pair}}
	config.RootCAs.AppendCertsFromPEM(ca)
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialSpare(ctx, network, address)
		if err != nil {
			return nil, err
		}
		own := config.Clone()
		own.ServerName, _, _ = net.SplitHostPort(address)
		return tls.Client(conn, own), nil
	}
	return []kgo.Opt{kgo.Dialer(dial), kgo.SASL(m)}
}
