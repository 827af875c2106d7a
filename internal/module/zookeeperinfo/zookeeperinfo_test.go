package zookeeperinfo

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"kops/internal/module/moduletest"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

// ensemble is a host from which servers with these modes can be reached; "" is one that is down.
func ensemble(modes map[string]string) func(h *remotetest.Host) {
	return func(h *remotetest.Host) {
		h.OnDial = func(_, address string) (net.Conn, error) {
			mode := modes[address]
			if mode == "" {
				return nil, errors.New("connection refused")
			}
			ours, theirs := net.Pipe()
			go func() {
				defer theirs.Close()
				word := make([]byte, 4)
				if _, err := io.ReadFull(theirs, word); err != nil {
					return
				}
				answer := "Zookeeper version: 3.8.4-x\nLatency min/avg/max: 0/0.5/9\nConnections: 2\nMode: " + mode + "\nNode count: 7\n"
				switch {
				case string(word) == "mntr" && mode == "leader":
					answer = "zk_synced_followers\t1\n"
				case string(word) == "mntr":
					answer = "mntr is not executed because it is not in the whitelist.\n"
				}
				_, _ = io.WriteString(theirs, answer)
			}()
			return ours, nil
		}
	}
}

func TestArguments(t *testing.T) {
	moduletest.Run(t, New(), []moduletest.Case{{Name: "no port", Args: moduletest.Args("servers", "zk1"), Err: "servers: "}})
}

func TestInfo(t *testing.T) {
	tests := []struct {
		name  string
		modes map[string]string
		want  string
	}{
		{"one is down", map[string]string{"zk1:2181": "follower", "zk2:2181": "leader"},
			"leader=zk2:2181 serving=2 quorum=True tolerates=0 followers=1 synced_followers=1"},
		{"complete, the leader forbids mntr", map[string]string{"zk1:2181": "follower", "zk2:2181": "standalone", "zk3:2181": "follower"},
			"leader=zk2:2181 serving=3 quorum=True tolerates=1 followers=2 synced_followers=None"},
		{"an observer has no vote", map[string]string{"zk1:2181": "follower", "zk2:2181": "leader", "zk3:2181": "observer"},
			"leader=zk2:2181 serving=3 quorum=True tolerates=0 followers=1 synced_followers=1"},
		{"an observer makes no majority", map[string]string{"zk2:2181": "leader", "zk3:2181": "observer"},
			"leader=zk2:2181 serving=2 quorum=False tolerates=0 followers=0 synced_followers=1"},
		{"all are down", nil, "leader= serving=0 quorum=False tolerates=0 followers=0 synced_followers=None"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := remotetest.New()
			ensemble(tt.modes)(h)
			spec, errs := New().Decode(moduletest.Args("servers", "zk1:2181,zk2:2181,zk3:2181"))
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			change, err := spec.Plan(t.Context(), h)
			if err != nil || len(change.Steps) > 0 {
				t.Fatalf("change %+v, error %v", change, err)
			}
			var got []string
			for _, name := range []string{"leader", "serving", "quorum", "tolerates", "followers", "synced_followers"} {
				got = append(got, name+"="+value.Str(change.Result.At(name)))
			}
			if text := strings.Join(got, " "); text != tt.want {
				t.Errorf("result %s, want %s", text, tt.want)
			}
		})
	}
}
