package value

import (
	"fmt"
	"iter"
	"math"
	"math/big"
	"strings"
)

// smallMap is the number of keys up to which a scan is faster than an index.
const smallMap = 8

// A Map is a mapping that keeps the order in which keys were first set. Keys are equal
// as in Python: 1, 1.0 and True are the same key. The zero Map is empty and ready.
// Maps that are shared between hosts must not be modified; templates work on copies.
type Map struct {
	keys  []Value
	vals  []Value
	index map[any]int // nil up to smallMap keys
}

// NewMap returns a map of alternating keys and values. It panics on an odd number of
// arguments or an unhashable key, which only a programming error can bring about.
func NewMap(kv ...Value) *Map {
	if len(kv)%2 != 0 {
		panic("value.NewMap: odd number of arguments")
	}
	m := &Map{}
	for i := 0; i < len(kv); i += 2 {
		m.Set(kv[i], kv[i+1])
	}
	return m
}

// hashKey maps keys that Python holds equal to one Go key. ok is false for a value that
// cannot be a key.
func hashKey(k Value) (key any, ok bool) {
	switch k := k.(type) {
	case string, int64, nil:
		return k, true
	case bool:
		if k {
			return int64(1), true
		}
		return int64(0), true
	case float64:
		if i := int64(k); float64(i) == k && math.Abs(k) < 1<<62 {
			return i, true
		}
		return k, true
	case *big.Int:
		return "\x00big" + k.String(), true
	case Bytes:
		return "\x00bytes" + string(k), true
	case Template:
		return "\x00template" + k.Source, true
	case Tuple:
		var b strings.Builder
		b.WriteString("\x00tuple")
		for _, item := range k {
			h, ok := hashKey(item)
			if !ok {
				return nil, false
			}
			fmt.Fprintf(&b, "%T:%v\x00", h, h)
		}
		return b.String(), true
	}
	return nil, false
}

// Hashable tells whether v can be a key of a Map.
func Hashable(v Value) bool {
	_, ok := hashKey(v)
	return ok
}

func (m *Map) find(k Value) int {
	if m == nil {
		return -1
	}
	h, ok := hashKey(k)
	if !ok {
		return -1
	}
	if m.index != nil {
		if i, ok := m.index[h]; ok {
			return i
		}
		return -1
	}
	for i, other := range m.keys {
		if o, _ := hashKey(other); o == h {
			return i
		}
	}
	return -1
}

// Get returns the value of k and whether there is one. A nil Map is empty.
func (m *Map) Get(k Value) (Value, bool) {
	i := m.find(k)
	if i < 0 {
		return nil, false
	}
	return m.vals[i], true
}

// At returns the value of k, or nil where there is none.
func (m *Map) At(k Value) Value {
	v, _ := m.Get(k)
	return v
}

// String returns the value of k if it is a string, or "".
func (m *Map) String(k string) string {
	s, _ := m.At(k).(string)
	return s
}

// Bool tells whether the value of k is true, by Python's truth.
func (m *Map) Bool(k string) bool {
	v, ok := m.Get(k)
	return ok && Truth(v)
}

// Set adds k or replaces its value. It panics where k cannot be a key: see Hashable.
func (m *Map) Set(k, v Value) {
	h, ok := hashKey(k)
	if !ok {
		panic(fmt.Sprintf("value.Map: %s is not hashable", TypeName(k)))
	}
	if i := m.find(k); i >= 0 {
		m.vals[i] = v
		return
	}
	m.keys = append(m.keys, k)
	m.vals = append(m.vals, v)
	if m.index != nil {
		m.index[h] = len(m.keys) - 1
	} else if len(m.keys) > smallMap {
		m.reindex()
	}
}

func (m *Map) reindex() {
	m.index = make(map[any]int, len(m.keys))
	for i, k := range m.keys {
		h, _ := hashKey(k)
		m.index[h] = i
	}
}

// Delete removes k and tells whether it was there.
func (m *Map) Delete(k Value) bool {
	i := m.find(k)
	if i < 0 {
		return false
	}
	m.keys = append(m.keys[:i:i], m.keys[i+1:]...)
	m.vals = append(m.vals[:i:i], m.vals[i+1:]...)
	if m.index != nil {
		m.reindex()
	}
	return true
}

// Len returns the number of keys. A nil Map has none.
func (m *Map) Len() int {
	if m == nil {
		return 0
	}
	return len(m.keys)
}

// Keys returns the keys in order. The caller may modify the slice.
func (m *Map) Keys() []Value {
	if m == nil {
		return nil
	}
	return append([]Value(nil), m.keys...)
}

// Values returns the values in the order of their keys.
func (m *Map) Values() []Value {
	if m == nil {
		return nil
	}
	return append([]Value(nil), m.vals...)
}

// All iterates over keys and values in order.
func (m *Map) All() iter.Seq2[Value, Value] {
	return func(yield func(Value, Value) bool) {
		if m == nil {
			return
		}
		for i, k := range m.keys {
			if !yield(k, m.vals[i]) {
				return
			}
		}
	}
}

// Clone returns a shallow copy.
func (m *Map) Clone() *Map {
	c := &Map{}
	if m == nil {
		return c
	}
	c.keys = append([]Value(nil), m.keys...)
	c.vals = append([]Value(nil), m.vals...)
	if m.index != nil {
		c.reindex()
	}
	return c
}

// Merge sets every key of other in m, and returns m.
func (m *Map) Merge(other *Map) *Map {
	for k, v := range other.All() {
		m.Set(k, v)
	}
	return m
}
