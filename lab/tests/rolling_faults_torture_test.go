//go:build lab && torture

package tests

import (
	"strings"
	"testing"
	"time"
)

// TestTortureRollingFaults breaks what a roll depends on, before it and in its middle: it ends with what is wrong,
// never takes a second broker out, and the same command goes on once it is mended.
func TestTortureRollingFaults(t *testing.T) {
	ensemble, kraft := []string{"spare65", "spare66", "spare67"}, []string{"spare68", "spare69", "spare70"}
	defer must(t, 3*time.Minute, "lab/lab", append(append([]string{"down"}, ensemble...), kraft...)...)
	must(t, 3*time.Minute, "lab/lab", append([]string{"down"}, kraft...)...) // what ran there before may know this ensemble
	r := fresh(t, "faults-zookeeper.yaml", ensemble...)
	t.Run("the controller moves while a broker restarts", func(t *testing.T) { r.on(t).controllerMoves() })
	t.Run("ZooKeeper has no quorum", func(t *testing.T) { r.on(t).noQuorum() })
	t.Run("a broker accepts and never answers", func(t *testing.T) { r.on(t).frozen() })

	r = fresh(t, "faults-kraft.yaml", kraft...)
	t.Run("the controller is killed while a broker restarts", func(t *testing.T) { r.on(t).controllerKilled() })
	t.Run("an unknown listener name", func(t *testing.T) { r.on(t).unknownListener() })
	t.Run("brokers advertise localhost", func(t *testing.T) { r.on(t).localhost() })
	t.Run("a full disk during an upgrade", func(t *testing.T) { r.on(t).fullDisk() })
}

// begin starts a playbook and lets it run.
func (r rolled) begin(playbook string, args ...string) *running {
	return start(r.t, nil, append([]string{"run", "-i", whole(r.t, r.inventory), whole(r.t, playbook)}, args...)...)
}

// ends asserts that a playbook fails with what it should say, and nothing was restarted but so many brokers.
func (r rolled) ends(restarts int, want []string, playbook string, args ...string) string {
	r.t.Helper()
	before := strings.Fields(r.started())
	out, err := command(r.t, 3*time.Minute, "bin/kops", append([]string{"run", "-i", r.inventory, playbook}, args...)...)
	if err == nil {
		r.t.Errorf("it succeeded, want a failure that says %q\n%s", want, tail(out))
	}
	for _, text := range want {
		if !strings.Contains(out, text) {
			r.t.Errorf("nothing says %q\n%s", text, tail(out))
		}
	}
	again := 0
	for i, since := range strings.Fields(r.started()) {
		if since != before[i] {
			again++
		}
	}
	if again != restarts {
		r.t.Errorf("%d brokers were restarted, want %d\n%s", again, restarts, tail(out))
	}
	return out
}

// controllerMoves deletes ZooKeeper's /controller, so that another broker takes it.
func (r rolled) controllerMoves() {
	t := r.t
	before := r.controller()
	run := r.begin("playbooks/rolling-restart.yaml")
	<-run.saidOrDone("gate: the cluster can do without ")
	// It cannot take the place back while it stands still.
	on(t, before, "sudo systemctl kill -s STOP kafka-server; sudo /usr/local/zookeeper/bin/zkCli.sh -server localhost:2181 delete /controller; sudo systemctl kill -s CONT kafka-server")
	after := r.controller()
	out, code := run.wait(10 * time.Minute)
	order := batches(out)
	if code != 0 || len(order) != 3 || order[0] == before {
		t.Fatalf("exit code %d, order %v, the controller was on %s\n%s", code, order, before, tail(out))
	}
	if after == before || order[0] != after && order[2] != after {
		t.Errorf("the controller moved from %s to %s, and the order was %v", before, after, order)
	}
}

// noQuorum takes two of three ZooKeeper servers away: before a roll, and in its middle.
func (r rolled) noQuorum() {
	t := r.t
	l := startLoad(t, "noquorum", r.machines...)
	ensemble := func(verb string) {
		for _, m := range r.machines[1:] {
			on(t, m, "sudo systemctl "+verb+" zookeeper-server")
		}
	}
	ensemble("stop")
	r.ends(0, []string{"ZooKeeper serves nobody", "2181: the server runs but has no quorum", "Hosts that were not touched: spare6"}, "playbooks/rolling-restart.yaml", "-e", "kafka_health_timeout=5")
	r.ends(0, []string{"the ensemble cannot be asked whether it can do without a server", "no quorum"}, "playbooks/rolling-zookeeper.yaml")
	ensemble("start")

	run := r.begin("playbooks/rolling-restart.yaml", "-e", "kafka_health_timeout=20")
	<-run.saidOrDone("gate: the cluster can do without ")
	ensemble("stop")
	out, code := run.wait(10 * time.Minute)
	if code != 2 || !strings.Contains(out, "Hosts that were not touched: ") || !goesOn.MatchString(out) {
		t.Errorf("without ZooKeeper in the middle: exit code %d\n%s", code, tail(out))
	}
	if touched := restarted.FindAllString(out, -1); len(touched) > 1 {
		t.Errorf("%d brokers were restarted without ZooKeeper\n%s", len(touched), tail(out))
	}
	ensemble("start")
	r.kops("playbooks/rolling-restart.yaml")
	l.end(t)
}

