package value

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"
)

func TestText(t *testing.T) {
	huge, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	for _, c := range []struct {
		v         Value
		str, repr string
	}{
		{nil, "None", "None"},
		{true, "True", "True"},
		{int64(-5), "-5", "-5"},
		{huge, "123456789012345678901234567890", "123456789012345678901234567890"},
		{1.0, "1.0", "1.0"},
		{1e16, "1e+16", "1e+16"},
		{123456789012345.0, "123456789012345.0", "123456789012345.0"},
		{0.0001, "0.0001", "0.0001"},
		{0.00001, "1e-05", "1e-05"},
		{math.Inf(-1), "-inf", "-inf"},
		{math.Copysign(0, -1), "-0.0", "-0.0"},
		{"it's", "it's", `"it's"`},
		{"a\n\"'\\é\x01\u200b", "a\n\"'\\é\x01\u200b", `'a\n"\'\\é\x01\u200b'`},
		{"\xff", "\xff", `'\udcff'`},
		{Bytes("a\x00'"), `b"a\x00'"`, `b"a\x00'"`},
		{NewList("a", int64(1), nil), "['a', 1, None]", "['a', 1, None]"},
		{Tuple{int64(1)}, "(1,)", "(1,)"},
		{NewMap("k", NewMap(int64(1), 2.5)), "{'k': {1: 2.5}}", "{'k': {1: 2.5}}"},
		{Template{Source: "{{ x }}"}, "{{ x }}", "'{{ x }}'"},
	} {
		if got := Str(c.v); got != c.str {
			t.Errorf("Str(%#v) = %q, want %q", c.v, got, c.str)
		}
		if got := Repr(c.v); got != c.repr {
			t.Errorf("Repr(%#v) = %s, want %s", c.v, got, c.repr)
		}
	}
}

func TestArithOverflows(t *testing.T) {
	for _, c := range []struct {
		op   Op
		a, b Value
		want string
	}{
		{Add, int64(math.MaxInt64), int64(1), "9223372036854775808"},
		{Add, int64(math.MinInt64), int64(-1), "-9223372036854775809"},
		{Add, int64(5), int64(0), "5"},
		{Sub, int64(math.MinInt64), int64(1), "-9223372036854775809"},
		{Sub, int64(0), int64(math.MinInt64), "9223372036854775808"},
		{Sub, int64(5), int64(0), "5"},
		{Mul, int64(math.MinInt64), int64(-1), "9223372036854775808"},
		{Mul, int64(-3), int64(4), "-12"},
		{FloorDiv, int64(math.MinInt64), int64(-1), "9223372036854775808"},
		{Mod, int64(-7), int64(3), "2"},
		{Mod, -7.5, int64(2), "0.5"},
		{Pow, int64(-1), int64(1 << 40), "1"},
		{Pow, int64(2), int64(-2), "0.25"},
		{Div, int64(6), int64(3), "2.0"},
	} {
		v, err := Arith(c.op, c.a, c.b)
		if err != nil || Str(v) != c.want {
			t.Errorf("%v %s %v = %s, %v; want %s", c.a, c.op, c.b, Str(v), err, c.want)
		}
	}
	v, _ := Arith(Sub, big.NewInt(0).Add(big.NewInt(math.MaxInt64), big.NewInt(1)), int64(1))
	if v != int64(math.MaxInt64) {
		t.Errorf("an integer that fits again is %T", v)
	}
	for _, c := range [][2]Value{{"a", int64(1)}, {NewList(), Tuple{}}, {nil, int64(1)}, {int64(1), "a"}} {
		if v, err := Arith(Add, c[0], c[1]); err == nil {
			t.Errorf("%v + %v = %v", c[0], c[1], v)
		}
	}
}

func TestEqualAndCompare(t *testing.T) {
	huge := new(big.Int).Lsh(big.NewInt(1), 70)
	for _, c := range []struct {
		a, b  Value
		equal bool
	}{
		{int64(1), 1.0, true}, {true, int64(1), true}, {int64(1), "1", false}, {huge, math.Pow(2, 70), true},
		{int64(1<<53 + 1), float64(1 << 53), false}, {math.NaN(), math.NaN(), false}, {NewList(int64(1)), Tuple{int64(1)}, false},
		{NewMap("a", int64(1), "b", nil), NewMap("b", nil, "a", 1.0), true}, {nil, false, false}, {Bytes("a"), "a", false},
	} {
		if Equal(c.a, c.b) != c.equal || Equal(c.b, c.a) != c.equal {
			t.Errorf("Equal(%s, %s) is not %v", Repr(c.a), Repr(c.b), c.equal)
		}
	}
	for _, c := range [][2]Value{{int64(1), 1.5}, {"a", "b"}, {NewList(int64(1)), NewList(int64(1), int64(0))}, {int64(5), huge}, {false, int64(1)}} {
		if n, err := Compare(c[0], c[1]); n >= 0 || err != nil {
			t.Errorf("Compare(%s, %s) = %d, %v", Repr(c[0]), Repr(c[1]), n, err)
		}
		if n, err := Compare(c[1], c[0]); n <= 0 || err != nil {
			t.Errorf("Compare(%s, %s) = %d, %v", Repr(c[1]), Repr(c[0]), n, err)
		}
	}
	if _, err := Compare("a", int64(1)); err == nil || err.Error() != "'<' not supported between instances of 'str' and 'int'" {
		t.Error(err)
	}
}

