package value

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Str is Python's str(): a string as it is, anything else as Repr shows it.
func Str(v Value) string {
	switch v := v.(type) {
	case string:
		return v
	case Template:
		return v.Source
	case int64:
		return strconv.FormatInt(v, 10)
	}
	var b strings.Builder
	writeRepr(&b, v, 0)
	return b.String()
}

// Repr is Python's repr(). Undefined and Unknown values, which Python cannot show, are
// written in angle brackets.
func Repr(v Value) string {
	var b strings.Builder
	writeRepr(&b, v, 0)
	return b.String()
}

// maxDepth is how deep containers may be nested before they are cut short: a list that
// contains itself.
const maxDepth = 200

func writeRepr(b *strings.Builder, v Value, depth int) {
	if depth > maxDepth {
		b.WriteString("...")
		return
	}
	switch v := v.(type) {
	case nil:
		b.WriteString("None")
	case bool:
		if v {
			b.WriteString("True")
		} else {
			b.WriteString("False")
		}
	case int64:
		b.WriteString(strconv.FormatInt(v, 10))
	case *big.Int:
		b.WriteString(v.String())
	case float64:
		b.WriteString(FloatText(v))
	case string:
		quote(b, v)
	case Template:
		quote(b, v.Source)
	case Bytes:
		quoteBytes(b, v)
	case *List:
		b.WriteByte('[')
		writeItems(b, v.Items, depth)
		b.WriteByte(']')
	case Tuple:
		b.WriteByte('(')
		writeItems(b, v, depth)
		if len(v) == 1 {
			b.WriteByte(',')
		}
		b.WriteByte(')')
	case *Map:
		b.WriteByte('{')
		first := true
		for k, item := range v.All() {
			if !first {
				b.WriteString(", ")
			}
			first = false
			writeRepr(b, k, depth+1)
			b.WriteString(": ")
			writeRepr(b, item, depth+1)
		}
		b.WriteByte('}')
	case Undefined:
		b.WriteString("<undefined: " + v.Error() + ">")
	case Unknown:
		b.WriteString("<unknown: " + v.Why + ">")
	case fmt.Stringer:
		b.WriteString(v.String())
	case Object:
		m, err := objectMap(v)
		if err != nil {
			b.WriteString("<" + err.Error() + ">")
			return
		}
		writeRepr(b, m, depth+1)
	default:
		fmt.Fprintf(b, "%v", v)
	}
}

// objectMap reads every item of o.
func objectMap(o Object) (*Map, error) {
	m := &Map{}
	for _, k := range o.Keys() {
		item, _, err := o.Get(k)
		if err != nil {
			return nil, err
		}
		m.Set(k, item)
	}
	return m, nil
}

func writeItems(b *strings.Builder, items []Value, depth int) {
	for i, item := range items {
		if i > 0 {
			b.WriteString(", ")
		}
		writeRepr(b, item, depth+1)
	}
}

// FloatText is Python's repr of a float: the shortest digits that read back the same,
// with an exponent below 1e-4 and from 1e16.
func FloatText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	s := strconv.FormatFloat(f, 'e', -1, 64)
	mantissa, exponent, _ := strings.Cut(s, "e")
	exp, _ := strconv.Atoi(exponent)
	if exp >= -4 && exp < 16 {
		s = strconv.FormatFloat(f, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	return mantissa + "e" + exponentText(exp)
}

// exponentText writes an exponent with its sign and at least two digits.
func exponentText(exp int) string {
	sign := "+"
	if exp < 0 {
		sign, exp = "-", -exp
	}
	return fmt.Sprintf("%s%02d", sign, exp)
}

func quoteFor(s string) byte {
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		return '"'
	}
	return '\''
}

func quote(b *strings.Builder, s string) {
	q := quoteFor(s)
	b.WriteByte(q)
	for i, r := range s {
		switch {
		case r == rune(q) || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == utf8.RuneError && invalidAt(s, i):
			fmt.Fprintf(b, `\udc%02x`, s[i])
		case r >= ' ' && r < 0x7f:
			b.WriteByte(byte(r))
		case r >= 0x7f && unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(b, `\u%04x`, r)
		default:
			fmt.Fprintf(b, `\U%08x`, r)
		}
	}
	b.WriteByte(q)
}

// invalidAt tells whether the byte at i is not UTF-8, as opposed to a real U+FFFD.
func invalidAt(s string, i int) bool {
	_, size := utf8.DecodeRuneInString(s[i:])
	return size == 1
}

func quoteBytes(b *strings.Builder, s Bytes) {
	q := quoteFor(string(s))
	b.WriteByte('b')
	b.WriteByte(q)
	for _, c := range s {
		switch {
		case c == q || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c >= ' ' && c < 0x7f:
			b.WriteByte(c)
		default:
			fmt.Fprintf(b, `\x%02x`, c)
		}
	}
	b.WriteByte(q)
}
