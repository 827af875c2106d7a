package kafkapreflightfacts

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"kops/internal/module"
	"kops/internal/module/moduletest"
	"kops/internal/remote"
	"kops/internal/remote/local"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

func TestArguments(t *testing.T) { moduletest.Run(t, New(), nil) }

func TestBadArguments(t *testing.T) {
	for argument, v := range map[string]value.Value{"paths": "var/lib", "ports": int64(70000), "names": "a|b", "timeout": int64(0)} {
		if _, errs := New().Decode(value.NewMap(argument, v)); len(errs) == 0 || !strings.Contains(errs[0].Error(), argument+": ") {
			t.Errorf("%s: %v", argument, errs)
		}
	}
}

// A machine answers the module's scripts from testdata, and has a unit.
func machine(answer string) *remotetest.Host {
	h := remotetest.New()
	h.UnitsByName["kafka.service"] = remote.Unit{Name: "kafka.service", LoadState: "loaded", ActiveState: "active", MainPID: 42,
		Properties: map[string]string{"LimitNOFILE": "1024"}}
	h.OnQuery = func(_ *remotetest.Host, script string) (remote.Result, error) {
		if strings.Contains(script, "socket:") {
			return remote.Result{Stdout: []byte("555|1|systemd|0::/init.scope\n555|77|java|0::/system.slice/kafka.service\n" +
				"556|78|prometheus|0::/system.slice/docker-0123456789abcdef.scope\n")}, nil
		}
		return remote.Result{Stdout: []byte(answer)}, nil
	}
	return h
}

