// Package zookeeperinfo is the module zookeeper_info: what ZooKeeper servers say of themselves.
package zookeeperinfo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"kops/internal/kafka"
	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/value"
)

// Spec says which servers.
type Spec struct {
	Servers []string `arg:"servers" doc:"host:port of each server of the ensemble, as this host reaches them"`
}

// New describes zookeeper_info.
func New() *module.Module {
	return &module.Module{
		Name: "zookeeper_info", Collection: "kops.kafka",
		Doc: module.Doc{
			Summary: "Tell what ZooKeeper servers say of themselves.",
			Notes: []string{
				"It sends the four-letter word srvr through the host's SSH connection, mntr too where the server allows it (4lw.commands.whitelist); without mntr it is not known which followers are in sync.",
				"It never changes anything, and does not fail because a server is down: zookeeper_health does.",
			},
			Examples: `- name: Who leads?
  kops.kafka.zookeeper_info:
    servers: [zk1:2181, zk2:2181, zk3:2181]
  register: zookeeper
- debug:
    msg: "{{ zookeeper.leader }} leads {{ zookeeper.serving }} servers"
`,
			Returns: []module.Return{
				{Name: "servers", Type: "list", Text: "address, answers, and then mode, version, zxid, connections, outstanding, latency, nodes and metrics (of mntr, empty where it is not allowed) of each server; error where it does not answer"},
				{Name: "leader", Type: "str", Text: "the server that leads, or stands alone; empty if none of them does"},
				{Name: "serving", Type: "int", Text: "how many of them serve"},
				{Name: "quorum", Type: "bool", Text: "whether a majority of them serves, and one leads; observers have no vote"},
				{Name: "tolerates", Type: "int", Text: "how many more of those with a vote may fail before the quorum is lost"},
				{Name: "followers", Type: "int", Text: "how many follow"},
				{Name: "synced_followers", Type: "int", Text: "how many of the followers are in sync, as the leader says; null where it does not tell"},
			},
		},
		New: func() module.Spec { return &Spec{Servers: []string{"127.0.0.1:2181"}} },
	}
}

// Validate checks the addresses.
func (s *Spec) Validate() error {
	if err := kafka.CheckAddresses(s.Servers); err != nil {
		return fmt.Errorf("servers: %w", err)
	}
	return nil
}

// Plan asks all servers at the same time.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	answers := kafka.AskServers(ctx, h.Dial, s.Servers)
	if ctx.Err() != nil {
		return module.Change{}, context.Cause(ctx)
	}
	return module.Change{Result: result(answers)}, nil
}

func result(answers []kafka.Answer) *value.Map {
	var servers []value.Value
	var synced value.Value
	leader, serving, voters, followers := "", 0, 0, 0
	for _, a := range answers {
		servers = append(servers, one(a))
		if a.Err != nil {
			continue
		}
		serving++
		if a.Mode != kafka.ModeObserver {
			voters++
		}
		switch a.Mode {
		case kafka.ModeLeader, kafka.ModeStandalone:
			leader = a.Address
			if n, told := a.Synced(); told {
				synced = int64(n)
			}
		case kafka.ModeFollower:
			followers++
		}
	}
	majority := kafka.Participants(answers)/2 + 1
	return value.NewMap(
		"servers", value.NewList(servers...),
		"leader", leader,
		"serving", int64(serving),
		"quorum", leader != "" && voters >= majority,
		"tolerates", int64(max(0, voters-majority)),
		"followers", int64(followers),
		"synced_followers", synced,
	)
}

func one(a kafka.Answer) *value.Map {
	m := value.NewMap("address", a.Address, "answers", a.Err == nil)
	if a.Err != nil {
		m.Set("error", a.Err.Error())
		return m
	}
	m.Set("mode", string(a.Mode))
	m.Set("version", a.Version)
	m.Set("zxid", a.Zxid)
	m.Set("latency", a.Latency)
	m.Set("connections", number(a.Connections))
	m.Set("outstanding", number(a.Outstanding))
	m.Set("nodes", number(a.Nodes))
	metrics := value.NewMap()
	for _, name := range slices.Sorted(maps.Keys(a.Metrics)) {
		metrics.Set(name, a.Metrics[name])
	}
	m.Set("metrics", metrics)
	return m
}

// number is a count as the server writes it; none where it does not.
func number(text string) value.Value {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil
	}
	return n
}
