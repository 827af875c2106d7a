package human

import (
	"strings"

	"kops/internal/event"
)

// contextLines is how many unchanged lines stand around a change.
const contextLines = 3

// diffs shows what changed, as a unified diff.
func (s *Sink) diffs(e event.Result) {
	for _, d := range e.Diffs {
		if d.Note != "" {
			s.line(cyan, "--- %s: %s", d.BeforeHeader, d.Note)
			continue
		}
		if d.Before == d.After {
			continue
		}
		s.line(bold, "--- %s", "before: "+d.BeforeHeader)
		s.line(bold, "+++ %s", "after: "+d.AfterHeader)
		for _, l := range unified(d.Before, d.After) {
			s.line(lineColor(l), "%s", l)
		}
	}
}

func lineColor(l string) color {
	switch l[0] {
	case '+':
		return green
	case '-':
		return red
	case '@':
		return cyan
	}
	return ""
}

// An edit is one line of a diff: ' ' kept, '-' removed, '+' added.
type edit struct {
	op   byte
	text string
}

// unified returns the lines of a diff with little context around each change.
func unified(before, after string) []string {
	edits := compare(splitLines(before), splitLines(after))
	near := make([]bool, len(edits))
	for i, e := range edits {
		if e.op == ' ' {
			continue
		}
		for j := max(0, i-contextLines); j <= min(len(edits)-1, i+contextLines); j++ {
			near[j] = true
		}
	}
	var out []string
	for i, e := range edits {
		if !near[i] {
			continue
		}
		if i > 0 && !near[i-1] {
			out = append(out, "@@")
		}
		out = append(out, string(e.op)+e.text)
	}
	return out
}

func splitLines(s string) []string {
	if s == "" {
		return nil
	}
	lines := strings.Split(strings.TrimSuffix(s, "\n"), "\n")
	if !strings.HasSuffix(s, "\n") {
		lines[len(lines)-1] += " (no newline at the end)"
	}
	return lines
}

// maxTable bounds the table of the longest common subsequence; past it the middle counts
// as replaced as a whole.
const maxTable = 4_000_000

// compare finds a shortest list of edits from a to b.
func compare(a, b []string) []edit {
	var head, tail []edit
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		head = append(head, edit{' ', a[0]})
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		tail = append([]edit{{' ', a[len(a)-1]}}, tail...)
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return append(append(head, middle(a, b)...), tail...)
}

func middle(a, b []string) []edit {
	var edits []edit
	if len(a)*len(b) > maxTable {
		for _, l := range a {
			edits = append(edits, edit{'-', l})
		}
		for _, l := range b {
			edits = append(edits, edit{'+', l})
		}
		return edits
	}
	common := make([][]int, len(a)+1) // common[i][j]: length of the common part of a[i:] and b[j:]
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			edits = append(edits, edit{' ', a[i]})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			edits = append(edits, edit{'-', a[i]})
			i++
		default:
			edits = append(edits, edit{'+', b[j]})
			j++
		}
	}
	return edits
}
