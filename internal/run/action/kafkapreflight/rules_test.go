package kafkapreflight

import (
	"testing"

	"kops/internal/run/action"
	"kops/internal/value"
)

// good is a host with which nothing is wrong, as a broker.
func good(change ...func(*host)) *host {
	h := &host{
		Name: "k1", Rack: "a", Swappiness: 1, Java: javaWish{Least: 8, Wanted: 17}, Filesystems: []string{"xfs", "ext4"}, MountOptions: []string{"noatime"},
		Ports: []port{{9092, []string{"kafka-server"}}, {9090, []string{"docker"}}}, Names: []string{"k1"},
		Kafka: &member{ID: 1, CPUs: 8, MemoryGB: 32, Heap: "-Xms6g -Xmx6g", HeapPercent: 50, Paths: []string{"/d1", "/d2"}, DiskGB: 4000, Disks: 2,
			NetworkMbit: 10000, Unit: "kafka-server", Managed: true, OpenFiles: 100000},
		measured: &measured{
			CPUs: 16, MemoryMB: 31 * 1024, Swappiness: 1, Swap: true, Machine: "m1", Network: network{"eth0", 10000}, Clock: &clock{0.001, 0.001},
			Paths: []path{
				{"/d1", "/d1", "/dev/sda1", "xfs", []string{"rw", "noatime"}, 2000, []disk{{"sda", false}}},
				{"/d2", "/d2", "/dev/sdb1", "ext4", []string{"rw", "noatime"}, 2000, []disk{{"sdb", true}}},
				{"/else", "/", "/dev/sdc1", "btrfs", []string{"ro"}, 5, []disk{{"sdc", true}}},
			},
			Units: units{"kafka-server": {There: true, OpenFiles: 100000}}, Ports: listeners{}, Names: addresses{"k1": {"10.0.0.1"}, "k2": {"10.0.0.2", "::2"}},
			Java: java{"17.0.9", 17},
		},
	}
	for _, c := range change {
		c(h)
	}
	return h
}

func TestMemberRules(t *testing.T) {
	m := func(change func(*measured)) func(*host) { return func(h *host) { change(h.measured) } }
	k := func(change func(*member)) func(*host) { return func(h *host) { change(h.Kafka) } }
	tests := []struct {
		rule     string
		change   func(*host)
		verdict  verdict
		measured string
	}{
		{"cpus", m(func(m *measured) {}), ok, "16"},
		{"cpus", m(func(m *measured) { m.CPUs = 4 }), advice, "4"},
		{"memory", m(func(m *measured) {}), ok, "31.0 GB"},
		{"memory", m(func(m *measured) { m.MemoryMB = 16000 }), advice, "15.6 GB"},
		{"heap", m(func(m *measured) {}), ok, "6144 MB as set, 19%"},
		{"heap", m(func(m *measured) { m.Units["kafka-server"] = unit{HeapMB: 20000} }), advice, "20000 MB of the process, 63%"},
		{"heap", k(func(m *member) { m.HeapLeastMB = 8000 }), advice, "6144 MB as set, 19%"},
		{"heap", k(func(m *member) { m.Heap = "-Xmx64g" }), fault, "65536 MB as set, 206%"},
		{"heap", k(func(m *member) { m.Heap = "" }), ok, "not known"},
		{"disk", m(func(m *measured) {}), ok, "4000 GB on /d1, /d2"},
		{"disk", m(func(m *measured) { m.Paths[1].Mount = "/d1" }), advice, "2000 GB on /d1"},
		{"disk", m(func(m *measured) { m.Paths = nil }), ok, "not known"},
		{"disk kind", m(func(m *measured) {}), ok, "sda SSD, sdb rotational"},
		{"disk kind", k(func(m *member) { m.SSD = true }), advice, "sda SSD, sdb rotational"},
		{"disk kind", m(func(m *measured) { m.Paths[0].Disks, m.Paths[1].Disks = nil, nil }), ok, "not known"},
		{"disks", m(func(m *measured) {}), ok, "2"},
		{"disks", m(func(m *measured) { m.Paths[1].Disks = m.Paths[0].Disks }), advice, "1"},
		{"mount options", m(func(m *measured) {}), ok, "/d1 xfs noatime; /d2 ext4 noatime"},
		{"mount options", m(func(m *measured) { m.Paths[0].Options = []string{"rw", "relatime"} }), advice, "/d1 xfs relatime; /d2 ext4 noatime"},
		{"mount options", m(func(m *measured) { m.Paths[0].Fstype = "nfs4" }), advice, "/d1 nfs4 noatime; /d2 ext4 noatime"},
		{"mount options", m(func(m *measured) { m.Paths[0].Options = []string{"ro", "noatime"} }), fault, "/d1 xfs ro,noatime; /d2 ext4 noatime"},
		{"network", m(func(m *measured) {}), ok, "10000 Mbit/s eth0"},
		{"network", m(func(m *measured) { m.Network.Speed = 1000 }), advice, "1000 Mbit/s eth0"},
		{"network", m(func(m *measured) { m.Network.Speed = 0 }), ok, "not known eth0"},
		{"open files", m(func(m *measured) {}), ok, "100000"},
		{"open files", m(func(m *measured) { m.Units["kafka-server"] = unit{There: true, OpenFiles: 1024} }), advice, "1024"},
		{"open files", m(func(m *measured) { m.Units["kafka-server"] = unit{There: true, OpenFiles: -1} }), ok, "no limit"},
		{"open files", m(func(m *measured) { m.Units = nil }), ok, "no unit kafka-server yet"},
		{"open files", func(h *host) { h.Kafka.Managed, h.measured.Units = false, nil }, fault, "there is no unit kafka-server"},
	}
	for _, tt := range tests {
		t.Run(tt.rule+" "+string(tt.verdict), func(t *testing.T) {
			expect(t, good(tt.change).judgeMember(kafka), tt.rule, tt.verdict, tt.measured)
		})
	}
}