func measure(t *testing.T, h remote.Reader, args ...value.Value) *value.Map {
	t.Helper()
	spec, errs := New().Decode(value.NewMap(args...))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	c, err := spec.Plan(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	if c.Predict != module.None || len(c.Steps) > 0 {
		t.Errorf("it would change something: %+v", c)
	}
	return c.Result
}

func TestMeasure(t *testing.T) {
	answer, err := os.ReadFile("testdata/answer.txt")
	if err != nil {
		t.Fatal(err)
	}
	h := machine(string(answer))
	got := measure(t, h, "paths", value.NewList("/data/1", "/data/2", "/lvm", "/nfs", "/hangs"), "ports", value.NewList(int64(9092), int64(9090), int64(1)),
		"units", value.NewList("kafka", "absent"), "names", value.NewList("k1", "k2"))
	got.Delete("clock")
	want := `{"cpus":8,"memory_mb":31250,"swappiness":60,"swap":true,"machine":"abc/def","network":{"interface":"eth0","speed":10000},` +
		`"paths":[{"path":"/data/1","mount":"/data/1","device":"/dev/sda1","fstype":"xfs","options":["rw","noatime","attr2"],"size_gb":2000,"disks":[{"name":"sda","rotational":true}]},` +
		`{"path":"/data/2","mount":"/data/with blank","device":"/dev/nvme0n1","fstype":"ext4","options":["ro","relatime"],"size_gb":100,"disks":[{"name":"nvme0n1","rotational":false}]},` +
		`{"path":"/lvm","mount":"/lvm","device":"/dev/mapper/vg-lv","fstype":"xfs","options":["rw"],"size_gb":3,"disks":[{"name":"sda","rotational":true},{"name":"sdb","rotational":false}]},` +
		`{"path":"/nfs","mount":"/nfs","device":"srv:/x","fstype":"nfs4","options":["rw"],"size_gb":1,"disks":[]},` +
		`{"path":"/hangs","mount":"","device":"","fstype":"","options":[],"size_gb":0,"disks":[]}],` +
		`"units":{"kafka":{"there":true,"running":true,"open_files":1024,"heap_mb":2048},"absent":{"there":false,"running":false,"open_files":0,"heap_mb":0}},` +
		`"ports":{"9092":{"process":"java","pid":77,"unit":"kafka.service"},"9090":{"process":"prometheus","pid":78,"unit":"docker"}},` +
		`"names":{"k1":["10.0.0.1","fd00::1"],"k2":[]},"java":{"version":"1.8.0_412","major":8},"ec2":null}`
	text, err := value.JSON(got, value.JSONOptions{})
	if err != nil || text != want {
		t.Errorf("%v\n%s\nnot\n%s", err, text, want)
	}
	for _, c := range h.Calls() {
		if c.Writes() {
			t.Errorf("it writes: %+v", c)
		}
	}
}

// What the script took, and the way there and back, do not count.
func TestClock(t *testing.T) {
	asked := time.Unix(1000, 0)
	tests := []struct {
		name          string
		took          time.Duration
		began, ended  string
		offset, doubt float64
	}{
		{"equal", 3 * time.Second, "1000.500000000", "1002.500000000", 0, 0.5},
		{"ahead", 3 * time.Second, "1010.500000000", "1012.500000000", 10, 0.5},
		{"behind, a slow way back", 4 * time.Second, "990.500000000", "992.500000000", -10.5, 1},
		{"no nanoseconds", 0, "1000.%N", "1000", 0.5, 0.5},
	}
	for _, tt := range tests {
		got := clock(asked, asked.Add(tt.took), tt.began, tt.ended).(*value.Map)
		if got.At("offset") != tt.offset || got.At("doubt") != tt.doubt {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	if got := clock(asked, asked, "", "1"); got != nil {
		t.Errorf("no clock: %v", got)
	}
}

func TestHeapMB(t *testing.T) {
	for flags, want := range map[string]int64{"-Xms1g -Xmx6g": 6144, "-Xmx512m\n-Xmx1024M": 1024, "-Xmx1073741824": 1024, "-Xmx2097152k": 2048, "-Xss1m": 0, "": 0} {
		if got := HeapMB(flags); got != want {
			t.Errorf("%q: %d, not %d", flags, got, want)
		}
	}
}

func TestUnitOf(t *testing.T) {
	for cgroups, want := range map[string]string{
		"0::/system.slice/kafka-server.service":                           "kafka-server.service",
		"12:pids:/x 1:name=systemd:/system.slice/ssh.service 0::/":        "ssh.service",
		"0::/user.slice/user-1000.slice/session-3.scope":                  "session-3.scope",
		"0::/system.slice/docker-4bb2f3fa0123456789.scope":                "docker",
		"0::/../../docker/4bb2f3fa01234567890123":                         "docker",
		"0::/machine.slice/libpod-4bb2f3fa01234567890123.scope/container": "libpod",
		"0::/system.slice/kafka.service/inner":                            "kafka.service",
		"0::/":                                                            "",
	} {
		if got := unitOf(cgroups); got != want {
			t.Errorf("%s: %s, not %s", cgroups, got, want)
		}
	}
}

// A real shell understands the script, and this machine has what every machine has.
func TestThisMachine(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := int64(l.Addr().(*net.TCPAddr).Port)
	c, err := local.Dial(t.Context(), "here", remote.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got := measure(t, c.As(remote.Become{}), "paths", value.NewList("/", "/no/such/folder"), "ports", value.NewList(port), "names", value.NewList("localhost", "no-such-name.invalid"), "java", "no-such-java")
	names, _ := got.At("names").(*value.Map)
	listener, _ := got.At("ports").(*value.Map).At(fmt.Sprint(port)).(*value.Map)
	clock, _ := got.At("clock").(*value.Map)
	for what, good := range map[string]bool{
		"cpus":    got.At("cpus").(int64) > 0,
		"memory":  got.At("memory_mb").(int64) > 0,
		"paths":   len(got.At("paths").(*value.List).Items) == 2 && got.At("paths").(*value.List).Items[1].(*value.Map).String("mount") == "/",
		"names":   names.Len() == 2 && len(names.At("localhost").(*value.List).Items) > 0 && len(names.At("no-such-name.invalid").(*value.List).Items) == 0,
		"ports":   listener.At("pid") == int64(os.Getpid()),
		"clock":   clock != nil && clock.At("offset").(float64) < 1 && clock.At("offset").(float64) > -1,
		"no java": got.At("java").(*value.Map).String("version") == "",
		"ec2":     got.At("ec2") == nil,
	} {
		if !good {
			t.Errorf("%s: %v", what, got)
		}
	}
}

// imds is a metadata service that wants a token, as one that allows IMDSv2 alone.
func imds(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/latest/api/token" && r.Method == http.MethodPut && r.Header.Get("X-aws-ec2-metadata-token-ttl-seconds") != "":
		fmt.Fprint(w, "secret")
	case r.Header.Get("X-aws-ec2-metadata-token") != "secret":
		w.WriteHeader(http.StatusUnauthorized)
	case r.URL.Path == "/latest/meta-data/placement/availability-zone":
		fmt.Fprint(w, "eu-west-1b")
	case r.URL.Path == "/latest/meta-data/instance-type":
		fmt.Fprint(w, "r6i.2xlarge\n")
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func TestEC2(t *testing.T) {
	const nitro = mark + "firmware\nAmazon EC2\nAmazon EC2\n1.0\n"
	serving := func(h *remotetest.Host, serve func(net.Conn)) {
		h.OnDial = func(_, address string) (net.Conn, error) {
			if address != "169.254.169.254:80" {
				t.Errorf("it dials %s", address)
			}
			near, far := net.Pipe()
			go serve(far)
			return near, nil
		}
	}
	talk := func(c net.Conn) {
		l := &oneConn{c, make(chan struct{})}
		_ = (&http.Server{Handler: http.HandlerFunc(imds)}).Serve(l)
	}
	deaf := func(c net.Conn) { _, _ = bufio.NewReader(c).ReadString(0) }
	tests := []struct {
		name, answer, ec2 string
		serve             func(net.Conn)
		zone              value.Value
	}{
		{"nitro", nitro, "auto", talk, "eu-west-1b"},
		{"xen", mark + "firmware\nXen\nXen\n4.11.amazon\nec2e1916\n", "auto", talk, "eu-west-1b"},
		{"asked always", "", "always", talk, "eu-west-1b"},
		{"not Amazon's", mark + "firmware\nQEMU\nSeaBIOS\n1.2\n", "auto", func(net.Conn) { t.Error("it asks") }, nil},
		{"never asked", nitro, "never", func(net.Conn) { t.Error("it asks") }, nil},
		{"no answer", nitro, "auto", deaf, nil},
		{"no service", nitro, "auto", nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := machine(tt.answer)
			h.OnDial = func(string, string) (net.Conn, error) { return nil, errors.New("connection refused") }
			if tt.serve != nil {
				serving(h, tt.serve)
			}
			began := time.Now()
			got, _ := measure(t, h, "ec2", tt.ec2).At("ec2").(*value.Map)
			if got.At("zone") != tt.zone || tt.zone != nil && got.At("instance_type") != "r6i.2xlarge" {
				t.Errorf("%v", got)
			}
			if took := time.Since(began); took > 3*metadataLimit {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// oneConn is a listener that has one connection to give.
type oneConn struct {
	net.Conn
	given chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	select {
	case <-l.given:
		return nil, net.ErrClosed
	default:
		close(l.given)
		return l.Conn, nil
	}
}
func (l *oneConn) Addr() net.Addr { return l.LocalAddr() }
func (l *oneConn) Close() error   { return nil }

// A host that is lost while it is measured is unreachable, not without a metadata service.
func TestLost(t *testing.T) {
	lost := &remote.ConnectError{Host: "k1", Reason: remote.ConnectionLost}
	h := machine(mark + "firmware\nAmazon EC2\n")
	h.OnDial = func(string, string) (net.Conn, error) { return nil, lost }
	spec, _ := New().Decode(value.NewMap())
	if _, err := spec.Plan(context.Background(), h); !errors.Is(err, lost) {
		t.Errorf("%v", err)
	}
	if !slices.ContainsFunc(h.Calls(), func(c remotetest.Call) bool { return c.Kind == "dial" }) {
		t.Error("it did not ask")
	}
}
