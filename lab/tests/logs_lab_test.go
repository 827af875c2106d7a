//go:build lab

package tests

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// logSize is how much each of the brokers has logged.
const logSize = 100 << 20

// brokerLog writes what a broker logs: fifty entries a second, of a thousand one a warning and one an error with its stack trace.
func brokerLog(w io.Writer, broker int) (entries int, err error) {
	out := bufio.NewWriter(w)
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for size := 0; size < logSize && err == nil; entries++ {
		at := begin.Add(time.Duration(entries)*20*time.Millisecond + time.Duration(broker)*time.Millisecond).Format("2006-01-02 15:04:05,000")
		var n int
		switch entries % 1000 {
		case 500:
			n, err = fmt.Fprintf(out, "[%s] ERROR [ReplicaManager broker=%d] Error processing append operation on partition topic-%d (kafka.server.ReplicaManager)\n"+
				"org.apache.kafka.common.errors.NotEnoughReplicasException: The size of the current ISR is insufficient\n\tat kafka.cluster.Partition.append(Partition.scala:1234)\n\tat kafka.server.ReplicaManager.append(ReplicaManager.scala:99)\n", at, broker, entries)
		case 700:
			n, err = fmt.Fprintf(out, "[%s] WARN [Broker id=%d] odd number %d (kafka.server.KafkaServer)\n", at, broker, entries)
		default:
			n, err = fmt.Fprintf(out, "[%s] INFO [GroupCoordinator %d]: Preparing to rebalance group consumer-%d in state PreparingRebalance (kafka.coordinator.group.GroupCoordinator)\n", at, broker, entries)
		}
		size += n
	}
	if err == nil {
		err = out.Flush()
	}
	return entries, err
}

