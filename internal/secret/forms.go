package secret

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"kops/internal/value"
)

const (
	// bigText is the size from which a secret is a file rather than a value: it is found
	// raw, by its lines, and as one base64 text.
	bigText = 64 << 10
	// manyLines is how many lines have forms of their own; those of longer texts are found
	// raw.
	manyLines = 400
	// shortText is the size up to which a secret is also found in base64 of its quoted forms:
	// a longer one is found there by its lines.
	shortText = 256
)

// formsOf returns what a secret looks like on its way: itself, each of its lines, with other
// line endings, and all of these quoted and encoded. short are texts too short to search for.
func formsOf(secret string) (long, short []string) {
	all := map[string]bool{}
	add := func(f string) {
		if f = strings.TrimRight(f, "\n"); len(f) >= minLength && !all[f] {
			all[f] = true
			long = append(long, f)
		}
	}
	trimmed := strings.TrimSpace(secret)
	if len(trimmed) < minLength {
		return nil, []string{trimmed}
	}
	big := len(secret) > bigText
	var lines []string
	if !big || utf8.ValidString(secret) { // a big binary file has none
		lines = strings.FieldsFunc(trimmed, func(r rune) bool { return r == '\n' || r == '\r' })
	}
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if len(lines) > 1 && !tells(line) {
			continue
		}
		add(line)
		if !big && len(lines) > 1 && len(lines) <= manyLines {
			eachForm(line, add)
		}
	}
	add(trimmed)
	if big {
		add(base64.StdEncoding.EncodeToString([]byte(secret)))
		return long, nil
	}
	eachURL(secret, add) // with the space around it
	eachBase64(secret, add)
	for _, ending := range endings(trimmed) {
		add(ending)
		eachForm(ending, add)
	}
	return long, nil
}

// tells tells whether a line says something by itself: braces, rulers and single words such
// as true stand in other texts too.
func tells(line string) bool {
	n := 0
	for _, r := range line {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			n++
		}
	}
	return n >= minLength && !words.MatchString(line) && !number.MatchString(line)
}

// endings are a text with each kind of line ending, without a last one.
func endings(text string) []string {
	if !strings.ContainsAny(text, "\r\n") {
		return []string{text}
	}
	unix := strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	return []string{unix, strings.ReplaceAll(unix, "\n", "\r\n"), strings.ReplaceAll(unix, "\n", "\r"), strings.ReplaceAll(unix, "\n", " ")}
}

// eachForm calls add with a text as other languages write it. The texts are without the
// quotes around them.
func eachForm(text string, add func(string)) {
	if len(text) < minLength {
		return
	}
	eachBase64(text, add)
	once := func(f string) {
		add(f)
		if f != text && len(text) <= shortText {
			eachBase64(f, add)
		}
	}
	eachQuoted(text, once)
	eachURL(text, add)
}

// eachQuoted are the literals of JSON, YAML, Python, Go, shells, HTML and regular expressions.
func eachQuoted(text string, add func(string)) {
	escaped, err := json.Marshal(text) // as Go writes it for HTML
	if err == nil {
		add(string(escaped[1 : len(escaped)-1]))
	}
	for _, once := range []string{escapeJSON(text, false), escapeJSON(text, true)} {
		add(once)
		add(escapeJSON(once, false)) // JSON inside a text of JSON
	}
	add(escapeYAML(text))
	repr := value.Repr(text)
	add(repr[1 : len(repr)-1])
	repr = value.Repr(value.Bytes(text))
	add(repr[2 : len(repr)-1])
	for _, quoted := range []string{strconv.Quote(text), strconv.QuoteToASCII(text)} {
		add(quoted[1 : len(quoted)-1])
	}
	add(strings.ReplaceAll(text, "'", `'"'"'`))
	add(strings.ReplaceAll(text, "'", `'\''`))
	add(strings.ReplaceAll(text, "'", "''"))
	add(escapeEach(text, "\"\\$`"))
	add(escapeEach(text, " !\"#$&'()*,;<>?[\\]^`{|}~"))
	add(escapeEach(text, "()[]{}?*+-|^$\\.&~# \t\n\r\v\f"))
	add(regexp.QuoteMeta(text))
	add(html.EscapeString(text))
}

// escapeEach puts a backslash before each of the characters.
func escapeEach(text, characters string) string {
	var b strings.Builder
	for _, r := range []byte(text) {
		if strings.IndexByte(characters, r) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(r)
	}
	return b.String()
}

var jsonEscapes = map[rune]string{'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\b': `\b`, '\f': `\f`}

// escapeJSON writes a text as JSON, as Python does: in ASCII, or with other characters as
// they are.
func escapeJSON(text string, ascii bool) string {
	var b strings.Builder
	for _, r := range text {
		escaped, special := jsonEscapes[r]
		switch {
		case special:
			b.WriteString(escaped)
		case r < ' ' || ascii && (r >= 0x7f && r <= 0xffff):
			fmt.Fprintf(&b, `\u%04x`, r)
		case ascii && r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// escapeYAML writes a text as PyYAML does between double quotes.
func escapeYAML(text string) string {
	var b strings.Builder
	for _, r := range text {
		escaped, special := jsonEscapes[r]
		switch {
		case special:
			b.WriteString(escaped)
		case r == 0x1b:
			b.WriteString(`\e`)
		case r >= ' ' && r < 0x7f:
			b.WriteRune(r)
		case r <= 0xff:
			fmt.Fprintf(&b, `\x%02X`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			fmt.Fprintf(&b, `\U%08X`, r)
		}
	}
	return b.String()
}

var percent = regexp.MustCompile(`%[0-9A-F]{2}`)

// eachURL are the ways to write a text in a URL, with capital and small digits.
func eachURL(text string, add func(string)) {
	query := url.QueryEscape(text)
	spaces := strings.ReplaceAll(query, "+", "%20")
	user := url.UserPassword("", text).String()
	for _, f := range []string{query, spaces, strings.ReplaceAll(spaces, "%2F", "/"), url.PathEscape(text), user[1:]} {
		add(f)
		add(percent.ReplaceAllStringFunc(f, strings.ToLower))
	}
}

// eachBase64 are a text encoded alone, with a newline, wrapped into lines, and inside a
// longer text: there what comes before it decides where its bits begin, so that there are
// three ways, without the characters that neighbours share.
func eachBase64(text string, add func(string)) {
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		alone := enc.EncodeToString([]byte(text))
		add(alone)
		add(strings.TrimRight(alone, "="))
		newline := enc.EncodeToString([]byte(text + "\n"))
		add(newline)
		add(strings.TrimRight(newline, "="))
		for before := range 3 {
			bits := (before + len(text)) * 8
			inside := enc.EncodeToString(append(make([]byte, before), text...))
			add(inside[(before*8+5)/6 : bits/6])
		}
		for _, width := range []int{64, 76} {
			for rest := newline; len(newline) > width && rest != ""; {
				n := min(width, len(rest))
				if n >= 2*minLength {
					add(strings.TrimRight(rest[:n], "="))
				}
				rest = rest[n:]
			}
		}
	}
}
