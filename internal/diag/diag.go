// Package diag holds the errors that people read: what was being done, where, why it
// failed and what to do about it.
package diag

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"kops/internal/value"
)

// Severity tells an error from a warning.
type Severity int

// The severities.
const (
	Error Severity = iota
	Warning
)

// A Diagnostic is one finding about one place. It is an error.
type Diagnostic struct {
	Severity Severity
	Pos      value.Position
	Summary  string // one sentence, no full stop: "unknown argument \"stat\" of module systemd"
	Detail   string // more lines, may be empty
	Hint     string // what to do: "did you mean \"state\"?"
	Related  []Related
	Err      error // the cause, may be nil; its text is already part of Summary or Detail
}

// Related is another place that has to do with a Diagnostic: the task that uses the
// template, the file that imports the file.
type Related struct {
	Pos  value.Position
	Text string // "in the task 'write unit'"
}

// Errorf returns an error diagnostic about pos. A %w argument becomes its cause.
func Errorf(pos value.Position, format string, args ...any) *Diagnostic {
	err := fmt.Errorf(format, args...)
	return &Diagnostic{Pos: pos, Summary: err.Error(), Err: errors.Unwrap(err)}
}

// Warningf returns a warning about pos.
func Warningf(pos value.Position, format string, args ...any) *Diagnostic {
	return &Diagnostic{Severity: Warning, Pos: pos, Summary: fmt.Sprintf(format, args...)}
}

// WithHint sets the hint and returns d.
func (d *Diagnostic) WithHint(format string, args ...any) *Diagnostic {
	d.Hint = fmt.Sprintf(format, args...)
	return d
}

// Error returns the diagnostic in one line: file:line:column: summary; hint.
func (d *Diagnostic) Error() string {
	var b strings.Builder
	if p := FormatPos(d.Pos); p != "" {
		b.WriteString(p + ": ")
	}
	b.WriteString(d.Summary)
	if d.Hint != "" {
		b.WriteString("; " + d.Hint)
	}
	return b.String()
}

// Unwrap returns the cause.
func (d *Diagnostic) Unwrap() error { return d.Err }

// FormatPos returns file:line:column, as far as it is known.
func FormatPos(p value.Position) string {
	switch {
	case p.File == "" && p.Line == 0:
		return ""
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// List is several diagnostics, collected so that people see all of them at once.
type List []*Diagnostic

// Add appends err: a *Diagnostic or a List as they are, anything else as an error
// without a place. A nil err adds nothing.
func (l *List) Add(err error) {
	if err == nil {
		return
	}
	var list List
	var d *Diagnostic
	switch {
	case errors.As(err, &list):
		*l = append(*l, list...)
	case errors.As(err, &d):
		*l = append(*l, d)
	default:
		*l = append(*l, &Diagnostic{Summary: err.Error(), Err: err})
	}
}

// Error returns one line for each diagnostic.
func (l List) Error() string {
	lines := make([]string, len(l))
	for i, d := range l {
		lines[i] = d.Error()
	}
	return strings.Join(lines, "\n")
}

// HasErrors tells whether l holds more than warnings.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d *Diagnostic) bool { return d.Severity == Error })
}

// Err returns l if it holds an error, else nil.
func (l List) Err() error {
	if l.HasErrors() {
		return l
	}
	return nil
}

// Sort orders l by file, line and column, and drops exact repetitions.
func (l *List) Sort() {
	slices.SortStableFunc(*l, func(a, b *Diagnostic) int {
		if c := strings.Compare(a.Pos.File, b.Pos.File); c != 0 {
			return c
		}
		if a.Pos.Line != b.Pos.Line {
			return a.Pos.Line - b.Pos.Line
		}
		return a.Pos.Column - b.Pos.Column
	})
	*l = slices.CompactFunc(*l, func(a, b *Diagnostic) bool { return a.Pos == b.Pos && a.Summary == b.Summary })
}
