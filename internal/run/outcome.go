package run

import (
	"errors"
	"slices"
	"strings"
	"time"

	"kops/internal/diag"
	"kops/internal/event"
	"kops/internal/module"
	"kops/internal/playbook"
	"kops/internal/remote"
	"kops/internal/run/action"
	"kops/internal/template"
	"kops/internal/value"
)

// An outcome is how a task, or one item of its loop, ended on one host.
type outcome struct {
	task      *playbook.Task
	status    event.Status
	result    *value.Map // never nil once finished
	err       error
	msg       string // for people
	pos       value.Position
	ignored   bool
	items     []*outcome // of a loop
	label     string
	item      bool
	delegate  string
	diffs     []event.Diff
	steps     []string
	noLog     bool
	began     time.Time
	duration  time.Duration
	trips     int64
	attempts  int
	verbosity int
	why       string // what is unknown

	action    action.Outcome // facts, hosts and groups to take over
	notifies  []string
	mayNotify []string // check mode: a change would notify these, and whether there is one is not known

	open  []string // check mode: keys of the result that only doing the task fills
	stale string   // check mode: why what the task found is not what it will find
}

func (o *outcome) changed() bool { return o.status == event.Changed }

// finish fills what every result has.
func (o *outcome) finish() {
	if o.result == nil {
		o.result = &value.Map{}
	}
	if !o.began.IsZero() {
		o.duration = time.Since(o.began)
	}
	r := o.result
	switch o.status {
	case event.Skipped:
		r.Set("skipped", true)
	case event.Failed:
		r.Set("failed", true)
	case event.Unreachable:
		r.Set("unreachable", true)
	}
	// What failed may have changed the host before: its result says so.
	r.Set("changed", o.status == event.Changed || o.status == event.Failed && r.Bool("changed"))
	if _, ok := r.Get("failed"); !ok {
		r.Set("failed", false)
	}
	if o.msg != "" && r.At("msg") == nil && (o.status == event.Failed || o.status == event.Unreachable) {
		r.Set("msg", o.msg)
	}
	for _, name := range []string{"stdout", "stderr"} {
		if text, ok := r.At(name).(string); ok && r.At(name+"_lines") == nil {
			r.Set(name+"_lines", value.Strings(lines(text)))
		}
	}
}

func lines(text string) []string {
	if text == "" {
		return []string{}
	}
	return strings.Split(strings.TrimSuffix(strings.ReplaceAll(text, "\r\n", "\n"), "\n"), "\n")
}

// fails records an error: what kind it is decides the status.
func (o *outcome) fails(err error) *outcome {
	o.err = err
	o.status = event.Failed
	// Where an earlier task may bring what is missing, the task does not get here.
	o.msg = strings.ReplaceAll(err.Error(), " ("+module.ErrDependsOnEarlier.Error()+")", "")
	var d *diag.Diagnostic
	if errors.As(err, &d) {
		o.pos, o.msg = d.Pos, message(d)+o.taskOf(d)
	}
	var f *module.Failure
	if errors.As(err, &f) {
		o.msg = f.Msg
		o.merge(f.Result)
	}
	var c *remote.ConnectError
	if errors.As(err, &c) && !c.Become() {
		o.status = event.Unreachable
	}
	var u *template.Unknowable
	if errors.As(err, &u) {
		o.status, o.why, o.err = event.Unknown, u.Why, nil
		o.msg = "unknown: it depends on " + u.Why
	}
	if f == nil || f.Result.At("msg") == nil { // assert's may be a list of texts
		o.merge(value.NewMap("msg", o.msg))
	}
	return o
}

// taskOf names the task where the place of d does not: a template file, variables.
func (o *outcome) taskOf(d *diag.Diagnostic) string {
	t := o.task
	named := func(r diag.Related) bool { return r.Pos == t.Pos }
	if t == nil || d.Pos.File == t.Pos.File && d.Pos.Line >= t.Pos.Line || slices.ContainsFunc(d.Related, named) {
		return ""
	}
	return "\n  in the task '" + taskName(t) + "' (" + diag.FormatPos(t.Pos) + ")"
}

func message(d *diag.Diagnostic) string {
	msg := d.Summary
	if d.Detail != "" {
		msg += "\n" + d.Detail
	}
	if d.Hint != "" {
		msg += "; " + d.Hint
	}
	for _, r := range d.Related {
		msg += "\n  " + r.Text + " (" + diag.FormatPos(r.Pos) + ")"
	}
	return msg
}

func (o *outcome) merge(m *value.Map) {
	if o.result == nil {
		o.result = &value.Map{}
	}
	o.result.Merge(m)
}

func (o *outcome) unknown(why string) *outcome {
	o.status, o.why = event.Unknown, why
	o.msg = "unknown: it depends on " + why
	return o
}

// register is the value that the task's variable gets.
func (o *outcome) register() value.Value {
	if o.status == event.Unknown {
		return value.Unknown{Why: o.why}
	}
	if o.stale != "" {
		return value.Unknown{Why: o.stale}
	}
	if len(o.open) == 0 {
		return o.result
	}
	r := o.result.Clone()
	for _, name := range o.open {
		if _, there := r.Get(name); !there {
			r.Set(name, value.Unknown{Why: name + " of the task '" + taskName(o.task) + "', which was not done"})
		}
	}
	return r
}

// event returns the outcome for the sinks.
func (o *outcome) event(id int, h *host) event.Result {
	r := event.Result{
		Task: id, Host: h.name, Delegate: o.delegate, Status: o.status, Ignored: o.ignored, Item: o.item,
		Label: o.label, Msg: o.msg, Pos: o.pos, Result: o.result, Diffs: o.diffs, Steps: o.steps,
		Duration: o.duration, RoundTrips: o.trips, Attempts: o.attempts, NoLog: o.noLog, Verbosity: o.verbosity,
	}
	if o.noLog {
		const hidden = "the output has been hidden due to the fact that 'no_log: true' was specified for this result"
		r.Result = value.NewMap("censored", hidden, "changed", o.changed())
		r.Diffs, r.Steps, r.Label = nil, nil, ""
		if r.Msg != "" {
			r.Msg = hidden
		}
	}
	return r
}
