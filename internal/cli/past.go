package cli

import (
	"errors"
	"io"
	"time"

	"kops/internal/event"
	"kops/internal/report/jsonl"
	"kops/internal/state"
)

// A runState says how far a recorded run came.
type runState string

const (
	finished   runState = "finished"
	underWay   runState = "running"
	unfinished runState = "unfinished" // killed, or its record could not be written
	unreadable runState = "unreadable"
)

// A pastRun is a line of kops history: docs/events.md documents its JSON.
type pastRun struct {
	Run       string        `json:"run"`
	State     runState      `json:"state"`
	Problem   string        `json:"problem,omitempty"`
	Time      time.Time     `json:"time"`
	Duration  time.Duration `json:"duration_ns"` // up to the last record
	User      string        `json:"user"`
	Host      string        `json:"host"`
	Playbooks []string      `json:"playbooks"`
	Check     bool          `json:"check"`
	Hosts     []string      `json:"hosts"`
	Changed   int           `json:"changed"`
	Failed    int           `json:"failed"` // and unreachable
	Exit      *int          `json:"exit,omitempty"`
}

// readPastRun reads a record: its first and last lines, or all of it where the run did not end.
func readPastRun(records *state.Runs, id string) (pastRun, error) {
	f, err := records.Open(id)
	if err != nil {
		return pastRun{}, err
	}
	defer f.Close()
	p := pastRun{Run: id, State: unfinished}
	if state.UnderWay(f) {
		p.State = underWay
	}
	last, err := jsonl.Last(f)
	if err != nil {
		return p, err
	}
	p.read(f, last)
	return p, nil
}

// read goes on to where the record was cut off.
func (p *pastRun) read(r io.Reader, last event.Record) {
	seen := map[string]bool{}
	_, ended := last.Event.(event.RunEnded)
	for line, err := range jsonl.Read(r) {
		var newer *jsonl.NewerSchema
		if errors.As(err, &newer) {
			p.State, p.Problem = unreadable, newer.Error()
			return
		}
		if err != nil {
			break // cut off here
		}
		p.add(line.Record, seen)
		if ended {
			p.add(last, seen)
			break
		}
	}
	if p.Time.IsZero() && p.State == unfinished {
		p.State, p.Problem = unreadable, "nothing of its record can be read"
	}
}

// add counts a record. The recap at the end replaces what was counted.
func (p *pastRun) add(r event.Record, seen map[string]bool) {
	if e, ok := r.Event.(event.RunStarted); ok {
		p.Time, p.User, p.Host, p.Playbooks, p.Check = r.Time, e.User, e.Host, e.Playbooks, e.Check
	}
	p.Duration = r.Time.Sub(p.Time)
	switch e := r.Event.(type) {
	case event.HostStarted:
		if !seen[e.Host] {
			seen[e.Host] = true
			p.Hosts = append(p.Hosts, e.Host)
		}
	case event.Result:
		switch {
		case e.Item:
		case e.Status == event.Changed:
			p.Changed++
		case (e.Status == event.Failed || e.Status == event.Unreachable) && !e.Ignored && !e.Rescued:
			p.Failed++
		}
	case event.RunEnded:
		p.State, p.Exit, p.Duration, p.Hosts = finished, &e.Exit, e.Duration, e.Hosts
		p.Changed, p.Failed = 0, 0
		for _, c := range e.Recap {
			p.Changed += c.Changed
			p.Failed += c.Failed + c.Unreachable
		}
	}
}
