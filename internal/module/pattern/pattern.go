// Package pattern is Python's regular expressions for the modules that edit files. Groups are
// numbered as Python does, named ones too, and a search that takes too long is an error.
package pattern

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dlclark/regexp2"
)

// timeout bounds one search: back-tracking can take for ever.
const timeout = 10 * time.Second

// A Pattern is a compiled expression.
type Pattern struct {
	re     *regexp2.Regexp
	names  map[string]int
	source string
}

// A Match is where a Pattern was found, in bytes of the text.
type Match struct {
	Start, End int
	groups     []string
	names      map[string]int
}

// Compile compiles an expression. With lines, ^ and $ match at each line.
func Compile(source string, lines bool) (*Pattern, error) {
	translated, names := translate(source)
	options := regexp2.RegexOptions(regexp2.None)
	if lines {
		options = regexp2.Multiline
	}
	re, err := regexp2.Compile(translated, options)
	if err != nil {
		return nil, fmt.Errorf("regular expression %q: %w", source, err)
	}
	re.MatchTimeout = timeout
	return &Pattern{re: re, names: names, source: source}, nil
}

// translate makes numbered groups of Python's named ones, and its \Z the \z of others.
func translate(source string) (string, map[string]int) {
	var b strings.Builder
	names := map[string]int{}
	groups, class := 0, false
	for i := 0; i < len(source); i++ {
		rest := source[i:]
		switch {
		case strings.HasPrefix(rest, `\Z`) && !class:
			b.WriteString(`\z`)
			i++
			continue
		case rest[0] == '\\' && len(rest) > 1:
			b.WriteString(rest[:2])
			i++
			continue
		case class:
			class = rest[0] != ']'
		case rest[0] == '[':
			class = true
			b.WriteByte('[')
			if skip := literalBracket(rest); skip > 0 { // []…] and [^]…] hold the bracket itself
				b.WriteString(rest[1 : skip-1])
				b.WriteString(`\]`)
				i += skip - 1
			}
			continue
		case strings.HasPrefix(rest, "(?P<"):
			if end := strings.IndexByte(rest, '>'); end > 0 {
				groups++
				names[rest[4:end]] = groups
				b.WriteByte('(')
				i += end
				continue
			}
		case strings.HasPrefix(rest, "(?P="):
			if end := strings.IndexByte(rest, ')'); end > 0 {
				fmt.Fprintf(&b, `\k<%d>`, names[rest[4:end]])
				i += end
				continue
			}
		case rest[0] == '(' && !strings.HasPrefix(rest, "(?"):
			groups++
		}
		b.WriteByte(rest[0])
	}
	return b.String(), names
}

// literalBracket returns how many bytes of a class's beginning end in a "]" that stands for itself.
func literalBracket(class string) int {
	for _, start := range []string{"[]", "[^]"} {
		if strings.HasPrefix(class, start) {
			return len(start)
		}
	}
	return 0
}

// Find returns the first match at or after the byte from; nil where there is none.
func (p *Pattern) Find(text string, from int) (*Match, error) {
	runes := []rune(text)
	m, err := p.re.FindRunesMatchStartingAt(runes, len([]rune(text[:from])))
	if err != nil {
		return nil, fmt.Errorf("regular expression %q takes too long on this text: %w", p.source, err)
	}
	if m == nil {
		return nil, nil
	}
	start := byteOffset(text, m.Index)
	found := &Match{Start: start, End: start + byteOffset(text[start:], m.Length), names: p.names}
	for _, g := range m.Groups() {
		found.groups = append(found.groups, g.String())
	}
	return found, nil
}

// byteOffset returns where rune n of the text begins; a byte that is no UTF-8 counts as one rune.
func byteOffset(text string, n int) int {
	count := 0
	for i := range text {
		if count == n {
			return i
		}
		count++
	}
	return len(text)
}

// Expand puts the groups of the match into a template: \1, \g<1>, \g<name>, \n, \t, \\.
func (m *Match) Expand(template string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(template); i++ {
		if template[i] != '\\' || i+1 == len(template) {
			b.WriteByte(template[i])
			continue
		}
		i++
		switch c := template[i]; {
		case c == 'g' && strings.HasPrefix(template[i:], "g<"):
			end := strings.IndexByte(template[i:], '>')
			if end < 0 {
				return "", fmt.Errorf(`missing > in %q`, template)
			}
			text, err := m.group(template[i+2 : i+end])
			if err != nil {
				return "", err
			}
			b.WriteString(text)
			i += end
		case c >= '1' && c <= '9':
			end := i + 1
			if end < len(template) && template[end] >= '0' && template[end] <= '9' {
				end++
			}
			text, err := m.group(template[i:end])
			if err != nil {
				return "", err
			}
			b.WriteString(text)
			i = end - 1
		case strings.IndexByte("ntrafv0", c) >= 0:
			b.WriteByte(map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', 'a': '\a', 'f': '\f', 'v': '\v', '0': 0}[c])
		case c == '\\':
			b.WriteByte('\\')
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			return "", fmt.Errorf(`bad escape \%c in %q`, c, template)
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

func (m *Match) group(name string) (string, error) {
	n, err := strconv.Atoi(name)
	if err != nil {
		known := false
		if n, known = m.names[name]; !known {
			return "", fmt.Errorf("the regular expression has no group named %q", name)
		}
	}
	if n >= len(m.groups) {
		return "", fmt.Errorf("the regular expression has no group %d", n)
	}
	return m.groups[n], nil
}
