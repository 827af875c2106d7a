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
	before   *view   // what it was made of, where that is no text itself
}

// viewOf returns the view of s.
func viewOf(s string) view {
	var before *view
	if strings.IndexByte(s, '%') >= 0 {
		before = percentDecoded(s)
		s = string(before.text)
	}
	v := newView(len(s))
	v.before = before
	for i := 0; i < len(s); {
		switch s[i] {
		case '\\':
			i += v.escape(s, i)
		case '&':
			i = v.entity(s, i, i+1)
		default:
			if quoting[s[i]] {
				i++
				continue
			}
			v.put(s[i], i, i+1)
			i++
		}
	}
	return v
}

// quoting are the bytes that quoting brings or takes. + is a space in URLs.
var quoting = [256]bool{' ': true, '\t': true, '\n': true, '\r': true, '"': true, '\'': true, '\\': true, '+': true}

func newView(size int) view {
	return view{text: make([]byte, 0, size), from: make([]int32, 0, size), to: make([]int32, 0, size)}
}

// percentDecoded undoes the outermost quoting of URLs: what it brings may be escapes.
func percentDecoded(s string) *view {
	v := newView(len(s))
	for i := 0; i < len(s); i++ {
		c, from := s[i], i
		if c == '%' && i+2 < len(s) && isHex(s[i+1:i+3]) {
			c = byte(number16(s[i+1 : i+3]))
			i += 2
		}
		v.text, v.from, v.to = append(v.text, c), append(v.from, int32(from)), append(v.to, int32(i+1))
	}
	return &v
}

// put adds a byte, unless it is one that quoting brings or takes.
func (v *view) put(c byte, from, to int) {
	if quoting[c] {
		return
	}
	start, end := int32(from), int32(to)
	if v.before != nil {
		start, end = v.before.from[from], v.before.to[to-1]
	}
	v.text, v.from, v.to = append(v.text, c), append(v.from, start), append(v.to, end)
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
		if r == '&' {
			return v.entity(s, i, end) - i
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

// entities are those of HTML that escaping writes, without the &.
var entities = []struct {
	text string
	char byte
}{{"amp;", '&'}, {"lt;", '<'}, {"gt;", '>'}, {"quot;", '"'}, {"apos;", '\''}, {"#34;", '"'}, {"#39;", '\''}, {"#x27;", '\''}}

// entity takes what follows an & that stands from i to end, and returns where that ends.
func (v *view) entity(s string, i, end int) int {
	for _, e := range entities {
		if strings.HasPrefix(s[end:], e.text) {
			end += len(e.text)
			v.put(e.char, i, end)
			return end
		}
	}
	v.put('&', i, end)
	return end
}
