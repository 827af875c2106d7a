package template

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"kops/internal/value"
	"kops/internal/vars"
)

// TestCorpus replays what testdata/record.py recorded from ansible-core. A case with an
// error there must be an error here; the words differ where kops can say more.
func TestCorpus(t *testing.T) {
	utc(t)
	folder, err := filepath.Abs("testdata/lookup")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/corpus/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus: ", err)
	}
	engine := New(Options{})
	for _, file := range files {
		cases := corpus(t, file)
		for _, c := range cases {
			expression := c.String("expression")
			t.Run(filepath.Base(file)+"/"+expression, func(t *testing.T) {
				given, _ := c.At("vars").(*value.Map)
				given = given.Clone()
				given.Set("lookup_dir", folder)
				scope := engine.Scope(context.Background(), (&vars.Set{}).With(vars.ExtraVars, given), nil)
				got, err := scope.Value(value.Template{Source: "{{ " + expression + " }}"})
				if _, fails := c.Get("error"); fails {
					if err == nil {
						t.Errorf("got %s\nwant the error %s", value.Repr(got), c.String("error"))
					}
					return
				}
				if err != nil {
					t.Fatalf("%v\nwant %s", err, value.Repr(recorded(t, c.At("answer"))))
				}
				if want := recorded(t, c.At("answer")); !same(got, want) {
					t.Errorf("got  %s\nwant %s", value.Repr(got), value.Repr(want))
				}
			})
		}
	}
}

// utc sets the local time zone that the corpus was recorded in.
func utc(t *testing.T) {
	local := time.Local
	time.Local = time.UTC
	t.Cleanup(func() { time.Local = local })
}

func corpus(t *testing.T, file string) []*value.Map {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	v, err := value.ParseJSON(data)
	if err != nil {
		t.Fatal(err)
	}
	var cases []*value.Map
	for _, c := range v.(*value.Map).At("cases").(*value.List).Items {
		cases = append(cases, c.(*value.Map))
	}
	return cases
}

// recorded decodes an answer: mappings are lists of pairs, numbers are texts.
func recorded(t *testing.T, v value.Value) value.Value {
	switch v := v.(type) {
	case *value.List:
		out := value.NewList()
		for _, item := range v.Items {
			out.Append(recorded(t, item))
		}
		return out
	case *value.Map:
		if s, ok := v.At("int").(string); ok {
			n, err := value.ParseInt(s, 10)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if s, ok := v.At("float").(string); ok {
			f, err := strconv.ParseFloat(s, 64)
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		out := &value.Map{}
		for _, pair := range v.At("map").(*value.List).Items {
			kv := pair.(*value.List).Items
			out.Set(recorded(t, kv[0]), recorded(t, kv[1]))
		}
		return out
	}
	return v
}

// same compares types and the order of keys too, but for tuples and lists.
func same(a, b value.Value) bool {
	return value.Repr(untupled(a)) == value.Repr(b)
}

func untupled(v value.Value) value.Value {
	switch v := v.(type) {
	case value.Tuple:
		return untupled(value.NewList(v...))
	case *value.List:
		out := value.NewList()
		for _, item := range v.Items {
			out.Append(untupled(item))
		}
		return out
	case *value.Map:
		out := &value.Map{}
		for k, item := range v.All() {
			out.Set(k, untupled(item))
		}
		return out
	}
	return v
}
