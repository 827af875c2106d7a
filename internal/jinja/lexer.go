package jinja

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"kops/internal/diag"
	"kops/internal/value"
)

// A lexer turns source into tokens. It follows Jinja2's lexer: the first of the start
// delimiters wins, the longest at the same place; brackets hide end delimiters.
type lexer struct {
	opts   *Options
	src    string
	pos    int
	end    int // without the newline that is not kept
	begin  value.Position
	tokens []token
	// lineStart: the text before pos ended with a newline, so blanks before a tag may go.
	lineStart bool
	tagged    bool // there is a tag, if only a comment
}

func (l *lexer) fail(at int, format string, args ...any) error {
	return diag.Errorf(positionIn(l.src, at, l.begin), format, args...)
}

// positionIn returns the place of offset at in source, which begins at begin.
func positionIn(source string, at int, begin value.Position) value.Position {
	if begin.Line == 0 {
		begin.Line = 1
	}
	if begin.Column == 0 {
		begin.Column = 1
	}
	before := source[:min(at, len(source))]
	if n := strings.Count(before, "\n"); n > 0 {
		begin.Line += n
		begin.Column = 1 + begin.Indent
		before = before[strings.LastIndexByte(before, '\n')+1:]
	}
	begin.Column += utf8.RuneCountInString(before)
	begin.Indent = 0
	return begin
}

func (l *lexer) emit(k kind, at int, text string) {
	l.tokens = append(l.tokens, token{kind: k, at: at, text: text})
}

// run tokenizes a template, or a bare expression.
func (l *lexer) run(expression bool) ([]token, error) {
	l.end = len(l.src)
	if expression {
		if err := l.code(codeExpression, 0); err != nil {
			return nil, err
		}
		l.emit(tEOF, l.end, "")
		return l.tokens, nil
	}
	if !l.opts.KeepTrailingNewline {
		switch {
		case strings.HasSuffix(l.src, "\r\n"):
			l.end -= 2
		case strings.HasSuffix(l.src, "\n"), strings.HasSuffix(l.src, "\r"):
			l.end--
		}
	}
	l.lineStart = true
	for l.pos < l.end {
		if err := l.root(); err != nil {
			return nil, err
		}
	}
	l.emit(tEOF, l.end, "")
	return l.tokens, nil
}

type tag uint8

const (
	tagNone tag = iota
	tagBlock
	tagVariable
	tagComment
	tagLine
	tagLineComment
)

// nextTag finds the next start delimiter at or after from.
func (l *lexer) nextTag(from int) (at int, which tag, size int) {
	o := l.opts
	at = l.end
	try := func(start string, t tag) {
		i := strings.Index(l.src[from:l.end], start)
		if i < 0 {
			return
		}
		i += from
		if i < at || i == at && len(start) > size {
			at, which, size = i, t, len(start)
		}
	}
	try(o.BlockStart, tagBlock)
	try(o.VariableStart, tagVariable)
	try(o.CommentStart, tagComment)
	if o.LineStatementPrefix != "" {
		l.nextLineTag(from, o.LineStatementPrefix, tagLine, false, &at, &which, &size)
	}
	if o.LineCommentPrefix != "" {
		l.nextLineTag(from, o.LineCommentPrefix, tagLineComment, true, &at, &which, &size)
	}
	return at, which, size
}

// nextLineTag looks for a prefix that begins a line, but for blanks before it; a comment
// may also follow text on its line. The tag's size includes the blanks.
func (l *lexer) nextLineTag(from int, prefix string, t tag, anywhere bool, at *int, which *tag, size *int) {
	for i := from; i <= *at; {
		j := strings.Index(l.src[i:l.end], prefix)
		if j < 0 {
			return
		}
		j += i
		start := j
		for start > from && (l.src[start-1] == ' ' || l.src[start-1] == '\t' || l.src[start-1] == '\v') {
			start--
		}
		lineBegin := start == 0 || l.src[start-1] == '\n'
		if (lineBegin || anywhere) && start <= *at {
			*at, *which, *size = start, t, j+len(prefix)-start
			return
		}
		i = j + 1
	}
}

// root reads text up to the next tag, and the tag.
func (l *lexer) root() error {
	from := l.pos
	at, which, size := l.nextTag(from)
	text := l.src[from:at]
	if which == tagNone {
		l.data(from, text)
		l.pos = l.end
		return nil
	}
	l.tagged = true
	inside := at + size
	sign := byte(0)
	if which <= tagComment && inside < l.end && (l.src[inside] == '-' || l.src[inside] == '+') {
		sign = l.src[inside]
		inside++
	}
	text = l.strip(text, sign, which)
	l.data(from, text)
	l.lineStart = false
	l.pos = inside
	switch which {
	case tagComment:
		return l.comment(at)
	case tagLineComment:
		if i := strings.IndexByte(l.src[inside:l.end], '\n'); i >= 0 {
			l.pos = inside + i
		} else {
			l.pos = l.end
		}
		return nil
	case tagVariable:
		l.emit(tVarBegin, at, "")
		return l.code(codeVariable, at)
	case tagBlock:
		if end, ok := l.rawBegin(inside); ok {
			return l.raw(at, end)
		}
	}
	l.emit(tBlockBegin, at, "")
	if which == tagLine {
		return l.code(codeLine, at)
	}
	return l.code(codeBlock, at)
}

