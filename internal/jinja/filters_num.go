package jinja

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"kops/internal/value"
)

func filterAbs(c *Call) (value.Value, error) {
	if f, ok := c.Args[0].(float64); ok {
		return math.Abs(f), nil
	}
	v, err := value.Pos(c.Args[0])
	if err != nil {
		return nil, fmt.Errorf("bad operand type for abs(): '%s'", value.TypeName(c.Args[0]))
	}
	if n, _ := value.Compare(v, int64(0)); n < 0 {
		return value.Neg(v)
	}
	return v, nil
}

func filterInt(c *Call) (value.Value, error) {
	args, err := c.Bind("value", "default=", "base=")
	if err != nil {
		return nil, err
	}
	base, err := c.Int(2, "base", 10)
	if err != nil {
		return nil, err
	}
	var v value.Value
	if s, ok := args[0].(string); ok {
		v, err = value.ParseInt(s, base)
	} else {
		v, err = value.ToInt(args[0])
	}
	if err == nil {
		return v, nil
	}
	if f, err := value.ToFloat(args[0]); err == nil {
		if v, err := value.ToInt(f); err == nil {
			return v, nil
		}
	}
	return c.Arg(1, "default", int64(0)), nil
}

func filterFloat(c *Call) (value.Value, error) {
	args, err := c.Bind("value", "default=")
	if err != nil {
		return nil, err
	}
	f, err := value.ToFloat(args[0])
	if err != nil {
		return c.Arg(1, "default", 0.0), nil
	}
	return f, nil
}

func filterRound(c *Call) (value.Value, error) {
	if _, err := c.Bind("value", "precision=", "method="); err != nil {
		return nil, err
	}
	precision, err := c.Int(1, "precision", 0)
	if err != nil {
		return nil, err
	}
	method, err := c.String(2, "method", "common")
	if err != nil {
		return nil, err
	}
	if precision > 300 || precision < -300 {
		return nil, errors.New("the precision must be between -300 and 300")
	}
	v := c.Args[0]
	switch method {
	case "common":
		return round(v, precision)
	case "ceil", "floor":
	default:
		return nil, errors.New("method must be common, ceil or floor")
	}
	var scale value.Value = math.Pow(10, float64(precision))
	if precision >= 0 {
		if scale, err = value.Arith(value.Pow, int64(10), int64(precision)); err != nil {
			return nil, err
		}
	}
	scaled, err := value.Arith(value.Mul, v, scale)
	if err != nil {
		return nil, err
	}
	f, isFloat := scaled.(float64)
	if isFloat {
		if method == "ceil" {
			f = math.Ceil(f)
		} else {
			f = math.Floor(f)
		}
		if scaled, err = value.ToInt(f); err != nil {
			return nil, err
		}
	}
	return value.Arith(value.Div, scaled, scale)
}

// round is Python's round(v, precision): half to even, on the exact value.
func round(v value.Value, precision int) (value.Value, error) {
	f, ok := v.(float64)
	if !ok {
		i, err := value.Pos(v)
		if err != nil {
			return nil, fmt.Errorf("type %s doesn't define __round__ method", value.TypeName(v))
		}
		if precision >= 0 {
			return i, nil
		}
		return roundInt(i, precision)
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return f, nil
	}
	if precision >= 0 {
		return strconv.ParseFloat(strconv.FormatFloat(f, 'f', precision, 64), 64)
	}
	scale := math.Pow(10, float64(-precision))
	return math.RoundToEven(f/scale) * scale, nil
}

func roundInt(v value.Value, precision int) (value.Value, error) {
	unit, err := value.Arith(value.Pow, int64(10), int64(-precision))
	if err != nil {
		return nil, err
	}
	rest, err := value.Arith(value.Mod, v, unit)
	if err != nil {
		return nil, err
	}
	down, _ := value.Arith(value.Sub, v, rest)
	twice, _ := value.Arith(value.Mul, rest, int64(2))
	n, err := value.Compare(twice, unit)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		q, _ := value.Arith(value.FloorDiv, down, unit)
		odd, _ := value.Arith(value.Mod, q, int64(2))
		if value.Truth(odd) {
			n = 1
		}
	}
	if n > 0 {
		return value.Arith(value.Add, down, unit)
	}
	return down, nil
}

func filterFilesizeformat(c *Call) (value.Value, error) {
	bytes, err := value.ToFloat(c.Args[0])
	if err != nil {
		return nil, err
	}
	base, infix := 1000.0, ""
	if c.Bool(1, "binary", false) {
		base, infix = 1024, "i"
	}
	switch {
	case bytes == 1:
		return "1 Byte", nil
	case bytes < base:
		return fmt.Sprintf("%d Bytes", int64(bytes)), nil
	}
	unit := base
	for i, prefix := range "kMGTPEZY" {
		unit *= base
		if bytes < unit || i == 7 {
			if prefix == 'k' && infix != "" {
				prefix = 'K'
			}
			return fmt.Sprintf("%.1f %c%sB", base*bytes/unit, prefix, infix), nil
		}
	}
	return nil, nil
}
