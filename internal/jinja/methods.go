package jinja

import (
	"errors"
	"fmt"
	"math/big"
	"slices"

	"kops/internal/value"
)

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, name := range names {
		m[name] = true
	}
	return m
}

// What Python's types can do. The tables are only read.
var (
	strMethods = set("split", "rsplit", "splitlines", "strip", "lstrip", "rstrip", "startswith", "endswith", "upper", "lower",
		"title", "capitalize", "swapcase", "casefold", "replace", "find", "rfind", "index", "rindex", "count", "join", "format",
		"format_map", "partition", "rpartition", "zfill", "ljust", "rjust", "center", "isdigit", "isdecimal", "isnumeric", "isalpha",
		"isalnum", "isupper", "islower", "isspace", "istitle", "isidentifier", "isascii", "isprintable", "encode", "expandtabs",
		"removeprefix", "removesuffix", "translate")
	bytesMethods = set("decode", "hex", "startswith", "endswith")
	listMethods  = set("append", "extend", "insert", "pop", "remove", "index", "count", "sort", "reverse", "copy", "clear")
	tupleMethods = set("index", "count")
	dictMethods  = set("get", "items", "keys", "values", "update", "pop", "popitem", "setdefault", "copy", "clear")
	intMethods   = set("bit_length", "bit_count", "__and__", "__or__", "__xor__", "__lshift__", "__rshift__")
	floatMethods = set("is_integer")
	// mutating methods change what they are called on.
	mutating = set("append", "extend", "insert", "pop", "remove", "sort", "reverse", "clear", "update", "popitem", "setdefault")
)

func methodsOf(v value.Value) map[string]bool {
	switch v.(type) {
	case string:
		return strMethods
	case *value.List:
		return listMethods
	case *value.Map:
		return dictMethods
	case value.Tuple, *group:
		return tupleMethods
	case int64, *big.Int, bool:
		return intMethods
	case float64:
		return floatMethods
	case value.Bytes:
		return bytesMethods
	case *global, *bound, *macro, *namespace, *joiner, *superBlock, *selfObject, *module, Callable:
		return nil
	case *loop:
		return loopMethods
	case *cycler:
		return cyclerMethods
	case value.Object:
		return objectMethods
	}
	return nil
}

var (
	loopMethods   = set("cycle", "changed")
	cyclerMethods = set("next", "reset")
	objectMethods = set("get", "items", "keys", "values")
)

func hasMethod(v value.Value, name string) bool { return methodsOf(v)[name] }

// shallowMethod tells whether a method leaves its arguments as they are.
func shallowMethod(self value.Value, name string) bool {
	switch self.(type) {
	case *value.Map:
		return name == "get" || name == "setdefault" || name == "pop"
	case *value.List:
		return name == "append" || name == "insert" || name == "pop"
	case *loop, *cycler:
		return true
	case value.Object:
		return true
	}
	return false
}

// method calls a method that hasMethod knows.
func (f *frame) method(c *Call, self value.Value, name string) (value.Value, error) {
	switch s := self.(type) {
	case string:
		return f.strMethod(c, s, name)
	case *value.List:
		return f.listMethod(c, s, name)
	case *value.Map:
		return f.dictMethod(c, s, name)
	case value.Tuple:
		return sequenceMethod(c, s, name)
	case *group:
		return sequenceMethod(c, s.tuple(), name)
	case value.Bytes:
		return bytesMethod(c, s, name)
	case *loop:
		return s.method(c, name)
	case *cycler:
		return s.method(name), nil
	case value.Object:
		return f.objectMethod(c, s, name)
	case float64:
		return s == float64(int64(s)), nil
	}
	return intMethod(c, self, name)
}

func sequenceMethod(c *Call, items []value.Value, name string) (value.Value, error) {
	args, err := c.Bind("value")
	if err != nil {
		return nil, err
	}
	n := int64(0)
	for i, item := range items {
		if !value.Equal(item, args[0]) {
			continue
		}
		if name == "index" {
			return int64(i), nil
		}
		n++
	}
	if name == "index" {
		return nil, fmt.Errorf("%s is not in list", value.Repr(args[0]))
	}
	return n, nil
}

