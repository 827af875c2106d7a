package jinja

import (
	"fmt"
	"math/big"

	"kops/internal/value"
)

func testDefined(c *Call) (value.Value, error) {
	_, undefined := c.Args[0].(value.Undefined)
	return !undefined, nil
}

func testUndefined(c *Call) (value.Value, error) {
	_, undefined := c.Args[0].(value.Undefined)
	return undefined, nil
}

// typeTest returns a test that only looks at the type of its value.
func typeTest(kind string) Func {
	return func(c *Call) (value.Value, error) {
		if _, err := c.Bind("value"); err != nil {
			return nil, err
		}
		return isType(c.Args[0], kind), nil
	}
}

func isType(v value.Value, kind string) bool {
	_, isBool := v.(bool)
	_, isFloat := v.(float64)
	isInt := value.TypeName(v) == "int"
	_, isMap := v.(*value.Map)
	_, isText := v.(string)
	object, isObject := v.(value.Object)
	internal := isObject && len(objectKind(object)) == 0
	switch kind {
	case "boolean":
		return isBool
	case "true":
		return v == true
	case "false":
		return v == false
	case "none":
		return v == nil
	case "integer":
		return isInt
	case "float":
		return isFloat
	case "number":
		return isInt || isFloat || isBool
	case "string":
		return isText
	case "mapping":
		return isMap || isObject && !internal
	case "callable":
		switch v.(type) {
		case *global, *bound, *macro, *superBlock, *loop, Callable:
			return true
		}
		return false
	case "escaped":
		return false
	}
	switch v.(type) { // sequence, iterable
	case string, value.Bytes, *value.List, value.Tuple, *value.Map, *group:
		return true
	}
	return isObject && !internal
}

// objectKind returns "dict" for objects that behave as mappings, "" for the engine's own.
func objectKind(o value.Object) string {
	switch o.(type) {
	case *global, *bound, *macro, *namespace, *joiner, *cycler, *loop, *superBlock, *selfObject, *module, *group:
		return ""
	}
	return "dict"
}

func remainder(c *Call, by value.Value) (value.Value, error) {
	return value.Arith(value.Mod, c.Args[0], by)
}

func testOdd(c *Call) (value.Value, error) {
	r, err := remainder(c, int64(2))
	return value.Equal(r, int64(1)), err
}

func testEven(c *Call) (value.Value, error) {
	r, err := remainder(c, int64(2))
	return value.Equal(r, int64(0)), err
}

func testDivisible(c *Call) (value.Value, error) {
	args, err := c.Bind("value", "num")
	if err != nil {
		return nil, err
	}
	r, err := remainder(c, args[1])
	return value.Equal(r, int64(0)), err
}

func testLower(c *Call) (value.Value, error) {
	s, err := c.Text(c.Args[0])
	return isMethod(s, "islower"), err
}

func testUpper(c *Call) (value.Value, error) {
	s, err := c.Text(c.Args[0])
	return isMethod(s, "isupper"), err
}

func testFilter(c *Call) (value.Value, error) {
	name, _ := c.Args[0].(string)
	_, ok := c.Env.filters[name]
	return ok, nil
}

func testTest(c *Call) (value.Value, error) {
	name, _ := c.Args[0].(string)
	_, ok := c.Env.tests[name]
	return ok, nil
}

func testIn(c *Call) (value.Value, error) {
	args, err := c.Bind("value", "seq")
	if err != nil {
		return nil, err
	}
	return value.Contains(args[1], args[0])
}

func orderTest(op string) Func {
	return func(c *Call) (value.Value, error) {
		args, err := c.Bind("a", "b")
		if err != nil {
			return nil, err
		}
		return c.frame.compare(op, args[0], args[1])
	}
}

// testSameas is Python's "is": identity for containers, equality of type and value for
// what Python shares.
func testSameas(c *Call) (value.Value, error) {
	args, err := c.Bind("value", "other")
	if err != nil {
		return nil, err
	}
	a, b := args[0], args[1]
	switch x := a.(type) {
	case nil, bool, int64, string:
		return a == b, nil
	case *value.List, *value.Map, *big.Int:
		return a == b, nil
	case float64:
		y, ok := b.(float64)
		return ok && x == y, nil
	case value.Tuple:
		return len(x) == 0 && value.Equal(a, b), nil
	}
	return nil, fmt.Errorf("sameas cannot compare %s", value.TypeName(a))
}
