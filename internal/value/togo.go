package value

import (
	"fmt"
	"math/big"
)

// ToGo turns v into what encoding/json makes: map[string]any, []any, string, bool, int64,
// *big.Int, float64 and nil; bytes become []byte, templates their source. Keys that are
// not text are written as text. Undefined and Unknown values are errors.
func ToGo(v Value) (any, error) {
	switch v := v.(type) {
	case nil, bool, int64, *big.Int, float64, string:
		return v, nil
	case Template:
		return v.Source, nil
	case Bytes:
		return []byte(v), nil
	case *List:
		return itemsToGo(v.Items)
	case Tuple:
		return itemsToGo(v)
	case *Map:
		m := make(map[string]any, v.Len())
		for k, item := range v.All() {
			g, err := ToGo(item)
			if err != nil {
				return nil, err
			}
			m[Str(k)] = g
		}
		return m, nil
	case Undefined:
		return nil, v
	case Unknown:
		return nil, fmt.Errorf("a value is not known yet: %s", v.Why)
	case Object:
		m, err := objectMap(v)
		if err != nil {
			return nil, err
		}
		return ToGo(m)
	}
	return nil, fmt.Errorf("a Go %T is not a value", v)
}

func itemsToGo(items []Value) (any, error) {
	out := make([]any, len(items))
	for i, item := range items {
		g, err := ToGo(item)
		if err != nil {
			return nil, err
		}
		out[i] = g
	}
	return out, nil
}
