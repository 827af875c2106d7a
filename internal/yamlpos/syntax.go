package yamlpos

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	goyaml "github.com/goccy/go-yaml"
	goparser "github.com/goccy/go-yaml/parser"

	"kops/internal/diag"
	"kops/internal/value"
)

var (
	yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)
	anchor   = regexp.MustCompile(`unknown anchor '(.*)' referenced`)
	// keyValue splits a line into what leads to a value (dashes, a key) and the value.
	keyValue = regexp.MustCompile(`^(\s*(?:-\s+)*)((?:[^\s'"{\[#&*!|>%@:][^:#]*|"[^"]*"|'[^']*'):(?:\s+|$))?(.*)$`)
	// reservedStart matches a value that begins as no plain text may.
	reservedStart = regexp.MustCompile("^(?:[@`%]|[*&][^A-Za-z0-9_-])")
	// textAfterQuote matches a quoted text with more behind it.
	textAfterQuote = regexp.MustCompile(`^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')\s*[^\s,\]}#:]`)
)

// syntaxError explains why src is not YAML. The library that reads the files says little
// about the place, so a second one is asked where it stumbles, and the line itself what the
// usual mistake is.
func (p *parser) syntaxError(src []byte, err error) *diag.Diagnostic {
	line, column, message := locate(src)
	m := yamlLine.FindStringSubmatch(err.Error())
	if m != nil && message == "" {
		line, _ = strconv.Atoi(m[1])
		message = m[2]
	}
	if a := anchor.FindStringSubmatch(err.Error()); a != nil {
		return p.unknownAnchor(a[1])
	}
	line = min(max(line, 1), len(p.lines))
	for _, explain := range []func(line int) *diag.Diagnostic{
		p.tab, p.unquotedTemplate, p.quoteEndsEarly, p.reserved, p.openQuote, p.colonInValue, p.deeper, p.indentation,
	} {
		if d := explain(line); d != nil {
			return d
		}
	}
	for _, known := range messages {
		if strings.HasPrefix(message, known.library) {
			return diag.Errorf(p.at(line, column), "%s", known.summary).WithHint("%s", known.hint)
		}
	}
	return diag.Errorf(p.at(line, column), "broken YAML: %s", strings.TrimSuffix(message, "."))
}

// messages translates what the locating library says in its own terms.
var messages = []struct{ library, summary, hint string }{
	{"non-map value is specified", `this line stands among keys, but is no "key: value"`,
		"check its indentation, and that the key above it ends with a colon"},
	{"unexpected key name", `this text is neither "key: value" nor a list item`,
		"a key needs a colon and a space behind it"},
	{"block sequence entries are not allowed", "a list cannot begin on the line of its key",
		"begin it on the next line"},
	{"value is not allowed in this context", "this text belongs to nothing above it",
		"check the indentation, and whether the value above must be quoted"},
	{"',' or ", "the list or mapping in brackets is not closed before this line",
		"close it with ] or }, and separate its items with commas"},
	{"could not find flow ma", "the brace that opens here is not closed, or what is in it is no mapping",
		"quote the value if it is a text"},
}

// locate asks the second library where src is broken.
func locate(src []byte) (line, column int, message string) {
	defer func() {
		_ = recover() // it only gives hints: its bugs must not hide the error
	}()
	_, err := goparser.ParseBytes(src, 0)
	var e goyaml.Error
	if !errors.As(err, &e) {
		return 0, 0, ""
	}
	if token := e.GetToken(); token != nil && token.Position != nil {
		line, column = token.Position.Line, token.Position.Column
	}
	return line, column, e.GetMessage()
}

// value splits a line into the column where its value begins and the value.
func (p *parser) value(line int) (column int, val string) {
	m := keyValue.FindStringSubmatch(strings.TrimRight(p.lines[line-1], " \r"))
	return utf8.RuneCountInString(m[1]+m[2]) + 1, m[3]
}

func (p *parser) at(line, column int) value.Position {
	return value.Position{File: p.file, Line: line, Column: column}
}

func (p *parser) indent(line int) int {
	text := p.lines[line-1]
	return len(text) - len(strings.TrimLeft(text, " "))
}

func (p *parser) tab(line int) *diag.Diagnostic {
	text := p.lines[line-1]
	blank := text[:len(text)-len(strings.TrimLeft(text, " \t"))]
	if i := strings.IndexByte(blank, '\t'); i >= 0 {
		return diag.Errorf(p.at(line, i+1), "the line is indented with a tab, which YAML does not allow").
			WithHint("indent with spaces")
	}
	return nil
}

