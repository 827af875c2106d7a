package run_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"syscall"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/remote/remotetest"
	"kops/internal/value"
)

// A quorum stands in for a Kafka cluster: which of its brokers serve, and who controls them. Its modules
// answer from here; a command "restart" moves the controller away, "stop" takes a broker out and "start" brings it back.
type quorum struct {
	mu         sync.Mutex
	serving    []int64
	silent     []int64 // these are registered and listen, and do not answer
	hung       []int64 // these listen, are not registered, and do not answer
	foreign    []int64 // these listen and answer, and belong to another cluster
	strangers  []int64 // these are registered and serve, and are no host's
	controller int64
	racks      map[int64]string
	moves      map[int64]int64 // who controls the cluster once a broker has restarted, for whatever reason
	tight      bool            // no broker can be done without
	sick       bool            // it is not healthy, and does not get so
	waits      func()          // called when somebody begins to wait until it is healthy, which it never gets then
	gone       bool            // nobody answers
	looks      int             // how often it was asked for its state alone
	stops      []string        // brokers whose stopping was asked for, and what was asked after them
}

// A healthSpec is the module kafka_health as far as a roll needs it.
type healthSpec struct {
	Brokers     value.Value `arg:"brokers,raw"`
	Stopping    []int       `arg:"stopping"`
	Timeout     int         `arg:"timeout"`
	Bootstrap   []string    `arg:"bootstrap"`
	CallTimeout int         `arg:"call_timeout"`
	of          *quorum
}

func (s *healthSpec) Plan(context.Context, remote.Reader) (module.Change, error) {
	q := s.of
	q.mu.Lock()
	defer q.mu.Unlock()
	var problems, never []string
	brokers := value.NewList()
	serving := q.serving
	alone := len(s.Bootstrap) == 1 // it is asked by itself
	if alone {
		serving = nil
		for _, id := range q.foreign {
			if s.Bootstrap[0] == fmt.Sprintf("b%d:9092", id) {
				serving = []int64{id}
			}
		}
	}
	if q.gone {
		serving = nil
	}
	for _, id := range slices.Concat(serving, q.silent, q.strangers) {
		brokers.Append(value.NewMap("id", id, "address", fmt.Sprintf("b%d:9092", id), "answers", !slices.Contains(q.silent, id), "rack", q.racks[id]))
	}
	want := 0
	if list, ok := s.Brokers.(*value.List); ok {
		want = len(list.Items)
	}
	if q.sick || len(serving) < want {
		problems = append(problems, fmt.Sprintf("%d of %d brokers serve", len(serving), want))
	}
	if s.Timeout == 0 {
		q.looks++
	}
	if len(s.Stopping) > 0 {
		q.stops = append(q.stops, fmt.Sprint(s.Stopping))
		if q.tight && len(problems) == 0 {
			never = append(never, "orders-0 has no other replica")
			problems = append(problems, never...)
		}
	}
	c := module.Change{Result: value.NewMap("brokers", brokers, "controller", q.controller, "problems", value.Strings(problems), "silent", alone && len(serving) == 0, "never", value.Strings(never))}
	if len(problems) > 0 {
		c.Steps = []module.Step{{Summary: "wait", Do: func(ctx context.Context, _ remote.Host) (module.Outcome, error) {
			if q.waits != nil { // for ever
				q.waits()
				<-ctx.Done()
				return module.Outcome{}, context.Cause(ctx)
			}
			return module.Outcome{}, &module.Failure{Msg: "not healthy after a while: " + problems[0]}
		}}}
	}
	return c, nil
}

// electSpec is the module kafka_preferred_leaders.
type electSpec struct{ of *quorum }

func (s *electSpec) Plan(context.Context, remote.Reader) (module.Change, error) {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	s.of.stops = append(s.of.stops, "elect")
	return module.Change{}, nil
}

func (q *quorum) modules() []*module.Module {
	return []*module.Module{
		{Name: "kafka_health", Collection: "kops.kafka", New: func() module.Spec { return &healthSpec{of: q} }},
		{Name: "kafka_preferred_leaders", Collection: "kops.kafka", Open: true, New: func() module.Spec { return &electSpec{of: q} }},
	}
}

// listens gives a host the brokers' ports.
func (q *quorum) listens(h *remotetest.Host) {
	h.OnDial = func(_, address string) (net.Conn, error) {
		q.mu.Lock()
		defer q.mu.Unlock()
		var id int64
		fmt.Sscanf(address, "b%d:9092", &id)
		if !slices.Contains(slices.Concat(q.serving, q.silent, q.hung, q.foreign), id) {
			return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
		}
		here, _ := net.Pipe()
		return here, nil
	}
}

func (s *electSpec) Take(*value.Map) error { return nil }

// does answers the commands of hosts b1, b2, …, whose brokers have these numbers.
func (q *quorum) does(_ context.Context, host string, cmd remote.Command) (remote.Result, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var id int64
	fmt.Sscanf(host, "b%d", &id)
	out := func() { q.serving = slices.DeleteFunc(q.serving, func(other int64) bool { return other == id }) }
	switch cmd.Argv[0] {
	case "restart":
		out()
		if q.controller == id {
			q.controller = q.serving[0]
		}
		q.serving = append(q.serving, id)
		if next, ok := q.moves[id]; ok {
			q.controller = next
		}
	case "stop":
		out()
	case "start":
		out()
		q.serving = append(q.serving, id)
	case "fail":
		return remote.Result{ExitCode: 1}, nil
	}
	return remote.Result{}, nil
}
