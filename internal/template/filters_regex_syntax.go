package template

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"kops/internal/value"
)

// A translator rewrites a regular expression of Python's re in the syntax of .NET, which
// the library follows. Named groups become numbered ones, since .NET numbers them last.
type translator struct {
	src    []rune
	pos    int
	out    strings.Builder
	groups int
	names  map[string]int
}

func (t *translator) rest() string { return string(t.src[t.pos:]) }

func (t *translator) take(prefix string) bool {
	if strings.HasPrefix(t.rest(), prefix) {
		t.pos += len([]rune(prefix))
		return true
	}
	return false
}

// until takes the text up to an end mark, and the mark.
func (t *translator) until(mark rune) (string, error) {
	for i := t.pos; i < len(t.src); i++ {
		if t.src[i] == mark {
			text := string(t.src[t.pos:i])
			t.pos = i + 1
			return text, nil
		}
	}
	return "", fmt.Errorf("missing %c, unterminated name at position %d", mark, t.pos)
}

func (t *translator) translate() (string, error) {
	for t.pos < len(t.src) {
		r := t.src[t.pos]
		var err error
		switch r {
		case '\\':
			err = t.escape(false)
		case '[':
			err = t.class()
		case '(':
			err = t.group()
		case '{':
			t.pos++
			if t.isUpTo() {
				t.out.WriteString("{0")
			} else {
				t.out.WriteRune('{')
			}
		default:
			t.pos++
			t.out.WriteRune(r)
		}
		if err != nil {
			return "", err
		}
	}
	return t.out.String(), nil
}

// isUpTo tells whether a quantifier {,n} begins here, past its brace.
func (t *translator) isUpTo() bool {
	digits, _, closed := strings.Cut(t.rest(), "}")
	n, ok := strings.CutPrefix(digits, ",")
	return closed && ok && n != "" && strings.Trim(n, "0123456789") == ""
}

func (t *translator) group() error {
	start := t.pos
	t.pos++
	if !t.take("?") {
		t.groups++
		t.out.WriteByte('(')
		return nil
	}
	switch {
	case t.take("P<"):
		name, err := t.until('>')
		if err != nil {
			return err
		}
		if !identifier(name) {
			return fmt.Errorf("bad character in group name %s at position %d", value.Repr(name), start+4)
		}
		if _, ok := t.names[name]; ok {
			return fmt.Errorf("redefinition of group name %s at position %d", value.Repr(name), start+4)
		}
		t.groups++
		t.names[name] = t.groups
		t.out.WriteByte('(')
	case t.take("P="):
		name, err := t.until(')')
		if err != nil {
			return err
		}
		n, ok := t.names[name]
		if !ok {
			return fmt.Errorf("unknown group name %s at position %d", value.Repr(name), start+4)
		}
		fmt.Fprintf(&t.out, `(?:\%d)`, n)
	case t.take("("):
		name, err := t.until(')')
		if err != nil {
			return err
		}
		n, ok := t.names[name]
		if !ok {
			if n, err = strconv.Atoi(name); err != nil {
				return fmt.Errorf("unknown group name %s at position %d", value.Repr(name), start+3)
			}
		}
		fmt.Fprintf(&t.out, "(?(%d)", n)
	default:
		return t.extension(start)
	}
	return nil
}

// extension passes on what both syntaxes share, and inline flags.
func (t *translator) extension(start int) error {
	for _, prefix := range []string{":", "=", "!", ">", "<=", "<!"} {
		if t.take(prefix) {
			t.out.WriteString("(?" + prefix)
			return nil
		}
	}
	if t.take("#") {
		_, err := t.until(')')
		return err
	}
	flags := ""
	for t.pos < len(t.src) && strings.ContainsRune("aiLmsux-", t.src[t.pos]) {
		if strings.ContainsRune("imsx-", t.src[t.pos]) {
			flags += string(t.src[t.pos])
		}
		t.pos++
	}
	if t.pos == start+2 || t.pos == len(t.src) || t.src[t.pos] != ')' && t.src[t.pos] != ':' {
		return fmt.Errorf("unknown extension ?%c at position %d", append(t.src, ' ')[start+2], start+1)
	}
	end := string(t.src[t.pos])
	t.pos++
	if flags != "" || end == ":" {
		t.out.WriteString("(?" + flags + end)
	}
	return nil
}

func identifier(s string) bool {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return s != ""
}