func (f *frame) listMethod(c *Call, l *value.List, name string) (value.Value, error) {
	if mutating[name] {
		if err := f.st.charge(32); err != nil {
			return nil, err
		}
	}
	switch name {
	case "append":
		args, err := c.Bind("object")
		if err == nil {
			l.Items = append(l.Items, args[0])
		}
		return nil, err
	case "extend":
		args, err := c.Bind("iterable")
		if err != nil {
			return nil, err
		}
		items, err := f.iterate(args[0])
		if err == nil {
			l.Items = append(l.Items, items...)
			err = f.st.charge(16 * len(items))
		}
		return nil, err
	case "insert":
		if _, err := c.Bind("index", "object"); err != nil {
			return nil, err
		}
		i, err := c.Int(0, "index", 0)
		if err == nil {
			l.Items = slices.Insert(l.Items, clampIndex(i, len(l.Items)), c.Args[1])
		}
		return nil, err
	case "pop":
		return popItem(c, l)
	case "remove":
		args, err := c.Bind("value")
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(l.Items, func(v value.Value) bool { return value.Equal(v, args[0]) })
		if i < 0 {
			return nil, errors.New("list.remove(x): x not in list")
		}
		l.Items = slices.Delete(l.Items, i, i+1)
		return nil, nil
	case "sort":
		if _, ok := c.Kwargs.Get("key"); ok {
			return nil, errors.New("sort(key=) is not supported; use the sort filter")
		}
		return nil, sortValues(l.Items, c.Bool(1, "reverse", false))
	case "reverse":
		slices.Reverse(l.Items)
		return nil, nil
	case "copy":
		return value.NewList(slices.Clone(l.Items)...), nil
	case "clear":
		l.Items = []value.Value{}
		return nil, nil
	}
	return sequenceMethod(c, l.Items, name)
}

func clampIndex(i, n int) int {
	if i < 0 {
		i += n
	}
	return min(max(i, 0), n)
}

func popItem(c *Call, l *value.List) (value.Value, error) {
	i, err := c.Int(0, "index", -1)
	if err != nil {
		return nil, err
	}
	n := len(l.Items)
	if n == 0 {
		return nil, errors.New("pop from empty list")
	}
	if i < 0 {
		i += n
	}
	if i < 0 || i >= n {
		return nil, errors.New("pop index out of range")
	}
	v := l.Items[i]
	l.Items = slices.Delete(l.Items, i, i+1)
	return v, nil
}

// sortValues sorts in place, stably.
func sortValues(items []value.Value, reverse bool) error {
	var failed error
	slices.SortStableFunc(items, func(a, b value.Value) int {
		c, err := value.Compare(a, b)
		if err != nil {
			failed = err
		}
		if reverse {
			return -c
		}
		return c
	})
	return failed
}

func (f *frame) dictMethod(c *Call, m *value.Map, name string) (value.Value, error) {
	switch name {
	case "items", "keys", "values", "copy", "clear", "popitem":
		if _, err := c.Bind(); err != nil {
			return nil, err
		}
	}
	switch name {
	case "items":
		return pairs(m), nil
	case "keys":
		return value.NewList(m.Keys()...), nil
	case "values":
		return value.NewList(m.Values()...), nil
	case "copy":
		return m.Clone(), nil
	case "clear":
		*m = value.Map{}
		return nil, nil
	case "popitem":
		keys := m.Keys()
		if len(keys) == 0 {
			return nil, errors.New("'popitem(): dictionary is empty'")
		}
		k := keys[len(keys)-1]
		v := m.At(k)
		m.Delete(k)
		return value.Tuple{k, v}, nil
	case "update":
		return nil, f.update(c, m)
	}
	args, err := c.Bind("key", "default=")
	if err != nil {
		return nil, err
	}
	key := args[0]
	if !value.Hashable(key) {
		return nil, fmt.Errorf("unhashable type: '%s'", value.TypeName(key))
	}
	v, ok := m.Get(key)
	switch {
	case ok && name == "pop":
		m.Delete(key)
		return f.observe(v)
	case ok:
		return f.observe(v)
	case args[1] == Missing && name == "pop":
		return nil, errors.New(value.Repr(key))
	case args[1] == Missing:
		args[1] = nil
	}
	if name == "setdefault" {
		m.Set(key, args[1])
	}
	return args[1], nil
}

