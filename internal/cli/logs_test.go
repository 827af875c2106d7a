package cli

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"kops/internal/remote/sshtest"
)

// TestLogsScripts runs testdata/logs: kops logs against SSH servers. The hosts a and b are this machine, whose logs are in the
// folders a and b; nowhere is none.
func TestLogsScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/logs",
		Setup: func(env *testscript.Env) error {
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, ".state"))
			env.Setenv("TZ", "UTC")
			hosts := "all:\n  children:\n    kafka:\n      hosts:\n"
			for _, name := range []string{"a", "b"} {
				s := sshtest.New(t, sshtest.Options{})
				host, port, err := net.SplitHostPort(s.Addr)
				if err != nil {
					return err
				}
				hosts += fmt.Sprintf("        %s: {ansible_host: %s, ansible_port: %s, ansible_user: someone, ansible_ssh_common_args: \"%s\", logs_of: %s, kafka_log_dir: '{{ logs_of }}'}\n",
					name, host, port, strings.Join(s.Settings("").SSHArgs, " "), filepath.Join(env.WorkDir, name))
			}
			hosts += "    dead: {hosts: {nowhere: {ansible_host: 127.0.0.1, ansible_port: 1}}}\n"
			return os.WriteFile(filepath.Join(env.WorkDir, "hosts.yaml"), []byte(hosts), 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"code": exitsWith, "await": await},
	})
}

// await waits until a file holds a text: await FILE TEXT
func await(ts *testscript.TestScript, _ bool, args []string) {
	for end := time.Now().Add(30 * time.Second); ; <-time.After(10 * time.Millisecond) {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && strings.Contains(string(text), args[1]) {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("%s does not hold %q after half a minute: %v\n%s", args[0], args[1], err, text)
		}
	}
}