// TestLabLogs reads logs of 100 MB on each of three machines: all of them in the order of time with little memory, parts of them
// with little on the line, and what is written, through rotations and a lost connection.
func TestLabLogs(t *testing.T) {
	machines := []string{"spare54", "spare55", "spare56"}
	must(t, 3*time.Minute, "lab/lab", append([]string{"up"}, machines...)...)
	defer must(t, 3*time.Minute, "lab/lab", append([]string{"down"}, machines...)...)
	entries := 0
	for i, m := range machines {
		cmd := exec.Command("lab/lab", "ssh", m, "sudo sh -c 'rm -rf /var/log/kafka; mkdir -m 700 /var/log/kafka; cat >/var/log/kafka/server.log'")
		cmd.Dir = root
		in, err := cmd.StdinPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err == nil {
			entries, err = brokerLog(in, i)
		}
		if err == nil {
			err = in.Close()
		}
		if err == nil {
			err = cmd.Wait()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Run("everything", func(t *testing.T) { everyEntry(t, entries) })
	t.Run("chosen", func(t *testing.T) { chosenEntries(t, entries) })
	t.Run("fetched", func(t *testing.T) { fetchedLogs(t, machines) })
	t.Run("followed", func(t *testing.T) { followedLogs(t, machines) })
}

// mostMemory is what kops may need for three logs, whatever their size: most of it is what SSH holds for channels that are
// read more slowly than they are written.
const mostMemory = 80 << 20

// logsOf is kops logs of the three.
func logsOf(args ...string) *exec.Cmd {
	cmd := exec.Command("bin/kops", append([]string{"logs", "kafka", "-i", "lab/tests/testdata/logs.yaml"}, args...)...)
	cmd.Dir = root
	return cmd
}

// eachLine runs kops logs, hands its lines on, and asserts its peak of memory.
func eachLine(t *testing.T, cmd *exec.Cmd, line func(host, text string)) {
	t.Helper()
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	in := bufio.NewScanner(out)
	bytes := 0
	for in.Scan() {
		bytes += len(in.Bytes()) + 1
		host, text, _ := strings.Cut(in.Text(), " ")
		line(host, text)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	peak := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
	t.Logf("%s: %d bytes in %s, CPU %s, peak of memory %d MB", strings.Join(cmd.Args[5:], " "), bytes, time.Since(began).Round(10*time.Millisecond),
		(cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Round(10*time.Millisecond), peak>>20)
	if peak > mostMemory {
		t.Errorf("it took %d MB of memory, more than %d", peak>>20, mostMemory>>20)
	}
}

func everyEntry(t *testing.T, entries int) {
	last, owner := "", ""
	seen := map[string]int{}
	eachLine(t, logsOf("-n", "all"), func(host, text string) {
		if !strings.HasPrefix(text, "[") { // a stack trace stays with its entry
			if host != owner {
				t.Fatalf("a line of %s is among those of %s: %s", host, owner, text)
			}
			return
		}
		if at := text[:24]; at < last {
			t.Fatalf("%s comes after %s", at, last)
		} else {
			last, owner = at, host
		}
		seen[host]++
	})
	for host, n := range seen {
		if n != entries {
			t.Errorf("%s: %d entries, want %d", host, n, entries)
		}
	}
	if len(seen) != 3 {
		t.Errorf("entries of %v", seen)
	}
}

func chosenEntries(t *testing.T, entries int) {
	each := (entries + 499) / 1000 // errors of a broker
	for _, tt := range []struct {
		args []string
		want int // lines
	}{
		{[]string{"-n", "all", "--level", "ERROR"}, 3 * 4 * each},
		{[]string{"-n", "all", "--grep", `topic-\d{1,2}500 `}, 3 * 4 * min(each-1, 99)},
		{[]string{"-n", "5"}, 15},
		{[]string{"--since", "2026-01-01T00:00:00Z", "--level", "warn", "-n", "2"}, 3 * (1 + 4)}, // they take turns
		{[]string{"--since", "2027-01-01"}, 0},
	} {
		n := 0
		eachLine(t, logsOf(tt.args...), func(string, string) { n++ })
		if n != tt.want {
			t.Errorf("%v: %d lines, want %d", tt.args, n, tt.want)
		}
	}
}

func fetchedLogs(t *testing.T, machines []string) {
	dir := t.TempDir()
	eachLine(t, logsOf("-o", dir), func(string, string) {})
	for i, m := range machines {
		f, err := os.Open(filepath.Join(dir, m, "server.log.gz"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		packed, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		var want bytes.Buffer
		if _, err := brokerLog(&want, i); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(packed); err != nil || !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s: %d bytes of %d, %v", m, len(got), want.Len(), err)
		}
	}
}

// followedLogs writes entries on each machine while its log is rotated now and then and one connection is lost. Each entry must
// be shown, once.
func followedLogs(t *testing.T, machines []string) {
	const count = 300
	out := &output{}
	cmd := logsOf("-f", "-n", "1", "--level", "INFO")
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	defer func() { _ = cmd.Process.Kill() }() // it has ended where all is well
	shown := func(text string) {
		t.Helper()
		for end := time.Now().Add(time.Minute); !strings.Contains(out.String(), text); <-time.After(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%q is not shown:\n%s", text, tail(out.String()))
			}
		}
	}
	line := func(machine, text string) {
		on(t, machine, `sudo sh -c 'printf "[%s] WARN `+text+` (x)\n" "$(date "+%F %T,%3N")" >>/var/log/kafka/server.log'`)
	}
	for _, m := range machines { // it follows
		line(m, "begin-"+m)
		shown("begin-" + m)
	}
	writer := fmt.Sprintf(`sudo sh -c 'cd /var/log/kafka; i=0; while [ $i -lt %d ]; do i=$((i+1))
		printf "[%%s] WARN entry-$i- (x)\n\tat line-$i-\n" "$(date "+%%F %%T,%%3N")" >>server.log
		case $i in 100|200) mv server.log server.log.$i;; esac; sleep 0.02; done'`, count)
	writers := make(chan error, len(machines))
	for _, m := range machines {
		go func() {
			_, err := command(t, 2*time.Minute, "lab/lab", "ssh", m, writer)
			writers <- err
		}()
	}
	shown("entry-50-")
	on(t, "spare55", `sudo sh -c 'for p in $(pgrep -x awk); do while [ "$p" -gt 1 ] && [ "$(cat /proc/$p/comm)" != sshd ]; do p=$(ps -o ppid= -p $p | tr -d " "); done; kill -9 $p; done'`)
	shown("kops: spare55: connection lost")
	shown("kops: spare55: it is back")
	for range machines {
		if err := <-writers; err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range machines {
		line(m, "end-"+m)
		shown("end-" + m)
	}
	must(t, time.Minute, "kill", "-INT", fmt.Sprint(cmd.Process.Pid))
	if err := <-done; err != nil {
		t.Errorf("the end by Ctrl-C: %v\n%s", err, tail(out.String()))
	}
	for _, m := range machines {
		for i := 1; i <= count; i++ {
			for _, text := range []string{fmt.Sprintf("entry-%d- ", i), fmt.Sprintf("line-%d-", i)} {
				n := 0
				for l := range strings.Lines(out.String()) {
					if strings.HasPrefix(l, m+" ") && strings.Contains(l, text) {
						n++
					}
				}
				if n != 1 {
					t.Fatalf("%s: %s is shown %d times", m, text, n)
				}
			}
		}
		if left := on(t, m, "pgrep -x awk; true"); strings.TrimSpace(left) != "" {
			t.Errorf("%s: there is still %s", m, left)
		}
	}
}
