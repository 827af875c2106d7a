// Package human shows a run to people: plain lines where it is piped, colour and a live
// line in a terminal, in the words that Ansible's users know.
package human

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"kops/internal/diag"
	"kops/internal/event"
	"kops/internal/value"
)

// Options choose how a run is shown. The caller decides once, from where it writes to.
type Options struct {
	Color     bool
	Live      bool // a line that shows the hosts that are busy; for terminals
	Width     int  // columns; 0 means 79
	Verbosity int
	Quiet     bool // failures and the recap only
	// Source gives a file's text, without secrets, for the lines in which a task failed. Nil for none.
	Source func(file string) ([]byte, error)
}

// Sink shows records.
type Sink struct {
	out    *bufio.Writer
	opts   Options
	tasks  map[int]event.TaskStarted
	header int // the task whose header was written last
	busy   []busyHost
	live   bool                    // a live line stands on the screen
	shown  map[value.Position]bool // the places of which the lines have been shown
}

type busyHost struct {
	task int
	host string
}

// New returns a sink that writes to w.
func New(w io.Writer, opts Options) *Sink {
	if opts.Width <= 0 {
		opts.Width = 79
	}
	return &Sink{out: bufio.NewWriter(w), opts: opts, tasks: map[int]event.TaskStarted{}, shown: map[value.Position]bool{}}
}

// Handle implements event.Sink.
func (s *Sink) Handle(r event.Record) error {
	s.erase()
	switch e := r.Event.(type) {
	case event.PlayStarted:
		s.play(e)
	case event.TaskStarted:
		s.tasks[e.Task] = e
		if !s.opts.Quiet {
			s.heading(e.Task)
		}
	case event.HostStarted:
		s.busy = append(s.busy, busyHost{e.Task, e.Host})
	case event.Result:
		s.result(e)
	case event.Retry:
		if s.opts.Quiet {
			break
		}
		s.line(dim, "FAILED - RETRYING: [%s]: %s (%d retries left).", e.Host, s.tasks[e.Task].Name, e.Left)
	case event.Progress:
		s.progress(e)
	case event.HandlerOwed:
		s.owed(e)
	case event.LockWaiting:
		s.line(yellow, "waiting: [%s] is locked by run %s of %s on %s, since %s (process %d on the host)", e.Host, e.Run, e.User, e.Controller, moment(e.Since), e.PID)
	case event.Gate:
		s.gate(e)
	case event.Warning:
		s.warning(e)
	case event.PlayEnded:
		s.ended(e)
	case event.RunEnded:
		s.recap(e)
	}
	return nil
}

// Flush implements event.Sink.
func (s *Sink) Flush() error {
	s.draw()
	return s.out.Flush()
}

// Close implements event.Sink.
func (s *Sink) Close() error {
	s.erase()
	return s.out.Flush()
}

// line writes one line in a colour.
func (s *Sink) line(c color, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if s.opts.Color && c != "" {
		text = string(c) + text + string(reset)
	}
	s.out.WriteString(text + "\n")
}

// banner is a heading filled up with stars.
func (s *Sink) banner(text string) {
	stars := max(3, s.opts.Width-len([]rune(text))-1)
	s.out.WriteString("\n")
	s.line(bold, "%s %s", text, strings.Repeat("*", stars))
}

func (s *Sink) play(e event.PlayStarted) {
	text := "PLAY [" + e.Name + "]"
	if e.Batches > 1 {
		text += fmt.Sprintf(" (batch %d of %d: %s)", e.Batch, e.Batches, strings.Join(e.Hosts, ", "))
	}
	if s.opts.Quiet && e.Skipped == "" {
		return
	}
	s.banner(text)
	if e.Skipped != "" {
		s.line(cyan, "skipping: %s", e.Skipped)
	}
}

// heading writes a task's heading unless it was the last one written.
func (s *Sink) heading(task int) {
	if s.header == task {
		return
	}
	s.header = task
	t := s.tasks[task]
	kind, name := "TASK", t.Name
	if t.Handler {
		kind = "RUNNING HANDLER"
	}
	if t.Role != "" {
		name = t.Role + " : " + name
	}
	s.banner(kind + " [" + name + "]")
	if s.opts.Verbosity >= 2 {
		s.line(dim, "task path: %s", diag.FormatPos(t.Pos))
	}
}

func (s *Sink) progress(e event.Progress) {
	doing := ""
	if e.Doing != "" {
		doing = ": " + e.Doing
	}
	s.line(dim, "still running: [%s] %s%s%s (%s)", e.Host, e.Name, doing, sent(e), e.Elapsed.Round(time.Second))
}

func (s *Sink) warning(e event.Warning) {
	text := e.Msg
	if at := diag.FormatPos(e.Pos); at != "" {
		text = at + ": " + text
	}
	if e.Host != "" {
		text = "[" + e.Host + "] " + text
	}
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	s.line(magenta, "[WARNING]: %s", text)
}

func (s *Sink) owed(e event.HandlerOwed) {
	s.line(yellow, "owed: [%s] the handler '%s', which the task '%s' notified at %s and which has not succeeded since (run %s of %s on %s)",
		e.Host, e.Handler, e.Task, moment(e.Since), e.Run, e.User, e.Controller)
}

// moment is a time for people, as the clock on their wall has it.
func moment(t time.Time) string { return t.Local().Format(time.DateTime) }

func (s *Sink) gate(e event.Gate) {
	if e.Open {
		s.line(green, "gate: %s can do without %s", e.Cluster, strings.Join(e.Hosts, ", "))
		return
	}
	s.line(yellow, "gate: waiting until %s can do without %s: %s", e.Cluster, strings.Join(e.Hosts, ", "), strings.Join(e.Problems, "; "))
}

func (s *Sink) ended(e event.PlayEnded) {
	if e.Stopped != "" {
		s.line(red, "\nThe play stopped: %s.", e.Stopped)
	}
	if len(e.Untried) > 0 {
		s.line(red, "Hosts that were not touched: %s", strings.Join(e.Untried, ", "))
	}
}

func (s *Sink) recap(e event.RunEnded) {
	s.banner("PLAY RECAP")
	width := 0
	for _, h := range e.Hosts {
		width = max(width, len(h))
	}
	for _, h := range e.Hosts {
		c := e.Recap[h]
		text := fmt.Sprintf("%-*s : ok=%-4d changed=%-4d unreachable=%-4d failed=%-4d skipped=%-4d rescued=%-4d ignored=%-4d",
			max(width, 26), h, c.OK, c.Changed, c.Unreachable, c.Failed, c.Skipped, c.Rescued, c.Ignored)
		if c.Unknown > 0 {
			text += fmt.Sprintf(" unknown=%d", c.Unknown)
		}
		s.line(recapColor(c), "%s", strings.TrimRight(text, " "))
	}
	if e.Stats.Len() > 0 {
		s.line(bold, "\nCUSTOM STATS: %s", value.Str(e.Stats))
	}
	hosts := "hosts"
	if len(e.Hosts) == 1 {
		hosts = "host"
	}
	s.line(dim, "\n%d %s in %s", len(e.Hosts), hosts, e.Duration.Round(10*time.Millisecond))
	if e.Interrupted {
		s.line(red, "The run was interrupted: what had begun was ended, the rest was not tried.")
	}
}

func recapColor(c event.Counts) color {
	switch {
	case c.Failed > 0 || c.Unreachable > 0:
		return red
	case c.Changed > 0:
		return yellow
	}
	return green
}
