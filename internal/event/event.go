// Package event is what happened in a run, as data. The runner emits events; sinks turn
// them into lines, records and reports. Events are plain structs with JSON tags: their
// shape is the versioned schema of docs/events.md.
package event

import (
	"time"

	"kops/internal/value"
)

// Schema is the version of the events' JSON. It grows when a field changes its meaning
// or goes; new fields do not count.
const Schema = 1

// An Event is one of the structs below.
type Event interface {
	// Kind is the event's name in JSON.
	Kind() string
}

// A Record is an event with its time and place in the run.
type Record struct {
	Seq   int64     `json:"seq"`
	Time  time.Time `json:"time"`
	Kind  string    `json:"event"`
	Event Event     `json:"data"`
}

// A Sink takes the records of a run in order, from one goroutine.
type Sink interface {
	// Handle takes a record. It may keep what it writes until Flush.
	Handle(r Record) error
	// Flush is called when no further record is waiting: whoever reads must see them all.
	Flush() error
	// Close is called once, after the last record.
	Close() error
}

// RunStarted is the first event of a run.
type RunStarted struct {
	Schema    int      `json:"schema"`
	Run       string   `json:"run"` // an identifier that sorts by time
	Version   string   `json:"version"`
	User      string   `json:"user"`
	Host      string   `json:"host"` // the controller's name
	Command   []string `json:"command"`
	Playbooks []string `json:"playbooks"`
	Check     bool     `json:"check"`

	Dir         string   `json:"dir"`                 // where kops was called
	From        string   `json:"from,omitempty"`      // the address from which the user is logged in on the controller
	SudoUser    string   `json:"sudo_user,omitempty"` // who called sudo
	Inventories []string `json:"inventories"`
	Files       []File   `json:"files"` // the playbooks, and those that they import
}

// A File is a file of the controller as it was when the run began.
type File struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

// PlayStarted begins a play, or the next batch of it.
type PlayStarted struct {
	Play    int            `json:"play"` // counts from 1
	Name    string         `json:"name"`
	Pos     value.Position `json:"pos"`
	Hosts   []string       `json:"hosts"`             // of this batch
	Batch   int            `json:"batch"`             // counts from 1
	Batches int            `json:"batches"`           // as far as is known; 1 without serial
	Skipped string         `json:"skipped,omitempty"` // why the play does not run: no hosts matched
}

// TaskStarted begins a task on the hosts that have come to it.
type TaskStarted struct {
	Task    int            `json:"task"` // an identifier, unique in the run
	Name    string         `json:"name"` // evaluated
	Module  string         `json:"module"`
	Role    string         `json:"role,omitempty"`
	Pos     value.Position `json:"pos"`
	Handler bool           `json:"handler,omitempty"`
	Hosts   []string       `json:"hosts"`
}

// HostStarted says that a host begins to work on a task.
type HostStarted struct {
	Task int    `json:"task"`
	Host string `json:"host"`
}

// A Status is the outcome of a task, or of one item of its loop, on one host.
type Status string

// The statuses.
const (
	OK          Status = "ok"
	Changed     Status = "changed"
	Failed      Status = "failed"
	Skipped     Status = "skipped"
	Unreachable Status = "unreachable"
	Unknown     Status = "unknown" // check mode only: an earlier change decides
)

// A Diff is a difference for people.
type Diff struct {
	BeforeHeader string `json:"before_header,omitempty"`
	AfterHeader  string `json:"after_header,omitempty"`
	Before       string `json:"before"`
	After        string `json:"after"`
	Note         string `json:"note,omitempty"`
}

// Result is how a task, or one item of its loop, ended on one host.
type Result struct {
	Task       int            `json:"task"`
	Host       string         `json:"host"`
	Delegate   string         `json:"delegate,omitempty"` // the host that did it, where another
	Status     Status         `json:"status"`
	Ignored    bool           `json:"ignored,omitempty"` // failed, and ignore_errors says to go on
	Rescued    bool           `json:"rescued,omitempty"` // failed, and a rescue section takes over
	Item       bool           `json:"item,omitempty"`    // one item of a loop; the task's own result follows
	Label      string         `json:"label,omitempty"`   // of the item
	Msg        string         `json:"msg,omitempty"`     // for people: why it failed, was skipped, or is unknown
	Pos        value.Position `json:"pos"`               // where an error stands, else the task
	Result     *value.Map     `json:"result,omitempty"`  // what register gets
	Diffs      []Diff         `json:"diffs,omitempty"`
	Steps      []string       `json:"steps,omitempty"` // what was done, or in check mode would be
	Duration   time.Duration  `json:"duration_ns"`
	RoundTrips int64          `json:"round_trips"`
	Attempts   int            `json:"attempts,omitempty"`  // with retries
	NoLog      bool           `json:"no_log,omitempty"`    // the result is censored
	Verbosity  int            `json:"verbosity,omitempty"` // debug: shown from this -v on
}