// strip removes the blanks at the end of text that the tag after it does not want.
func (l *lexer) strip(text string, sign byte, which tag) string {
	switch {
	case sign == '-':
		return strings.TrimRightFunc(text, unicode.IsSpace)
	case sign == '+' || !l.opts.LstripBlocks || which == tagVariable:
		return text
	}
	begin := strings.LastIndexByte(text, '\n') + 1
	if (begin > 0 || l.lineStart) && begin < len(text) && strings.TrimSpace(text[begin:]) == "" {
		return text[:begin]
	}
	return text
}

func (l *lexer) data(at int, text string) {
	if text == "" {
		return
	}
	if strings.IndexByte(text, '\r') >= 0 {
		text = normalizeNewlines(text)
	}
	if n := len(l.tokens); n > 0 && l.tokens[n-1].kind == tData {
		l.tokens[n-1].text += text
		return
	}
	l.emit(tData, at, text)
}

func normalizeNewlines(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// skipSpace moves on to the next character that is not white.
func (l *lexer) skipSpace() {
	for l.pos < l.end {
		r, size := utf8.DecodeRuneInString(l.src[l.pos:])
		if !unicode.IsSpace(r) {
			return
		}
		l.pos += size
	}
}

// closeTag reads the end delimiter of a block or comment at l.pos, with its sign and
// what it takes from the text after it. ok is false where there is none.
func (l *lexer) closeTag(delimiter string) bool {
	rest := l.src[l.pos:l.end]
	sign := byte(0)
	if rest != "" && (rest[0] == '-' || rest[0] == '+') && strings.HasPrefix(rest[1:], delimiter) {
		sign = rest[0]
		l.pos++
	} else if !strings.HasPrefix(rest, delimiter) {
		return false
	}
	l.pos += len(delimiter)
	switch {
	case sign == '-':
		l.skipSpace()
	case sign == 0 && l.opts.TrimBlocks:
		if strings.HasPrefix(l.src[l.pos:l.end], "\r\n") {
			l.pos += 2
		} else if l.pos < l.end && l.src[l.pos] == '\n' {
			l.pos++
		}
	}
	l.lineStart = l.pos > 0 && l.src[l.pos-1] == '\n'
	return true
}

func (l *lexer) comment(at int) error {
	i := strings.Index(l.src[l.pos:l.end], l.opts.CommentEnd)
	if i < 0 {
		return l.fail(at, "missing end of comment tag %s", l.opts.CommentEnd)
	}
	end := l.pos + i
	if i > 0 && (l.src[end-1] == '-' || l.src[end-1] == '+') {
		end--
	}
	l.pos = end
	l.closeTag(l.opts.CommentEnd)
	return nil
}

// rawBegin tells whether the block tag whose inside begins at pos is "raw", and where
// its text begins.
func (l *lexer) rawBegin(pos int) (end int, ok bool) {
	rest := strings.TrimLeftFunc(l.src[pos:l.end], unicode.IsSpace)
	if !strings.HasPrefix(rest, "raw") {
		return 0, false
	}
	rest = strings.TrimLeftFunc(rest[3:], unicode.IsSpace)
	if strings.HasPrefix(rest, "-"+l.opts.BlockEnd) {
		rest = strings.TrimLeftFunc(rest[1+len(l.opts.BlockEnd):], unicode.IsSpace)
	} else if strings.HasPrefix(rest, l.opts.BlockEnd) {
		rest = rest[len(l.opts.BlockEnd):]
	} else {
		return 0, false
	}
	return l.end - len(rest), true
}

// raw reads the text of a raw block up to its end tag.
func (l *lexer) raw(at, from int) error {
	l.lineStart = false
	for pos := from; ; {
		i := strings.Index(l.src[pos:l.end], l.opts.BlockStart)
		if i < 0 {
			return l.fail(at, "missing end of raw directive")
		}
		begin := pos + i
		l.pos = begin + len(l.opts.BlockStart)
		sign := byte(0)
		if l.pos < l.end && (l.src[l.pos] == '-' || l.src[l.pos] == '+') {
			sign = l.src[l.pos]
			l.pos++
		}
		l.skipSpace()
		if strings.HasPrefix(l.src[l.pos:l.end], "endraw") {
			l.pos += len("endraw")
			l.skipSpace()
			lineStart := l.lineStart
			if l.closeTag(l.opts.BlockEnd) {
				after := l.lineStart
				l.lineStart = lineStart
				l.data(from, l.strip(l.src[from:begin], sign, tagBlock))
				l.lineStart = after
				return nil
			}
		}
		pos = begin + 1
	}
}
