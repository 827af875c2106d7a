package zookeeperhealth

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"kops/internal/module"
	"kops/internal/module/moduletest"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

func TestArguments(t *testing.T) {
	moduletest.Run(t, New(), []moduletest.Case{
		{Name: "no port", Args: moduletest.Args("servers", "zk1"), Err: "servers: "},
		{Name: "negative", Args: moduletest.Args("timeout", int64(-1)), Err: "timeout: "},
		{Name: "no pause", Args: moduletest.Args("interval", int64(0)), Err: "interval: "},
	})
}

// ensemble is a host from which servers with these modes can be reached; "" is one that is down.
func ensemble(modes map[string]string, synced string) *remotetest.Host {
	h := remotetest.New()
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
			answer := "Zookeeper version: 3.8.4-x\nMode: " + mode + "\n"
			if string(word) == "mntr" {
				answer = "zk_synced_followers\t" + synced + "\n"
			}
			_, _ = io.WriteString(theirs, answer)
		}()
		return ours, nil
	}
	return h
}

func TestHealth(t *testing.T) {
	tests := []struct {
		name   string
		modes  map[string]string
		synced string
		err    string
	}{
		{name: "complete", modes: map[string]string{"zk1:2181": "follower", "zk2:2181": "leader", "zk3:2181": "follower"}, synced: "2"},
		{name: "one is down", modes: map[string]string{"zk1:2181": "follower", "zk2:2181": "leader"}, synced: "1", err: "zk3:2181: connection refused"},
		{name: "one is not in sync", modes: map[string]string{"zk1:2181": "follower", "zk2:2181": "leader", "zk3:2181": "follower"}, synced: "1",
			err: "1 of 2 followers are in sync with the leader zk2:2181"},
		{name: "complete, with an observer", modes: map[string]string{"zk1:2181": "follower", "zk2:2181": "leader", "zk3:2181": "observer"}, synced: "1"},
		{name: "not in sync, with an observer", modes: map[string]string{"zk1:2181": "follower", "zk2:2181": "leader", "zk3:2181": "observer"}, synced: "0",
			err: "0 of 1 followers are in sync with the leader zk2:2181"},
		{name: "nobody leads", modes: map[string]string{"zk1:2181": "follower", "zk2:2181": "follower", "zk3:2181": "follower"}, err: "no server leads"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			spec, errs := New().Decode(value.NewMap("servers", "zk1:2181,zk2:2181,zk3:2181", "quorum", true, "timeout", int64(0)))
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			h := ensemble(tt.modes, tt.synced)
			change, err := spec.Plan(context.Background(), h)
			if err != nil {
				t.Fatal(err)
			}
			if tt.err == "" {
				if change.Predict != module.None || change.Result.String("leader") != "zk2:2181" {
					t.Errorf("change %+v", change)
				}
				return
			}
			if change.Predict != module.Unknown || len(change.Steps) != 1 {
				t.Fatalf("change %+v", change)
			}
			if _, err := change.Steps[0].Do(context.Background(), h); err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
		})
	}
}