func TestJSON(t *testing.T) {
	source := `{"b": 1, "a": [true, null, 1.5, 12345678901234567890123, "é<\"\n\u0001😀"], "e": {}, "l": []}`
	v, err := ParseJSON([]byte(source))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		o    JSONOptions
		want string
	}{
		{JSONOptions{}, `{"b":1,"a":[true,null,1.5,12345678901234567890123,"é<\"\n\u0001😀"],"e":{},"l":[]}`},
		{PythonJSON, `{"b": 1, "a": [true, null, 1.5, 12345678901234567890123, "\u00e9<\"\n\u0001\ud83d\ude00"], "e": {}, "l": []}`},
		{JSONOptions{Indent: "  ", KeySeparator: ": ", SortKeys: true}, "{\n  \"a\": [\n    true,\n    null,\n    1.5,\n    12345678901234567890123,\n    \"é<\\\"\\n\\u0001😀\"\n  ],\n  \"b\": 1,\n  \"e\": {},\n  \"l\": []\n}"},
	} {
		if got, err := JSON(v, c.o); err != nil || got != c.want {
			t.Errorf("got %s, %v\nwant %s", got, err, c.want)
		}
	}
	if got, _ := JSON(NewMap(int64(1), nil, nil, true, true, math.NaN()), JSONOptions{}); got != `{"1":NaN,"null":true}` {
		t.Error(got) // 1 and True are one key; the first keeps its name
	}
	for _, v := range []Value{Undefined{Name: "x"}, Unknown{Why: "y"}, Bytes("a"), NewMap(Tuple{}, nil)} {
		if got, err := JSON(NewList(v), JSONOptions{}); err == nil {
			t.Errorf("%v gave %s", v, got)
		}
	}
	data, err := json.Marshal(NewMap("u", Unknown{Why: "w"}, "b", Bytes("x"), "n", math.NaN(), "t", Tuple{int64(1)}))
	if err != nil || string(data) != `{"u":{"unknown":"w"},"b":"x","n":"nan","t":[1]}` {
		t.Errorf("%s, %v", data, err)
	}
	for _, bad := range []string{"", "{", `{"a":}`, "[1] 2", "[1,\n x]"} {
		if v, err := ParseJSON([]byte(bad)); err == nil || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%q gave %v, %v", bad, v, err)
		}
	}
}

func TestFrom(t *testing.T) {
	type named map[string]any
	v, err := From(named{"b": []any{1, uint64(math.MaxUint64), float32(0.5), json.Number("7"), nil}, "a": map[any]any{2: "x", 1: []string{"y"}}, "t": time.Unix(0, 0).UTC()})
	want := "{'a': {1: ['y'], 2: 'x'}, 'b': [1, 18446744073709551615, 0.5, 7, None], 't': '1970-01-01T00:00:00Z'}"
	if err != nil || Repr(v) != want {
		t.Errorf("%s, %v", Repr(v), err)
	}
	if v, err := From(make(chan int)); err == nil {
		t.Errorf("a channel gave %v", v)
	}
}

func TestDeepCopy(t *testing.T) {
	inner := NewList(int64(1))
	original := NewMap("a", inner, "b", Tuple{inner})
	c := DeepCopy(original).(*Map)
	c.At("a").(*List).Append(int64(2))
	if Repr(original) != "{'a': [1], 'b': ([1],)}" || Repr(c) != "{'a': [1, 2], 'b': ([1, 2],)}" {
		t.Errorf("%s, %s", Repr(original), Repr(c))
	}
}

func TestToGo(t *testing.T) {
	g, err := ToGo(NewMap("a", NewList(int64(1), Tuple{"x"}), int64(2), Template{Source: "{{ t }}"}))
	data, _ := json.Marshal(g)
	if err != nil || string(data) != `{"2":"{{ t }}","a":[1,["x"]]}` {
		t.Errorf("%s, %v", data, err)
	}
	if _, err := ToGo(NewList(Undefined{Name: "x"})); err == nil {
		t.Error("an undefined value has no Go value")
	}
}
