package value

import (
	"cmp"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
)

// Equal is Python's ==. Undefined and Unknown values equal nothing but themselves.
func Equal(a, b Value) bool {
	if x, ok := a.(string); ok {
		y, ok := b.(string)
		return ok && x == y
	}
	if c, ok := compareNumbers(a, b); ok {
		return c == 0
	}
	switch a := a.(type) {
	case nil:
		return b == nil
	case Bytes:
		b, ok := b.(Bytes)
		return ok && string(a) == string(b)
	case *List:
		b, ok := b.(*List)
		return ok && (a == b || slices.EqualFunc(a.Items, b.Items, Equal))
	case Tuple:
		b, ok := b.(Tuple)
		return ok && slices.EqualFunc(a, b, Equal)
	case *Map:
		return equalMaps(a, b)
	case Template:
		b, ok := b.(Template)
		return ok && a.Source == b.Source
	case Undefined:
		b, ok := b.(Undefined)
		return ok && a == b
	case Unknown:
		b, ok := b.(Unknown)
		return ok && a == b
	case Object:
		if m, ok := b.(*Map); ok {
			return equalMaps(m, a)
		}
		b, ok := b.(Object)
		return ok && a == b
	}
	return false
}

func equalMaps(a *Map, b Value) bool {
	var other *Map
	switch b := b.(type) {
	case *Map:
		other = b
	case Object:
		m, err := objectMap(b)
		if err != nil {
			return false
		}
		other = m
	default:
		return false
	}
	if a == other {
		return true
	}
	if a.Len() != other.Len() {
		return false
	}
	for k, v := range a.All() {
		o, ok := other.Get(k)
		if !ok || !Equal(v, o) {
			return false
		}
	}
	return true
}

// unordered is what compareNumbers returns for NaN.
const unordered = 2

// compareNumbers compares two numbers exactly. ok is false where either is none.
func compareNumbers(a, b Value) (c int, ok bool) {
	switch x := a.(type) {
	case int64:
		switch y := b.(type) {
		case int64:
			return cmp.Compare(x, y), true
		case float64:
			return -compareFloat(y, big.NewInt(x)), true
		}
	case float64:
		if y, ok := b.(float64); ok {
			if math.IsNaN(x) || math.IsNaN(y) {
				return unordered, true
			}
			return cmp.Compare(x, y), true
		}
	}
	x, xFloat, ok := number(a)
	if !ok {
		return 0, false
	}
	y, yFloat, ok := number(b)
	switch {
	case !ok:
		return 0, false
	case x != nil && y != nil:
		return x.Cmp(y), true
	case x != nil:
		return -compareFloat(yFloat, x), true
	case y != nil:
		return compareFloat(xFloat, y), true
	}
	return cmp.Compare(xFloat, yFloat), true
}

// number returns v as an integer, or as a float with a nil integer.
func number(v Value) (*big.Int, float64, bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return big.NewInt(1), 0, true
		}
		return new(big.Int), 0, true
	case int64:
		return big.NewInt(v), 0, true
	case *big.Int:
		return v, 0, true
	case float64:
		return nil, v, true
	}
	return nil, 0, false
}

func compareFloat(f float64, i *big.Int) int {
	switch {
	case math.IsNaN(f):
		return unordered
	case math.IsInf(f, 0):
		if f > 0 {
			return 1
		}
		return -1
	}
	return new(big.Float).SetPrec(2200).SetFloat64(f).Cmp(new(big.Float).SetPrec(2200).SetInt(i))
}

// Compare orders a and b as Python's < does: -1, 0 or 1. NaN, which has no order, counts
// as after everything. Types without an order between them are an error.
func Compare(a, b Value) (int, error) {
	if c, ok := compareNumbers(a, b); ok {
		if c < -1 || c > 1 {
			c = 1
		}
		return c, nil
	}
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(x, y), nil
		}
	case Bytes:
		if y, ok := b.(Bytes); ok {
			return strings.Compare(string(x), string(y)), nil
		}
	case *List:
		if y, ok := b.(*List); ok {
			return compareItems(x.Items, y.Items)
		}
	case Tuple:
		if y, ok := b.(Tuple); ok {
			return compareItems(x, y)
		}
	}
	return 0, fmt.Errorf("'<' not supported between instances of '%s' and '%s'", TypeName(a), TypeName(b))
}

func compareItems(a, b []Value) (int, error) {
	for i := range min(len(a), len(b)) {
		if !Equal(a[i], b[i]) {
			return Compare(a[i], b[i])
		}
	}
	return cmp.Compare(len(a), len(b)), nil
}

// Contains is Python's `item in container`.
func Contains(container, item Value) (bool, error) {
	switch c := container.(type) {
	case string:
		s, ok := item.(string)
		if !ok {
			return false, fmt.Errorf("'in <string>' requires string as left operand, not %s", TypeName(item))
		}
		return strings.Contains(c, s), nil
	case Bytes:
		switch item := item.(type) {
		case Bytes:
			return strings.Contains(string(c), string(item)), nil
		case int64:
			return item >= 0 && item < 256 && strings.Contains(string(c), string([]byte{byte(item)})), nil
		}
		return false, fmt.Errorf("a bytes-like object is required, not '%s'", TypeName(item))
	case *List:
		return slices.ContainsFunc(c.Items, func(v Value) bool { return Equal(v, item) }), nil
	case Tuple:
		return slices.ContainsFunc(c, func(v Value) bool { return Equal(v, item) }), nil
	case *Map:
		if !Hashable(item) {
			return false, fmt.Errorf("unhashable type: '%s'", TypeName(item))
		}
		_, ok := c.Get(item)
		return ok, nil
	case Object:
		_, ok, err := c.Get(item)
		return ok, err
	}
	return false, fmt.Errorf("argument of type '%s' is not iterable", TypeName(container))
}
