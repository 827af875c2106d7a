package jinja

import (
	"strings"
	"unicode/utf8"

	"kops/internal/value"
)

const prettyWidth = 80

// pretty is pprint as Ansible's users know it: containers are on one line, as repr shows
// them (pprint does not see through Ansible's own types), and long strings are wrapped.
func pretty(v value.Value) string {
	s, ok := v.(string)
	if !ok {
		return value.Repr(v)
	}
	if repr := value.Repr(s); utf8.RuneCountInString(repr) <= prettyWidth {
		return repr
	}
	return prettyText(s)
}

// prettyText breaks a long string into literals, one a line.
func prettyText(s string) string {
	const indent, allowance = 1, 1
	var chunks []string
	lines := splitLines(s, true)
	for i, line := range lines {
		width := prettyWidth - indent
		if i == len(lines)-1 {
			width -= allowance
		}
		if utf8.RuneCountInString(value.Repr(line)) <= width {
			chunks = append(chunks, value.Repr(line))
			continue
		}
		current := ""
		parts := textParts(line)
		for j, part := range parts {
			limit := prettyWidth - indent
			if j == len(parts)-1 && i == len(lines)-1 {
				limit -= allowance
			}
			if utf8.RuneCountInString(value.Repr(current+part)) > limit {
				if current != "" {
					chunks = append(chunks, value.Repr(current))
				}
				current = part
			} else {
				current += part
			}
		}
		if current != "" {
			chunks = append(chunks, value.Repr(current))
		}
	}
	if len(chunks) == 1 {
		return value.Repr(s)
	}
	return "(" + strings.Join(chunks, "\n ") + ")"
}

// textParts splits a line into words with the blanks after them.
func textParts(s string) []string {
	var parts []string
	start, inSpace := 0, false
	for i, r := range s {
		space := isSpace(r)
		if inSpace && !space {
			parts = append(parts, s[start:i])
			start = i
		}
		inSpace = space
	}
	return append(parts, s[start:])
}