func pairs(m *value.Map) *value.List {
	l := &value.List{Items: make([]value.Value, 0, m.Len())}
	for k, v := range m.All() {
		l.Append(value.Tuple{k, v})
	}
	return l
}

// update is dict.update, and what dict() and namespace() do.
func (f *frame) update(c *Call, m *value.Map) error {
	if len(c.Args) > 1 {
		return fmt.Errorf("%s expected at most 1 argument, got %d", c.Name, len(c.Args))
	}
	if err := f.st.charge(32); err != nil {
		return err
	}
	if len(c.Args) == 1 {
		if from, ok := c.Args[0].(*value.Map); ok {
			m.Merge(from)
		} else if err := f.updatePairs(c.Args[0], m); err != nil {
			return err
		}
	}
	m.Merge(c.Kwargs)
	return nil
}

func (f *frame) updatePairs(v value.Value, m *value.Map) error {
	items, err := f.iterate(v)
	if err != nil {
		return err
	}
	for i, item := range items {
		pair, err := f.iterate(item)
		if err != nil {
			return fmt.Errorf("cannot convert dictionary update sequence element #%d to a sequence", i)
		}
		if len(pair) != 2 {
			return fmt.Errorf("dictionary update sequence element #%d has length %d; 2 is required", i, len(pair))
		}
		if !value.Hashable(pair[0]) {
			return fmt.Errorf("unhashable type: '%s'", value.TypeName(pair[0]))
		}
		m.Set(pair[0], pair[1])
	}
	return nil
}

func (f *frame) objectMethod(c *Call, o value.Object, name string) (value.Value, error) {
	if name == "get" {
		args, err := c.Bind("key", "default=")
		if err != nil {
			return nil, err
		}
		v, ok, err := o.Get(args[0])
		if err != nil || ok {
			return v, err
		}
		if args[1] == Missing {
			return nil, nil
		}
		return args[1], nil
	}
	keys := o.Keys()
	if name == "keys" {
		return value.NewList(keys...), nil
	}
	l := value.NewList()
	for _, k := range keys {
		v, _, err := o.Get(k)
		if err != nil {
			return nil, err
		}
		if v, err = f.fromObject(v); err != nil {
			return nil, err
		}
		if name == "items" {
			v = value.Tuple{k, v}
		}
		l.Append(v)
	}
	return l, nil
}

func intMethod(c *Call, self value.Value, name string) (value.Value, error) {
	v, err := value.ToInt(self)
	if err != nil {
		return nil, err
	}
	i := bigOf(v)
	if name == "bit_length" {
		return int64(i.BitLen()), nil
	}
	if name == "bit_count" {
		n := int64(0)
		for b := range i.BitLen() {
			n += int64(new(big.Int).Abs(i).Bit(b))
		}
		return n, nil
	}
	args, err := c.Bind("value")
	if err != nil {
		return nil, err
	}
	if args[0], err = value.ToInt(args[0]); err != nil {
		return nil, err
	}
	other, z := bigOf(args[0]), new(big.Int)
	switch name {
	case "__and__":
		return value.Int(z.And(i, other)), nil
	case "__or__":
		return value.Int(z.Or(i, other)), nil
	case "__xor__":
		return value.Int(z.Xor(i, other)), nil
	}
	if !other.IsInt64() || other.Sign() < 0 || other.Int64() > 1<<16 {
		return nil, errors.New("the shift count is negative or too large")
	}
	if name == "__lshift__" {
		return value.Int(z.Lsh(i, uint(other.Int64()))), nil
	}
	return value.Int(z.Rsh(i, uint(other.Int64()))), nil
}

func bigOf(v value.Value) *big.Int {
	if i, ok := v.(*big.Int); ok {
		return i
	}
	return big.NewInt(v.(int64))
}
