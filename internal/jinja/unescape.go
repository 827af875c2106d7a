package jinja

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// unescape replaces the escapes of a Python string literal. An unknown one stays as it is.
func unescape(s string) (string, error) {
	var b strings.Builder
	for {
		text, rest, found := strings.Cut(s, `\`)
		b.WriteString(text)
		if !found {
			return b.String(), nil
		}
		if rest == "" {
			return "", errors.New(`\ at end of string`)
		}
		c := rest[0]
		s = rest[1:]
		switch c {
		case '\n':
		case '\\', '\'', '"':
			b.WriteByte(c)
		case 'a':
			b.WriteByte('\a')
		case 'b':
			b.WriteByte('\b')
		case 'f':
			b.WriteByte('\f')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case 'v':
			b.WriteByte('\v')
		case 'x', 'u', 'U':
			r, rest, err := hexEscape(c, s)
			if err != nil {
				return "", err
			}
			b.WriteRune(r)
			s = rest
		case '0', '1', '2', '3', '4', '5', '6', '7':
			n := 1
			for n < 3 && n < len(rest) && rest[n] >= '0' && rest[n] <= '7' {
				n++
			}
			r, _ := strconv.ParseUint(rest[:n], 8, 32)
			b.WriteRune(rune(r))
			s = rest[n:]
		case 'N':
			return "", errors.New(`\N{name} escapes are not supported; use \u and the character's number`)
		default:
			b.WriteByte('\\')
			s = rest
			_, size := utf8.DecodeRuneInString(s)
			b.WriteString(s[:size])
			s = s[size:]
		}
	}
}

func hexEscape(c byte, s string) (rune, string, error) {
	n := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
	if len(s) < n {
		return 0, "", fmt.Errorf(`truncated \%c escape`, c)
	}
	r, err := strconv.ParseUint(s[:n], 16, 32)
	if err != nil {
		return 0, "", fmt.Errorf(`truncated \%c escape`, c)
	}
	s = s[n:]
	if r >= 0xd800 && r < 0xdc00 && strings.HasPrefix(s, `\u`) && len(s) >= 6 {
		if low, err := strconv.ParseUint(s[2:6], 16, 32); err == nil && low >= 0xdc00 && low < 0xe000 {
			return rune(0x10000 + (r-0xd800)<<10 + (low - 0xdc00)), s[6:], nil
		}
	}
	if r > utf8.MaxRune {
		return 0, "", errors.New("illegal Unicode character")
	}
	return rune(r), s, nil
}
