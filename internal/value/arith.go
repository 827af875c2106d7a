package value

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"strings"
)

// Limits that keep one operation from using up the memory.
const (
	maxBits  = 1 << 20  // of an integer
	maxItems = 1 << 24  // of a repeated list
	maxText  = 64 << 20 // of a repeated string, in bytes
)

// An Op is one of Python's arithmetic operators.
type Op string

// The operators.
const (
	Add      Op = "+"
	Sub      Op = "-"
	Mul      Op = "*"
	Div      Op = "/"
	FloorDiv Op = "//"
	Mod      Op = "%"
	Pow      Op = "**"
)

// Arith computes a op b as Python does: integers without overflow, floats, text and
// lists where + and * apply to them, text % values. Errors are worded as Python's.
func Arith(op Op, a, b Value) (Value, error) {
	if x, ok := a.(int64); ok {
		if y, ok := b.(int64); ok {
			if v, ok := smallInts(op, x, y); ok {
				return v, nil
			}
		}
	}
	if v, ok, err := sequences(op, a, b); ok || err != nil {
		return v, err
	}
	x, xFloat, xOK := number(a)
	y, yFloat, yOK := number(b)
	if !xOK || !yOK {
		return nil, unsupported(op, a, b)
	}
	if x != nil && y != nil && op != Div {
		return bigInts(op, x, y)
	}
	if x != nil && y != nil {
		if y.Sign() == 0 {
			return nil, errors.New("division by zero")
		}
		f, _ := new(big.Rat).SetFrac(x, y).Float64()
		if math.IsInf(f, 0) {
			return nil, errors.New("integer division result too large for a float")
		}
		return f, nil
	}
	var err error
	if x != nil {
		if xFloat, err = toFloat(x); err != nil {
			return nil, err
		}
	}
	if y != nil {
		if yFloat, err = toFloat(y); err != nil {
			return nil, err
		}
	}
	return floats(op, xFloat, yFloat)
}

func unsupported(op Op, a, b Value) error {
	if op == Pow {
		op = "** or pow()"
	}
	return fmt.Errorf("unsupported operand type(s) for %s: '%s' and '%s'", op, TypeName(a), TypeName(b))
}

func toFloat(i *big.Int) (float64, error) {
	f, _ := new(big.Float).SetInt(i).Float64()
	if math.IsInf(f, 0) {
		return 0, errors.New("int too large to convert to float")
	}
	return f, nil
}

func smallInts(op Op, x, y int64) (Value, bool) {
	switch op {
	case Add:
		if s := x + y; (s > x) == (y > 0) {
			return s, true
		}
	case Sub:
		if d := x - y; (d < x) == (y > 0) {
			return d, true
		}
	case Mul:
		hi, lo := bits.Mul64(abs64(x), abs64(y))
		if hi == 0 && lo < 1<<63 {
			return x * y, true
		}
	case FloorDiv:
		if y != 0 && !(x == math.MinInt64 && y == -1) {
			q := x / y
			if x%y != 0 && (x < 0) != (y < 0) {
				q--
			}
			return q, true
		}
	case Mod:
		if y != 0 {
			r := x % y
			if r != 0 && (r < 0) != (y < 0) {
				r += y
			}
			return r, true
		}
	}
	return nil, false
}

func abs64(x int64) uint64 {
	if x < 0 {
		return -uint64(x)
	}
	return uint64(x)
}

func bigInts(op Op, x, y *big.Int) (Value, error) {
	z := new(big.Int)
	switch op {
	case Add:
		return Int(z.Add(x, y)), nil
	case Sub:
		return Int(z.Sub(x, y)), nil
	case Mul:
		if x.BitLen()+y.BitLen() > maxBits {
			return nil, errors.New("the result of * is too large")
		}
		return Int(z.Mul(x, y)), nil
	case FloorDiv, Mod:
		if y.Sign() == 0 {
			return nil, errors.New("integer division or modulo by zero")
		}
		q, r := z.QuoRem(x, y, new(big.Int))
		if r.Sign() != 0 && (r.Sign() < 0) != (y.Sign() < 0) {
			q.Sub(q, big.NewInt(1))
			r.Add(r, y)
		}
		if op == Mod {
			return Int(r), nil
		}
		return Int(q), nil
	}
	return powInts(x, y)
}

func powInts(x, y *big.Int) (Value, error) {
	if y.Sign() < 0 {
		xf, err := toFloat(x)
		if err != nil {
			return nil, err
		}
		yf, err := toFloat(y)
		if err != nil {
			return nil, err
		}
		return floats(Pow, xf, yf)
	}
	if x.BitLen() > 1 && (!y.IsInt64() || y.Int64() > maxBits || int64(x.BitLen())*y.Int64() > maxBits) {
		return nil, errors.New("the result of ** is too large")
	}
	if x.BitLen() <= 1 { // -1, 0 and 1 to any power
		if x.Sign() < 0 && y.Bit(0) == 0 || y.Sign() == 0 {
			return int64(1), nil
		}
		return Int(new(big.Int).Set(x)), nil
	}
	return Int(new(big.Int).Exp(x, y, nil)), nil
}

