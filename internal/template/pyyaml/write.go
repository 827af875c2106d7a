package pyyaml

import (
	"fmt"
	"strings"
)

// plain writes text as it is, broken at single spaces past the width.
func (e *emitter) plain(text string, mayBreak bool) {
	if text == "" {
		return
	}
	if !e.whitespace {
		e.put(" ")
	}
	e.flowed([]rune(text), mayBreak, false)
	e.whitespace, e.indention = false, false
}

func (e *emitter) singleQuoted(text string, mayBreak bool) {
	e.indicator("'", true, false, false)
	runes := []rune(text)
	e.flowed(runes, mayBreak, true)
	if len(runes) > 0 && isBreak(runes[len(runes)-1]) {
		e.writeIndent()
	}
	e.indicator("'", false, false, false)
	e.whitespace, e.indention = false, false
}

// flowed writes what plain and single quoted text have in common.
func (e *emitter) flowed(runes []rune, mayBreak, quoted bool) {
	spaces, breaks := false, false
	for i, r := range runes {
		switch {
		case r == ' ':
			inside := !quoted || i > 0 && i < len(runes)-1
			if mayBreak && !spaces && e.column > e.width && inside && !spaceAt(runes, i+1) {
				e.writeIndent()
			} else {
				e.put(" ")
			}
			spaces = true
		case isBreak(r):
			if !breaks && r == '\n' {
				e.newline()
			}
			e.writeBreak(r)
			e.indention = true
			breaks = true
		default:
			if breaks {
				e.writeIndent()
			}
			if quoted && r == '\'' {
				e.put("'")
			}
			e.put(string(r))
			e.indention, spaces, breaks = false, false, false
		}
	}
}

func spaceAt(runes []rune, i int) bool { return i < len(runes) && runes[i] == ' ' }

var escapes = map[rune]string{
	0: "0", '\a': "a", '\b': "b", '\t': "t", '\n': "n", '\v': "v", '\f': "f", '\r': "r", 0x1b: "e",
	'"': `"`, '\\': `\`, 0x85: "N", 0xa0: "_", 0x2028: "L", 0x2029: "P",
}

func (e *emitter) doubleQuoted(text string, mayBreak bool) {
	e.indicator(`"`, true, false, false)
	runes := []rune(text)
	spaces := false
	for i, r := range runes {
		switch {
		case !printable(r) || isBreak(r) || r == '"' || r == '\\':
			e.put(`\` + escape(r))
			spaces = false
		case r == ' ':
			if mayBreak && !spaces && e.column > e.width && i > 0 && i < len(runes)-1 {
				e.writeIndent()
				if spaceAt(runes, i+1) {
					e.put(`\`)
				}
			} else {
				e.put(" ")
			}
			spaces = true
		default:
			e.put(string(r))
			spaces = false
		}
	}
	e.indicator(`"`, false, false, false)
	e.whitespace, e.indention = false, false
}

func escape(r rune) string {
	if s, ok := escapes[r]; ok {
		return s
	}
	switch {
	case r <= 0xff:
		return fmt.Sprintf("x%02X", r)
	case r <= 0xffff:
		return fmt.Sprintf("u%04X", r)
	}
	return fmt.Sprintf("U%08X", r)
}

// blockScalar writes a literal (|) or folded (>) text.
func (e *emitter) blockScalar(text string, style byte) {
	runes := []rune(text)
	e.indicator(string(rune(style))+e.hints(runes), true, false, false)
	e.newline()
	e.whitespace, e.indention = true, true
	breaks, leadingSpaces := true, true
	for i, r := range runes {
		if isBreak(r) {
			if style == '>' && !breaks && !leadingSpaces && r == '\n' && !blankAfterBreaks(runes, i) {
				e.newline()
			}
			e.writeBreak(r)
			e.indention, breaks = true, true
			continue
		}
		if breaks {
			e.writeIndent()
			leadingSpaces = r == ' ' || r == '\t'
		}
		if style == '>' && !breaks && r == ' ' && !spaceAt(runes, i+1) && e.column > e.width {
			e.writeIndent()
		} else {
			e.put(string(r))
		}
		e.indention, breaks = false, false
	}
}

func blankAfterBreaks(runes []rune, i int) bool {
	for i < len(runes) && isBreak(runes[i]) {
		i++
	}
	return isBlankOrEnd(runes, i)
}

// hints are what follows a block text's indicator: its indentation where the text begins
// with a blank, and what happens to its last line break.
func (e *emitter) hints(runes []rune) string {
	var hints strings.Builder
	if len(runes) > 0 && (runes[0] == ' ' || isBreak(runes[0])) {
		fmt.Fprintf(&hints, "%d", e.indents)
	}
	e.openEnded = false
	last := len(runes) - 1
	switch {
	case last < 0 || !isBreak(runes[last]):
		hints.WriteByte('-')
	case last == 0 || isBreak(runes[last-1]):
		hints.WriteByte('+')
		e.openEnded = true
	}
	return hints.String()
}
