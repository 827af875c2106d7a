package value

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxWidth bounds widths and precisions.
const maxWidth = 1 << 20

// A Spec is a parsed format specification: [[fill]align][sign][#][0][width][,][.precision][type].
type Spec struct {
	Fill      rune
	Align     byte // '<', '>', '^', '=' or 0
	Sign      byte // '+', '-', ' ' or 0
	Alt, Zero bool
	Width     int
	Group     byte // ',', '_' or 0
	Precision int  // -1: none
	Type      byte
}

// ParseSpec reads a format specification, as in "{:>8.2f}".
func ParseSpec(s string) (Spec, error) {
	spec := Spec{Fill: ' ', Precision: -1}
	isAlign := func(r rune) bool { return r == '<' || r == '>' || r == '^' || r == '=' }
	first, size := utf8.DecodeRuneInString(s)
	if len(s) > size {
		if second, n := utf8.DecodeRuneInString(s[size:]); isAlign(second) {
			spec.Fill, spec.Align, s = first, byte(second), s[size+n:]
		}
	}
	if spec.Align == 0 && size > 0 && isAlign(first) {
		spec.Align, s = byte(first), s[size:]
	}
	next := func(chars string) byte {
		if s != "" && strings.IndexByte(chars, s[0]) >= 0 {
			c := s[0]
			s = s[1:]
			return c
		}
		return 0
	}
	spec.Sign = next("+- ")
	next("z")
	spec.Alt = next("#") != 0
	spec.Zero = next("0") != 0
	var err error
	if spec.Width, s, err = digits(s, 0); err != nil {
		return spec, err
	}
	spec.Group = next(",_")
	if next(".") != 0 {
		if spec.Precision, s, err = digits(s, -1); err != nil {
			return spec, err
		}
		if spec.Precision < 0 {
			return spec, errors.New("Format specifier missing precision")
		}
	}
	if len(s) > 1 {
		return spec, errors.New("invalid format specifier")
	}
	if s != "" {
		spec.Type = s[0]
	}
	return spec, nil
}

func digits(s string, none int) (int, string, error) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i == 0 {
		return none, s, nil
	}
	n, err := strconv.Atoi(s[:i])
	if err != nil || n > maxWidth {
		return 0, "", errors.New("too many decimal digits in format string")
	}
	return n, s[i:], nil
}

// Format is Python's format(v, spec).
func Format(v Value, text string) (string, error) {
	if text == "" {
		return Str(v), nil
	}
	spec, err := ParseSpec(text)
	if err != nil {
		return "", err
	}
	unknown := func() error {
		return fmt.Errorf("Unknown format code '%c' for object of type '%s'", spec.Type, TypeName(v))
	}
	if s, ok := v.(string); ok {
		switch {
		case spec.Type != 0 && spec.Type != 's':
			return "", unknown()
		case spec.Align == '=':
			return "", errors.New("'=' alignment not allowed in string format specifier")
		case spec.Sign != 0:
			return "", errors.New("sign not allowed in string format specifier")
		}
		if spec.Zero && spec.Fill == ' ' {
			spec.Fill = '0'
		}
		spec.Zero = false
		return spec.text(s, '<'), nil
	}
	i, f, ok := number(v)
	if !ok {
		return "", fmt.Errorf("unsupported format string passed to %s.__format__", TypeName(v))
	}
	if i != nil {
		switch spec.Type {
		case 0, 'd', 'x', 'X', 'o', 'b', 'n':
			if _, isBool := v.(bool); isBool && spec.Type == 0 {
				return spec.text(Str(v), '>'), nil
			}
			if spec.Precision >= 0 {
				return "", errors.New("precision not allowed in integer format specifier")
			}
			return spec.integer(i), nil
		case 'c':
			return spec.text(string(rune(i.Int64())), '<'), nil
		case 'e', 'E', 'f', 'F', 'g', 'G', '%':
			if f, err = toFloat(i); err != nil {
				return "", err
			}
		default:
			return "", unknown()
		}
	}
	switch spec.Type {
	case 0, 'e', 'E', 'f', 'F', 'g', 'G', '%', 'n':
		return spec.float(f, '>')
	}
	return "", unknown()
}

// text pads and cuts s.
func (s Spec) text(text string, align byte) string {
	if s.Precision >= 0 && utf8.RuneCountInString(text) > s.Precision {
		text = string([]rune(text)[:s.Precision])
	}
	return s.pad("", text, align)
}

func (s Spec) signOf(negative bool) string {
	switch {
	case negative:
		return "-"
	case s.Sign == '+' || s.Sign == ' ':
		return string(s.Sign)
	}
	return ""
}

