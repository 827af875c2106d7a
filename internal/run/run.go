// Package run walks a plan: plays, batches, blocks, tasks and handlers, over many hosts
// at once. It decides; connections, modules and output are handed in.
package run

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"kops/internal/diag"
	"kops/internal/event"
	"kops/internal/plan"
	"kops/internal/playbook"
	"kops/internal/remote"
	"kops/internal/run/action"
	"kops/internal/state"
	"kops/internal/value"
)

// Options are what a run needs besides its plan.
type Options struct {
	Plan      *plan.Plan
	Dial      remote.Dialer
	Emit      func(event.Event) // called from many goroutines
	Forks     int               // hosts that work at the same time
	Check     bool
	Diff      bool
	Verbosity int
	Defaults  Defaults
	Artifacts action.Artifacts
	Lock      LockMode
	// Owed keeps on the controller which handlers are owed to hosts on which kops has no root.
	// Nil keeps nothing, on hosts neither.
	Owed *state.Owed
	// Ask prompts the user; nil where there is nobody to ask.
	Ask func(ctx context.Context, prompt string, secret bool) (string, error)
	// Hide is told every secret that the run comes to know, before it is used.
	Hide func(secret string)
	// HideFrom is told texts that came together with secrets, and the names that they have.
	HideFrom func(name, text string)
	// Stop ends the run after the steps that are under way, when it is closed.
	Stop <-chan struct{}
	// Heartbeat is how long a task may be silent; 0 means ten seconds.
	Heartbeat time.Duration
	// NoAhead plans each task at its turn alone.
	NoAhead bool
	// Started describes the run for its first event.
	Started event.RunStarted
}

// Defaults are the command line's settings of connection and become, which keywords and
// variables override.
type Defaults struct {
	User           string
	Password       string
	PrivateKeyFile string
	Connection     string
	Timeout        int
	SSHArgs        []string
	Become         bool
	BecomeMethod   string
	BecomeUser     string
	BecomePassword string
	ForceHandlers  bool
}

// Exit codes of a run, as documented in docs/exit-codes.md.
const (
	ExitOK          = 0
	ExitError       = 1 // an error ended the run
	ExitFailed      = 2
	ExitLoad        = 3 // an error in a file ended the run
	ExitUnreachable = 4
	ExitInterrupted = 130
)

// A Summary is how a run ended.
type Summary struct {
	Hosts       []string // in the order in which they first took part
	Recap       map[string]event.Counts
	Exit        int
	Interrupted bool
}

type runner struct {
	Options
	mu     sync.Mutex // hosts, order
	hosts  map[string]*host
	order  []*host
	tasks  atomic.Int64   // identifiers of tasks
	epoch  atomic.Int64   // see stir
	early  sync.WaitGroup // plans that were begun before their turn
	watch  *watch
	slots  chan struct{} // forks
	halted bool          // a play ended the run: everything failed
	began  time.Time
	stats  *value.Map
	// firstAct names, in check mode, the first task that would start or stop a service.
	firstAct atomic.Pointer[string]

	secretArgs sync.Map // names of secret arguments, by module
}

func newRunner(opts Options) *runner {
	if opts.Forks <= 0 {
		opts.Forks = 50
	}
	if opts.Heartbeat <= 0 {
		opts.Heartbeat = 10 * time.Second
	}
	if opts.Hide == nil {
		opts.Hide = func(string) {}
	}
	if opts.HideFrom == nil {
		opts.HideFrom = func(string, string) {}
	}
	return &runner{Options: opts, hosts: map[string]*host{}, slots: make(chan struct{}, opts.Forks), began: time.Now().UTC().Truncate(time.Second)}
}

// Run carries the plan out. Its error is one that ended the run before its recap; hosts
// that failed are part of the Summary.
func Run(ctx context.Context, opts Options) (Summary, error) {
	r := newRunner(opts)
	r.watch = startWatch(r.Heartbeat, r.Emit)
	defer r.watch.stop()
	defer r.closeAll()

	ctx, giveUp := context.WithCancel(ctx)
	defer r.early.Wait()
	defer giveUp()

	began := time.Now()
	r.Emit(opts.Started)
	err := r.plays(ctx)
	s := r.summary(ctx)
	ended := event.RunEnded{Hosts: s.Hosts, Recap: s.Recap, Duration: time.Since(began), Exit: s.Exit, Interrupted: s.Interrupted, Stats: r.stats}
	if err != nil {
		ended.Exit, ended.Error = exitOf(err), err.Error()
	}
	r.Emit(ended)
	return s, err
}

func (r *runner) plays(ctx context.Context) error {
	for i, p := range r.Plan.Plays() {
		if r.stopping(ctx) {
			return nil
		}
		if err := r.play(ctx, i+1, p); err != nil {
			return err
		}
		if r.halted {
			return nil
		}
	}
	return nil
}

// exitOf is the exit code of an error that ended the run.
func exitOf(err error) int {
	var list diag.List
	var d *diag.Diagnostic
	if errors.As(err, &list) || errors.As(err, &d) {
		return ExitLoad
	}
	return ExitError
}

// stopping tells whether the user has asked for the end, or the context is done.
func (r *runner) stopping(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return true
	case <-r.Stop:
		return true
	default:
		return false
	}
}

func (r *runner) summary(ctx context.Context) Summary {
	s := Summary{Recap: map[string]event.Counts{}, Interrupted: r.stopping(ctx)}
	for _, h := range r.order {
		s.Hosts = append(s.Hosts, h.name)
		s.Recap[h.name] = h.counts
		// Not the counts: clear_host_errors forgives.
		if h.failed {
			s.Exit |= ExitFailed
		}
		if h.unreachable {
			s.Exit |= ExitUnreachable
		}
	}
	if s.Interrupted {
		s.Exit = ExitInterrupted
	}
	return s
}

func (r *runner) closeAll() {
	var wg sync.WaitGroup
	for _, h := range r.hosts {
		wg.Go(h.close)
	}
	wg.Wait()
}

// warn emits a warning with a place.
func (r *runner) warn(host string, pos value.Position, msg string) {
	r.Emit(event.Warning{Msg: msg, Pos: pos, Host: host})
}

// taskName is the name of a task in messages: what the file says, else its module.
func taskName(t *playbook.Task) string {
	switch v := t.Name.Value.(type) {
	case string:
		return v
	case value.Template:
		return v.Source
	}
	return t.Module
}
