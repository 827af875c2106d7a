package value

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Printf is Python's `format % arg`: arg is a Tuple of values, a mapping for %(name)s,
// or the only value.
func Printf(format string, arg Value) (string, error) {
	p := printer{arg: arg}
	p.args, p.isTuple = arg.(Tuple)
	if !p.isTuple {
		p.args = Tuple{arg}
	}
	for {
		text, rest, found := strings.Cut(format, "%")
		p.out.WriteString(text)
		if !found {
			break
		}
		var err error
		if format, err = p.directive(rest); err != nil {
			return "", err
		}
	}
	_, isMap := arg.(*Map)
	if p.next < len(p.args) && !p.named && (p.isTuple || !isMap) {
		return "", errors.New("not all arguments converted during string formatting")
	}
	return p.out.String(), nil
}

type printer struct {
	out     strings.Builder
	arg     Value
	args    Tuple
	isTuple bool
	next    int
	named   bool
}

func (p *printer) take() (Value, error) {
	if p.next >= len(p.args) {
		return nil, errors.New("not enough arguments for format string")
	}
	p.next++
	return p.args[p.next-1], nil
}

// directive writes one conversion and returns what follows it.
func (p *printer) directive(s string) (string, error) {
	var spec Spec
	spec.Precision = -1
	spec.Fill = ' '
	var val Value
	have := false
	if strings.HasPrefix(s, "(") {
		name, rest, ok := cutKey(s)
		if !ok {
			return "", errors.New("incomplete format key")
		}
		m, ok := p.arg.(*Map)
		if !ok {
			return "", errors.New("format requires a mapping")
		}
		if val, have = m.Get(name); !have {
			return "", fmt.Errorf("%s", Repr(name))
		}
		p.named, s = true, rest
	}
	i := 0
	for ; i < len(s) && strings.IndexByte("-+ #0", s[i]) >= 0; i++ {
		switch s[i] {
		case '-':
			spec.Align = '<'
		case '+':
			spec.Sign = '+'
		case ' ':
			if spec.Sign != '+' {
				spec.Sign = ' '
			}
		case '#':
			spec.Alt = true
		case '0':
			spec.Zero = true
		}
	}
	s = s[i:]
	width, s, err := p.count(s)
	if err != nil {
		return "", err
	}
	if width < 0 {
		spec.Align, width = '<', -width
	}
	spec.Width = width
	if strings.HasPrefix(s, ".") {
		if spec.Precision, s, err = p.count(s[1:]); err != nil {
			return "", err
		}
	}
	s = strings.TrimLeft(s, "hlL")
	if s == "" {
		return "", errors.New("incomplete format")
	}
	conv, size := utf8.DecodeRuneInString(s)
	if conv == '%' {
		p.out.WriteByte('%')
		return s[size:], nil
	}
	if !have {
		if val, err = p.take(); err != nil {
			return "", err
		}
	}
	text, err := convert(conv, spec, val)
	if err != nil {
		return "", err
	}
	p.out.WriteString(text)
	return s[size:], nil
}

// cutKey splits "(name)rest"; the name may hold balanced parentheses.
func cutKey(s string) (name, rest string, ok bool) {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return s[1:i], s[i+1:], true
			}
		}
	}
	return "", "", false
}

// count reads a width or precision, or takes it from the arguments.
func (p *printer) count(s string) (int, string, error) {
	if strings.HasPrefix(s, "*") {
		v, err := p.take()
		if err != nil {
			return 0, "", err
		}
		n, ok := v.(int64)
		if !ok {
			return 0, "", errors.New("* wants int")
		}
		if n > maxWidth || n < -maxWidth {
			return 0, "", errors.New("width too big")
		}
		return int(n), s[1:], nil
	}
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i == 0 {
		return 0, s, nil
	}
	n, err := strconv.Atoi(s[:i])
	if err != nil || n > maxWidth {
		return 0, "", errors.New("width too big")
	}
	return n, s[i:], nil
}

func convert(conv rune, spec Spec, v Value) (string, error) {
	switch conv {
	case 's', 'r', 'a':
		text := Str(v)
		if conv != 's' {
			text = Repr(v)
		}
		spec.Zero = false
		return spec.text(text, '>'), nil
	case 'c':
		if s, ok := v.(string); ok && utf8.RuneCountInString(s) == 1 {
			spec.Zero = false
			return spec.text(s, '>'), nil
		}
		n, ok := v.(int64)
		if !ok {
			return "", errors.New("%c requires int or char")
		}
		return spec.text(string(rune(n)), '>'), nil
	case 'd', 'i', 'u', 'x', 'X', 'o':
		i, f, ok := number(v)
		if !ok || i == nil && (conv == 'x' || conv == 'X' || conv == 'o') {
			need := "a real number"
			if conv == 'x' || conv == 'X' || conv == 'o' {
				need = "an integer"
			}
			return "", fmt.Errorf("%%%c format: %s is required, not %s", conv, need, TypeName(v))
		}
		if i == nil {
			var err error
			if i, err = truncate(f); err != nil {
				return "", err
			}
		}
		if conv == 'i' || conv == 'u' {
			conv = 'd'
		}
		spec.Type = byte(conv)
		return spec.printfInt(i), nil
	case 'e', 'E', 'f', 'F', 'g', 'G':
		i, f, ok := number(v)
		if !ok {
			return "", fmt.Errorf("must be real number, not %s", TypeName(v))
		}
		if i != nil {
			var err error
			if f, err = toFloat(i); err != nil {
				return "", err
			}
		}
		spec.Type = byte(conv)
		return spec.float(f, '>')
	}
	return "", fmt.Errorf("unsupported format character %s (0x%x)", quoteRune(conv), conv)
}

func quoteRune(r rune) string { return "'" + string(r) + "'" }

// printfInt writes an integer whose precision is its least number of digits.
func (s Spec) printfInt(i *big.Int) string {
	base, prefix := 10, ""
	switch s.Type {
	case 'x', 'X':
		base, prefix = 16, "0x"
	case 'o':
		base, prefix = 8, "0o"
	}
	digits := new(big.Int).Abs(i).Text(base)
	if len(digits) < s.Precision {
		digits = strings.Repeat("0", s.Precision-len(digits)) + digits
	}
	if !s.Alt {
		prefix = ""
	}
	if s.Type == 'X' {
		digits, prefix = strings.ToUpper(digits), strings.ToUpper(prefix)
	}
	return s.pad(s.signOf(i.Sign() < 0)+prefix, digits, '>')
}