// pad brings sign and body to the width. align is the default.
func (s Spec) pad(sign, body string, align byte) string {
	missing := s.Width - utf8.RuneCountInString(sign) - utf8.RuneCountInString(body)
	fill := s.Fill
	if s.Align != 0 {
		align = s.Align
	} else if s.Zero {
		align, fill = '=', '0'
	}
	if s.Zero && s.Align != 0 && s.Fill == ' ' && s.Align != '<' {
		fill = '0'
	}
	if missing <= 0 {
		return sign + body
	}
	padding := strings.Repeat(string(fill), missing)
	switch align {
	case '<':
		return sign + body + padding
	case '=':
		return sign + padding + body
	case '^':
		left := strings.Repeat(string(fill), missing/2)
		return left + sign + body + strings.Repeat(string(fill), missing-missing/2)
	}
	return padding + sign + body
}

func (s Spec) integer(i *big.Int) string {
	base, prefix, group := 10, "", 3
	switch s.Type {
	case 'x', 'X':
		base, prefix, group = 16, "0x", 4
	case 'o':
		base, prefix, group = 8, "0o", 4
	case 'b':
		base, prefix, group = 2, "0b", 4
	}
	digits := new(big.Int).Abs(i).Text(base)
	if !s.Alt {
		prefix = ""
	}
	if s.Type == 'X' {
		digits, prefix = strings.ToUpper(digits), strings.ToUpper(prefix)
	}
	sign := s.signOf(i.Sign() < 0) + prefix
	return s.pad(sign, s.grouped(digits, group, len(sign)), '>')
}

// grouped puts the separator between groups of digits, after filling with zeros where
// the zero flag asks for it.
func (s Spec) grouped(digits string, group, signLen int) string {
	if s.Group == 0 {
		return digits
	}
	whole, fraction, point := strings.Cut(digits, ".")
	if point {
		fraction = "." + fraction
	}
	if s.Zero && s.Align == 0 {
		for {
			n := len(whole) + 1
			if n+(n-1)/group+len(fraction)+signLen > s.Width {
				break
			}
			whole = "0" + whole
		}
	}
	var b strings.Builder
	for i := range len(whole) {
		if i > 0 && (len(whole)-i)%group == 0 {
			b.WriteByte(s.Group)
		}
		b.WriteByte(whole[i])
	}
	return b.String() + fraction
}

func (s Spec) float(f float64, align byte) (string, error) {
	sign := s.signOf(math.Signbit(f) && !math.IsNaN(f))
	f = math.Abs(f)
	var body string
	switch {
	case math.IsNaN(f):
		body = "nan"
	case math.IsInf(f, 0):
		body = "inf"
	default:
		body = s.floatBody(f)
	}
	if s.Type == 'E' || s.Type == 'F' || s.Type == 'G' {
		body = strings.ToUpper(body)
	}
	if s.Type == '%' {
		body += "%"
	}
	if body[0] >= '0' && body[0] <= '9' {
		body = s.grouped(body, 3, len(sign))
	}
	return s.pad(sign, body, align), nil
}

func (s Spec) floatBody(f float64) string {
	precision := s.Precision
	if precision < 0 && s.Type != 0 {
		precision = 6
	}
	switch s.Type {
	case 'f', 'F', '%':
		if s.Type == '%' {
			f *= 100
		}
		text := strconv.FormatFloat(f, 'f', precision, 64)
		if s.Alt && precision == 0 {
			text += "."
		}
		return text
	case 'e', 'E':
		return fixExponent(strconv.FormatFloat(f, 'e', precision, 64))
	case 0:
		if precision < 0 {
			return FloatText(f)
		}
		text := general(f, max(precision, 1), false, precision-1)
		if !strings.ContainsAny(text, ".en") {
			text += ".0"
		}
		return text
	}
	return general(f, max(precision, 1), s.Alt, max(precision, 1))
}

// general is C's %g: an exponent below 1e-4 and from 10**limit.
func general(f float64, precision int, keepZeros bool, limit int) string {
	e := strconv.FormatFloat(f, 'e', precision-1, 64)
	mantissa, exponent, _ := strings.Cut(e, "e")
	exp, _ := strconv.Atoi(exponent)
	text, suffix := mantissa, ""
	if exp < -4 || exp >= limit {
		suffix = "e" + exponentText(exp)
	} else {
		text = strconv.FormatFloat(f, 'f', max(precision-1-exp, 0), 64)
	}
	if !keepZeros && strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text + suffix
}

func fixExponent(s string) string {
	mantissa, exponent, _ := strings.Cut(s, "e")
	exp, _ := strconv.Atoi(exponent)
	return mantissa + "e" + exponentText(exp)
}

// truncate is Python's int(f).
func truncate(f float64) (*big.Int, error) {
	switch {
	case math.IsNaN(f):
		return nil, errors.New("cannot convert float NaN to integer")
	case math.IsInf(f, 0):
		return nil, errors.New("cannot convert float infinity to integer")
	}
	i, _ := big.NewFloat(f).Int(nil)
	return i, nil
}
