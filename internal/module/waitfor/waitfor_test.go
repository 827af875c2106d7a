package waitfor

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"kops/internal/module"
	"kops/internal/module/moduletest"
	"kops/internal/remote"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

// connections is /proc/net/tcp and tcp6 of a broker: one client on 127.0.0.1:9092, one
// from 10.99.0.12 on the mapped address 10.99.0.21:9092, and the listening socket.
const connections = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2384 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 1
   1: 0100007F:0016 0100007F:C351 01 00000000:00000000 00:00000000 00000000     0        0 2
  sl  local_address                         remote_address                        st tx_queue
   0: 00000000000000000000000000000000:2384 00000000000000000000000000000000:0000 0A 00000000:00000000
   1: 0000000000000000FFFF00001500630A:2384 0000000000000000FFFF00000C00630A:9C40 01 00000000:00000000
`

func TestWaitFor(t *testing.T) {
	args := moduletest.Args
	listening := func(says string) func(h *remotetest.Host) {
		return func(h *remotetest.Host) {
			h.OnDial = func(network, address string) (net.Conn, error) {
				if address != "127.0.0.1:9092" {
					return nil, errors.New("connection refused")
				}
				here, there := net.Pipe()
				go func() {
					_, _ = io.WriteString(there, says)
					there.Close()
				}()
				return here, nil
			}
		}
	}
	// later makes the port open at the given look; two looks are Plan's
	later := func(n int) func(h *remotetest.Host) {
		return func(h *remotetest.Host) {
			dial, looks := listening(""), 0
			dial(h)
			open := h.OnDial
			h.OnDial = func(network, address string) (net.Conn, error) {
				if looks++; looks < n {
					return nil, errors.New("connection refused")
				}
				return open(network, address)
			}
		}
	}
	file := func(h *remotetest.Host) {
		h.AddFile("/var/log/kafka.log", "x\nstarted (kafka.server) id 3\ny\n", 0o644)
	}
	tcp := func(h *remotetest.Host) {
		h.OnQuery = func(h *remotetest.Host, script string) (remote.Result, error) {
			out := connections + "--\n127.0.0.1       STREAM localhost\n"
			if strings.Contains(script, "0.0.0.0") {
				out = connections + "--\n0.0.0.0         STREAM 0.0.0.0\n"
			}
			out += "--\n"
			if strings.Contains(script, "zk2") {
				out += "10.99.0.12      STREAM zk2\n10.99.0.12      DGRAM\n127.0.0.1       STREAM\n"
			}
			return remote.Result{Stdout: []byte(out)}, nil
		}
	}
	shows := func(want string) func(*testing.T, *remotetest.Host, *value.Map) {
		return func(t *testing.T, h *remotetest.Host, r *value.Map) {
			if got := value.Str(r); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		}
	}
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "port open", Setup: listening(""), Args: args("port", int64(9092)), Unchanged: true,
			Check: shows("{'state': 'started', 'port': 9092, 'path': None, 'search_regex': None, 'match_groups': [], 'match_groupdict': {}, 'elapsed': 0}")},
		{Name: "the first looks come soon", Setup: later(4), Args: args("port", int64(9092), "sleep", int64(60))},
		{Name: "port open later", Setup: later(4), Args: args("port", int64(9092), "sleep", int64(0)),
			CheckPlan: func(t *testing.T, c module.Change) {
				if c.Predict != module.Unknown {
					t.Errorf("%+v", c)
				}
			}},
		{Name: "port stays closed", Setup: listening(""), Args: args("port", int64(9093), "timeout", int64(0)),
			Err: "Timeout when waiting for 127.0.0.1:9093 (connection refused)"},
		{Name: "port does not stop", Setup: listening(""), Args: args("port", int64(9092), "state", "stopped", "timeout", int64(0)),
			Err: "Timeout when waiting for 127.0.0.1:9092 to stop."},
		{Name: "port stopped", Args: args("port", int64(9092), "state", "absent"), Unchanged: true},
		{Name: "port says", Setup: listening("SSH-2.0-OpenSSH"), Args: args("port", int64(9092), "search_regex", `SSH-(?P<version>[\d.]+)-(\w+)`), Unchanged: true,
			Check: func(t *testing.T, h *remotetest.Host, r *value.Map) {
				if got := value.Str(r.At("match_groupdict")); got != "{'version': '2.0'}" {
					t.Error(got)
				}
			}},
		{Name: "port says something else", Setup: listening("220 mail"), Args: args("port", int64(9092), "search_regex", "OpenSSH", "timeout", int64(0)),
			Err: "Timeout when waiting for search string OpenSSH in 127.0.0.1:9092"},
		{Name: "path there", Setup: file, Args: args("path", "/var/log/kafka.log"), Unchanged: true},
		{Name: "path matches", Setup: file, Args: args("path", "/var/log/kafka.log", "search_regex", `^started .* id (\d+)$`), Unchanged: true,
			Check: func(t *testing.T, h *remotetest.Host, r *value.Map) {
				if got := value.Str(r.At("match_groups")); got != "['3']" {
					t.Error(got)
				}
			}},
		{Name: "path missing, own words", Args: args("path", "/x", "timeout", int64(0), "msg", "no x here"), Err: "no x here"},
		{Name: "path gone", Args: args("path", "/x", "state", "absent"), Unchanged: true},
		{Name: "nothing but time", Args: args("timeout", int64(0)), Repeats: true},
		{Name: "drained", Setup: tcp, Args: args("port", int64(9092), "state", "drained", "host", "0.0.0.0", "exclude_hosts", "zk2"), Unchanged: true},
		{Name: "not drained", Setup: tcp, Args: args("port", int64(9092), "state", "drained", "host", "0.0.0.0", "timeout", int64(0)), Err: "to drain (2 active connections)"},
		{Name: "not drained on one address", Setup: tcp, Args: args("port", int64(9092), "state", "drained", "timeout", int64(0)), Err: "to drain (1 active connections)"},
		{Name: "both", Args: args("port", int64(1), "path", "/x"), Err: "port and path exclude each other"},
		{Name: "path stopped", Args: args("path", "/x", "state", "stopped"), Err: "state: stopped is for a port"},
		{Name: "bad expression", Args: args("path", "/x", "search_regex", "("), Err: "search_regex: "},
		{Name: "bad port", Args: args("port", int64(70000)), Err: "port: 70000 is not a port"},
		{Name: "excluded hosts", Args: args("port", int64(1), "exclude_hosts", "a"), Err: "exclude_hosts: only with state drained"},
	})
}
