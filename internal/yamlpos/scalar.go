package yamlpos

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"kops/internal/diag"
	"kops/internal/value"
)

// scalar fills in a scalar's style, text, meaning and place.
func (p *parser) scalar(n *Node, y *yaml.Node) {
	switch {
	case y.Style&yaml.DoubleQuotedStyle != 0:
		n.Style = DoubleQuoted
	case y.Style&yaml.SingleQuotedStyle != 0:
		n.Style = SingleQuoted
	case y.Style&yaml.LiteralStyle != 0:
		n.Style = Literal
	case y.Style&yaml.FoldedStyle != 0:
		n.Style = Folded
	}
	n.Raw, n.Value = y.Value, y.Value
	n.Text = p.textPos(n)
	if y.Style&yaml.TaggedStyle != 0 {
		p.tagged(n, y)
	} else if n.Style == Plain {
		n.Value = resolve(y.Value)
	}
}

// tag notes the tag of a mapping or a list, of which only !unsafe means something.
func (p *parser) tag(n *Node, y *yaml.Node, own string) {
	if y.Style&yaml.TaggedStyle == 0 || y.ShortTag() == own {
		return
	}
	if y.Tag == TagUnsafe {
		n.Tag = TagUnsafe
		return
	}
	p.list.Add(p.tagError(n, y))
}

// tagged gives a scalar the meaning that its tag says.
func (p *parser) tagged(n *Node, y *yaml.Node) {
	switch tag := y.ShortTag(); tag {
	case TagVault, "!vault-encrypted":
		n.Tag = TagVault
	case TagUnsafe:
		n.Tag = TagUnsafe
		n.Value = resolve(y.Value)
	case "!!str", "!":
	case "!!null":
		n.Value = nil
	case "!!binary":
		data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(y.Value), ""))
		if err != nil {
			p.list.Add(diag.Errorf(n.Pos, "the text of !!binary is not base64: %w", err))
		}
		n.Value = value.Bytes(data)
	case "!!bool", "!!int", "!!float", "!!timestamp":
		n.Value = resolve(y.Value)
		if i, ok := n.Value.(int64); ok && tag == "!!float" {
			n.Value = float64(i)
		}
		if want := strings.TrimPrefix(tag, "!!"); want != "timestamp" && value.TypeName(n.Value) != want {
			p.list.Add(diag.Errorf(n.Pos, "%q is not a value of the type %s that its tag says", y.Value, want))
		}
	default:
		p.list.Add(p.tagError(n, y))
	}
}

func (p *parser) tagError(n *Node, y *yaml.Node) *diag.Diagnostic {
	d := diag.Errorf(n.Pos, "unknown YAML tag %q", y.ShortTag())
	if hint := diag.Suggest(y.Tag, []string{TagVault, TagUnsafe}); hint != "" {
		return d.WithHint("%s", hint)
	}
	return d.WithHint("the tags that are known are !vault, !unsafe, !!str, !!int, !!float, !!bool, !!null and !!binary; " +
		"a text that begins with ! must be quoted")
}

// textPos finds where a scalar's text begins, which the library does not tell: past anchor
// and tag, inside the quotes, on the line below a block's header.
func (p *parser) textPos(n *Node) value.Position {
	if n.Raw == "" && n.Style == Plain {
		return n.Pos
	}
	at := n.Pos
	for at.Line >= 1 && at.Line <= len(p.lines) {
		line := p.lines[at.Line-1]
		rest := skipRunes(line, at.Column-1)
		trimmed := strings.TrimLeft(rest, " \t\r")
		at.Column += utf8.RuneCountInString(rest) - utf8.RuneCountInString(trimmed)
		switch {
		case trimmed == "" || trimmed[0] == '#' && n.Raw != "":
			at.Line, at.Column = at.Line+1, 1
			continue
		case trimmed[0] == '&' || trimmed[0] == '!':
			word := trimmed[:wordLen(trimmed)]
			at.Column += utf8.RuneCountInString(word)
			continue
		case n.Style == SingleQuoted || n.Style == DoubleQuoted:
			at.Column++
		case n.Style == Literal || n.Style == Folded:
			return p.blockPos(at)
		}
		return at
	}
	return n.Pos
}

// blockPos returns where a block scalar's text begins, given its header's place.
func (p *parser) blockPos(header value.Position) value.Position {
	at := value.Position{File: p.file, Line: header.Line + 1, Column: 1}
	for _, line := range p.lines[min(header.Line, len(p.lines)):] {
		if text := strings.TrimLeft(line, " "); strings.TrimSpace(text) != "" {
			at.Indent = len(line) - len(text)
			at.Column = at.Indent + 1
			break
		}
	}
	return at
}

func wordLen(s string) int {
	if i := strings.IndexAny(s, " \t\r"); i >= 0 {
		return i
	}
	return len(s)
}

func skipRunes(s string, n int) string {
	for ; n > 0 && s != ""; n-- {
		_, size := utf8.DecodeRuneInString(s)
		s = s[size:]
	}
	return s
}
