package jinja

import (
	"slices"
	"strings"
	"unicode/utf8"

	"kops/internal/value"
)

const prettyWidth = 80

// pretty is Python's pprint.pformat: one line where it fits, else one item a line, keys
// sorted.
func pretty(v value.Value) string {
	var b strings.Builder
	prettyTo(&b, v, 0, 0)
	return b.String()
}

// prettyRepr is repr with sorted keys.
func prettyRepr(v value.Value) string { return value.Repr(sortKeys(v, 0)) }

func sortKeys(v value.Value, depth int) value.Value {
	if depth > maxNesting {
		return v
	}
	all := func(items []value.Value) []value.Value {
		out := make([]value.Value, len(items))
		for i, item := range items {
			out[i] = sortKeys(item, depth+1)
		}
		return out
	}
	switch v := v.(type) {
	case *group:
		return sortKeys(v.tuple(), depth)
	case *value.List:
		return value.NewList(all(v.Items)...)
	case value.Tuple:
		return value.Tuple(all(v))
	case *value.Map:
		m := &value.Map{}
		for _, k := range sortedKeys(v) {
			m.Set(k, sortKeys(v.At(k), depth+1))
		}
		return m
	}
	return v
}

func sortedKeys(m *value.Map) []value.Value {
	keys := m.Keys()
	slices.SortStableFunc(keys, func(a, b value.Value) int {
		if c, err := value.Compare(a, b); err == nil {
			return c
		}
		return strings.Compare(value.TypeName(a), value.TypeName(b))
	})
	return keys
}

// prettyTo writes v, which begins at column indent; allowance characters follow it on
// its last line.
func prettyTo(b *strings.Builder, v value.Value, indent, allowance int) {
	if g, ok := v.(*group); ok {
		v = g.tuple()
	}
	repr := prettyRepr(v)
	if utf8.RuneCountInString(repr) <= prettyWidth-indent-allowance || indent > 10*prettyWidth {
		b.WriteString(repr)
		return
	}
	switch v := v.(type) {
	case *value.Map:
		if v.Len() == 0 {
			break
		}
		b.WriteByte('{')
		keys := sortedKeys(v)
		for i, k := range keys {
			if i > 0 {
				b.WriteString(",\n" + strings.Repeat(" ", indent+1))
			}
			name := value.Repr(k)
			b.WriteString(name + ": ")
			last := 1
			if i == len(keys)-1 {
				last = allowance + 1
			}
			prettyTo(b, v.At(k), indent+1+utf8.RuneCountInString(name)+2, last)
		}
		b.WriteByte('}')
		return
	case *value.List:
		b.WriteByte('[')
		prettyItems(b, v.Items, indent+1, allowance+1)
		b.WriteByte(']')
		return
	case value.Tuple:
		b.WriteByte('(')
		end := ")"
		if len(v) == 1 {
			end = ",)"
		}
		prettyItems(b, v, indent+1, allowance+len(end))
		b.WriteString(end)
		return
	case string:
		prettyText(b, v, indent, allowance)
		return
	}
	b.WriteString(repr)
}

func prettyItems(b *strings.Builder, items []value.Value, indent, allowance int) {
	for i, item := range items {
		if i > 0 {
			b.WriteString(",\n" + strings.Repeat(" ", indent))
		}
		if i == len(items)-1 {
			prettyTo(b, item, indent, allowance)
		} else {
			prettyTo(b, item, indent, 1)
		}
	}
}

// prettyText breaks a long string into literals, one a line.
func prettyText(b *strings.Builder, s string, indent, allowance int) {
	top := indent == 0
	if top {
		indent, allowance = 1, allowance+1
	}
	var chunks []string
	lines := splitLines(s, true)
	for i, line := range lines {
		width := prettyWidth - indent
		if i == len(lines)-1 {
			width -= allowance
		}
		if utf8.RuneCountInString(value.Repr(line)) <= width {
			chunks = append(chunks, value.Repr(line))
			continue
		}
		current := ""
		parts := textParts(line)
		for j, part := range parts {
			limit := prettyWidth - indent
			if j == len(parts)-1 && i == len(lines)-1 {
				limit -= allowance
			}
			if utf8.RuneCountInString(value.Repr(current+part)) > limit {
				if current != "" {
					chunks = append(chunks, value.Repr(current))
				}
				current = part
			} else {
				current += part
			}
		}
		if current != "" {
			chunks = append(chunks, value.Repr(current))
		}
	}
	if len(chunks) == 1 {
		b.WriteString(value.Repr(s))
		return
	}
	text := strings.Join(chunks, "\n"+strings.Repeat(" ", indent))
	if top {
		text = "(" + text + ")"
	}
	b.WriteString(text)
}

// textParts splits a line into words with the blanks after them.
func textParts(s string) []string {
	var parts []string
	start, inSpace := 0, false
	for i, r := range s {
		space := isSpace(r)
		if inSpace && !space {
			parts = append(parts, s[start:i])
			start = i
		}
		inSpace = space
	}
	return append(parts, s[start:])
}