// class translates [...]. A bracket inside it is plain text in Python and begins a
// subtraction in .NET.
func (t *translator) class() error {
	start := t.pos
	t.pos++
	t.out.WriteByte('[')
	if t.take("^") {
		t.out.WriteByte('^')
	}
	for first := true; t.pos < len(t.src); first = false {
		r := t.src[t.pos]
		switch {
		case r == ']' && !first:
			t.pos++
			t.out.WriteByte(']')
			return nil
		case r == ']' || r == '[':
			t.pos++
			t.out.WriteString(`\` + string(r))
		case r == '\\':
			if err := t.escape(true); err != nil {
				return err
			}
		default:
			t.pos++
			t.out.WriteRune(r)
		}
	}
	return fmt.Errorf("unterminated character set at position %d", start)
}

func (t *translator) escape(inClass bool) error {
	if t.pos+1 >= len(t.src) {
		return fmt.Errorf("bad escape (end of pattern) at position %d", t.pos)
	}
	r := t.src[t.pos+1]
	t.pos += 2
	known := "AbBdDsSwWafnrtvxu"
	if inClass {
		known = "bdDsSwWafnrtvxu"
	}
	switch {
	case r == 'Z' && !inClass:
		t.out.WriteString(`\z`)
	case r == 'U':
		if len(t.src) < t.pos+8 {
			return fmt.Errorf(`incomplete escape \U at position %d`, t.pos-2)
		}
		n, err := strconv.ParseInt(string(t.src[t.pos:t.pos+8]), 16, 32)
		if err != nil {
			return fmt.Errorf(`incomplete escape \U at position %d`, t.pos-2)
		}
		t.pos += 8
		t.literal(rune(n))
	case strings.ContainsRune(known, r):
		t.out.WriteString(`\` + string(r))
	case r < 0x80 && unicode.IsLetter(r):
		return fmt.Errorf(`bad escape \%c at position %d`, r, t.pos-2)
	case r >= '0' && r <= '9':
		t.out.WriteString(`\` + string(r))
	default:
		t.literal(r)
	}
	return nil
}

// literal writes a character that stands for itself.
func (t *translator) literal(r rune) {
	if r < 0x80 && r != '_' && !unicode.IsLetter(r) {
		t.out.WriteByte('\\')
	}
	t.out.WriteRune(r)
}

// A part is a piece of a replacement: text, then a group's where group is not negative.
type part struct {
	text  string
	group int
}

// replacement reads Python's template of re.sub: \1, \g<name>, \n.
func (p *pattern) replacement(source string) ([]part, error) {
	var parts []part
	var text strings.Builder
	add := func(name string) error {
		n, err := p.group(name)
		if err != nil {
			return fmt.Errorf("invalid group reference %s in the replacement", name)
		}
		parts = append(parts, part{text.String(), n})
		text.Reset()
		return nil
	}
	for i := 0; i < len(source); i++ {
		if source[i] != '\\' {
			text.WriteByte(source[i])
			continue
		}
		i++
		if i == len(source) {
			return nil, errors.New("bad escape (end of pattern)")
		}
		c := source[i]
		switch {
		case c == 'g':
			name, _, ok := strings.Cut(source[i+1:], ">")
			if !ok || !strings.HasPrefix(name, "<") {
				return nil, errors.New(`missing < or > after \g in the replacement`)
			}
			if err := add(name[1:]); err != nil {
				return nil, err
			}
			i += len(name) + 1
		case c >= '0' && c <= '9':
			digits := octal(source[i:])
			if digits == "" {
				digits = source[i : i+1]
				if i+1 < len(source) && source[i+1] >= '0' && source[i+1] <= '9' {
					digits = source[i : i+2]
				}
				if err := add(digits); err != nil {
					return nil, err
				}
			} else {
				n, _ := strconv.ParseInt(digits, 8, 32)
				text.WriteRune(rune(n))
			}
			i += len(digits) - 1
		case strings.IndexByte("abfnrtv", c) >= 0:
			text.WriteByte("\a\b\f\n\r\t\v"[strings.IndexByte("abfnrtv", c)])
		case c == '\\':
			text.WriteByte('\\')
		case c < 0x80 && unicode.IsLetter(rune(c)):
			return nil, fmt.Errorf(`bad escape \%c in the replacement`, c)
		default:
			text.WriteByte('\\')
			text.WriteByte(c)
		}
	}
	return append(parts, part{text.String(), -1}), nil
}

// octal returns the digits of an octal escape that s begins with: 0 and up to two more,
// or three.
func octal(s string) string {
	n := 0
	for n < len(s) && n < 3 && s[n] >= '0' && s[n] <= '7' {
		n++
	}
	if s[0] == '0' || n == 3 {
		return s[:n]
	}
	return ""
}
