package human

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"kops/internal/diag"
	"kops/internal/event"
	"kops/internal/value"
)

// maxOutput is how many lines of a failed command's output are shown without -v.
const maxOutput = 20

func (s *Sink) result(e event.Result) {
	if !e.Item {
		s.busy = slices.DeleteFunc(s.busy, func(b busyHost) bool { return b.task == e.Task && b.host == e.Host })
	}
	failed := e.Status == event.Failed || e.Status == event.Unreachable
	if s.opts.Quiet && !failed {
		return
	}
	if !e.Item && s.summaryOfItems(e) && !failed {
		return
	}
	s.heading(e.Task)
	s.diffs(e)
	where := "[" + e.Host + "]"
	if e.Delegate != "" {
		where = "[" + e.Host + " -> " + e.Delegate + "]"
	}
	if e.Item {
		where += " => (item=" + e.Label + ")"
	}
	switch e.Status {
	case event.OK:
		s.line(green, "ok: %s%s", where, s.details(e))
	case event.Changed:
		s.line(yellow, "changed: %s%s", where, s.details(e))
	case event.Skipped:
		s.line(cyan, "skipping: %s%s", where, s.reason(e))
	case event.Unknown:
		s.line(magenta, "unknown: %s: %s", where, strings.TrimPrefix(e.Msg, "unknown: "))
	case event.Failed:
		s.failure("fatal", "FAILED!", where, e)
	case event.Unreachable:
		s.failure("unreachable", "UNREACHABLE!", where, e)
	}
	s.table(e)
	if e.Ignored {
		s.line(cyan, "...ignoring")
	}
}

// summaryOfItems tells whether a result only sums up items that were shown one by one.
func (s *Sink) summaryOfItems(e event.Result) bool {
	results, ok := e.Result.At("results").(*value.List)
	return ok && len(results.Items) > 0
}

func (s *Sink) reason(e event.Result) string {
	if s.opts.Verbosity > 0 && e.Msg != "" {
		return ": " + e.Msg
	}
	return ""
}

// details is what follows a good result: debug's message always, all of it with -v.
func (s *Sink) details(e event.Result) string {
	if e.NoLog {
		return ""
	}
	if s.isDebug(e) {
		if s.opts.Verbosity < e.Verbosity {
			return ""
		}
		return " => " + asJSON(without(e.Result, "changed", "failed", "item", "ansible_loop_var", "_ansible_item_label"))
	}
	if s.opts.Verbosity > 0 {
		return " => " + asJSON(e.Result)
	}
	if msg := e.Result.String("msg"); msg != "" && s.module(e) == "assert" {
		return " => " + msg
	}
	return ""
}

func (s *Sink) isDebug(e event.Result) bool { return s.module(e) == "debug" }

func (s *Sink) module(e event.Result) string {
	name := s.tasks[e.Task].Module
	return name[strings.LastIndexByte(name, '.')+1:]
}

// failure shows why a task failed, where, and what its command printed.
func (s *Sink) failure(word, mark, where string, e event.Result) {
	s.line(red, "%s: %s: %s %s", word, where, mark, indentRest(e.Msg))
	if at := diag.FormatPos(e.Pos); at != "" {
		s.line(red, "    at %s", at)
	}
	if e.NoLog {
		return
	}
	s.excerpt(e)
	for _, name := range []string{"cmd", "rc", "stdout", "stderr"} {
		v, ok := e.Result.Get(name)
		text := value.Str(v)
		if !ok || strings.TrimSpace(text) == "" || text == e.Msg {
			continue
		}
		s.line(red, "    %s: %s", name, s.clip(text))
	}
	if s.opts.Verbosity > 0 {
		s.line(red, "    result: %s", asJSON(e.Result))
	}
}

// excerpt shows the lines in which a task went wrong, once: not its first one, which its name
// stands for.
func (s *Sink) excerpt(e event.Result) {
	if s.opts.Source == nil || e.Pos == s.tasks[e.Task].Pos || s.shown[e.Pos] {
		return
	}
	s.shown[e.Pos] = true
	s.out.WriteString(diag.Excerpt(e.Pos, diag.RenderOptions{Color: s.opts.Color, Source: s.opts.Source}))
}

func indentRest(text string) string {
	return strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n    ")
}

// clip shows the last lines of an output: the reason stands there.
func (s *Sink) clip(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if len(lines) > maxOutput && s.opts.Verbosity == 0 {
		left := len(lines) - maxOutput
		lines = append([]string{fmt.Sprintf("(%d lines before this are left out; -v shows them)", left)}, lines[left:]...)
	}
	return strings.Join(lines, "\n      ")
}

func without(m *value.Map, keys ...string) *value.Map {
	c := m.Clone()
	for _, k := range keys {
		c.Delete(k)
	}
	return c
}

func asJSON(m *value.Map) string {
	out, err := json.MarshalIndent(m, "", "    ")
	if err != nil {
		return value.Str(m)
	}
	return string(out)
}
