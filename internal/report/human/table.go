package human

import (
	"strings"
	"unicode/utf8"

	"kops/internal/event"
	"kops/internal/value"
)

// table shows the rows of a result that asks for it: show_table names the columns, rows has a
// mapping for each line (docs/events.md).
func (s *Sink) table(e event.Result) {
	columns, ok1 := e.Result.At("show_table").(*value.List)
	rows, ok2 := e.Result.At("rows").(*value.List)
	if !ok1 || !ok2 || len(columns.Items) == 0 || e.NoLog {
		return
	}
	lines := make([][]string, 1, len(rows.Items)+1)
	colors := []color{bold}
	for _, column := range columns.Items {
		lines[0] = append(lines[0], strings.ToUpper(value.Str(column)))
	}
	for _, item := range rows.Items {
		row, ok := item.(*value.Map)
		if !ok {
			return
		}
		var cells []string
		for _, column := range columns.Items {
			cells = append(cells, strings.ReplaceAll(value.Str(row.At(column)), "\n", " "))
		}
		lines = append(lines, cells)
		colors = append(colors, verdictColor(row.String("verdict")))
	}
	for i, line := range aligned(lines) {
		s.line(colors[i], "    %s", line)
	}
}

// verdictColor is the colour of a row that has a verdict.
func verdictColor(verdict string) color {
	switch verdict {
	case "fault":
		return red
	case "advice":
		return yellow
	}
	return ""
}

// aligned pads the cells of each column to one width, but for those of the last.
func aligned(lines [][]string) []string {
	var widths []int
	for _, line := range lines {
		for i, cell := range line {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	texts := make([]string, len(lines))
	for n, line := range lines {
		var b strings.Builder
		for i, cell := range line {
			b.WriteString(cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
		}
		texts[n] = strings.TrimRight(b.String(), " ")
	}
	return texts
}
