package jinja

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What surrounds code: {{ }}, {% %}, a line statement, or nothing.
type codeKind uint8

const (
	codeVariable codeKind = iota
	codeBlock
	codeLine
	codeExpression
)

// operators, longest first.
var operators = []string{"**", "//", "==", "!=", ">=", "<=",
	"+", "-", "*", "/", "%", "~", "(", ")", "[", "]", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";"}

// code reads tokens up to the end of what surrounds them, which began at at.
func (l *lexer) code(k codeKind, at int) error {
	var brackets []byte
	for {
		if k == codeLine && len(brackets) == 0 && l.lineEnd() {
			return nil
		}
		l.skipSpace()
		if l.pos >= l.end {
			switch k {
			case codeExpression:
				return nil
			case codeLine:
				l.emit(tBlockEnd, l.end, "")
				return nil
			case codeVariable:
				return l.fail(at, "unexpected end of template: %s is never closed by %s", l.opts.VariableStart, l.opts.VariableEnd)
			}
			return l.fail(at, "unexpected end of template: %s is never closed by %s", l.opts.BlockStart, l.opts.BlockEnd)
		}
		if len(brackets) == 0 && l.codeEnd(k) {
			return nil
		}
		var err error
		if brackets, err = l.codeToken(k, brackets); err != nil {
			return err
		}
	}
}

// lineEnd reads the end of a line statement: nothing but blanks up to a newline.
func (l *lexer) lineEnd() bool {
	i := l.pos
	for i < l.end && l.src[i] != '\n' && (l.src[i] == ' ' || l.src[i] == '\t' || l.src[i] == '\r') {
		i++
	}
	if i < l.end && l.src[i] != '\n' {
		return false
	}
	l.emit(tBlockEnd, l.pos, "")
	l.pos = min(i+1, l.end)
	l.lineStart = true
	return true
}

// codeEnd reads the end delimiter, if it is here.
func (l *lexer) codeEnd(k codeKind) bool {
	at := l.pos
	switch k {
	case codeVariable:
		rest := l.src[l.pos:l.end]
		if strings.HasPrefix(rest, "-"+l.opts.VariableEnd) {
			l.emit(tVarEnd, at, "")
			l.pos += 1 + len(l.opts.VariableEnd)
			l.skipSpace()
		} else if strings.HasPrefix(rest, l.opts.VariableEnd) {
			l.emit(tVarEnd, at, "")
			l.pos += len(l.opts.VariableEnd)
		} else {
			return false
		}
		l.lineStart = l.src[l.pos-1] == '\n'
		return true
	case codeBlock:
		if l.closeTag(l.opts.BlockEnd) {
			l.emit(tBlockEnd, at, "")
			return true
		}
	}
	return false
}

func (l *lexer) codeToken(k codeKind, brackets []byte) ([]byte, error) {
	at := l.pos
	rest := l.src[at:l.end]
	r, _ := utf8.DecodeRuneInString(rest)
	switch {
	case r >= '0' && r <= '9':
		kind, size := scanNumber(rest, at > 0 && l.src[at-1] == '.')
		l.emit(kind, at, strings.ReplaceAll(rest[:size], "_", ""))
		l.pos += size
		return brackets, nil
	case r == '_' || unicode.IsLetter(r):
		size := scanName(rest)
		l.emit(tName, at, rest[:size])
		l.pos += size
		return brackets, nil
	case r == '"' || r == '\'':
		return brackets, l.quoted(k, byte(r))
	}
	for _, op := range operators {
		if !strings.HasPrefix(rest, op) {
			continue
		}
		switch c := op[0]; c {
		case '(', '[', '{':
			if len(brackets) > maxNesting {
				return nil, l.fail(at, "brackets are nested more than %d levels deep", maxNesting)
			}
			brackets = append(brackets, map[byte]byte{'(': ')', '[': ']', '{': '}'}[c])
		case ')', ']', '}':
			if len(brackets) == 0 {
				return nil, l.fail(at, "unexpected '%c'", c)
			}
			if want := brackets[len(brackets)-1]; want != c {
				return nil, l.fail(at, "unexpected '%c', expected '%c'", c, want)
			}
			brackets = brackets[:len(brackets)-1]
		}
		l.emit(tOp, at, op)
		l.pos += len(op)
		return brackets, nil
	}
	return nil, l.fail(at, "unexpected character %q", r)
}

func scanName(s string) int {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r) {
			return i
		}
	}
	return len(s)
}

// scanDigits returns the length of digits with single underscores between them.
func scanDigits(s string, valid func(byte) bool) int {
	i := 0
	for i < len(s) {
		if valid(s[i]) {
			i++
		} else if s[i] == '_' && i+1 < len(s) && valid(s[i+1]) && i > 0 {
			i += 2
		} else {
			break
		}
	}
	return i
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// scanNumber measures the number that s begins with. After a dot it is an integer: x.0.1.
func scanNumber(s string, afterDot bool) (kind, int) {
	if len(s) > 2 && s[0] == '0' {
		valid := map[byte]func(byte) bool{
			'x': func(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' },
			'o': func(c byte) bool { return c >= '0' && c <= '7' },
			'b': func(c byte) bool { return c == '0' || c == '1' },
		}[s[1]|0x20]
		if valid != nil {
			skip := 2
			if s[2] == '_' && len(s) > 3 {
				skip = 3
			}
			if n := scanDigits(s[skip:], valid); n > 0 {
				return tInt, skip + n
			}
		}
	}
	n := scanDigits(s, isDigit)
	if afterDot {
		return tInt, n
	}
	end := n
	if end+1 < len(s) && s[end] == '.' && isDigit(s[end+1]) {
		end += 1 + scanDigits(s[end+1:], isDigit)
	}
	if end < len(s) && s[end]|0x20 == 'e' {
		exp := end + 1
		if exp < len(s) && (s[exp] == '+' || s[exp] == '-') {
			exp++
		}
		if d := scanDigits(s[exp:], isDigit); d > 0 {
			end = exp + d
		}
	}
	if end > n {
		return tFloat, end
	}
	if s[0] == '0' {
		n = scanDigits(s, func(c byte) bool { return c == '0' })
	}
	return tInt, n
}

func (l *lexer) quoted(k codeKind, quote byte) error {
	at := l.pos
	for i := at + 1; i < l.end; i++ {
		switch l.src[i] {
		case '\\':
			i++
		case quote:
			raw := normalizeNewlines(l.src[at+1 : i])
			l.pos = i + 1
			if strings.IndexByte(raw, '\\') < 0 || k == codeVariable && l.opts.LiteralBackslashes {
				l.emit(tString, at, raw)
				return nil
			}
			text, err := unescape(raw)
			if err != nil {
				return l.fail(at, "%w", err)
			}
			l.emit(tString, at, text)
			return nil
		}
	}
	return l.fail(at, "the string that begins here is never closed by %c", quote)
}
