package kafkahealth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"kops/internal/kafka"
	"kops/internal/module/kafkaapi"
	"kops/internal/remote"
	"kops/internal/value"
)

// A sight is what one look found.
type sight struct {
	cluster     kafka.Cluster
	controllers []controller
	problems    []string
	silent      bool // who was asked accepted the connection, and did not answer in time
}

// A controller is one of the argument's, and why it does not accept connections; nil if it does.
type controller struct {
	address string
	err     error
}

// look describes the cluster with connections of its own, so that a broker which came
// back is reached at once.
func (s *Spec) look(ctx context.Context, h remote.Reader) sight {
	seen := sight{cluster: kafka.Cluster{Controller: -1}, controllers: s.knock(ctx, h)}
	for _, c := range seen.controllers {
		if c.err != nil {
			seen.problems = append(seen.problems, fmt.Sprintf("controller %s does not answer: %v", c.address, c.err))
		}
	}
	client, err := s.Open(ctx, h)
	if err != nil {
		return seen.lacks(err.Error())
	}
	defer client.Close()
	cluster, err := client.DescribeAll(ctx)
	if err != nil {
		seen.silent = errors.Is(err, kafka.ErrNoAnswer)
		if problem := client.EnsembleProblem(ctx, h.Dial); problem != "" { // brokers without it answer some questions never
			seen = seen.lacks(problem)
		}
		return seen.lacks(err.Error())
	}
	seen.cluster = cluster
	seen.problems = append(seen.problems, cluster.Problems(s.criteria)...)
	if len(seen.problems) == 0 && len(s.Stopping) > 0 && !cluster.KRaft {
		if problem := client.EnsembleProblem(ctx, h.Dial); problem != "" {
			return seen.lacks(problem)
		}
	}
	return seen
}

func (s sight) lacks(problem string) sight {
	s.problems = append(s.problems, problem)
	return s
}

// waiting is what a run says while it waits.
func (s sight) waiting() string {
	return "wait until the cluster is healthy: " + strings.Join(s.problems, "; ")
}

// knock connects to the controllers, all at once. One that was just stopped still counts in its quorum for some seconds:
// its port tells at once.
func (s *Spec) knock(ctx context.Context, h remote.Reader) []controller {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(s.CallTimeout)*time.Second)
	defer cancel()
	found := make([]controller, len(s.Controllers))
	var wait sync.WaitGroup
	for i, address := range s.Controllers {
		wait.Go(func() {
			conn, err := h.Dial(ctx, "tcp", address)
			if err == nil {
				err = conn.Close()
			}
			found[i] = controller{address, err}
		})
	}
	wait.Wait()
	return found
}

func (s *Spec) result(seen sight) *value.Map {
	c := seen.cluster
	voters, controllers := value.NewList(), value.NewList()
	for _, v := range c.Voters {
		voters.Append(value.NewMap("id", int64(v.ID), "lag", v.Lag))
	}
	for _, k := range seen.controllers {
		controllers.Append(value.NewMap("address", k.address, "answers", k.err == nil, "refused", kafkaapi.Refused(k.err)))
	}
	return value.NewMap(
		"healthy", len(seen.problems) == 0,
		"problems", value.Strings(seen.problems),
		"silent", seen.silent,
		"never", value.Strings(c.NeverStoppable(s.criteria.Stopping, s.IgnoreTopics...)),
		"cluster_id", c.ID,
		"controller", int64(c.Controller),
		"kraft", c.KRaft,
		"brokers", kafkaapi.Brokers(c),
		"voters", voters,
		"controllers", controllers,
		"topics", kafkaapi.Topics(c.Partitions),
		"partitions", int64(len(c.Partitions)),
		"under_replicated", kafkaapi.Names(c.Partitions, kafka.Partition.UnderReplicated),
		"offline", kafkaapi.Names(c.Partitions, kafka.Partition.Offline),
		"under_min_isr", kafkaapi.Names(c.Partitions, kafka.Partition.UnderMinISR),
	)
}
