// Package value holds the values that playbooks compute with: Python's, as Ansible
// users know them. Mappings keep their order, integers do not overflow, undefined
// explains itself, and what check mode cannot know is Unknown.
package value

import "math/big"

// A Value is one of:
//
//	nil          None
//	bool
//	int64        an integer that fits
//	*big.Int     an integer that does not fit in int64; never one that does
//	float64
//	string       plain text, never templated again
//	Bytes
//	*List        a mutable list
//	Tuple
//	*Map         an ordered mapping
//	Template     text from a playbook or an inventory that has yet to be templated
//	Undefined
//	Unknown
//	Object       anything else that has attributes or items, computed when asked for
//
// Anything else is a programming error. Values that come from outside Go code's own
// control go through From.
type Value = any

// Bytes is Python's bytes.
type Bytes []byte

// A Tuple is an immutable list.
type Tuple []Value

// A List is a mutable sequence. Lists that are shared between hosts must not be
// modified; templates work on copies.
type List struct {
	Items []Value
}

// NewList returns a list of the given items.
func NewList(items ...Value) *List {
	if items == nil {
		items = []Value{}
	}
	return &List{Items: items}
}

// Strings returns a list of strings.
func Strings(items []string) *List {
	l := &List{Items: make([]Value, len(items))}
	for i, s := range items {
		l.Items[i] = s
	}
	return l
}

// Len returns the number of items.
func (l *List) Len() int { return len(l.Items) }

// Append adds an item to the end.
func (l *List) Append(v Value) { l.Items = append(l.Items, v) }

// Int returns i in its smallest representation: int64 where it fits.
func Int(i *big.Int) Value {
	if i.IsInt64() {
		return i.Int64()
	}
	return i
}

// A Position is a place in a source file. Line and Column count from 1; zero means unknown.
type Position struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	// Indent is how far the further lines of a text that begins here are indented in the
	// file: that of a block scalar is cut off.
	Indent int `json:"-"`
}

// A Template is text from a trusted source (a playbook, an inventory, a variables
// file, the command line) that contains template markers and has yet to be evaluated.
// Results of tasks and facts are plain strings, so they are never templated: being a
// template is a matter of type, not of looks.
type Template struct {
	Source string
	Pos    Position
}

// Undefined is the value of a name that has none. It may be passed around; using it is
// an error that says what Hint says.
type Undefined struct {
	Name string // what was looked for, as it reads in the template
	Hint string // a whole sentence: "'kafka_prot' is undefined; did you mean 'kafka_port'?"
	Err  error  // what failed, where a failure left no value: a filter's or lookup's error; else nil
}

// Error returns the sentence that explains why the value is missing.
func (u Undefined) Error() string {
	switch {
	case u.Hint != "":
		return u.Hint
	case u.Err != nil:
		return u.Err.Error()
	}
	return "'" + u.Name + "' is undefined"
}

// Unknown is a value that check mode cannot know, since an earlier task would have
// produced it. What is computed from it is Unknown too.
type Unknown struct {
	Why string // "the result of task 'read version' (playbook.yaml:12:5)"
}

// An Object is a value whose attributes are computed when they are asked for: hostvars,
// an imported template's macros, a loop variable. It behaves as a mapping.
type Object interface {
	// Get returns the attribute or item, and whether it exists.
	Get(key Value) (Value, bool, error)
	// Keys returns the keys in order.
	Keys() []Value
}
