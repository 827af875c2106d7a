package value

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// ToInt is Python's int(v).
func ToInt(v Value) (Value, error) {
	switch v := v.(type) {
	case string:
		return ParseInt(v, 10)
	case float64:
		i, err := truncate(v)
		if err != nil {
			return nil, err
		}
		return Int(i), nil
	}
	i, _, ok := number(v)
	if !ok {
		return nil, fmt.Errorf("int() argument must be a string, a bytes-like object or a real number, not '%s'", TypeName(v))
	}
	return Int(i), nil
}

// ParseInt is Python's int(text, base): blanks around it, a sign, underscores between
// digits, and a prefix where base allows one; base 0 goes by the prefix.
func ParseInt(text string, base int) (Value, error) {
	invalid := fmt.Errorf("invalid literal for int() with base %d: %s", base, Repr(text))
	if base != 0 && (base < 2 || base > 36) {
		return nil, errors.New("int() base must be >= 2 and <= 36, or 0")
	}
	if len(text) > 4300 {
		return nil, fmt.Errorf("exceeds the limit (4300 digits) for integer string conversion: value has %d digits", len(text))
	}
	s := strings.TrimSpace(text)
	negative := strings.HasPrefix(s, "-")
	if negative || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	radix := base
	if len(s) > 2 && s[0] == '0' {
		prefix := map[byte]int{'x': 16, 'o': 8, 'b': 2}[s[1]|0x20]
		if prefix != 0 && (base == 0 || base == prefix) {
			radix, s = prefix, strings.TrimPrefix(s[2:], "_")
		}
	}
	if radix == 0 {
		radix = 10
		if len(s) > 1 && s[0] == '0' && strings.Trim(s, "0_") != "" {
			return nil, invalid
		}
	}
	if s == "" || s[0] == '_' || s[len(s)-1] == '_' || strings.Contains(s, "__") || s[0] == '-' || s[0] == '+' {
		return nil, invalid
	}
	i, ok := new(big.Int).SetString(strings.ReplaceAll(s, "_", ""), radix)
	if !ok {
		return nil, invalid
	}
	if negative {
		i.Neg(i)
	}
	return Int(i), nil
}

// ToFloat is Python's float(v).
func ToFloat(v Value) (float64, error) {
	switch v := v.(type) {
	case float64:
		return v, nil
	case int64:
		return float64(v), nil
	case string:
		return parseFloat(v)
	}
	i, _, ok := number(v)
	if !ok {
		return 0, fmt.Errorf("float() argument must be a string or a real number, not '%s'", TypeName(v))
	}
	return toFloat(i)
}

func parseFloat(text string) (float64, error) {
	invalid := fmt.Errorf("could not convert string to float: %s", Repr(text))
	s := strings.ToLower(strings.TrimSpace(text))
	switch strings.TrimLeft(s, "+-") {
	case "nan", "inf", "infinity":
		if len(s)-len(strings.TrimLeft(s, "+-")) > 1 {
			return 0, invalid
		}
	default:
		if strings.Trim(s, "0123456789+-._e") != "" || strings.HasPrefix(s, "_") || strings.HasSuffix(s, "_") || strings.Contains(s, "__") {
			return 0, invalid
		}
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, invalid
	}
	return f, nil
}
