// Package pyyaml writes YAML with the layout of PyYAML's dump over libyaml, which is what
// Ansible's to_yaml and to_nice_yaml call: their output goes straight into configuration
// files, so each line break and quote counts.
package pyyaml

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kops/internal/value"
)

// A Flow says when collections are written on one line, as [a, b] and {a: b}.
type Flow int

// The flow styles. FlowLeaves is for collections that hold scalars only.
const (
	FlowNever Flow = iota
	FlowAlways
	FlowLeaves
)

// Options are those of yaml.dump. The zero Options have its defaults, but for SortKeys.
type Options struct {
	Indent        int  // 2 to 9 columns; anything else means 2
	Width         int  // the column past which lines are broken; 0 means 80, below 0 never
	Flow          Flow // default_flow_style
	SortKeys      bool
	Style         byte // default_style: one of | > ' " or 0
	ExplicitStart bool
	ExplicitEnd   bool
	Canonical     bool
}

const maxDepth = 1000

// Dump writes one document. Undefined and Unknown values are errors.
func Dump(v value.Value, opts Options) (string, error) {
	r := &representer{opts: opts, nodes: map[any]*node{}}
	root, err := r.represent(v, 0)
	if err != nil {
		return "", err
	}
	e := newEmitter(opts)
	e.document(root)
	return e.out.String(), nil
}

type kind int

const (
	scalar kind = iota
	sequence
	mapping
)

// A node is what is to be written. A mapping's items are its keys and values in turn.
type node struct {
	kind   kind
	tag    string // its short form: "str", "int" …
	text   string
	style  byte
	flow   bool
	items  []*node
	anchor string
	done   bool
}

type representer struct {
	opts  Options
	nodes map[any]*node // by identity, of lists and mappings
}

func (r *representer) represent(v value.Value, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, errors.New("the value is nested too deep for YAML")
	}
	switch v := v.(type) {
	case nil:
		return r.scalar("null", "null"), nil
	case bool:
		if v {
			return r.scalar("bool", "true"), nil
		}
		return r.scalar("bool", "false"), nil
	case float64:
		return r.scalar("float", floatText(v)), nil
	case string:
		return r.scalar("str", v), nil
	case value.Template:
		return r.scalar("str", v.Source), nil
	case value.Bytes:
		return &node{tag: "binary", text: encode(v), style: '|'}, nil
	case *value.List:
		return r.shared(v, func(n *node) error { return r.sequence(n, v.Items, depth) })
	case value.Tuple:
		n := &node{}
		return n, r.sequence(n, v, depth)
	case *value.Map:
		return r.shared(v, func(n *node) error { return r.mapping(n, v, depth) })
	case value.Undefined:
		return nil, v
	case value.Unknown:
		return nil, fmt.Errorf("not known yet: %s", v.Why)
	case value.Object:
		m := &value.Map{}
		for _, k := range v.Keys() {
			item, _, err := v.Get(k)
			if err != nil {
				return nil, err
			}
			m.Set(k, item)
		}
		n := &node{}
		return n, r.mapping(n, m, depth)
	}
	return r.scalar("int", value.Str(v)), nil
}

func (r *representer) scalar(tag, text string) *node {
	return &node{tag: tag, text: text, style: r.opts.Style}
}

// shared gives a collection that occurs more than once an anchor.
func (r *representer) shared(identity any, fill func(*node) error) (*node, error) {
	if n, ok := r.nodes[identity]; ok {
		return n, nil
	}
	n := &node{}
	r.nodes[identity] = n
	return n, fill(n)
}

func (r *representer) sequence(n *node, items []value.Value, depth int) error {
	n.kind, n.tag = sequence, "seq"
	for _, item := range items {
		child, err := r.represent(item, depth+1)
		if err != nil {
			return err
		}
		n.items = append(n.items, child)
	}
	n.flow = r.flow(n)
	return nil
}

func (r *representer) mapping(n *node, m *value.Map, depth int) error {
	n.kind, n.tag = mapping, "map"
	keys := m.Keys()
	if r.opts.SortKeys {
		keys = sorted(keys)
	}
	for _, k := range keys {
		key, err := r.represent(k, depth+1)
		if err != nil {
			return err
		}
		child, err := r.represent(m.At(k), depth+1)
		if err != nil {
			return err
		}
		n.items = append(n.items, key, child)
	}
	n.flow = r.flow(n)
	return nil
}

func (r *representer) flow(n *node) bool {
	if r.opts.Flow != FlowLeaves {
		return r.opts.Flow == FlowAlways
	}
	return !slices.ContainsFunc(n.items, func(c *node) bool { return c.kind != scalar || c.style != 0 })
}

// sorted orders keys as Python's sorted does; keys without an order stay as they are.
func sorted(keys []value.Value) []value.Value {
	out := slices.Clone(keys)
	var failed error
	slices.SortStableFunc(out, func(a, b value.Value) int {
		if x, ok := a.(string); ok {
			if y, ok := b.(string); ok {
				return cmp.Compare(x, y)
			}
		}
		c, err := value.Compare(a, b)
		if err != nil {
			failed = err
		}
		return c
	})
	if failed != nil {
		return keys
	}
	return out
}

func floatText(f float64) string {
	text := value.FloatText(f)
	switch text {
	case "nan":
		return ".nan"
	case "inf":
		return ".inf"
	case "-inf":
		return "-.inf"
	}
	if !strings.Contains(text, ".") {
		text = strings.Replace(text, "e", ".0e", 1)
	}
	return text
}

// encode is Python's base64.encodebytes: lines of 76 characters.
func encode(b value.Bytes) string {
	var out strings.Builder
	for chunk := range slices.Chunk([]byte(b), 57) {
		out.WriteString(base64.StdEncoding.EncodeToString(chunk))
		out.WriteByte('\n')
	}
	return out.String()
}