func floats(op Op, x, y float64) (Value, error) {
	switch op {
	case Add:
		return x + y, nil
	case Sub:
		return x - y, nil
	case Mul:
		return x * y, nil
	case Div:
		if y == 0 {
			return nil, errors.New("float division by zero")
		}
		return x / y, nil
	case FloorDiv, Mod:
		if y == 0 {
			if op == Mod {
				return nil, errors.New("float modulo")
			}
			return nil, errors.New("float floor division by zero")
		}
		q, r := divmod(x, y)
		if op == Mod {
			return r, nil
		}
		return q, nil
	}
	if x == 0 && y < 0 {
		return nil, errors.New("0.0 cannot be raised to a negative power")
	}
	if x < 0 && y != math.Trunc(y) && !math.IsInf(y, 0) {
		return nil, errors.New("a negative number to a fractional power is a complex number, which is not supported")
	}
	z := math.Pow(x, y)
	if math.IsInf(z, 0) && !math.IsInf(x, 0) && !math.IsInf(y, 0) {
		return nil, errors.New("(34, 'Numerical result out of range')")
	}
	return z, nil
}

// divmod is CPython's float_divmod.
func divmod(x, y float64) (q, r float64) {
	r = math.Mod(x, y)
	div := (x - r) / y
	if r != 0 {
		if (y < 0) != (r < 0) {
			r += y
			div--
		}
	} else {
		r = math.Copysign(0, y)
	}
	if div == 0 {
		return math.Copysign(0, x/y), r
	}
	q = math.Floor(div)
	if div-q > 0.5 {
		q++
	}
	return q, r
}

// sequences handles text, bytes, lists and tuples. ok is false where neither is one.
func sequences(op Op, a, b Value) (v Value, ok bool, err error) {
	switch op {
	case Add:
		return concat(a, b)
	case Mul:
		if n, isInt := integer(b); isInt {
			return repeat(a, n)
		}
		if n, isInt := integer(a); isInt {
			return repeat(b, n)
		}
	case Mod:
		if s, isText := a.(string); isText {
			text, err := Printf(s, b)
			return text, true, err
		}
	}
	return nil, false, nil
}

func concat(a, b Value) (Value, bool, error) {
	switch x := a.(type) {
	case string:
		y, ok := b.(string)
		if !ok {
			return nil, false, fmt.Errorf("can only concatenate str (not \"%s\") to str", TypeName(b))
		}
		return x + y, true, nil
	case Bytes:
		y, ok := b.(Bytes)
		if !ok {
			return nil, false, fmt.Errorf("can't concat %s to bytes", TypeName(b))
		}
		return append(append(Bytes{}, x...), y...), true, nil
	case *List:
		y, ok := b.(*List)
		if !ok {
			return nil, false, fmt.Errorf("can only concatenate list (not \"%s\") to list", TypeName(b))
		}
		return NewList(append(append(make([]Value, 0, len(x.Items)+len(y.Items)), x.Items...), y.Items...)...), true, nil
	case Tuple:
		y, ok := b.(Tuple)
		if !ok {
			return nil, false, fmt.Errorf("can only concatenate tuple (not \"%s\") to tuple", TypeName(b))
		}
		return append(append(make(Tuple, 0, len(x)+len(y)), x...), y...), true, nil
	}
	return nil, false, nil
}

func integer(v Value) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case *big.Int:
		if v.Sign() < 0 {
			return 0, true
		}
		return math.MaxInt64, true
	}
	return 0, false
}

func repeat(v Value, n int64) (Value, bool, error) {
	n = max(n, 0)
	size := func(have int, limit int64) error {
		if have > 0 && n > limit/int64(have) {
			return errors.New("the result of * is too large")
		}
		return nil
	}
	items := func(items []Value) ([]Value, error) {
		if err := size(len(items), maxItems); err != nil {
			return nil, err
		}
		out := make([]Value, 0, int64(len(items))*n)
		if len(items) == 0 {
			return out, nil
		}
		for range n {
			out = append(out, items...)
		}
		return out, nil
	}
	switch v := v.(type) {
	case string:
		if v == "" {
			return "", true, nil
		}
		if err := size(len(v), maxText); err != nil {
			return nil, false, err
		}
		return strings.Repeat(v, int(n)), true, nil
	case Bytes:
		if len(v) == 0 {
			return v, true, nil
		}
		if err := size(len(v), maxText); err != nil {
			return nil, false, err
		}
		return Bytes(strings.Repeat(string(v), int(n))), true, nil
	case *List:
		out, err := items(v.Items)
		return NewList(out...), err == nil, err
	case Tuple:
		out, err := items(v)
		return Tuple(out), err == nil, err
	}
	return nil, false, nil
}

// Neg is Python's unary minus.
func Neg(v Value) (Value, error) {
	switch v := v.(type) {
	case int64:
		if v != math.MinInt64 {
			return -v, nil
		}
	case float64:
		return -v, nil
	}
	i, _, ok := number(v)
	if !ok {
		return nil, fmt.Errorf("bad operand type for unary -: '%s'", TypeName(v))
	}
	return Int(new(big.Int).Neg(i)), nil
}

// Pos is Python's unary plus.
func Pos(v Value) (Value, error) {
	i, f, ok := number(v)
	if !ok {
		return nil, fmt.Errorf("bad operand type for unary +: '%s'", TypeName(v))
	}
	if i == nil {
		return f, nil
	}
	return Int(i), nil
}
