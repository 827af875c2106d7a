package secret

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A view is a text without its quoting: without white space, quotes and backslashes, with
// escapes, percent signs and entities decoded. A secret and the same secret in JSON inside
// YAML inside JSON have one view, however deep, and so do a long text and one that was
// wrapped or indented.
type view struct {
	text     []byte
	from, to []int32 // where each byte of text comes from
}

// viewOf returns the view of s.
func viewOf(s string) view {
	v := view{text: make([]byte, 0, len(s)), from: make([]int32, 0, len(s)), to: make([]int32, 0, len(s))}
	for i := 0; i < len(s); {
		c := s[i]
		n := 1
		switch {
		case c == '\\':
			n = v.escape(s, i)
		case c == '%' && i+2 < len(s) && isHex(s[i+1:i+3]):
			n = 3
			v.put(byte(number16(s[i+1:i+3])), i, i+3)
		case c == '&':
			n = v.entity(s, i)
		default:
			v.put(c, i, i+1)
		}
		i += n
	}
	return v
}

// put adds a byte, unless it is one that quoting brings or takes.
func (v *view) put(c byte, from, to int) {
	switch c {
	case ' ', '\t', '\n', '\r', '"', '\'', '\\':
		return
	}
	v.text = append(v.text, c)
	v.from, v.to = append(v.from, int32(from)), append(v.to, int32(to))
}

func (v *view) putRune(r rune, from, to int) {
	var b [utf8.UTFMax]byte
	for _, c := range b[:utf8.EncodeRune(b[:], r)] {
		v.put(c, from, to)
	}
}

// escape takes any number of backslashes with what they escape, and returns how much it took.
func (v *view) escape(s string, i int) int {
	j := i
	for j < len(s) && s[j] == '\\' {
		j++
	}
	if j == len(s) {
		return j - i
	}
	switch c := s[j]; c {
	case 'n', 'r', 't':
		return j + 1 - i
	case 'x', 'u', 'U':
		digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
		r, end := codePoint(s, j+1, digits)
		if end == 0 {
			return j - i
		}
		if utf16.IsSurrogate(r) {
			low := end
			for low < len(s) && s[low] == '\\' {
				low++
			}
			if second, after := codePoint(s, low+1, 4); low < len(s) && s[low] == 'u' && after > 0 {
				r, end = utf16.DecodeRune(r, second), after
			}
		}
		v.putRune(r, i, end)
		return end - i
	}
	if at := strings.IndexByte("abefv0", s[j]); at >= 0 {
		v.put("\a\b\x1b\f\v\x00"[at], i, j+1)
		return j + 1 - i
	}
	return j - i
}

// codePoint reads hexadecimal digits at i; end is 0 where there are none.
func codePoint(s string, i, digits int) (r rune, end int) {
	if i+digits > len(s) || !isHex(s[i:i+digits]) {
		return 0, 0
	}
	return rune(number16(s[i : i+digits])), i + digits
}

func isHex(s string) bool {
	return strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

func number16(s string) uint64 {
	n, _ := strconv.ParseUint(s, 16, 32) // isHex has looked at it
	return n
}

// entities are those of HTML that escaping writes.
var entities = []struct {
	text string
	char byte
}{{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&#34;", '"'}, {"&#39;", '\''}, {"&#x27;", '\''}}

func (v *view) entity(s string, i int) int {
	for _, e := range entities {
		if strings.HasPrefix(s[i:], e.text) {
			v.put(e.char, i, i+len(e.text))
			return len(e.text)
		}
	}
	v.put('&', i, i+1)
	return 1
}
