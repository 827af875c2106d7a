package value

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"time"
)

// From turns what Go code produces into a Value: all of Go's numbers, json.Number, time
// (as text, RFC 3339), slices, arrays and maps (keys sorted, since Go's have no order), pointers to any of
// these. Values are returned as they are. Anything else is an error.
func From(v any) (Value, error) {
	switch v := v.(type) {
	case nil, bool, int64, float64, string, Bytes, *List, Tuple, *Map, Template, Undefined, Unknown:
		return v, nil
	case *big.Int:
		return Int(v), nil
	case int:
		return int64(v), nil
	case []byte:
		return Bytes(v), nil
	case json.Number:
		return parseNumber(string(v))
	case []string:
		return Strings(v), nil
	case time.Time:
		return v.Format(time.RFC3339Nano), nil
	case time.Duration:
		return v.Seconds(), nil
	case Object:
		return v, nil
	}
	return fromReflect(reflect.ValueOf(v))
}

func fromReflect(r reflect.Value) (Value, error) {
	switch r.Kind() {
	case reflect.Bool:
		return r.Bool(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return r.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if u := r.Uint(); u > math.MaxInt64 {
			return new(big.Int).SetUint64(u), nil
		}
		return int64(r.Uint()), nil
	case reflect.Float32, reflect.Float64:
		return r.Float(), nil
	case reflect.String:
		return r.String(), nil
	case reflect.Slice, reflect.Array:
		l := &List{Items: make([]Value, r.Len())}
		for i := range l.Items {
			item, err := From(r.Index(i).Interface())
			if err != nil {
				return nil, err
			}
			l.Items[i] = item
		}
		return l, nil
	case reflect.Map:
		return fromMap(r)
	case reflect.Pointer, reflect.Interface:
		if r.IsNil() {
			return nil, nil
		}
		return From(r.Elem().Interface())
	}
	return nil, fmt.Errorf("a Go %s is not a value", r.Type())
}

func fromMap(r reflect.Value) (Value, error) {
	keys := make([]Value, 0, r.Len())
	vals := map[string]Value{}
	for iter := r.MapRange(); iter.Next(); {
		k, err := From(iter.Key().Interface())
		if err != nil {
			return nil, err
		}
		if !Hashable(k) {
			return nil, fmt.Errorf("unhashable type: '%s'", TypeName(k))
		}
		v, err := From(iter.Value().Interface())
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
		vals[Repr(k)] = v
	}
	slices.SortFunc(keys, func(a, b Value) int {
		if c, err := Compare(a, b); err == nil {
			return c
		}
		return strings.Compare(Str(a), Str(b))
	})
	m := &Map{}
	for _, k := range keys {
		m.Set(k, vals[Repr(k)])
	}
	return m, nil
}
