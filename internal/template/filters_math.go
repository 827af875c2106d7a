package template

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strings"

	"kops/internal/jinja"
	"kops/internal/value"
)

// mathFilters compute with numbers and sizes.
func mathFilters() map[string]jinja.Func {
	return map[string]jinja.Func{
		"log":            logarithm,
		"pow":            power,
		"root":           root,
		"human_readable": humanReadable,
		"human_to_bytes": humanToBytes,
	}
}

// real returns a number; text is none.
func real(v value.Value) (float64, bool) {
	if _, isText := v.(string); isText {
		return 0, false
	}
	f, err := value.ToFloat(v)
	return f, err == nil
}

func logarithm(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("x", "base=")
	if err != nil {
		return nil, err
	}
	x, ok := real(args[0])
	base := math.E
	if args[1] != jinja.Missing {
		var isNumber bool
		base, isNumber = real(args[1])
		ok = ok && isNumber
	}
	switch {
	case !ok:
		return nil, errors.New("log() can only be used on numbers")
	case x <= 0 || base <= 0:
		return nil, errors.New("expected a positive input")
	case base == 1:
		return nil, errors.New("division by zero")
	case base == 10:
		return math.Log10(x), nil
	case args[1] == jinja.Missing:
		return math.Log(x), nil
	}
	return math.Log(x) / math.Log(base), nil
}

func power(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("x", "y")
	if err != nil {
		return nil, err
	}
	x, xok := real(args[0])
	y, yok := real(args[1])
	if !xok || !yok {
		return nil, errors.New("pow() can only be used on numbers")
	}
	return pow(x, y)
}

func pow(x, y float64) (value.Value, error) {
	z := math.Pow(x, y)
	if math.IsNaN(z) && !math.IsNaN(x) && !math.IsNaN(y) || math.IsInf(z, 0) && x == 0 {
		return nil, errors.New("math domain error")
	}
	if math.IsInf(z, 0) && !math.IsInf(x, 0) && !math.IsInf(y, 0) {
		return nil, errors.New("math range error")
	}
	return z, nil
}

func root(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("x", "base=")
	if err != nil {
		return nil, err
	}
	x, ok := real(args[0])
	base := 2.0
	if args[1] != jinja.Missing {
		if base, err = value.ToFloat(args[1]); err != nil {
			ok = false
		}
	}
	switch {
	case !ok || base == 2 && x < 0:
		return nil, errors.New("root() can only be used on numbers")
	case base == 2:
		return math.Sqrt(x), nil
	case base == 0:
		return nil, errors.New("float division by zero")
	}
	z, err := pow(x, 1/base)
	if f, ok := z.(float64); ok && math.Pow(math.Round(f), base) == x {
		return math.Round(f), nil // an exact root, which 1/base cannot give
	}
	return z, err
}

// sizeUnits are the letters of sizes, each 1024 times the one before it.
const sizeUnits = "BKMGTPEZY"

func unitSize(i int) *big.Int { return new(big.Int).Lsh(big.NewInt(1), uint(10*i)) }

func humanReadable(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("size", "isbits=", "unit=")
	if err != nil {
		return nil, err
	}
	base := "Bytes"
	if args[1] != jinja.Missing && value.Truth(args[1]) {
		base = "bits"
	}
	size, ok := real(args[0])
	if !ok {
		return nil, errors.New("human_readable() failed on bad input")
	}
	chosen := 0
	if args[2] != jinja.Missing && args[2] != nil {
		unit, ok := args[2].(string)
		if !ok {
			return nil, errors.New("human_readable() can't interpret the input")
		}
		if len(unit) == 1 {
			chosen = max(strings.Index(sizeUnits, strings.ToUpper(unit)), 0)
		}
	} else {
		for i := range sizeUnits {
			if limit, _ := new(big.Float).SetInt(unitSize(i)).Float64(); size >= limit {
				chosen = i
			}
		}
	}
	limit, _ := new(big.Float).SetInt(unitSize(chosen)).Float64()
	suffix := base
	if chosen > 0 {
		suffix = sizeUnits[chosen:chosen+1] + base[:1]
	}
	return fmt.Sprintf("%.2f %s", size/limit, suffix), nil
}

var sizePattern = regexp.MustCompile(`^([0-9]*\.?[0-9]+)(?:\s*([A-Za-z]+))?\s*$`)

var unitNames = []string{"", "kilo", "mega", "giga", "tera", "peta", "exa", "zeta", "yotta"}

func humanToBytes(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("size", "default_unit=", "isbits=")
	if err != nil {
		return nil, err
	}
	m := sizePattern.FindStringSubmatch(value.Str(args[0]))
	if m == nil {
		return nil, fmt.Errorf("human_to_bytes() can't interpret the input: %s is not a size", value.Repr(args[0]))
	}
	number, err := value.ToFloat(m[1])
	if err != nil {
		return nil, fmt.Errorf("human_to_bytes() can't interpret the input: %w", err)
	}
	unit := m[2]
	if unit == "" && args[1] != jinja.Missing && args[1] != nil {
		unit = value.Str(args[1])
	}
	if unit == "" {
		return roundInt(number), nil
	}
	i := strings.Index(sizeUnits, strings.ToUpper(unit[:1]))
	if i < 0 {
		return nil, fmt.Errorf("human_to_bytes() can't interpret the input: the suffix of %s must be one of Y, Z, E, P, T, G, M, K, B", value.Repr(args[0]))
	}
	name, letter := "byte", "B"
	if args[2] != jinja.Missing && value.Truth(args[2]) {
		name, letter = "bit", "b"
	}
	short := strings.TrimPrefix(sizeUnits[i:i+1], "B") + letter
	if len(unit) > 1 && unit != short && strings.ToLower(unit) != unitNames[i]+name {
		return nil, fmt.Errorf("human_to_bytes() can't interpret the input: the unit of %s must be %s or %s%s",
			value.Repr(args[0]), short, unitNames[i], name)
	}
	limit, _ := new(big.Float).SetInt(unitSize(i)).Float64()
	return roundInt(number * limit), nil
}

// roundInt is Python's int(round(f)): halves go to the even number.
func roundInt(f float64) value.Value {
	i, _ := new(big.Float).SetFloat64(math.RoundToEven(f)).Int(nil)
	return value.Int(i)
}
