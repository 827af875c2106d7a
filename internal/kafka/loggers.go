package kafka

import (
	"fmt"
	"slices"
	"strings"
)

// LogLevels are the levels that a broker's loggers take.
var LogLevels = []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}

// RootLogger is the logger from which all others inherit; a broker lists it under this name.
const RootLogger = "root"

// LevelEdits decides which loggers of a broker must be changed, given what it lists. A level of ""
// is the default: the logger's own level is taken away, so that it inherits one.
func LevelEdits(have []Setting, want map[string]string) ([]Edit, error) {
	var edits []Edit
	for name, level := range want {
		if level != "" {
			if current(have, name) != level {
				edits = append(edits, Edit{Name: name, Value: level})
			}
			continue
		}
		if name == RootLogger {
			return nil, fmt.Errorf("logger root has nothing to inherit from: give it a level")
		}
		if now := current(have, name); now != "" && !slices.Contains(inherited(have, name), now) {
			edits = append(edits, Edit{Name: name, Delete: true})
		}
	}
	slices.SortFunc(edits, func(a, b Edit) int { return strings.Compare(a.Name, b.Name) })
	return edits, nil
}

// current is a logger's level as the broker tells it; "" where it lists no such logger.
func current(have []Setting, name string) string {
	i := slices.IndexFunc(have, func(s Setting) bool { return s.Name == name })
	if i < 0 {
		return ""
	}
	return have[i].Value
}

// inherited are the levels that a logger without one of its own may show: that of the nearest
// logger above it, and that of root, which older brokers show in its place.
func inherited(have []Setting, name string) []string {
	levels := []string{current(have, RootLogger)}
	for above := name; strings.Contains(above, "."); {
		above = above[:strings.LastIndexByte(above, '.')]
		if level := current(have, above); level != "" {
			return append(levels, level)
		}
	}
	return levels
}
