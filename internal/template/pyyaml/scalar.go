package pyyaml

import (
	"fmt"
	"strings"
)

// An analysis says which styles can hold a text.
type analysis struct {
	multiline    bool
	flowPlain    bool
	blockPlain   bool
	singleQuoted bool
	block        bool
}

func isBreak(r rune) bool {
	return r == '\n' || r == '\r' || r == 0x85 || r == 0x2028 || r == 0x2029
}

func isBlankOrEnd(runes []rune, i int) bool {
	return i >= len(runes) || runes[i] == ' ' || runes[i] == '\t' || runes[i] == 0 || isBreak(runes[i])
}

// printable is libyaml's rule: nothing outside of the basic plane.
func printable(r rune) bool {
	return r == '\n' || r >= 0x20 && r <= 0x7e || r >= 0xa0 && r < 0xd800 || r >= 0xe000 && r < 0xfffe && r != 0xfeff
}

func analyze(text string) analysis {
	if text == "" {
		return analysis{blockPlain: true, singleQuoted: true}
	}
	runes := []rune(text)
	var flowIndicator, blockIndicator, special, breaks, breakSpace, spaceBreak bool
	if strings.HasPrefix(text, "---") || strings.HasPrefix(text, "...") {
		flowIndicator, blockIndicator = true, true
	}
	for i, r := range runes {
		before, after := i == 0 || isBlankOrEnd(runes, i-1), isBlankOrEnd(runes, i+1)
		flow, block := indicates(r, i == 0, before, after)
		flowIndicator, blockIndicator = flowIndicator || flow, blockIndicator || block
		special = special || !printable(r)
		switch {
		case isBreak(r):
			breaks = true
			spaceBreak = spaceBreak || i > 0 && runes[i-1] == ' '
		case r == ' ':
			breakSpace = breakSpace || i > 0 && isBreak(runes[i-1])
		}
	}
	first, last := runes[0], runes[len(runes)-1]
	edges := first == ' ' || isBreak(first) || last == ' ' || isBreak(last)
	plain := !edges && !breakSpace && !spaceBreak && !special && !breaks
	return analysis{
		multiline:    breaks,
		flowPlain:    plain && !flowIndicator,
		blockPlain:   plain && !blockIndicator,
		singleQuoted: !breakSpace && !spaceBreak && !special,
		block:        last != ' ' && !spaceBreak && !special,
	}
}

// indicates tells whether a character would mean something to YAML at this place.
func indicates(r rune, first, blankBefore, blankAfter bool) (flow, block bool) {
	if first {
		switch {
		case strings.ContainsRune("#,[]{}&*!|>'\"%@`", r), r == '-' && blankAfter:
			return true, true
		case r == '?' || r == ':':
			return true, blankAfter
		}
		return false, false
	}
	switch {
	case strings.ContainsRune(",?[]{}", r):
		return true, false
	case r == ':':
		return true, blankAfter
	case r == '#' && blankBefore:
		return true, true
	}
	return false, false
}

func (e *emitter) scalar(n *node, c context) {
	a := analyze(n.text)
	plainOK := resolve(n.text) == n.tag // read back without quotes, it is the same
	quotedOK := n.tag == "str"
	style := e.style(n, a, c, plainOK || !quotedOK)
	e.anchor(n)
	if e.canonical || !plainOK && !quotedOK || style != 0 && !quotedOK {
		e.indicator(tagText(n, plainOK, e.canonical), true, false, false)
	}
	e.level(true, false, func() {
		switch style {
		case 0:
			e.plain(n.text, !c.key)
		case '\'':
			e.singleQuoted(n.text, !c.key)
		case '"':
			e.doubleQuoted(n.text, !c.key)
		default:
			e.blockScalar(n.text, style)
		}
	})
}

// tagText is the tag before a scalar. A quoted one that would need none if it were plain
// gets the mark for "not what it looks like".
func tagText(n *node, plainOK, canonical bool) string {
	if plainOK && !canonical {
		return "!"
	}
	return fmt.Sprintf("!!%s", n.tag)
}

func (e *emitter) style(n *node, a analysis, c context, plainAllowed bool) byte {
	style := n.style
	if e.canonical || c.key && a.multiline {
		style = '"'
	}
	if style == 0 {
		fits := a.blockPlain
		if e.flowLevel > 0 {
			fits = a.flowPlain
		}
		if !fits || !plainAllowed || n.text == "" && (e.flowLevel > 0 || c.key) {
			style = '\''
		}
	}
	if style == '\'' && !a.singleQuoted {
		style = '"'
	}
	if (style == '|' || style == '>') && (!a.block || e.flowLevel > 0 || c.key) {
		style = '"'
	}
	return style
}
