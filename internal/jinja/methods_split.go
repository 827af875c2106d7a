package jinja

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"kops/internal/value"
)

func stripMethod(c *Call, s, name string) (value.Value, error) {
	args, err := c.Bind("chars=")
	if err != nil {
		return nil, err
	}
	match := isSpace
	if args[0] != Missing && args[0] != nil {
		chars, ok := args[0].(string)
		if !ok {
			return nil, fmt.Errorf("%s arg must be None or str", name)
		}
		match = func(r rune) bool { return strings.ContainsRune(chars, r) }
	}
	if name != "rstrip" {
		s = strings.TrimLeftFunc(s, match)
	}
	if name != "lstrip" {
		s = strings.TrimRightFunc(s, match)
	}
	return s, nil
}

// isSpace is what str.isspace holds to be white.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

func splitMethod(c *Call, s string, fromRight bool) (value.Value, error) {
	args, err := c.Bind("sep=", "maxsplit=")
	if err != nil {
		return nil, err
	}
	limit, err := c.Int(1, "maxsplit", -1)
	if err != nil {
		return nil, err
	}
	if limit < 0 {
		limit = len(s) + 1
	}
	if args[0] == Missing || args[0] == nil {
		return value.Strings(splitSpace(s, limit, fromRight)), nil
	}
	sep, ok := args[0].(string)
	switch {
	case !ok:
		return nil, fmt.Errorf("must be str or None, not %s", value.TypeName(args[0]))
	case sep == "":
		return nil, errors.New("empty separator")
	case !fromRight:
		return value.Strings(strings.SplitN(s, sep, limit+1)), nil
	}
	var parts []string
	for ; limit > 0; limit-- {
		i := strings.LastIndex(s, sep)
		if i < 0 {
			break
		}
		parts = append([]string{s[i+len(sep):]}, parts...)
		s = s[:i]
	}
	return value.Strings(append([]string{s}, parts...)), nil
}

func splitSpace(s string, limit int, fromRight bool) []string {
	if limit > len(s) {
		return strings.FieldsFunc(s, isSpace)
	}
	parts := []string{}
	if fromRight {
		s = strings.TrimRightFunc(s, isSpace)
		for ; s != ""; limit-- {
			i := strings.LastIndexFunc(s, isSpace)
			if limit == 0 || i < 0 {
				return append([]string{s}, parts...)
			}
			_, size := utf8.DecodeRuneInString(s[i:])
			parts = append([]string{s[i+size:]}, parts...)
			s = strings.TrimRightFunc(s[:i], isSpace)
		}
		return parts
	}
	s = strings.TrimLeftFunc(s, isSpace)
	for ; s != ""; limit-- {
		i := strings.IndexFunc(s, isSpace)
		if limit == 0 || i < 0 {
			return append(parts, s)
		}
		parts = append(parts, s[:i])
		s = strings.TrimLeftFunc(s[i:], isSpace)
	}
	return parts
}

// splitLines is str.splitlines: all that Unicode calls a line boundary.
func splitLines(s string, keep bool) []string {
	lines := []string{}
	for s != "" {
		i := strings.IndexFunc(s, func(r rune) bool {
			return r >= '\n' && r <= '\r' || r >= 0x1c && r <= 0x1e || r == 0x85 || r == 0x2028 || r == 0x2029
		})
		if i < 0 {
			return append(lines, s)
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		if strings.HasPrefix(s[i:], "\r\n") {
			size = 2
		}
		end := i
		if keep {
			end += size
		}
		lines = append(lines, s[:end])
		s = s[i+size:]
	}
	return lines
}
