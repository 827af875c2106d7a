//go:build lab

package tests

import (
	"bufio"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A judgement is one run of playbooks/preflight.yaml.
type judgement struct {
	out  string
	exit int
	rows map[string]string // "host rule" → "verdict: measured"
	took time.Duration     // of the slowest measurement
}

// preflight runs the playbook and reads its events.
func preflight(t *testing.T, inventory string, args ...string) judgement {
	t.Helper()
	args = append([]string{"run", "playbooks/preflight.yaml", "-i", "lab/tests/testdata/preflight/" + inventory, "--json"}, args...)
	out, err := command(t, 2*time.Minute, "bin/kops", args...)
	j := judgement{out: out, exit: exit(err), rows: map[string]string{}}
	lines := bufio.NewScanner(strings.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var record struct {
			Event string `json:"event"`
			Data  struct {
				Duration time.Duration `json:"duration_ns"`
				Result   struct {
					CPUs int `json:"cpus"`
					Rows []struct{ Host, Rule, Verdict, Measured string }
				} `json:"result"`
			} `json:"data"`
		}
		if json.Unmarshal(lines.Bytes(), &record) != nil || record.Event != "result" {
			continue
		}
		if record.Data.Result.CPUs > 0 {
			j.took = max(j.took, record.Data.Duration)
		}
		for _, r := range record.Data.Result.Rows {
			j.rows[r.Host+" "+r.Rule] = r.Verdict + ": " + r.Measured
		}
	}
	if len(j.rows) == 0 {
		t.Fatalf("%v: no rows\n%s", err, tail(out))
	}
	return j
}

func (j judgement) expect(t *testing.T, rows map[string]string) {
	t.Helper()
	for row, want := range rows {
		if got := j.rows[row]; !regexp.MustCompile("^" + want + "$").MatchString(got) {
			t.Errorf("%s: %q, not %q", row, got, want)
		}
	}
}

// TestLabPreflight judges machines with which nothing is wrong, breaks what the rules look at, and holds that looking
// leaves no trace.
func TestLabPreflight(t *testing.T) {
	machines := []string{"spare57", "spare58", "spare59"}
	must(t, 3*time.Minute, "lab/lab", append([]string{"reset"}, machines...)...)
	defer must(t, 3*time.Minute, "lab/lab", append([]string{"down"}, machines...)...)
	for _, m := range machines {
		on(t, m, "echo 10.99.0.99 broker3 | sudo tee -a /etc/hosts >/dev/null; sudo touch /before")
	}
	good := preflight(t, "fleet.yaml")
	t.Run("a sound fleet", func(t *testing.T) {
		if good.exit != 0 {
			t.Errorf("exit %d\n%s", good.exit, tail(good.out))
		}
		good.expect(t, map[string]string{
			"zookeeper servers": "ok: 3, of which 1 may fail", "kafka ids": "ok: 1, 2, 3", "kafka racks": "ok: a: 1, b: 1, c: 1", "zookeeper quorum": "ok: any rack may fail",
			"spare57 names": "ok: .*", "spare57 ports": `ok: \d+ free`, "spare57 java": `ok: 17\..*`, "spare57 clock": "ok: .*", "spare57 network (kafka)": "ok: 10000 Mbit/s host0",
			"spare57 heap (zookeeper)": "advice: 128 MB as set, .*", "spare57 disk (kafka)": "advice: .* GB on /var/lib/docker", "spare57 disks (kafka)": "advice: 1",
			"spare57 mount options (kafka)": "advice: /var/lib/docker ext4 relatime", "spare57 open files (kafka)": "ok: no unit kafka-server yet",
		})
	})
	t.Run("nothing is changed", func(t *testing.T) {
		for _, m := range machines {
			// What systemd and sshd write for every login is not kops's.
			if traces := on(t, m, "sudo find / -xdev -newer /before ! -path '/var/log/*' ! -path /var/lib/systemd/'*' ! -path /home/ops ! -path /before ! -path /tmp ! -path /run; ls /run/kops* /var/lib/kops* /tmp 2>/dev/null | grep kops; true"); strings.TrimSpace(traces) != "" {
				t.Errorf("%s:\n%s", m, traces)
			}
		}
	})
	t.Run("check mode says the same", func(t *testing.T) {
		check := preflight(t, "fleet.yaml", "--check")
		if check.exit != good.exit || len(check.rows) != len(good.rows) {
			t.Errorf("exit %d, %d rows, not %d and %d", check.exit, len(check.rows), good.exit, len(good.rows))
		}
		for row, want := range good.rows {
			if got := check.rows[row]; got != want && !strings.HasSuffix(row, " clock") {
				t.Errorf("%s: %q, not %q", row, got, want)
			}
		}
	})
	t.Run("strict", func(t *testing.T) {
		strict := preflight(t, "fleet.yaml", "-e", "preflight_strict=true")
		if strict.exit != 2 || !strings.Contains(strict.out, "spare58: heap (zookeeper): 128 MB as set, 0% (wanted: 1024 MB or more") {
			t.Errorf("exit %d\n%s", strict.exit, tail(strict.out))
		}
	})
	t.Run("a fleet with faults", func(t *testing.T) { brokenFleet(t) })
	t.Run("EC2's zone", func(t *testing.T) { zones(t, good) })
	t.Run("a wrong inventory", func(t *testing.T) { wrongInventory(t) })
}

func brokenFleet(t *testing.T) {
	on(t, "spare57", "sudo sed -i /broker3/d /etc/hosts")
	on(t, "spare58", `sudo systemd-run -q --unit thief /usr/sbin/sshd -D -p 9092 && sudo mount -t tmpfs -o noatime,size=64m data /var/lib/docker
		printf '[Service]\nExecStart=/bin/sh -c "sleep infinity; :" java -Xmx1g -Xmx64m\nLimitNOFILE=1024\n' | sudo tee /run/systemd/system/kafka-server.service >/dev/null
		sudo systemctl daemon-reload && sudo systemctl start kafka-server`)
	on(t, "spare59", `printf '#!/bin/sh\nexec /bin/date -d "15 seconds" "$@"\n' | sudo tee /usr/local/sbin/date >/dev/null; sudo chmod +x /usr/local/sbin/date
		echo 60 | sudo tee /run/swappiness >/dev/null; printf 'Filename Type Size\n/swap file 100\n' | sudo tee /run/swaps >/dev/null
		sudo mount --bind /run/swappiness /proc/sys/vm/swappiness; sudo mount --bind /run/swaps /proc/swaps`)
	broken := preflight(t, "fleet.yaml")
	broken.expect(t, map[string]string{
		"spare57 names": "fault: not resolved: broker3",
		"spare58 ports": `fault: 9092 is taken by thief.service \(sshd, process \d+\)`,
		"spare59 clock": `fault: \+1[45]\d\d\d\.\d ms, give or take .*`, "spare57 clock": "ok: .*", "spare58 clock": "ok: .*",
		"spare59 swappiness":            "advice: 60",
		"spare58 heap (kafka)":          "ok: 64 MB of the process, 0%",
		"spare58 open files (kafka)":    "advice: 1024",
		"spare58 mount options (kafka)": "advice: /var/lib/docker tmpfs noatime",
		"spare58 disk kind (kafka)":     "ok: not known",
	})
	if broken.exit != 2 {
		t.Errorf("exit %d", broken.exit)
	}
	for _, fault := range []string{"spare57: names: not resolved: broker3", "spare58: ports: 9092 is taken by thief.service", "spare59: clock: +1"} {
		if !strings.Contains(broken.out, `"msg":"`+fault) {
			t.Errorf("no host fails with %q", fault)
		}
	}
}

// zones has a metadata service on one machine, and none on the others.
func zones(t *testing.T, good judgement) {
	script, err := os.ReadFile("testdata/preflight/imds.sh")
	if err != nil {
		t.Fatal(err)
	}
	on(t, "spare58", "sudo tee /run/imds.sh >/dev/null <<'END'\n"+string(script)+"END\n"+`sudo ip addr add 169.254.169.254/32 dev lo
		cd /run/systemd/system
		printf '[Socket]\nListenStream=169.254.169.254:80\nAccept=yes\n' | sudo tee imds.socket >/dev/null
		printf '[Service]\nExecStart=/bin/bash /run/imds.sh\nStandardInput=socket\nStandardOutput=socket\n' | sudo tee imds@.service >/dev/null
		sudo systemctl daemon-reload && sudo systemctl start imds.socket`)
	asked := preflight(t, "fleet.yaml", "-e", "preflight_ec2=always")
	asked.expect(t, map[string]string{
		"spare57 rack": "ok: a",
		"spare58 rack": "ok: b, eu-west-1b by EC2",
	})
	told := preflight(t, "fleet.yaml", "-e", "preflight_ec2=always", "-e", "preflight_rack=")
	told.expect(t, map[string]string{"spare58 rack": "ok: eu-west-1b by EC2", "kafka racks": "advice: eu-west-1b: 1, not known of 2"})
	if asked.took > good.took+3*time.Second {
		t.Errorf("where there is no such service, asking took %s, without asking %s", asked.took, good.took)
	}
}

func wrongInventory(t *testing.T) {
	const file = "lab/tests/testdata/preflight/wrong.yaml"
	wrong := preflight(t, "wrong.yaml")
	at := func(line string) string { return regexp.QuoteMeta(file) + ":" + line + `:\d+` }
	wrong.expect(t, map[string]string{
		"zookeeper servers": `advice: 4, of which 1 may fail, as of 3 \(` + at("12") + `\)`,
		"kafka ids":         `fault: a and b: kafka_broker_id 1 \(` + at("16") + ", " + at("17") + `\)`,
		"b rack":            `fault: in two racks: x by group rack_x \(` + at("21") + `\), y by group rack_y \(` + at("24") + `\)`,
		"a machine":         `fault: one machine: again in rack z \(` + at("13") + `\), a in rack x \(` + at("21") + `\)|fault: one machine: a in rack x \(` + at("21") + `\), again in rack z \(` + at("13") + `\)`,
	})
	if wrong.exit != 2 {
		t.Errorf("exit %d", wrong.exit)
	}
}