// frozen stops the process of the broker that is asked first as it is: its port accepts, and nobody answers.
func (r rolled) frozen() {
	t, m := r.t, r.machines[0]
	on(t, m, "sudo systemctl kill -s STOP kafka-server")
	began := time.Now()
	r.ends(0, []string{"broker 1", "Hosts that were not touched: " + r.machines[1]}, "playbooks/rolling-restart.yaml", "-e", "kafka_health_timeout=5", "--limit", r.machines[1])
	if took := time.Since(began); took > 2*time.Minute {
		t.Errorf("it took %s to be noticed", took)
	}
	on(t, m, "sudo systemctl kill -s CONT kafka-server")
	r.kops("lab/tests/testdata/rolling/healthy.yaml")
}

// controllerKilled kills the controller, and with it the quorum for a moment.
func (r rolled) controllerKilled() {
	t := r.t
	before := r.controller()
	run := r.begin("playbooks/rolling-restart.yaml")
	<-run.saidOrDone("gate: the cluster can do without ")
	on(t, before, "sudo systemctl kill -s KILL kafka-server")
	<-run.saidOrDone("(batch 2 of 3")
	after := r.controller()
	out, code := run.wait(10 * time.Minute)
	order := batches(out)
	if code != 0 || len(order) != 3 {
		t.Fatalf("exit code %d, order %v\n%s", code, order, tail(out))
	}
	if order[0] == before || order[1] == after {
		t.Errorf("order %v, with the controller on %s and then on %s", order, before, after)
	}
}

// unknownListener sets what no broker starts with: one is lost, the others stay, and the right setting brings it back.
func (r rolled) unknownListener() {
	t := r.t
	l := startLoad(t, "listener", r.machines...)
	out := r.ends(1, []string{"did not get healthy after spare", "not registered: broker ", "perhaps out of service: spare", "Hosts that were not touched: spare"},
		"playbooks/rolling-config.yaml", "-e", "kafka_health_timeout=25", "-e", `{"kafka_settings": {"inter.broker.listener.name": "NOWHERE"}}`)
	lost := batches(out)[0]
	out = r.kops("playbooks/rolling-config.yaml", "-e", `{"kafka_settings": {"num.io.threads": 6}}`)
	if order := batches(out); order[0] != lost {
		t.Errorf("%s was out, and the order was %v", lost, order)
	}
	l.end(t)
}

// localhost gives the brokers a listener that advertises localhost: each is reached from its own host. Before all have it, who
// comes by it is told so.
func (r rolled) localhost() {
	t := r.t
	settings := []string{"-e", `{"kafka_settings": {"listeners": "PLAINTEXT://:9092,LOCAL://:9094,CONTROLLER://:9093", "advertised.listeners": "PLAINTEXT://{{ inventory_hostname }}:9092,LOCAL://localhost:9094",
		"listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,LOCAL:PLAINTEXT", "inter.broker.listener.name": "PLAINTEXT"}}`}
	local := []string{"-e", "kafka_bootstrap=localhost:9094"}
	r.kops("playbooks/rolling-config.yaml", append(settings, "--limit", r.machines[0])...)
	out, err := command(t, time.Minute, "bin/kops", append([]string{"run", "-i", r.inventory, "lab/tests/testdata/rolling/healthy.yaml", "--limit", r.machines[0], "-e", "kafka_health_timeout=1"}, local...)...)
	if err == nil || !strings.Contains(out, "has no listener of the name by which the bootstrap address is reached") {
		t.Errorf("a listener that one broker has: %v\n%s", err, tail(out))
	}
	r.kops("playbooks/rolling-config.yaml", settings...)
	out = r.kops("playbooks/rolling-restart.yaml", append(local, "--limit", r.machines[2])...)
	if !strings.Contains(out, "gate: the cluster can do without "+r.machines[2]) {
		t.Errorf("no gate opened\n%s", tail(out))
	}
}

// fullDisk leaves no room for the new version: where the archive goes, and where it is unpacked.
func (r rolled) fullDisk() {
	t := r.t
	full := r.machines[1]
	for folder, named := range map[string]string{"/var/cache/kops": "/var/cache/kops", "/usr/local/kafka_2.13-4.1.0": "to /usr/local: "} {
		on(t, full, "sudo mkdir -p "+folder+" && sudo mount -t tmpfs -o size=8m tmpfs "+folder)
		r.ends(0, []string{"fatal: [" + full + "]", named, "o space left on device"}, "playbooks/upgrade.yaml", "-e", "kafka_version=4.1.0")
		if link := on(t, full, "readlink /usr/local/kafka"); strings.TrimSpace(link) != "/usr/local/kafka_2.13-3.9.1" {
			t.Errorf("the link is %s", link)
		}
		r.kops("lab/tests/testdata/rolling/healthy.yaml")
		on(t, full, "sudo umount "+folder)
	}
	r.kops("playbooks/upgrade.yaml", "-e", "kafka_version=4.1.0")
	for _, m := range r.machines {
		if open := on(t, m, "sudo ls -l /proc/$(systemctl show --property=MainPID --value kafka-server)/fd"); !strings.Contains(open, "kafka_2.13-4.1.0.jar") {
			t.Errorf("the broker of %s does not run 4.1.0", m)
		}
	}
}
