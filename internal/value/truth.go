package value

import "math/big"

// Truth is Python's truth: None, False, zero and empty containers are false. Undefined
// is false; Unknown is true (callers that can say "unknown" must look for it first).
func Truth(v Value) bool {
	switch v := v.(type) {
	case nil, Undefined:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	case *big.Int:
		return v.Sign() != 0
	case float64:
		return v != 0
	case string:
		return v != ""
	case Bytes:
		return len(v) > 0
	case *List:
		return len(v.Items) > 0
	case Tuple:
		return len(v) > 0
	case *Map:
		return v.Len() > 0
	}
	return true
}

// TypeName returns Python's name of v's type: "str", "dict", "NoneType".
func TypeName(v Value) string {
	switch v.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case int64, *big.Int:
		return "int"
	case float64:
		return "float"
	case string, Template:
		return "str"
	case Bytes:
		return "bytes"
	case *List:
		return "list"
	case Tuple:
		return "tuple"
	case *Map, Object:
		return "dict"
	case Undefined:
		return "Undefined"
	case Unknown:
		return "unknown"
	}
	return "object"
}