func TestHostRules(t *testing.T) {
	m := func(change func(*measured)) func(*host) { return func(h *host) { change(h.measured) } }
	tests := []struct {
		rule     string
		change   func(*host)
		verdict  verdict
		measured string
	}{
		{"rack", func(h *host) {}, ok, "a"},
		{"rack", m(func(m *measured) { m.EC2 = &ec2{Zone: "eu-west-1a"} }), ok, "a, eu-west-1a by EC2"},
		{"rack", func(h *host) { h.Rack, h.measured.EC2 = "", &ec2{Zone: "eu-west-1a"} }, ok, "eu-west-1a by EC2"},
		{"rack", func(h *host) { h.Name = "twice" }, fault, "in two racks: a by group rack_a (inventory.yaml:4:1), b by group rack_b (inventory.yaml:8:1)"},
		{"clock", func(h *host) {}, ok, "+0.0 ms, give or take 1.0 ms"},
		{"clock", m(func(m *measured) { m.Clock.Offset = 0.201 }), advice, "+200.0 ms, give or take 1.0 ms"},
		{"clock", m(func(m *measured) { *m.Clock = clock{0.201, 0.15} }), ok, "+200.0 ms, give or take 150.0 ms"},
		{"clock", m(func(m *measured) { m.Clock.Offset = -3 }), fault, "-3001.0 ms, give or take 1.0 ms"},
		{"names", func(h *host) {}, ok, "2 of 2"},
		{"names", m(func(m *measured) { m.Names["k1"] = []string{"127.0.1.1"} }), advice, "its own name, loopback: k1"},
		{"names", m(func(m *measured) { m.Names["k2"] = []string{"127.0.1.1"} }), fault, "loopback: k2"},
		{"names", m(func(m *measured) { m.Names["k3"], m.Names["k0"] = nil, nil }), fault, "not resolved: k0, k3"},
		{"names", m(func(m *measured) { m.Names = nil }), ok, "not known"},
		{"ports", func(h *host) {}, ok, "2 free"},
		{"ports", m(func(m *measured) { m.Ports["9092"] = listener{"java", 7, "kafka-server.service"} }), ok, "1 free, 1 in use"},
		{"ports", m(func(m *measured) { m.Ports["9090"] = listener{"prometheus", 7, "docker"} }), ok, "1 free, 1 in use"},
		{"ports", m(func(m *measured) { m.Ports["9092"] = listener{"nginx", 7, "nginx.service"} }), fault, "9092 is taken by nginx.service (nginx, process 7)"},
		{"ports", m(func(m *measured) { m.Ports["9092"] = listener{"nc", 8, ""} }), fault, "9092 is taken by nc, process 8"},
		{"swappiness", func(h *host) {}, ok, "1"},
		{"swappiness", m(func(m *measured) { m.Swappiness = 60 }), advice, "60"},
		{"swappiness", m(func(m *measured) { m.Swappiness, m.Swap = 60, false }), ok, "60, no swap"},
		{"swappiness", m(func(m *measured) { m.Swappiness = -1 }), ok, "not known"},
		{"java", func(h *host) {}, ok, "17.0.9"},
		{"java", m(func(m *measured) { m.Java = java{"11.0.2", 11} }), advice, "11.0.2"},
		{"java", func(h *host) { h.Java.Least, h.measured.Java = 17, java{"11.0.2", 11} }, fault, "11.0.2: this version of Kafka needs 17"},
		{"java", m(func(m *measured) { m.Java = java{} }), fault, "none"},
		{"java", func(h *host) { h.Java.Install, h.measured.Java = true, java{} }, ok, "none yet, it will be installed"},
	}
	for _, tt := range tests {
		t.Run(tt.rule+" "+string(tt.verdict), func(t *testing.T) {
			h := good(tt.change)
			expect(t, fleetOf(&Spec{SkewAdvice: 100, SkewFault: 1000}, h, good(), good()).judge(), tt.rule, tt.verdict, tt.measured)
		})
	}
}

