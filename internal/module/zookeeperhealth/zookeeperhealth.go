// Package zookeeperhealth is the module zookeeper_health: it waits until ZooKeeper servers
// serve, and changes nothing.
package zookeeperhealth

import (
	"context"
	"fmt"
	"strings"
	"time"

	"kops/internal/kafka"
	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/value"
)

// Spec is what is asked of the servers.
type Spec struct {
	Servers  []string `arg:"servers" doc:"host:port of each server that must serve, as this host reaches them"`
	Quorum   bool     `arg:"quorum" doc:"whether the servers are the whole ensemble: one leads, the others follow and are in sync; observers only have to serve"`
	Timeout  int      `arg:"timeout" doc:"seconds to wait; 0 asks once"`
	Interval int      `arg:"interval" doc:"seconds between two looks"`
}

// New describes zookeeper_health.
func New() *module.Module {
	return &module.Module{
		Name: "zookeeper_health", Collection: "kops.kafka",
		Doc: module.Doc{
			Summary: "Wait until ZooKeeper servers serve.",
			Notes: []string{
				"It sends the four-letter word srvr through the host's SSH connection, mntr too where the server allows it.",
				"While it waits, the run tells every ten seconds what for.",
				"In check mode it looks once. Servers that do not serve then are reported as unknown, not as failed.",
			},
			Examples: `- name: The ensemble is complete
  kops.kafka.zookeeper_health:
    servers: [zk1:2181, zk2:2181, zk3:2181]
    quorum: true
`,
			Returns: []module.Return{
				{Name: "healthy", Type: "bool", Text: "whether nothing is wrong"},
				{Name: "problems", Type: "list", Text: "what is wrong, as sentences"},
				{Name: "leader", Type: "str", Text: "the server that leads, empty if none of them does"},
				{Name: "modes", Type: "dict", Text: "the mode of each server that answers"},
			},
		},
		New: func() module.Spec {
			return &Spec{Servers: []string{"127.0.0.1:2181"}, Timeout: 120, Interval: 2}
		},
	}
}

// Validate checks addresses and times.
func (s *Spec) Validate() error {
	if err := kafka.CheckAddresses(s.Servers); err != nil {
		return fmt.Errorf("servers: %w", err)
	}
	if s.Timeout < 0 {
		return fmt.Errorf("timeout: %d is negative", s.Timeout)
	}
	if s.Interval < 1 {
		return fmt.Errorf("interval: must be at least 1 second")
	}
	return nil
}

// Plan looks once. Where that is not enough, the step waits.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	seen := s.look(ctx, h)
	if len(seen.problems) == 0 {
		return module.Change{Result: seen.result()}, nil
	}
	return module.Change{
		Predict: module.Unknown,
		Why:     "whether ZooKeeper gets healthy: " + strings.Join(seen.problems, "; "),
		Result:  seen.result(),
		Steps:   []module.Step{{Summary: seen.waiting(), Do: s.wait}},
	}, nil
}

func (s *Spec) wait(ctx context.Context, h remote.Host) (module.Outcome, error) {
	return module.Wait{
		Unwell: "ZooKeeper is not healthy", Timeout: time.Duration(s.Timeout) * time.Second, Interval: time.Duration(s.Interval) * time.Second,
		Look: func(ctx context.Context) ([]string, string, *value.Map) {
			seen := s.look(ctx, h)
			return seen.problems, seen.waiting(), seen.result()
		},
	}.Do(ctx)
}

// A sight is what one look found.
type sight struct {
	leader   string
	modes    *value.Map
	problems []string
}

func (s *Spec) look(ctx context.Context, h remote.Reader) sight {
	seen := sight{modes: value.NewMap()}
	answers := kafka.AskServers(ctx, h.Dial, s.Servers)
	for _, a := range answers {
		if a.Err != nil {
			seen.problems = append(seen.problems, a.Err.Error())
			continue
		}
		seen.modes.Set(a.Address, string(a.Mode))
		if a.Mode == kafka.ModeLeader {
			seen.leader = a.Address
		}
	}
	if s.Quorum {
		seen.problems = append(seen.problems, quorumProblems(answers)...)
	}
	return seen
}

// quorumProblems looks at the ensemble as a whole, as far as its leader tells.
func quorumProblems(answers []kafka.Answer) []string {
	if len(answers) == 1 {
		return nil
	}
	for _, a := range answers {
		if a.Err != nil || a.Mode != kafka.ModeLeader {
			continue
		}
		want := kafka.Participants(answers) - 1
		if synced, told := a.Synced(); told && synced < want {
			return []string{fmt.Sprintf("%d of %d followers are in sync with the leader %s", synced, want, a.Address)}
		}
		return nil
	}
	return []string{"no server leads"}
}

// waiting is what a run says while it waits.
func (s sight) waiting() string { return "wait for ZooKeeper: " + strings.Join(s.problems, "; ") }

func (s sight) result() *value.Map {
	return value.NewMap(
		"healthy", len(s.problems) == 0,
		"problems", value.Strings(s.problems),
		"leader", s.leader,
		"modes", s.modes,
	)
}
