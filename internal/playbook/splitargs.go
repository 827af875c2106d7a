package playbook

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
)

// splitArgs splits arguments at spaces and newlines as Ansible does: quotes and templates
// hold together, and what is between words is kept at the end of the word before it, so that
// joinArgs gives back the text.
func splitArgs(text string) ([]string, error) {
	var s splitter
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		continued := s.line(line)
		if len(lines) > 1 && i < len(lines)-1 && !continued {
			s.glue("\n")
		}
	}
	if s.quote != 0 {
		return nil, errors.New("a quote is not closed")
	}
	if s.inTemplate() {
		return nil, errors.New("a template is not closed")
	}
	return s.words, nil
}

type splitter struct {
	words []string
	quote byte   // the quote that is open, 0 for none
	depth [3]int // open {{, {% and {#
}

var templateMarks = [3][2]string{{"{{", "}}"}, {"{%", "%}"}, {"{#", "#}"}}

func (s *splitter) inTemplate() bool { return s.depth != [3]int{} }

// glue adds text to the last word.
func (s *splitter) glue(text string) {
	if len(s.words) == 0 {
		s.words = append(s.words, "")
	}
	s.words[len(s.words)-1] += text
}

// line splits one line and tells whether a backslash joins it with the next.
func (s *splitter) line(line string) (continued bool) {
	for i, token := range strings.Split(line, " ") {
		if token == "" && i > 0 {
			s.glue(" ")
			continue
		}
		if token == `\` && s.quote == 0 {
			continued = true
			continue
		}
		wasQuoted, wasTemplate := s.quote != 0, s.inTemplate()
		s.quotes(token)
		inside := wasTemplate || s.quote != 0 || wasQuoted
		appended := true
		switch {
		case s.quote != 0 && !wasQuoted && !wasTemplate:
			s.words = append(s.words, token)
		case inside && i == 0 && wasQuoted:
			s.glue(token)
		case inside && i == 0:
			s.glue(token)
		case inside:
			s.glue(" " + token)
		default:
			appended = false
		}
		s.count(token)
		if !appended && token != "" {
			s.words = append(s.words, token)
		}
	}
	return continued
}

// quotes follows the quotes of a token.
func (s *splitter) quotes(token string) {
	for i := 0; i < len(token); i++ {
		c := token[i]
		if c != '"' && c != '\'' || i > 0 && token[i-1] == '\\' {
			continue
		}
		switch s.quote {
		case 0:
			s.quote = c
		case c:
			s.quote = 0
		}
	}
}

// count follows the template marks of a token.
func (s *splitter) count(token string) {
	for i, mark := range templateMarks {
		open, end := strings.Count(token, mark[0]), strings.Count(token, mark[1])
		if open != end {
			s.depth[i] = max(s.depth[i]+open-end, 0)
		}
	}
}

// joinArgs puts words together again, as they were written.
func joinArgs(words []string) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 && !strings.HasSuffix(words[i-1], "\n") {
			b.WriteByte(' ')
		}
		b.WriteString(w)
	}
	return b.String()
}

// keyValue splits a word at its first equals sign that no backslash precedes.
func keyValue(word string) (key, val string, ok bool) {
	word = decodeEscapes(word)
	for i := 1; i < len(word); i++ {
		if word[i] == '=' && word[i-1] != '\\' {
			return strings.TrimSpace(word[:i]), unquote(strings.TrimSpace(word[i+1:])), true
		}
	}
	return "", "", false
}

// leftOver returns a word that is no argument: as written if it has an equals sign of its own
// meaning (isPair), else with its escaped equals signs plain.
func leftOver(word string, isPair bool) string {
	if isPair || !strings.Contains(word, "=") {
		return word
	}
	return strings.ReplaceAll(decodeEscapes(word), `\=`, "=")
}

var escapes = regexp.MustCompile(`\\U[0-9a-fA-F]{8}|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\[\\'"abfnrtv]`)

// decodeEscapes replaces Python's escapes.
func decodeEscapes(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	return escapes.ReplaceAllStringFunc(s, func(e string) string {
		switch e[1] {
		case 'U', 'u', 'x':
			n, err := strconv.ParseUint(e[2:], 16, 32)
			if err != nil {
				return e
			}
			return string(rune(n))
		case 'a':
			return "\a"
		case 'b':
			return "\b"
		case 'f':
			return "\f"
		case 'n':
			return "\n"
		case 'r':
			return "\r"
		case 't':
			return "\t"
		case 'v':
			return "\v"
		}
		return e[1:]
	})
}

func unquote(s string) string {
	if len(s) > 1 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] && s[len(s)-2] != '\\' {
		return s[1 : len(s)-1]
	}
	return s
}
