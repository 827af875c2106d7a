package yamlpos

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"gopkg.in/yaml.v3"

	"kops/internal/diag"
	"kops/internal/value"
)

// maxAliased is how many values the aliases of a file may stand for. Inventories that repeat
// themselves stay far below; "alias bombs" reach it with a few lines.
const maxAliased = 1_000_000

// Parse reads all documents of a YAML text, each a node; an empty text has none. file is the
// name in positions. The diagnostics hold warnings too, and all errors that were found.
func Parse(file string, src []byte) (docs []*Node, list diag.List) {
	src, bad := decode(file, src)
	if bad != nil {
		return nil, diag.List{bad}
	}
	p := &parser{file: file, lines: strings.Split(string(src), "\n"), done: map[*yaml.Node]*Node{}, sizes: map[*Node]int{}}
	defer func() {
		if r := recover(); r != nil { // a bug of the library must not take the run down
			docs, list = nil, append(p.list, p.syntaxError(src, fmt.Errorf("yaml: %v", r)))
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(src))
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			p.list.Add(p.syntaxError(src, err))
			break
		}
		docs = append(docs, p.node(doc.Content[0]))
		if p.bomb {
			break
		}
	}
	if p.list.HasErrors() {
		docs = nil
	}
	return docs, p.list
}

// ParseOne reads a text that holds one document at most. An empty one gives a null node.
func ParseOne(file string, src []byte) (*Node, diag.List) {
	docs, list := Parse(file, src)
	switch {
	case list.HasErrors():
		return nil, list
	case len(docs) == 0:
		return &Node{Pos: value.Position{File: file, Line: 1, Column: 1}}, list
	case len(docs) > 1:
		list.Add(diag.Errorf(docs[1].Pos, "a second YAML document begins here").
			WithHint("one document is expected: remove the line with three dashes before it"))
		return nil, list
	}
	return docs[0], list
}

type parser struct {
	file    string
	lines   []string
	list    diag.List
	done    map[*yaml.Node]*Node // anchored nodes; nil while they are being read
	sizes   map[*Node]int        // how many values an anchored node stands for
	aliased int                  // how many values all aliases stand for
	size    int                  // how many values were read
	bomb    bool
}

func (p *parser) pos(n *yaml.Node) value.Position {
	return value.Position{File: p.file, Line: n.Line, Column: n.Column}
}

// node turns a library's node into ours.
func (p *parser) node(y *yaml.Node) *Node {
	if y.Kind == yaml.AliasNode {
		return p.alias(y)
	}
	before := p.size + p.aliased
	p.size++
	if y.Anchor != "" {
		p.done[y] = nil
	}
	n := &Node{Pos: p.pos(y)}
	switch y.Kind {
	case yaml.ScalarNode:
		p.scalar(n, y)
	case yaml.SequenceNode:
		n.Kind = Sequence
		p.tag(n, y, "!!seq")
		for _, item := range y.Content {
			n.Items = append(n.Items, p.node(item))
		}
	case yaml.MappingNode:
		n.Kind = Mapping
		p.tag(n, y, "!!map")
		p.mapping(n, y)
	}
	if y.Anchor != "" {
		p.done[y] = n
		p.sizes[n] = p.size + p.aliased - before
	}
	return n
}

// alias returns the node that an alias stands for, and counts what it adds.
func (p *parser) alias(y *yaml.Node) *Node {
	n := p.done[y.Alias]
	if n == nil {
		p.list.Add(diag.Errorf(p.pos(y), "the alias *%s stands inside its own anchor", y.Value))
		return &Node{Pos: p.pos(y)}
	}
	p.aliased += p.sizes[n]
	if p.aliased > maxAliased && !p.bomb {
		p.bomb = true
		p.list.Add(diag.Errorf(p.pos(y), "the aliases of this file stand for more than %d values", maxAliased).
			WithHint("aliases of aliases multiply; write the values out, or build them in a template"))
	}
	return n
}

// mapping reads pairs. As in PyYAML, what merge keys bring comes first.
func (p *parser) mapping(n *Node, y *yaml.Node) {
	b := newPairs(&p.list)
	for i := 0; i+1 < len(y.Content); i += 2 {
		if isMerge(y.Content[i]) {
			p.merge(b, y.Content[i+1])
		}
	}
	for i := 0; i+1 < len(y.Content); i += 2 {
		if isMerge(y.Content[i]) {
			continue
		}
		key, val := p.node(y.Content[i]), p.node(y.Content[i+1])
		if key.Kind != Scalar {
			p.list.Add(p.keyError(key, y))
			continue
		}
		if val.Value == nil && val.Kind == Scalar && val.Raw == "" {
			val.Pos = key.Pos // where nothing is written, the key is what people look for
		}
		b.set(key, val)
	}
	n.Pairs = b.pairs
}

func isMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.Value == "<<" && key.Style == 0
}

// merge reads what stands behind a merge key: a mapping, or a list of mappings of which
// earlier ones win.
func (p *parser) merge(b *pairs, y *yaml.Node) {
	n := p.node(y)
	from := []*Node{n}
	if n.Kind == Sequence {
		from = nil
		for _, item := range n.Items {
			from = append([]*Node{item}, from...)
		}
	}
	for _, m := range from {
		if m.Kind != Mapping {
			p.list.Add(diag.Errorf(p.pos(y), "a merge key (<<) needs a mapping or a list of mappings, not %s", m.Describe()))
			return
		}
		b.merge(m.Pairs)
	}
}

// keyError explains a key that is a mapping or a list: nearly always a template without
// quotes, which YAML takes for a mapping in a mapping.
func (p *parser) keyError(key *Node, parent *yaml.Node) *diag.Diagnostic {
	if key.Kind == Mapping && parent.Style&yaml.FlowStyle != 0 {
		if d := p.unquotedTemplate(parent.Line); d != nil {
			return d
		}
	}
	return diag.Errorf(key.Pos, "%s cannot be a key of a mapping", key.Describe())
}
