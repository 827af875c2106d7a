package inventory

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"kops/internal/value"
)

var (
	pythonInt   = regexp.MustCompile(`^[-+]?(?:0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|0+|[1-9][0-9]*(?:_[0-9]+)*)`)
	pythonFloat = regexp.MustCompile(`^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?:[eE]))(?:[eE]?[-+]?[0-9]+)?`)
)

// literal reads a Python literal: a number, True, False, None, a quoted text, a list, a
// tuple or a dict. ok is false for anything else, which INI inventories mean as text.
func literal(s string) (v value.Value, ok bool) {
	p := &literalParser{rest: strings.TrimSpace(s)}
	v, ok = p.value()
	p.space()
	return v, ok && p.rest == ""
}

type literalParser struct{ rest string }

func (p *literalParser) space() { p.rest = strings.TrimLeft(p.rest, " \t") }

func (p *literalParser) take(prefix string) bool {
	p.space()
	after, ok := strings.CutPrefix(p.rest, prefix)
	if ok {
		p.rest = after
	}
	return ok
}

func (p *literalParser) value() (value.Value, bool) {
	p.space()
	for _, word := range []struct {
		text string
		v    value.Value
	}{{"True", true}, {"False", false}, {"None", nil}} {
		if strings.HasPrefix(p.rest, word.text) {
			p.rest = p.rest[len(word.text):]
			return word.v, true
		}
	}
	switch {
	case p.rest == "":
		return nil, false
	case p.rest[0] == '\'' || p.rest[0] == '"':
		return p.text()
	case p.take("["):
		items, ok := p.items("]")
		return value.NewList(items...), ok
	case p.take("("):
		items, ok := p.items(")")
		return value.NewList(items...), ok
	case p.take("{"):
		return p.dict()
	}
	return p.number()
}

func (p *literalParser) number() (value.Value, bool) {
	if m := pythonFloat.FindString(p.rest); m != "" {
		f, err := strconv.ParseFloat(m, 64)
		p.rest = p.rest[len(m):]
		return f, err == nil
	}
	m := pythonInt.FindString(p.rest)
	if m == "" {
		return nil, false
	}
	p.rest = p.rest[len(m):]
	i, ok := new(big.Int).SetString(strings.TrimPrefix(m, "+"), 0)
	if !ok {
		return nil, false
	}
	return value.Int(i), true
}

// text reads a quoted text with Python's usual escapes.
func (p *literalParser) text() (value.Value, bool) {
	quote := p.rest[0]
	var b strings.Builder
	for i := 1; i < len(p.rest); i++ {
		c := p.rest[i]
		switch {
		case c == quote:
			p.rest = p.rest[i+1:]
			return b.String(), true
		case c == '\\' && i+1 < len(p.rest):
			i++
			switch e := p.rest[i]; e {
			case 'n':
				b.WriteByte('\n')
			case 't':
				b.WriteByte('\t')
			case 'r':
				b.WriteByte('\r')
			case '\\', '\'', '"':
				b.WriteByte(e)
			default:
				b.WriteByte('\\')
				b.WriteByte(e)
			}
		default:
			b.WriteByte(c)
		}
	}
	return nil, false
}

func (p *literalParser) items(end string) ([]value.Value, bool) {
	var items []value.Value
	for {
		if p.take(end) {
			return items, true
		}
		v, ok := p.value()
		if !ok {
			return nil, false
		}
		items = append(items, v)
		if !p.take(",") {
			return items, p.take(end)
		}
	}
}

func (p *literalParser) dict() (value.Value, bool) {
	m := value.NewMap()
	for {
		if p.take("}") {
			return m, true
		}
		k, ok := p.value()
		if !ok || !value.Hashable(k) || !p.take(":") {
			return nil, false
		}
		v, ok := p.value()
		if !ok {
			return nil, false
		}
		m.Set(k, v)
		if !p.take(",") {
			return m, p.take("}")
		}
	}
}