// Retry says that a task's until does not hold yet.
type Retry struct {
	Task    int    `json:"task"`
	Host    string `json:"host"`
	Attempt int    `json:"attempt"` // that failed, from 1
	Left    int    `json:"left"`
	Msg     string `json:"msg,omitempty"`
}

// Progress is a heartbeat: a task that takes long is alive.
type Progress struct {
	Task    int           `json:"task"`
	Name    string        `json:"name"`
	Host    string        `json:"host"`
	Elapsed time.Duration `json:"elapsed_ns"`
	Doing   string        `json:"doing,omitempty"` // the step
	// What has gone to the host, of how much where that is known, and for how long it has been going.
	Sent    int64         `json:"sent,omitempty"`
	Size    int64         `json:"size,omitempty"`
	Sending time.Duration `json:"sending_ns,omitempty"`
}

// Notified says that handlers will run.
type Notified struct {
	Host     string   `json:"host"`
	Handlers []string `json:"handlers"`
}

// HandlerOwed says that an earlier run owes a host a handler: it is notified by that, and runs where
// the task that owed it would have had it run.
type HandlerOwed struct {
	Host       string    `json:"host"`
	Handler    string    `json:"handler"` // "role : name" for a role's
	Play       string    `json:"play"`    // as it is written
	Task       string    `json:"task"`    // that notified it
	Since      time.Time `json:"since"`
	Run        string    `json:"run"`
	User       string    `json:"user"`
	Controller string    `json:"controller"` // on which that run was
}

// Gate says whether a cluster that a play rolls can do without servers: it waits for that, or takes them
// out of service now.
type Gate struct {
	Play     int      `json:"play"`
	Hosts    []string `json:"hosts"`
	Cluster  string   `json:"cluster"` // in words
	Open     bool     `json:"open"`
	Problems []string `json:"problems,omitempty"` // what it waits for
}

// LockWaiting says that another run holds the lock of a host, and this one waits for it.
type LockWaiting struct {
	Host       string    `json:"host"`
	Run        string    `json:"run"` // that holds it; what follows is that run's
	User       string    `json:"user"`
	Controller string    `json:"controller"`
	Since      time.Time `json:"since"`
	PID        int       `json:"pid"` // of the process on the host that holds it
}

// Warning is for people: something works, yet is probably not meant.
type Warning struct {
	Msg  string         `json:"msg"`
	Pos  value.Position `json:"pos"`
	Host string         `json:"host,omitempty"`
	Hint string         `json:"hint,omitempty"`
}

// PlayEnded says how a play ended, where it did not run to its end.
type PlayEnded struct {
	Play    int      `json:"play"`
	Stopped string   `json:"stopped,omitempty"` // why: "max_fail_percentage: 2 of 3 hosts failed"
	Untried []string `json:"untried,omitempty"` // hosts of batches that never began; of a roll, hosts on which nothing was begun
}

// Counts are a host's line of the recap.
type Counts struct {
	OK          int `json:"ok"`
	Changed     int `json:"changed"`
	Unreachable int `json:"unreachable"`
	Failed      int `json:"failed"`
	Skipped     int `json:"skipped"`
	Rescued     int `json:"rescued"`
	Ignored     int `json:"ignored"`
	Unknown     int `json:"unknown,omitempty"`
}

// RunEnded is the last event of a run.
type RunEnded struct {
	Hosts       []string          `json:"hosts"` // in the order of the recap
	Recap       map[string]Counts `json:"recap"`
	Duration    time.Duration     `json:"duration_ns"`
	Exit        int               `json:"exit"`
	Interrupted bool              `json:"interrupted,omitempty"`
	Stats       *value.Map        `json:"stats,omitempty"` // set_stats
	Error       string            `json:"error,omitempty"` // what ended the run before its last play
}

// Kind implements Event.
func (RunStarted) Kind() string { return "run_started" }

// Kind implements Event.
func (PlayStarted) Kind() string { return "play_started" }

// Kind implements Event.
func (TaskStarted) Kind() string { return "task_started" }

// Kind implements Event.
func (HostStarted) Kind() string { return "host_started" }

// Kind implements Event.
func (Result) Kind() string { return "result" }

// Kind implements Event.
func (Retry) Kind() string { return "retry" }

// Kind implements Event.
func (Progress) Kind() string { return "progress" }

// Kind implements Event.
func (Notified) Kind() string { return "notified" }

// Kind implements Event.
func (HandlerOwed) Kind() string { return "handler_owed" }

// Kind implements Event.
func (Gate) Kind() string        { return "gate" }
func (LockWaiting) Kind() string { return "lock_waiting" }

// Kind implements Event.
func (Warning) Kind() string { return "warning" }

// Kind implements Event.
func (PlayEnded) Kind() string { return "play_ended" }

// Kind implements Event.
func (RunEnded) Kind() string { return "run_ended" }