func TestFleetRules(t *testing.T) {
	// Six names: three servers, three brokers, each in racks of their own.
	six := func(s *Spec, change func(z, k []*host)) *fleet {
		var z, k []*host
		for i, name := range []string{"1", "2", "3"} {
			z = append(z, &host{Name: "z" + name, Rack: "r" + name, ZooKeeper: &member{ID: int64(i + 1)}})
			k = append(k, good(func(h *host) {
				h.Name, h.Rack, h.Kafka.ID, h.measured.Machine = "k"+name, "r"+name, int64(i+1), "m"+name
			}))
		}
		change(z, k)
		s.SkewAdvice, s.SkewFault, s.WantBrokers, s.WantServers, s.WantRacks = 100, 1000, 3, 3, 3
		s.Brokers, s.Servers = max(3, s.Brokers), max(3, s.Servers)
		return fleetOf(s, append(z, k...)...)
	}
	nothing := func(z, k []*host) {}
	tests := []struct {
		host, rule string
		spec       Spec
		change     func(z, k []*host)
		verdict    verdict
		measured   string
	}{
		{"zookeeper", "servers", Spec{}, nothing, ok, "3, of which 1 may fail"},
		{"zookeeper", "servers", Spec{Servers: 4}, nothing, advice, "4, of which 1 may fail, as of 3 (inventory.yaml:2:3)"},
		{"zookeeper", "servers", Spec{Servers: 5}, nothing, ok, "5, of which 2 may fail"},
		{"kafka", "brokers", Spec{}, nothing, ok, "3"},
		{"kafka", "controllers", Spec{Controllers: []string{"k1", "k2", "k3"}}, nothing, ok, "3, of which 1 may fail"},
		{"kafka", "controllers", Spec{Controllers: []string{"k1"}}, nothing, advice, "1, of which 0 may fail"},
		{"kafka", "controllers", Spec{Controllers: []string{"k1", "k2"}}, nothing, fault, "2, of which 0 may fail: k1, k2"},
		{"kafka", "ids", Spec{}, nothing, ok, "1, 2, 3"},
		{"kafka", "ids", Spec{}, func(_, k []*host) { k[2].Kafka.ID = 1 }, fault, "k1 and k3: kafka_broker_id 1 (inventory.yaml:9:3, inventory.yaml:9:3)"},
		{"kafka", "ids", Spec{}, func(_, k []*host) { k[2].Kafka.ID = -1 }, fault, "k3: kafka_broker_id -1 (inventory.yaml:9:3)"},
		{"zookeeper", "ids", Spec{}, func(z, _ []*host) { z[0].ZooKeeper.ID = 256 }, fault, "z1: zookeeper_id 256 (inventory.yaml:9:3)"},
		{"kafka", "racks", Spec{}, nothing, ok, "r1: 1, r2: 1, r3: 1"},
		{"kafka", "racks", Spec{}, func(_, k []*host) { k[0].Rack = "r2" }, advice, "r2: 2, r3: 1"},
		{"kafka", "racks", Spec{}, func(_, k []*host) { k[0].Rack = "" }, advice, "r2: 1, r3: 1, not known of 1"},
		{"kafka", "racks", Spec{}, func(_, k []*host) { k[0].Rack = ""; k[0].measured.EC2 = &ec2{Zone: "r1"} }, ok, "r1: 1, r2: 1, r3: 1"},
		{"zookeeper", "quorum", Spec{}, nothing, ok, "any rack may fail"},
		{"zookeeper", "quorum", Spec{}, func(z, _ []*host) { z[0].Rack = "r3" }, advice, "without rack r3 1 of 3 are left"},
		{"kafka", "quorum", Spec{Controllers: []string{"k1", "k2", "k3"}}, func(_, k []*host) { k[0].Rack = "r3" }, advice, "without rack r3 1 of 3 are left"},
		{"kafka", "replication factor", Spec{Replication: 3}, nothing, ok, "3, on 3 brokers in 3 racks"},
		{"kafka", "replication factor", Spec{Replication: 2}, nothing, advice, "2, on 3 brokers in 3 racks"},
		{"kafka", "replication factor", Spec{Replication: 3}, func(_, k []*host) { k[0].Rack = "r2" }, advice, "3, on 3 brokers in 2 racks"},
		{"kafka", "replication factor", Spec{Replication: 4}, nothing, fault, "4, on 3 brokers in 3 racks (inventory.yaml:9:3)"},
		{"kafka", "min.insync.replicas", Spec{Replication: 3, MinISR: 2}, nothing, ok, "2 of 3: 1 broker may fail"},
		{"kafka", "min.insync.replicas", Spec{Replication: 3, MinISR: 3}, nothing, advice, "3 of 3: 0 brokers may fail"},
		{"kafka", "min.insync.replicas", Spec{Replication: 3, MinISR: 1}, nothing, advice, "1 of 3: 2 brokers may fail"},
		{"kafka", "min.insync.replicas", Spec{Replication: 2, MinISR: 3}, nothing, fault, "3 of 2: nothing can be produced (inventory.yaml:9:3)"},
		{"k1", "machine", Spec{}, func(_, k []*host) { k[1].measured.Machine, k[1].Rack = "m1", "r1" }, advice,
			"one machine: k1 in rack r1 (inventory.yaml:9:3), k2 in rack r1 (inventory.yaml:9:3)"},
		{"k1", "machine", Spec{}, func(_, k []*host) { k[1].measured.Machine = "m1" }, fault,
			"one machine: k1 in rack r1 (inventory.yaml:9:3), k2 in rack r2 (inventory.yaml:9:3)"},
	}
	for _, tt := range tests {
		t.Run(tt.rule+" "+string(tt.verdict), func(t *testing.T) {
			var rows []row
			for _, r := range six(&tt.spec, tt.change).judge() {
				if r.host == tt.host {
					rows = append(rows, r)
				}
			}
			expect(t, rows, tt.rule, tt.verdict, tt.measured)
		})
	}
}

