package kafkaloglevel

import (
	"errors"
	"regexp"
	"strings"

	"kops/internal/kafka"
)

// yaml is log4j2's file as Kafka's own is laid out: below Loggers the mapping Root and the list
// Logger, whose entries have name and level on lines of their own. It is edited by the line, so that
// comments and layout stay.
type yaml struct{}

var (
	levelLine = regexp.MustCompile(`^(\s*(?:- )?level:\s*)["']?([A-Za-z]+)["']?(.*)$`)
	nameLine  = regexp.MustCompile(`^(\s*)- name:\s*["']?([^"'\s#]+)["']?\s*(?:#.*)?$`)
)

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// blank tells whether a line is empty or a comment.
func blank(line string) bool {
	text := strings.TrimSpace(line)
	return text == "" || strings.HasPrefix(text, "#")
}

// within finds the line with a key, and the line after what lies below it, from begin to end.
func within(lines []string, begin, end int, key string) (at, after int) {
	for i := begin; i < end; i++ {
		if strings.TrimSpace(lines[i]) != key+":" {
			continue
		}
		after = i + 1
		for after < end && (blank(lines[after]) || indent(lines[after]) > indent(lines[i])) {
			after++
		}
		return i, after
	}
	return -1, -1
}

func (yaml) locate(lines []string, logger string) int {
	loggers, end := within(lines, 0, len(lines), "Loggers")
	if loggers < 0 {
		return -1
	}
	if logger == kafka.RootLogger {
		root, after := within(lines, loggers, end, "Root")
		return levelIn(lines, root, after)
	}
	list, after := within(lines, loggers, end, "Logger")
	if list < 0 {
		return -1
	}
	for i := list; i < after; i++ {
		m := nameLine.FindStringSubmatch(lines[i])
		if m == nil || m[2] != logger {
			continue
		}
		last := i + 1
		for last < after && (blank(lines[last]) || indent(lines[last]) > len(m[1])) {
			last++
		}
		return levelIn(lines, i, last)
	}
	return -1
}

// levelIn finds the level of what begins at a line: it is not that of an appender further in.
func levelIn(lines []string, begin, end int) int {
	if begin < 0 {
		return -1
	}
	depth := -1
	for i := begin + 1; i < end; i++ {
		if blank(lines[i]) {
			continue
		}
		if depth < 0 {
			depth = indent(lines[i])
		}
		if indent(lines[i]) == depth && levelLine.MatchString(lines[i]) {
			return i
		}
	}
	return -1
}

func (yaml) level(line string) string { return levelLine.FindStringSubmatch(line)[2] }

func (yaml) with(line, level string) string {
	m := levelLine.FindStringSubmatch(line)
	return m[1] + level + m[3]
}

func (yaml) entry(lines []string, logger, level string) (int, []string, error) {
	loggers, end := within(lines, 0, len(lines), "Loggers")
	if loggers >= 0 && logger != kafka.RootLogger {
		list, after := within(lines, loggers, end, "Logger")
		for i := list + 1; list >= 0 && i < after; i++ {
			m := nameLine.FindStringSubmatch(lines[i])
			switch {
			case blank(lines[i]):
				continue
			case m == nil:
				return 0, nil, errLayout
			case m[2] == logger:
				return 0, nil, errors.New("the file names it without a level on a line of its own")
			}
			return list + 1, []string{m[1] + "- name: " + logger, m[1] + "  level: " + level}, nil
		}
	}
	return 0, nil, errLayout
}

var errLayout = errors.New(`the file is not laid out as Kafka's own log4j2.yaml is: below "Loggers:" a list "Logger:" of "- name: …" and "level: …", each on a line of its own`)
