package fleet

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"kops/internal/cli"
	"kops/internal/remote/remotetest"
	"kops/internal/remote/sshtest"
)

// play has twenty tasks that find everything as it should be. Each that asks its host does so
// in one round trip.
const play = `- hosts: all
  gather_facts: false
  vars: {port: 9092, jmx_port: 9999}
  tasks:
    - {name: folder, file: {path: /srv/kafka, state: directory, mode: "0755"}}
    - {name: folder of config, file: {path: /srv/kafka/config, state: directory, mode: "0755"}}
    - {name: env, copy: {dest: /srv/kafka/config/env, content: "JMX_PORT={{ jmx_port }}\n", mode: "0644"}}
    - {name: properties, copy: {dest: /srv/kafka/config/server.properties, content: "broker.rack={{ rack }}\nport={{ port }}\n", mode: "0644"}}
    - {name: rules, template: {src: rules.j2, dest: /srv/kafka/config/rules.yml, mode: "0644"}}
    - {name: left alone, copy: {dest: /srv/kafka/config/env, content: x, force: false}}
    - {name: port, lineinfile: {path: /srv/kafka/config/server.properties, regexp: '^port=', line: "port={{ port }}"}}
    - {name: rack, lineinfile: {path: /srv/kafka/config/server.properties, regexp: '^broker\.rack=', line: "broker.rack={{ rack }}"}}
    - {name: link, file: {src: /srv/kafka/config, dest: /srv/current, state: link}}
    - {name: mode, file: {path: /srv/kafka/config/env, mode: "0644"}}
    - {name: look, stat: {path: /srv/kafka/config/env}, register: env}
    - {name: fact, set_fact: {env_size: "{{ env.stat.size }}"}}
    - {name: assert, assert: {that: env_size == 14}}
    - {name: command, command: systemctl is-active kafka, register: active, changed_when: false}
    - {name: never, command: "false", when: active.rc != 0}
    - {name: gone, file: {path: /srv/old, state: absent}}
    - {name: backup is gone, stat: {path: /srv/kafka/config/env.bak}, register: bak}
    - {name: assert it, assert: {that: not bak.stat.exists}}
    - {name: check, command: kafka-check, changed_when: false}
    - {name: say, debug: {msg: "{{ inventory_hostname }} of {{ groups.all | length }} in {{ rack }}"}}
`

const rules = "rules:\n{% for p in ['kafka.server', '.*'] %}\n  - pattern: \"{{ p }}\"\n{% endfor %}\n"

// simulated is a server for all hosts: each has a connection of its own to it.
func simulated(tb testing.TB) *sshtest.Server {
	h := remotetest.New()
	for _, dir := range []string{"/srv", "/srv/kafka", "/srv/kafka/config"} {
		h.AddDir(dir, 0o755)
	}
	h.AddFile("/srv/kafka/config/env", "JMX_PORT=9999\n", 0o644)
	h.AddFile("/srv/kafka/config/server.properties", "broker.rack=a\nport=9092\n", 0o644)
	h.AddFile("/srv/kafka/config/rules.yml", "rules:\n  - pattern: \"kafka.server\"\n  - pattern: \".*\"\n", 0o644)
	h.AddLink("/srv/current", "/srv/kafka/config")
	return sshtest.New(tb, sshtest.Options{Run: shell{h}.run})
}

// runPlay runs the play as the command line does, and returns what it printed.
func runPlay(tb testing.TB, hosts int) string {
	tb.Helper()
	s := simulated(tb)
	settings := s.Settings("root")
	dir := tb.TempDir()
	var inventory strings.Builder
	fmt.Fprintf(&inventory, "all:\n  vars:\n    rack: a\n    ansible_host: %s\n    ansible_port: %d\n    ansible_user: root\n    ansible_ssh_common_args: %s\n  hosts:\n",
		settings.Address, settings.Port, strings.Join(settings.SSHArgs, " "))
	for i := range hosts {
		fmt.Fprintf(&inventory, "    host%04d: {id: %d}\n", i, i)
	}
	for name, text := range map[string]string{"play.yaml": play, "inventory.yaml": inventory.String(), "templates/rules.j2": rules} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	var out bytes.Buffer
	if code := cli.Main([]string{"run", filepath.Join(dir, "play.yaml"), "-i", filepath.Join(dir, "inventory.yaml")}, cli.Streams{In: &bytes.Buffer{}, Out: &out, Err: &out}); code != 0 {
		tb.Fatalf("exit code %d\n%s", code, tail(out.String()))
	}
	if s.Accepted() != hosts {
		tb.Fatalf("%d connections for %d hosts", s.Accepted(), hosts)
	}
	return out.String()
}

func tail(text string) string { return text[max(0, len(text)-4000):] }

// TestFleet holds that what is measured is done: no task fails or changes anything.
func TestFleet(t *testing.T) {
	isolate(t)
	out := runPlay(t, 3)
	if n := strings.Count(out, "ok=19   changed=0    unreachable=0    failed=0    skipped=1"); n != 3 {
		t.Errorf("%d of 3 hosts\n%s", n, out)
	}
}

// isolate keeps what a run leaves out of the user's folders.
func isolate(tb testing.TB) {
	for _, name := range []string{"XDG_CACHE_HOME", "XDG_STATE_HOME"} {
		tb.(interface{ Setenv(key, value string) }).Setenv(name, tb.TempDir())
	}
}

// BenchmarkFleet runs the play on ever more hosts. peak-MB is the highest resident size of the
// whole process, the simulated servers included, since the run began (VmHWM): make bench-fleet has
// a process for each size.
func BenchmarkFleet(b *testing.B) {
	for _, hosts := range []int{100, 250, 500, 1000} {
		b.Run(fmt.Sprintf("hosts=%d", hosts), func(b *testing.B) {
			isolate(b)
			debug.FreeOSMemory() // what the runs before have left
			resetPeak(b)
			var before, after syscall.Rusage
			_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before) // never fails
			began := time.Now()
			for b.Loop() {
				runPlay(b, hosts)
			}
			took := time.Since(began) / time.Duration(b.N)
			_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
			cpu := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(took.Seconds(), "s/run")
			b.ReportMetric(took.Seconds()*1000/float64(hosts), "ms/host")
			b.ReportMetric(float64(cpu)/1e9/float64(b.N), "cpu-s/run")
			memory := peak(b)
			b.ReportMetric(memory, "peak-MB")
			if hosts == 1000 && (took > 30*time.Second || memory > 300) {
				b.Errorf("a thousand hosts took %s and %.0f MB; promised are 30 s and 300 MB", took, memory)
			}
		})
	}
}

// resetPeak has the kernel begin anew to look for the highest resident size.
func resetPeak(tb testing.TB) {
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		tb.Fatal(err)
	}
}

func peak(tb testing.TB) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		tb.Fatal(err)
	}
	var kb float64
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	if _, err := fmt.Sscan(after, &kb); err != nil {
		tb.Fatal(err)
	}
	return kb / 1024
}