// Racks may have names of their own, but not lie across EC2's zones.
func TestRacksAndZones(t *testing.T) {
	in := func(name, rack, zone string) *host {
		return good(func(h *host) { h.Name, h.Rack, h.measured.EC2 = name, rack, &ec2{Zone: zone} })
	}
	const place = " in the inventory (inventory.yaml:9:3), "
	tests := []struct {
		name     string
		other    *host
		verdict  verdict
		measured string
	}{
		{"as they are", in("k2", "b", "z2"), ok, "a, z1 by EC2"},
		{"with another", in("k2", "a", "z1"), ok, "a, z1 by EC2"},
		{"a rack in two zones", in("k2", "a", "z2"), advice, "a" + place + "z1 by EC2; k2 is in a and z2"},
		{"two racks in a zone", in("k2", "b", "z1"), advice, "a" + place + "z1 by EC2; k2 is in b and z1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			expect(t, fleetOf(&Spec{}, in("k1", "a", "z1"), tt.other).judge(), "rack", tt.verdict, tt.measured)
		})
	}
}

// Two names of one machine may be a server and a broker.
func TestServerAndBrokerOnOneMachine(t *testing.T) {
	z, k := good(), good()
	z.Name, z.ZooKeeper, z.Kafka = "z1", z.Kafka, nil
	for _, r := range fleetOf(&Spec{}, z, k).judge() {
		if r.rule == "machine" {
			t.Error(r.text())
		}
	}
}

