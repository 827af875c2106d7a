package diag

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"

	"kops/internal/value"
)

// RenderOptions says how diagnostics are shown.
type RenderOptions struct {
	Color bool
	// Source returns a file's text for the excerpts. Nil, or an error, leaves them out.
	Source func(file string) ([]byte, error)
}

const (
	contextLines = 2   // lines shown before the line in question
	maxExcerpt   = 120 // characters of a line that are shown
	vaultHeader  = "$ANSIBLE_VAULT;"
)

// The ANSI sequences of a terminal.
const (
	bold   = "\x1b[1m"
	red    = "\x1b[1;31m"
	yellow = "\x1b[1;33m"
	blue   = "\x1b[34m"
	reset  = "\x1b[0m"
)

// Render writes each diagnostic with its place, an excerpt of the source with a caret
// below the column, its detail, its hint and the related places. More than one
// diagnostic ends with a line that counts them.
func Render(w io.Writer, list List, opts RenderOptions) error {
	r := renderer{opts: opts, lines: map[string][]string{}}
	for i, d := range list {
		if i > 0 {
			r.out.WriteByte('\n')
		}
		r.diagnostic(d)
	}
	if len(list) > 1 {
		r.out.WriteString("\n" + list.Count() + "\n")
	}
	_, err := w.Write(r.out.Bytes())
	return err
}

// Excerpt returns the lines of a place as Render shows them; "" where there are none to show.
func Excerpt(p value.Position, opts RenderOptions) string {
	r := renderer{opts: opts, lines: map[string][]string{}}
	r.excerpt(p, red)
	return r.out.String()
}

// Count returns how many errors and warnings l holds: "2 errors, 1 warning".
func (l List) Count() string {
	var errs, warnings int
	for _, d := range l {
		if d.Severity == Error {
			errs++
		} else {
			warnings++
		}
	}
	var parts []string
	for _, c := range []struct {
		n    int
		what string
	}{{errs, "error"}, {warnings, "warning"}} {
		switch {
		case c.n == 1:
			parts = append(parts, "1 "+c.what)
		case c.n > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", c.n, c.what))
		}
	}
	return strings.Join(parts, ", ")
}

type renderer struct {
	out   bytes.Buffer
	opts  RenderOptions
	lines map[string][]string // by file; nil where it cannot be shown
}

func (r *renderer) diagnostic(d *Diagnostic) {
	if p := FormatPos(d.Pos); p != "" {
		r.out.WriteString(r.paint(bold, p+":") + " ")
	}
	color, word := red, "error:"
	if d.Severity == Warning {
		color, word = yellow, "warning:"
	}
	r.out.WriteString(r.paint(color, word) + " " + r.paint(bold, d.Summary) + "\n")
	r.excerpt(d.Pos, color)
	r.block("", d.Detail)
	r.block("hint: ", d.Hint)
	for _, rel := range d.Related {
		r.block("", strings.TrimPrefix(FormatPos(rel.Pos)+": "+rel.Text, ": "))
	}
}

// block writes text below the excerpt, indented, label on its first line.
func (r *renderer) block(label, text string) {
	if text == "" {
		return
	}
	for i, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		prefix := strings.Repeat(" ", len(label))
		if i == 0 {
			prefix = r.paint(blue, label)
		}
		r.out.WriteString(strings.TrimRight("  "+prefix+line, " ") + "\n")
	}
}

// excerpt shows the line of p, what stands before it, and a caret below the column.
func (r *renderer) excerpt(p value.Position, color string) {
	lines := r.source(p.File)
	if p.Line < 1 || p.Line > len(lines) {
		return
	}
	first := max(p.Line-contextLines, 1)
	for first < p.Line && strings.TrimSpace(lines[first-1]) == "" {
		first++
	}
	width := max(len(fmt.Sprint(p.Line)), 3)
	for n := first; n <= p.Line; n++ {
		text := []rune(printable(lines[n-1]))
		column := 0
		if n == p.Line {
			text, column = clip(text, p.Column)
		} else {
			text, _ = clip(text, 1)
		}
		gutter := r.paint(blue, fmt.Sprintf("  %*d |", width, n))
		r.out.WriteString(strings.TrimRight(gutter+" "+string(text), " ") + "\n")
		if column > 0 {
			gutter = r.paint(blue, fmt.Sprintf("  %*s |", width, ""))
			r.out.WriteString(gutter + " " + strings.Repeat(" ", column-1) + r.paint(color, "^") + "\n")
		}
	}
}

// source returns the lines of a file that can be shown: not an encrypted one, whose
// positions count in the decrypted text.
func (r *renderer) source(file string) []string {
	if file == "" || r.opts.Source == nil {
		return nil
	}
	lines, ok := r.lines[file]
	if !ok {
		src, err := r.opts.Source(file)
		if err == nil && !bytes.HasPrefix(src, []byte(vaultHeader)) {
			lines = strings.Split(string(src), "\n")
		}
		r.lines[file] = lines
	}
	return lines
}

// printable replaces what would disturb the terminal or the columns, one character for
// one.
func printable(line string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\t':
			return '→'
		case c == '\r':
			return ' '
		case !unicode.IsPrint(c):
			return unicode.ReplacementChar
		}
		return c
	}, line)
}

// clip cuts a long line so that column stays in view, and returns the column's new place.
func clip(line []rune, column int) ([]rune, int) {
	if len(line) <= maxExcerpt {
		return line, min(column, len(line)+1)
	}
	start := 0
	if column > maxExcerpt*3/4 {
		start = min(column-maxExcerpt/2, len(line)-maxExcerpt)
	}
	end := min(start+maxExcerpt, len(line))
	cut := append([]rune(nil), line[start:end]...)
	if start > 0 {
		cut[0] = '…'
	}
	if end < len(line) {
		cut[len(cut)-1] = '…'
	}
	return cut, min(column-start, len(cut)+1)
}

func (r *renderer) paint(color, s string) string {
	if !r.opts.Color || s == "" {
		return s
	}
	return color + s + reset
}
