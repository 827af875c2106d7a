package cli

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"kops/internal/diag"
	"kops/internal/event"
	"kops/internal/report/jsonl"
)

// A filter lets the records of a run pass that are asked for. The headings of plays and
// tasks wait for the first result under them.
type filter struct {
	hosts, status []string
	task          string
	play          *jsonl.Line
	waiting       map[int]jsonl.Line // tasks, by their number
	fits          map[int]bool       // tasks with the name
}

func newFilter(hosts, status []string, task string) (*filter, error) {
	for _, s := range status {
		if slices.Contains(statuses(), s) {
			continue
		}
		hint := diag.Suggest(s, statuses())
		if hint == "" {
			hint = "there are " + strings.Join(statuses(), ", ")
		}
		return nil, usageError{fmt.Errorf("--status: no result is %q; %s", s, hint)}
	}
	for _, pattern := range append([]string{task}, hosts...) {
		if _, err := path.Match(pattern, ""); err != nil {
			return nil, usageError{fmt.Errorf("%q is no pattern: %w", pattern, err)}
		}
	}
	return &filter{hosts: hosts, status: status, task: task, waiting: map[int]jsonl.Line{}, fits: map[int]bool{}}, nil
}

// pass returns what is to be shown now that the record has come.
func (f *filter) pass(l jsonl.Line) []jsonl.Line {
	if len(f.hosts) == 0 && len(f.status) == 0 && f.task == "" {
		return []jsonl.Line{l}
	}
	shown := false
	switch e := l.Event.(type) {
	case event.RunStarted:
		shown = true
	case event.PlayStarted:
		f.play = &l
	case event.TaskStarted:
		f.fits[e.Task] = f.named(e)
		f.waiting[e.Task] = l
	case event.Result:
		if f.fits[e.Task] && f.onHost(e.Host) && (len(f.status) == 0 || slices.Contains(f.status, string(e.Status))) {
			return f.under(e.Task, l)
		}
	case event.HostStarted:
		return f.during(e.Task, e.Host, l)
	case event.Retry:
		return f.during(e.Task, e.Host, l)
	case event.Progress:
		return f.during(e.Task, e.Host, l)
	case event.Notified:
		shown = len(f.status) == 0 && f.task == "" && f.onHost(e.Host)
	case event.HandlerOwed:
		shown = len(f.status) == 0 && f.task == "" && f.onHost(e.Host)
	case event.Gate:
		shown = len(f.status) == 0 && f.task == "" && slices.ContainsFunc(e.Hosts, f.onHost)
	case event.LockWaiting:
		shown = len(f.status) == 0 && f.task == "" && f.onHost(e.Host)
	case event.Warning:
		shown = len(f.status) == 0 && f.task == "" && f.onHost(e.Host)
	case event.PlayEnded:
		shown = len(f.hosts) == 0 && f.task == ""
	case event.RunEnded:
		e.Hosts = slices.DeleteFunc(slices.Clone(e.Hosts), func(h string) bool { return !f.onHost(h) })
		l.Event = e
		shown = true
	}
	if shown {
		return []jsonl.Line{l}
	}
	return nil
}

// during is what happens while a task runs, which is left out where results of one status are
// asked for.
func (f *filter) during(task int, host string, l jsonl.Line) []jsonl.Line {
	if len(f.status) > 0 || !f.fits[task] || !f.onHost(host) {
		return nil
	}
	return f.under(task, l)
}

// under is a result below the headings that have waited for it.
func (f *filter) under(task int, l jsonl.Line) []jsonl.Line {
	var lines []jsonl.Line
	if f.play != nil {
		lines = append(lines, *f.play)
		f.play = nil
	}
	if t, ok := f.waiting[task]; ok {
		lines = append(lines, t)
		delete(f.waiting, task)
	}
	return append(lines, l)
}

func (f *filter) onHost(host string) bool {
	return len(f.hosts) == 0 || slices.ContainsFunc(f.hosts, func(pattern string) bool { return fitsPattern(pattern, host) })
}

// named tells whether a task's name, with its role or without, holds the text or fits the pattern.
func (f *filter) named(e event.TaskStarted) bool {
	text, name := strings.ToLower(f.task), strings.ToLower(e.Name)
	whole := strings.ToLower(e.Role) + " : " + name
	if strings.ContainsAny(text, "*?[") {
		return fitsPattern(text, name) || fitsPattern(text, whole)
	}
	return strings.Contains(name, text) || e.Role != "" && strings.Contains(whole, text)
}

// fitsPattern is path.Match, for names that may hold slashes. The pattern was tried before.
func fitsPattern(pattern, name string) bool {
	ok, err := path.Match(strings.ReplaceAll(pattern, "/", "\x00"), strings.ReplaceAll(name, "/", "\x00"))
	return err == nil && ok
}