// With --limit, how the hosts that are left are spread is no news of the fleet.
func TestLimitedRun(t *testing.T) {
	f := fleetOf(&Spec{Brokers: 3, Servers: 3, WantBrokers: 3, WantServers: 3, WantRacks: 3, Replication: 3, MinISR: 2}, good())
	for _, r := range f.judge() {
		if r.host == "kafka" && r.verdict != ok || r.rule == "racks" || r.rule == "quorum" {
			t.Error(r.text())
		}
	}
	for _, r := range fleetOf(&Spec{Brokers: 3, Replication: 4, MinISR: 5}).judge() {
		if r.verdict == ok && r.rule != "brokers" {
			t.Error(r.text())
		}
	}
}

// What could not be measured is judged by what it is meant to be alone.
func TestUnmeasured(t *testing.T) {
	h := good(func(h *host) { h.measured = nil })
	for _, r := range fleetOf(&Spec{}, h).judge() {
		if r.host == h.Name && r.rule != "rack" {
			t.Error(r.text())
		}
	}
}

func expect(t *testing.T, rows []row, rule string, want verdict, measured string) {
	t.Helper()
	for _, r := range rows {
		if r.rule != rule {
			continue
		}
		if r.verdict != want || r.measured != measured || r.recommended == "" || len(r.hosts) == 0 {
			t.Errorf("%s %q, wanted %q, hosts %q; not %s %q", r.verdict, r.measured, r.recommended, r.hosts, want, measured)
		}
		return
	}
	t.Errorf("no row %q among %d", rule, len(rows))
}

func fleetOf(s *Spec, hosts ...*host) *fleet {
	return &fleet{Spec: s, hosts: hosts, inventory: book{}}
}

// book is an inventory in which every variable stands in line 9, and the host twice in two racks.
type book struct{}

func (book) GroupPos(string) value.Position {
	return value.Position{File: "inventory.yaml", Line: 2, Column: 3}
}

func (book) Settings(host, name string) []action.Setting {
	place := func(line, column int) value.Position {
		return value.Position{File: "inventory.yaml", Line: line, Column: column}
	}
	if host == "twice" && name == "kafka_rack" {
		return []action.Setting{
			{Group: "all", Value: "", Pos: place(2, 1), Contested: false},
			{Group: "rack_a", Value: "a", Pos: place(4, 1), Contested: true},
			{Group: "rack_b", Value: "b", Pos: place(8, 1), Contested: true},
		}
	}
	return []action.Setting{{Value: "x", Pos: place(9, 3)}}
}
