package jinja

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"kops/internal/value"
)

func filterWordwrap(c *Call) (value.Value, error) {
	args, err := c.Bind("s", "width=", "break_long_words=", "wrapstring=", "break_on_hyphens=")
	if err != nil {
		return nil, err
	}
	s, ok := args[0].(string)
	if !ok {
		return nil, fmt.Errorf("'%s' object has no attribute 'splitlines'", value.TypeName(args[0]))
	}
	width, err := c.Int(1, "width", 79)
	if err != nil {
		return nil, err
	}
	if width <= 0 {
		return nil, fmt.Errorf("invalid width %d (must be > 0)", width)
	}
	sep, ok := args[3].(string)
	if !ok {
		sep = "\n"
	}
	w := wrapper{width: width, breakLong: c.Bool(2, "break_long_words", true), hyphens: c.Bool(4, "break_on_hyphens", true)}
	var paragraphs []string
	for _, line := range splitLines(s, false) {
		paragraphs = append(paragraphs, strings.Join(w.wrap(line), sep))
	}
	return strings.Join(paragraphs, sep), c.Spend(2 * len(s))
}

// A wrapper is Python's textwrap.TextWrapper.
type wrapper struct {
	width              int
	breakLong, hyphens bool
}

// wrap breaks text, which has no newlines, into lines.
func (w wrapper) wrap(text string) []string {
	var lines []string
	chunks := w.chunks([]rune(text))
	for len(chunks) > 0 {
		if len(lines) > 0 && isBlank(chunks[0]) {
			chunks = chunks[1:]
			if len(chunks) == 0 {
				break
			}
		}
		var line []string
		length := 0
		for len(chunks) > 0 && length+utf8.RuneCountInString(chunks[0]) <= w.width {
			length += utf8.RuneCountInString(chunks[0])
			line = append(line, chunks[0])
			chunks = chunks[1:]
		}
		if len(chunks) > 0 && utf8.RuneCountInString(chunks[0]) > w.width {
			line, chunks = w.long(line, chunks, length)
		}
		if n := len(line); n > 0 && isBlank(line[n-1]) {
			line = line[:n-1]
		}
		if len(line) > 0 {
			lines = append(lines, strings.Join(line, ""))
		}
	}
	return lines
}

func isBlank(s string) bool { return strings.TrimSpace(s) == "" }

// long places a chunk that is longer than a line.
func (w wrapper) long(line, chunks []string, length int) (newLine, rest []string) {
	space := max(w.width-length, 1)
	if w.breakLong {
		runes := []rune(chunks[0])
		end := space
		if w.hyphens && len(runes) > space {
			hyphen := strings.LastIndexByte(string(runes[:space]), '-')
			if hyphen > 0 && strings.Trim(string(runes[:space])[:hyphen], "-") != "" {
				end = utf8.RuneCountInString(string(runes[:space])[:hyphen]) + 1
			}
		}
		return append(line, string(runes[:end])), append([]string{string(runes[end:])}, chunks[1:]...)
	}
	if len(line) == 0 {
		return []string{chunks[0]}, chunks[1:]
	}
	return line, chunks
}

// chunks splits text where lines may be broken.
func (w wrapper) chunks(s []rune) []string {
	var chunks []string
	for i := 0; i < len(s); {
		j := i + 1
		switch {
		case isWrapSpace(s[i]):
			for j < len(s) && isWrapSpace(s[j]) {
				j++
			}
		case w.hyphens && i > 0 && isPunct(s[i-1]) && dash(s, i) > 0:
			j = i + dash(s, i)
		default:
			for j < len(s) && !isWrapSpace(s[j]) && (!w.hyphens || !breakable(s, i, j)) {
				j++
			}
		}
		chunks = append(chunks, string(s[i:j]))
		i = j
	}
	return chunks
}

func isWrapSpace(r rune) bool { return strings.ContainsRune("\t\n\v\f\r ", r) }

func isPunct(r rune) bool { return isWord(r) || strings.ContainsRune(`!"'&.,?`, r) }

// dash returns the length of two or more hyphens at i that a word follows.
func dash(s []rune, i int) int {
	n := 0
	for i+n < len(s) && s[i+n] == '-' {
		n++
	}
	if n >= 2 && i+n < len(s) && isWord(s[i+n]) {
		return n
	}
	return 0
}

// breakable tells whether a word that begins at i may end before j: after a hyphen
// between letters, or before a dash.
func breakable(s []rune, i, j int) bool {
	if isPunct(s[j-1]) && dash(s, j) > 0 {
		return true
	}
	if s[j-1] != '-' || j-1 == i {
		return false
	}
	letter := func(k int) bool {
		return k >= 0 && k < len(s) && (s[k] == '_' || unicode.IsLetter(s[k]))
	}
	before := letter(j-2) && letter(j-3) || letter(j-2) && j >= 4 && s[j-3] == '-' && letter(j-4)
	after := letter(j) && (letter(j+1) || j+1 < len(s) && s[j+1] == '-' && letter(j+2))
	return before && after
}
