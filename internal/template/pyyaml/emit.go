package pyyaml

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// An emitter writes nodes. Its fields are those of libyaml's emitter, whose decisions it
// repeats one by one.
type emitter struct {
	out       strings.Builder
	indents   int // columns that a level adds
	width     int
	canonical bool
	opts      Options

	indent     int // of the current level; -1 before the first
	flowLevel  int
	column     int
	whitespace bool // the last character was a blank
	indention  bool // the line has only blanks and indicators so far
	openEnded  bool // the document must be ended explicitly
	anchors    int
}

// A context is where a node stands.
type context struct {
	mapping bool // it is a key or a value
	key     bool // it is a key without "?"
}

func newEmitter(opts Options) *emitter {
	e := &emitter{
		opts: opts, indents: opts.Indent, width: opts.Width, canonical: opts.Canonical,
		indent: -1, whitespace: true, indention: true,
	}
	if e.indents < 2 || e.indents > 9 {
		e.indents = 2
	}
	switch {
	case e.width < 0:
		e.width = math.MaxInt
	case e.width <= e.indents*2:
		e.width = 80
	}
	return e
}

func (e *emitter) document(root *node) {
	e.number(root, map[*node]bool{})
	if e.opts.ExplicitStart || e.canonical {
		e.writeIndent()
		e.indicator("---", true, false, false)
		if e.canonical {
			e.writeIndent()
		}
	}
	e.node(root, context{})
	e.writeIndent()
	if e.opts.ExplicitEnd || e.openEnded {
		e.indicator("...", true, false, false)
		e.writeIndent()
	}
}

// number gives anchors to what occurs more than once, in the order of second occurrences.
func (e *emitter) number(n *node, seen map[*node]bool) {
	if seen[n] {
		if n.anchor == "" {
			e.anchors++
			n.anchor = fmt.Sprintf("id%03d", e.anchors)
		}
		return
	}
	seen[n] = true
	for _, item := range n.items {
		e.number(item, seen)
	}
}

func (e *emitter) node(n *node, c context) {
	if n.done && n.anchor != "" {
		e.indicator("*"+n.anchor, true, false, false)
		if c.key {
			e.put(" ")
		}
		return
	}
	n.done = true
	if n.kind == scalar {
		e.scalar(n, c)
		return
	}
	e.anchor(n)
	if e.canonical {
		e.indicator("!!"+n.tag, true, false, false)
	}
	flow := e.flowLevel > 0 || e.canonical || n.flow || len(n.items) == 0
	switch {
	case n.kind == sequence && flow:
		e.flowSequence(n)
	case n.kind == sequence:
		e.blockSequence(n, c)
	case flow:
		e.flowMapping(n)
	default:
		e.blockMapping(n)
	}
}

func (e *emitter) anchor(n *node) {
	if n.anchor != "" {
		e.indicator("&"+n.anchor, true, false, false)
	}
}

// level writes the contents of a collection one level deeper.
func (e *emitter) level(flow, indentless bool, write func()) {
	outer := e.indent
	switch {
	case e.indent < 0 && flow:
		e.indent = e.indents
	case e.indent < 0:
		e.indent = 0
	case !indentless:
		e.indent += e.indents
	}
	write()
	e.indent = outer
}

func (e *emitter) flowSequence(n *node) {
	e.indicator("[", true, true, false)
	e.flowLevel++
	e.level(true, false, func() {
		for i, item := range n.items {
			e.separate(i > 0)
			e.node(item, context{})
		}
	})
	e.flowEnd("]", len(n.items))
}

// separate goes to the next item of a flow collection, on a new line past the width.
func (e *emitter) separate(comma bool) {
	if comma {
		e.indicator(",", false, false, false)
	}
	if e.canonical || e.column > e.width {
		e.writeIndent()
	}
}

func (e *emitter) flowEnd(bracket string, items int) {
	e.flowLevel--
	if e.canonical && items > 0 {
		e.indicator(",", false, false, false)
		e.writeIndent()
	}
	e.indicator(bracket, false, false, false)
}

func (e *emitter) flowMapping(n *node) {
	e.indicator("{", true, true, false)
	e.flowLevel++
	e.level(true, false, func() {
		for i := 0; i < len(n.items); i += 2 {
			e.separate(i > 0)
			if !e.canonical && e.simpleKey(n.items[i]) {
				e.node(n.items[i], context{mapping: true, key: true})
				e.indicator(":", false, false, false)
			} else {
				e.indicator("?", true, false, false)
				e.node(n.items[i], context{mapping: true})
				e.separate(false)
				e.indicator(":", true, false, false)
			}
			e.node(n.items[i+1], context{mapping: true})
		}
	})
	e.flowEnd("}", len(n.items))
}

func (e *emitter) blockSequence(n *node, c context) {
	e.level(false, c.mapping && !e.indention, func() {
		for _, item := range n.items {
			e.writeIndent()
			e.indicator("-", true, false, true)
			e.node(item, context{})
		}
	})
}

func (e *emitter) blockMapping(n *node) {
	e.level(false, false, func() {
		for i := 0; i < len(n.items); i += 2 {
			e.writeIndent()
			if e.simpleKey(n.items[i]) {
				e.node(n.items[i], context{mapping: true, key: true})
				e.indicator(":", false, false, false)
			} else {
				e.indicator("?", true, false, true)
				e.node(n.items[i], context{mapping: true})
				e.writeIndent()
				e.indicator(":", true, false, true)
			}
			e.node(n.items[i+1], context{mapping: true})
		}
	})
}

// simpleKey tells whether a key may stand before its colon on one line.
func (e *emitter) simpleKey(n *node) bool {
	if n.kind != scalar {
		return (len(n.items) == 0 || n.done && n.anchor != "") && len(n.anchor) <= 128
	}
	return !analyze(n.text).multiline && len(n.anchor)+len(n.text) <= 128
}

func (e *emitter) put(s string) {
	e.out.WriteString(s)
	e.column += utf8.RuneCountInString(s)
}

func (e *emitter) newline() {
	e.out.WriteByte('\n')
	e.column = 0
}

// writeBreak writes a line break of the text itself.
func (e *emitter) writeBreak(r rune) {
	if r == '\n' {
		e.newline()
		return
	}
	e.out.WriteRune(r)
	e.column = 0
}

func (e *emitter) writeIndent() {
	indent := max(e.indent, 0)
	if !e.indention || e.column > indent || e.column == indent && !e.whitespace {
		e.newline()
	}
	if e.column < indent {
		e.put(strings.Repeat(" ", indent-e.column))
	}
	e.whitespace, e.indention = true, true
}

func (e *emitter) indicator(s string, needBlank, isBlank, isIndention bool) {
	if needBlank && !e.whitespace {
		e.put(" ")
	}
	e.put(s)
	e.whitespace = isBlank
	e.indention = e.indention && isIndention
}
