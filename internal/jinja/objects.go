package jinja

import (
	"errors"
	"fmt"

	"kops/internal/value"
)

// noKeys is for objects that have attributes and no items.
type noKeys struct{}

// Keys implements value.Object.
func (noKeys) Keys() []value.Value { return nil }

// A global is a function that is not a method.
type global struct {
	noKeys
	name     string
	function function
}

func (g *global) Get(value.Value) (value.Value, bool, error) { return nil, false, nil }
func (g *global) String() string                             { return "<function " + g.name + ">" }

// A bound is a method of a value.
type bound struct {
	noKeys
	self value.Value
	name string
}

func (b *bound) Get(value.Value) (value.Value, bool, error) { return nil, false, nil }
func (b *bound) String() string {
	return fmt.Sprintf("<built-in method %s of %s object>", b.name, value.TypeName(b.self))
}

// A namespace is what set may assign attributes of.
type namespace struct {
	attrs *value.Map
}

func (n *namespace) Get(k value.Value) (value.Value, bool, error) {
	v, ok := n.attrs.Get(k)
	return v, ok, nil
}
func (n *namespace) Keys() []value.Value { return n.attrs.Keys() }
func (n *namespace) String() string      { return "<Namespace " + value.Repr(n.attrs) + ">" }

// A module is an imported template.
type module struct {
	names *locals
	text  value.Value
	file  string
}

func (m *module) Get(k value.Value) (value.Value, bool, error) {
	name, ok := k.(string)
	if !ok || name == "" || name[0] == '_' {
		return nil, false, nil
	}
	for i, n := range m.names.names {
		if n == name {
			return m.names.vals[i], true, nil
		}
	}
	return nil, false, nil
}

func (m *module) Keys() []value.Value {
	var keys []value.Value
	for _, n := range m.names.names {
		if n[0] != '_' {
			keys = append(keys, n)
		}
	}
	return keys
}

func (m *module) String() string {
	if m.text == nil {
		return ""
	}
	return value.Str(m.text)
}

// A group is what groupby makes: a tuple whose items have names.
type group struct {
	key   value.Value
	items *value.List
}

func (g *group) tuple() value.Tuple { return value.Tuple{g.key, g.items} }

func (g *group) Get(k value.Value) (value.Value, bool, error) {
	switch k {
	case "grouper":
		return g.key, true, nil
	case "list":
		return g.items, true, nil
	}
	return nil, false, nil
}
func (g *group) Keys() []value.Value { return g.tuple() }
func (g *group) String() string      { return value.Repr(g.tuple()) }

// ungroup makes groups in v plain tuples, for functions that do not know them.
func ungroup(v value.Value) value.Value {
	switch v := v.(type) {
	case *group:
		return v.tuple()
	case *value.List:
		for i, item := range v.Items {
			if _, ok := item.(*group); ok {
				out := append([]value.Value(nil), v.Items...)
				for j := i; j < len(out); j++ {
					out[j] = ungroup(out[j])
				}
				return value.NewList(out...)
			}
		}
	}
	return v
}

// A loop is the variable of that name inside a for statement.
type loop struct {
	noKeys
	stmt    *forStmt
	frame   *frame
	items   []value.Value
	index   int
	depth   int
	changed value.Tuple
}

func (l *loop) String() string { return fmt.Sprintf("<LoopContext %d/%d>", l.index+1, len(l.items)) }

func (l *loop) Get(k value.Value) (value.Value, bool, error) {
	n := len(l.items)
	switch k {
	case "index":
		return int64(l.index + 1), true, nil
	case "index0":
		return int64(l.index), true, nil
	case "revindex":
		return int64(n - l.index), true, nil
	case "revindex0":
		return int64(n - l.index - 1), true, nil
	case "first":
		return l.index == 0, true, nil
	case "last":
		return l.index == n-1, true, nil
	case "length":
		return int64(n), true, nil
	case "depth":
		return int64(l.depth + 1), true, nil
	case "depth0":
		return int64(l.depth), true, nil
	case "previtem":
		if l.index == 0 {
			return value.Undefined{Hint: "there is no previous item"}, true, nil
		}
		return l.items[l.index-1], true, nil
	case "nextitem":
		if l.index == n-1 {
			return value.Undefined{Hint: "there is no next item"}, true, nil
		}
		return l.items[l.index+1], true, nil
	case "cycle", "changed":
		return &bound{self: l, name: k.(string)}, true, nil
	}
	return nil, false, nil
}