// unquotedTemplate explains a value that begins with {{ and stands without quotes.
func (p *parser) unquotedTemplate(line int) *diag.Diagnostic {
	column, val := p.value(line)
	if !strings.HasPrefix(val, "{{") && !strings.HasPrefix(val, "{%") {
		return nil
	}
	return diag.Errorf(p.at(line, column), "a value that begins with a template must be quoted").
		WithHint("write %s", quoted(val))
}

// quoted returns a value as it should have been written.
func quoted(val string) string {
	if i := strings.Index(val, " #"); i >= 0 {
		val = strings.TrimRight(val[:i], " ")
	}
	if strings.Contains(val, `"`) || strings.Contains(val, `\`) {
		return "'" + strings.ReplaceAll(val, "'", "''") + "'"
	}
	return `"` + val + `"`
}

func (p *parser) quoteEndsEarly(line int) *diag.Diagnostic {
	column, val := p.value(line)
	if !textAfterQuote.MatchString(val) {
		return nil
	}
	return diag.Errorf(p.at(line, column), "the value begins with a quote, but text follows its closing quote").
		WithHint("quote the whole value: %s", quoted(val))
}

func (p *parser) openQuote(line int) *diag.Diagnostic {
	column, val := p.value(line)
	if val == "" || val[0] != '"' && val[0] != '\'' {
		return nil
	}
	rest := strings.Join(append([]string{val[1:]}, p.lines[line:]...), "\n")
	if val[0] == '"' {
		rest = strings.ReplaceAll(rest, `\"`, "")
	}
	if strings.Contains(rest, val[:1]) {
		return nil
	}
	return diag.Errorf(p.at(line, column), "the quote that opens here is never closed").
		WithHint("add the closing %c", val[0])
}

func (p *parser) reserved(line int) *diag.Diagnostic {
	column, val := p.value(line)
	if !reservedStart.MatchString(val) {
		return nil
	}
	return diag.Errorf(p.at(line, column), "a value cannot begin with %c unless it is quoted", val[0]).
		WithHint("write %s", quoted(val))
}

// colonInValue explains "a: b: c", where the value itself looks like a key.
func (p *parser) colonInValue(line int) *diag.Diagnostic {
	column, val := p.value(line)
	if val == "" || strings.Contains("\"'{[|>#", val[:1]) || !strings.Contains(val+" ", ": ") {
		return nil
	}
	return diag.Errorf(p.at(line, column), `the value contains a colon and a space, which YAML takes for another key`).
		WithHint("quote the value: %s", quoted(val))
}

// deeper explains a line below "key: value" that is indented as if it belonged to the value.
func (p *parser) deeper(line int) *diag.Diagnostic {
	column, val := p.value(line)
	if column == 1 || val == "" || strings.Contains("{[|>\"'&", val[:1]) {
		return nil
	}
	for next := line + 1; next <= len(p.lines); next++ {
		text := strings.TrimSpace(p.lines[next-1])
		if text == "" || text[0] == '#' {
			continue
		}
		if p.indent(next) > p.indent(line) && strings.Contains(text+" ", ": ") {
			d := diag.Errorf(p.at(next, p.indent(next)+1), "the line is indented as if it belonged to the line above, which has a value already").
				WithHint("align it with the keys that it belongs to")
			d.Related = []diag.Related{{Pos: p.at(line, column), Text: "the value is here"}}
			return d
		}
		return nil
	}
	return nil
}

// indentation explains a line that is indented like none of the lines that it could belong to.
func (p *parser) indentation(line int) *diag.Diagnostic {
	own := p.indent(line)
	lowest := -1
	for above := line - 1; above >= 1; above-- {
		text := strings.TrimSpace(p.lines[above-1])
		if text == "" || text[0] == '#' {
			continue
		}
		indent := p.indent(above)
		if indent == own || strings.HasPrefix(text, "- ") && indent+len(text)-len(strings.TrimLeft(text, "- ")) == own {
			return nil
		}
		lowest = indent
		if indent < own {
			break
		}
	}
	if lowest < 0 || lowest >= own {
		return nil
	}
	return diag.Errorf(p.at(line, own+1), "the indentation of this line fits none of the lines above").
		WithHint("align it with the key or the list item that it belongs to")
}

func (p *parser) unknownAnchor(name string) *diag.Diagnostic {
	at := p.at(1, 1)
	for i, text := range p.lines {
		if j := strings.Index(text, "*"+name); j >= 0 {
			at = p.at(i+1, utf8.RuneCountInString(text[:j])+1)
			break
		}
	}
	return diag.Errorf(at, "the alias *%s has no anchor &%s above it", name, name).
		WithHint("a text that begins with * must be quoted: %s", quoted("*"+name))
}
