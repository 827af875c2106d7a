package kafkaloglevel

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"kops/internal/kafka"
)

// marker begins the comment above each level that is changed, with the level that was there
// before, so that the way back to the default is known.
const (
	marker  = "# set by kops, before: "
	nothing = "none"
)

// A layout is how a kind of file says which logger has which level.
type layout interface {
	// locate finds the line with a logger's level; -1 where there is none.
	locate(lines []string, logger string) int
	// level returns what stands in the line, and the line with another level in its place.
	level(line string) string
	with(line, level string) string
	// entry returns where a logger that is not in the file is put, and its lines.
	entry(lines []string, logger, level string) (at int, add []string, err error)
}

func layoutOf(path string) (layout, error) {
	switch {
	case strings.HasSuffix(path, ".properties"):
		return properties{}, nil
	case strings.HasSuffix(path, ".yaml"), strings.HasSuffix(path, ".yml"):
		return yaml{}, nil
	}
	return nil, fmt.Errorf("file: %s is neither log4j's .properties nor log4j2's .yaml", path)
}

// edit sets levels in a file's text; "" takes back what was set before.
func edit(l layout, text string, want map[string]string) (string, error) {
	lines := strings.Split(text, "\n")
	var names []string
	for name := range want {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		var err error
		if lines, err = editOne(l, lines, name, want[name]); err != nil {
			return "", fmt.Errorf("logger %s: %w", name, err)
		}
	}
	return strings.Join(lines, "\n"), nil
}

func editOne(l layout, lines []string, logger, level string) ([]string, error) {
	at := l.locate(lines, logger)
	if at < 0 {
		if level == "" {
			return lines, nil
		}
		to, add, err := l.entry(lines, logger, level)
		if err != nil {
			return nil, err
		}
		indentation := add[0][:len(add[0])-len(strings.TrimLeft(add[0], " "))]
		return slices.Insert(lines, to, append([]string{indentation + marker + nothing}, add...)...), nil
	}
	begin, before := marked(l, lines, at)
	switch {
	case level == "" && begin < 0: // as it was
		return lines, nil
	case level == "" && before == nothing:
		return slices.Delete(lines, begin, at+1), nil
	case begin >= 0 && before != nothing && (level == "" || strings.EqualFold(level, before)):
		lines[at] = l.with(lines[at], before)
		return slices.Delete(lines, begin, begin+1), nil
	case strings.EqualFold(l.level(lines[at]), level):
		return lines, nil
	case begin < 0:
		line := lines[at]
		indentation := line[:len(line)-len(strings.TrimLeft(line, " "))]
		lines = slices.Insert(lines, at, indentation+marker+l.level(line))
		at++
	}
	lines[at] = l.with(lines[at], level)
	return lines, nil
}

// marked finds the comment that belongs to the level in a line, and the level that it remembers.
func marked(l layout, lines []string, at int) (begin int, before string) {
	for _, up := range []int{1, 2} { // a new entry's first line may stand between
		if at < up {
			continue
		}
		level, ok := strings.CutPrefix(strings.TrimSpace(lines[at-up]), marker)
		if ok && (up == 1 || level == nothing && strings.HasPrefix(strings.TrimSpace(lines[at-1]), "- name:")) {
			return at - up, level
		}
	}
	return -1, ""
}

// levels are what the file gives the loggers; those that it does not name are left out.
func levels(l layout, text string, loggers map[string]string) map[string]string {
	lines := strings.Split(text, "\n")
	found := map[string]string{}
	for name := range loggers {
		if at := l.locate(lines, name); at >= 0 {
			found[name] = strings.ToUpper(l.level(lines[at]))
		}
	}
	return found
}

// properties is log4j's file: log4j.logger.NAME=LEVEL, APPENDER …
type properties struct{}

var propertyLine = regexp.MustCompile(`^(\s*log4j\.(?:rootLogger|rootCategory|(?:logger|category)\.[^\s=:]+)\s*[=:]\s*)([^,\s]*)(.*)$`)

func (properties) key(logger string) []string {
	if logger == kafka.RootLogger {
		return []string{"log4j.rootLogger", "log4j.rootCategory"}
	}
	return []string{"log4j.logger." + logger, "log4j.category." + logger}
}

func (p properties) locate(lines []string, logger string) int {
	for i, line := range slices.Backward(lines) { // the last one counts
		if m := propertyLine.FindStringSubmatch(line); m != nil {
			if slices.Contains(p.key(logger), strings.TrimRight(strings.TrimSpace(m[1]), " =:")) {
				return i
			}
		}
	}
	return -1
}

func (properties) level(line string) string { return propertyLine.FindStringSubmatch(line)[2] }

func (properties) with(line, level string) string {
	m := propertyLine.FindStringSubmatch(line)
	return m[1] + level + m[3]
}

func (p properties) entry(lines []string, logger, level string) (int, []string, error) {
	end := len(lines)
	for end > 0 && strings.TrimSpace(lines[end-1]) == "" {
		end--
	}
	return end, []string{p.key(logger)[0] + "=" + level}, nil
}
