// Package yamlpos reads YAML, as Ansible does, into nodes that know their position. It is
// the only package that imports a YAML library.
//
// Scalars are resolved by the rules of YAML 1.1, which Ansible's parser follows: yes and off
// are booleans, 0644 is an octal number, 1:30 is ninety.
package yamlpos

import (
	"kops/internal/value"
)

// Kind is what a node is.
type Kind int

// The kinds.
const (
	Scalar Kind = iota
	Mapping
	Sequence
)

// Style is how a scalar was written.
type Style int

// The styles.
const (
	Plain Style = iota
	SingleQuoted
	DoubleQuoted
	Literal
	Folded
)

// The tags that mean something to Ansible.
const (
	TagUnsafe = "!unsafe"
	TagVault  = "!vault"
)

// A Node is a piece of a YAML document. Aliases are resolved: nodes may be shared, so they
// must not be modified.
type Node struct {
	Kind  Kind
	Pos   value.Position // where the node begins, its tag or anchor included
	Text  value.Position // of a scalar: where its text begins, past quotes or a block's header
	Tag   string         // TagUnsafe, TagVault, or "" for what the text itself says
	Style Style
	Raw   string      // of a scalar: its text, quotes and folding undone
	Value value.Value // of a scalar: what the text means
	Pairs []Pair      // of a mapping: in order, without duplicate keys, merge keys resolved
	Items []*Node     // of a sequence
}

// A Pair is a key and its value in a mapping. The key is a scalar.
type Pair struct {
	Key, Value *Node
}

// Get returns the value of a key, or nil where n has no such key.
func (n *Node) Get(key string) *Node {
	if n == nil {
		return nil
	}
	for _, p := range n.Pairs {
		if p.Key.Value == value.Value(key) {
			return p.Value
		}
	}
	return nil
}

// Str returns the text of a scalar that is a string.
func (n *Node) Str() (string, bool) {
	if n == nil || n.Kind != Scalar {
		return "", false
	}
	s, ok := n.Value.(string)
	return s, ok
}

// IsNull tells whether n is missing or null.
func (n *Node) IsNull() bool {
	return n == nil || n.Kind == Scalar && n.Value == nil
}

// Describe says what n is, for people: "a mapping", "a list", "the number 5".
func (n *Node) Describe() string {
	switch {
	case n.IsNull():
		return "nothing"
	case n.Kind == Mapping:
		return "a mapping"
	case n.Kind == Sequence:
		return "a list"
	}
	switch n.Value.(type) {
	case bool:
		return "the boolean " + n.Raw
	case string:
		return "a string"
	}
	return "the number " + n.Raw
}
