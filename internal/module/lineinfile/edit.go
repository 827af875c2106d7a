package lineinfile

import (
	"fmt"
	"slices"
	"strings"

	"kops/internal/module/pattern"
)

// An editor is the arguments, with their expressions compiled.
type editor struct {
	*Spec
	regexp *pattern.Pattern // nil where not given
	insert *pattern.Pattern // of insertafter or insertbefore; nil for BOF, EOF and nothing
}

func (s *Spec) editor() (editor, error) {
	e := editor{Spec: s}
	var err error
	if s.Regexp != nil {
		if e.regexp, err = pattern.Compile(*s.Regexp, false); err != nil {
			return e, fmt.Errorf("regexp: %w", err)
		}
	}
	switch {
	case s.InsertAfter != "" && s.InsertAfter != "BOF" && s.InsertAfter != "EOF":
		if e.insert, err = pattern.Compile(s.InsertAfter, false); err != nil {
			return e, fmt.Errorf("insertafter: %w", err)
		}
	case s.InsertBefore != "" && s.InsertBefore != "BOF":
		if e.insert, err = pattern.Compile(s.InsertBefore, false); err != nil {
			return e, fmt.Errorf("insertbefore: %w", err)
		}
	}
	return e, nil
}

// matches tells whether a line is one that regexp or search_string looks for.
func (e editor) matches(line string) (*pattern.Match, bool, error) {
	switch {
	case e.regexp != nil:
		m, err := e.regexp.Find(line, 0)
		return m, m != nil, err
	case e.SearchString != nil:
		return nil, strings.Contains(line, *e.SearchString), nil
	}
	return nil, false, nil
}

// remove returns the lines that stay, and how many go.
func (e editor) remove(lines []string) (kept []string, found int, err error) {
	for _, line := range lines {
		_, gone, err := e.matches(line)
		if err != nil {
			return nil, 0, err
		}
		if e.regexp == nil && e.SearchString == nil {
			gone = bare(line) == *e.Line
		}
		if gone {
			found++
		} else {
			kept = append(kept, line)
		}
	}
	return kept, found, nil
}

// A search is what present found.
type search struct {
	at     int // the line that is to be replaced, or is as it should be; -1
	match  *pattern.Match
	found  bool // by regexp or search_string
	insert int  // where a new line goes by insertafter or insertbefore; -1
}

func (e editor) search(lines []string) (search, error) {
	s := search{at: -1, insert: -1}
	for i, line := range lines {
		m, ok, err := e.matches(line)
		if err != nil {
			return s, err
		}
		if ok {
			s.at, s.match, s.found = i, m, true
			if e.FirstMatch {
				break
			}
		}
	}
	if s.found {
		return s, nil
	}
	for i, line := range lines {
		if bare(line) == *e.Line {
			s.at = i
			continue
		}
		if e.insert == nil {
			continue
		}
		m, err := e.insert.Find(line, 0)
		if err != nil {
			return s, err
		}
		if m != nil {
			s.insert = i
			if e.InsertAfter != "" {
				s.insert = i + 1
			}
			if e.FirstMatch {
				break
			}
		}
	}
	return s, nil
}

// present returns the lines with the line in its place, and what was done: "line added",
// "line replaced" or "".
func (e editor) present(lines []string) ([]string, string, error) {
	s, err := e.search(lines)
	if err != nil {
		return nil, "", err
	}
	lines = slices.Clone(lines)
	line := ended(*e.Line)
	switch {
	case s.at >= 0:
		if e.Backrefs && s.match != nil {
			if line, err = s.match.Expand(*e.Line); err != nil {
				return nil, "", fmt.Errorf("line: %w", err)
			}
			line = ended(line)
		}
		if lines[s.at] == line {
			return lines, "", nil
		}
		lines[s.at] = line
		return lines, "line replaced", nil
	case e.Backrefs: // without a match there is nothing to make the line of
		return lines, "", nil
	case e.InsertBefore == "BOF" || e.InsertAfter == "BOF":
		return slices.Insert(lines, 0, line), "line added", nil
	case s.insert < 0:
		return append(endLast(lines), line), "line added", nil
	case e.InsertAfter == "":
		return slices.Insert(lines, s.insert, line), "line added", nil
	case s.insert < len(lines) && bare(lines[s.insert]) == *e.Line:
		return lines, "", nil
	}
	return slices.Insert(endLast(lines), s.insert, line), "line added", nil
}

// endLast gives the last line its line break.
func endLast(lines []string) []string {
	if n := len(lines); n > 0 {
		lines[n-1] = ended(lines[n-1])
	}
	return lines
}

func ended(line string) string {
	if strings.HasSuffix(line, "\n") {
		return line
	}
	return line + "\n"
}

func bare(line string) string { return strings.TrimRight(line, "\r\n") }