func (l *loop) method(c *Call, name string) (value.Value, error) {
	if name == "cycle" {
		if len(c.Args) == 0 {
			return nil, errors.New("no items for cycling given")
		}
		return c.Args[l.index%len(c.Args)], nil
	}
	now := value.Tuple(c.Args)
	if l.changed != nil && value.Equal(l.changed, now) {
		return false, nil
	}
	l.changed = now
	return true, nil
}

// recurse renders the body of a recursive loop for other items.
func (l *loop) recurse(f *frame, args []value.Value) (value.Value, error) {
	if !l.stmt.recursive {
		return nil, errors.New("the loop must have the 'recursive' marker to be called recursively")
	}
	if len(args) != 1 {
		return nil, fmt.Errorf("loop() takes 1 argument but %d were given", len(args))
	}
	if u, ok := args[0].(value.Undefined); ok {
		return nil, f.undefined(0, u)
	}
	if u, ok := args[0].(value.Unknown); ok {
		return u, nil
	}
	if err := f.st.descend(); err != nil {
		return nil, err
	}
	defer func() { f.st.depth-- }()
	g := *l.frame
	g.out = &output{}
	if err := l.stmt.run(&g, args[0], l.depth+1); err != nil {
		if s, ok := err.(*unknownStop); ok {
			return s.u, nil
		}
		return nil, err
	}
	return g.out.result(), nil
}

// A superBlock is super() inside a block.
type superBlock struct {
	noKeys
	name  string
	depth int
	frame *frame
	stmt  *blockStmt
}

func (s *superBlock) Get(k value.Value) (value.Value, bool, error) {
	if k == "super" && s.depth+1 < len(s.frame.blocks[s.name]) {
		up := *s
		up.depth++
		return &up, true, nil
	}
	return nil, false, nil
}

func (s *superBlock) String() string { return "<BlockReference " + value.Repr(s.name) + ">" }

func (s *superBlock) call(f *frame) (value.Value, error) {
	if s.depth >= len(s.frame.blocks[s.name]) {
		return value.Undefined{Name: "super", Hint: fmt.Sprintf("there is no parent block called %s.", value.Repr(s.name))}, nil
	}
	g := *s.frame
	g.out = &output{}
	if err := g.execBlock(s.name, s.depth, s.stmt); err != nil {
		if u, ok := err.(*unknownStop); ok {
			return u.u, nil
		}
		return nil, err
	}
	return g.out.result(), nil
}

// A selfObject gives access to a template's blocks: self.title().
type selfObject struct {
	noKeys
	frame *frame
}

func (s *selfObject) Get(k value.Value) (value.Value, bool, error) {
	name, _ := k.(string)
	defs := s.frame.blocks[name]
	if len(defs) == 0 {
		return nil, false, nil
	}
	return &superBlock{name: name, frame: s.frame, stmt: defs[0].stmt}, true, nil
}

func (s *selfObject) String() string { return "<TemplateReference>" }

// A cycler goes round a row of values.
type cycler struct {
	noKeys
	items []value.Value
	pos   int
}

func (c *cycler) Get(k value.Value) (value.Value, bool, error) {
	switch k {
	case "current":
		return c.items[c.pos], true, nil
	case "next", "reset":
		return &bound{self: c, name: k.(string)}, true, nil
	}
	return nil, false, nil
}

func (c *cycler) String() string { return "<Cycler>" }

func (c *cycler) method(name string) value.Value {
	if name == "reset" {
		c.pos = 0
		return nil
	}
	v := c.items[c.pos]
	c.pos = (c.pos + 1) % len(c.items)
	return v
}

// A joiner gives a separator each time but the first.
type joiner struct {
	noKeys
	sep  value.Value
	used bool
}

func (j *joiner) Get(value.Value) (value.Value, bool, error) { return nil, false, nil }
func (j *joiner) String() string                             { return "<Joiner>" }

// Call implements Callable.
func (j *joiner) Call(*Call) (value.Value, error) {
	if !j.used {
		j.used = true
		return "", nil
	}
	return j.sep, nil
}
