package yamlpos

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"kops/internal/diag"
	"kops/internal/value"
)

// ParseJSON reads one JSON document. Its errors are plain ones about the place.
func ParseJSON(file string, src []byte) (*Node, diag.List) {
	p := &jsonParser{file: file, src: src, dec: json.NewDecoder(bytes.NewReader(src))}
	p.dec.UseNumber()
	n, err := p.value()
	if err == nil {
		if _, err = p.dec.Token(); err == nil {
			err = diag.Errorf(p.pos(), "text follows the JSON document")
		} else if err == io.EOF {
			return n, p.list
		}
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = diag.Errorf(offset(file, src, len(src)), "the JSON document ends too early")
	}
	if _, ok := err.(*diag.Diagnostic); !ok {
		err = diag.Errorf(offset(file, src, int(p.dec.InputOffset())), "broken JSON: %w", err)
	}
	p.list.Add(err)
	return nil, p.list
}

type jsonParser struct {
	file string
	src  []byte
	dec  *json.Decoder
	list diag.List

	seen, line, lineStart int // how far pos has counted lines
}

// pos is where the next token begins.
func (p *jsonParser) pos() value.Position {
	i := int(p.dec.InputOffset())
	for i < len(p.src) && strings.IndexByte(" \t\r\n,:", p.src[i]) >= 0 {
		i++
	}
	for ; p.seen < i; p.seen++ {
		if p.src[p.seen] == '\n' {
			p.line++
			p.lineStart = p.seen + 1
		}
	}
	return value.Position{File: p.file, Line: p.line + 1, Column: utf8.RuneCount(p.src[p.lineStart:i]) + 1}
}

func (p *jsonParser) value() (*Node, error) {
	n := &Node{Pos: p.pos()}
	tok, err := p.dec.Token()
	if err != nil {
		return nil, err
	}
	n.Text = n.Pos
	switch tok := tok.(type) {
	case json.Delim:
		if tok == '[' {
			n.Kind = Sequence
			return n, p.items(n)
		}
		n.Kind = Mapping
		return n, p.pairs(n)
	case string:
		n.Raw, n.Value, n.Style = tok, tok, DoubleQuoted
		n.Text.Column++
	case json.Number:
		n.Raw = tok.String()
		n.Value, err = jsonNumber(n.Raw)
	case bool:
		n.Raw, n.Value = strconv.FormatBool(tok), tok
	}
	return n, err
}

func (p *jsonParser) items(n *Node) error {
	for p.dec.More() {
		item, err := p.value()
		if err != nil {
			return err
		}
		n.Items = append(n.Items, item)
	}
	_, err := p.dec.Token()
	return err
}

func (p *jsonParser) pairs(n *Node) error {
	b := newPairs(&p.list)
	for p.dec.More() {
		key, err := p.value()
		if err != nil {
			return err
		}
		val, err := p.value()
		if err != nil {
			return err
		}
		b.set(key, val)
	}
	n.Pairs = b.pairs
	_, err := p.dec.Token()
	return err
}

func jsonNumber(s string) (value.Value, error) {
	if !strings.ContainsAny(s, ".eE") {
		if i, ok := parseInt(s); ok {
			return i, nil
		}
	}
	return strconv.ParseFloat(s, 64)
}
