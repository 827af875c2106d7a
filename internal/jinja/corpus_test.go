package jinja

import (
	"context"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"kops/internal/value"
)

// loadCorpus reads the recorded answers of real Jinja2: see testdata/record.py.
func loadCorpus(t testing.TB) map[string]*value.Map {
	t.Helper()
	paths, err := filepath.Glob("testdata/corpus/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	out := map[string]*value.Map{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		v, err := value.ParseJSON(data)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		out[filepath.Base(path)] = v.(*value.Map)
	}
	return out
}

func vars(m *value.Map) Vars {
	v := Vars{}
	for k, item := range m.All() {
		v[k.(string)] = item
	}
	return v
}

// decodeAnswer undoes record.py's encode.
func decodeAnswer(t *testing.T, v value.Value) value.Value {
	switch v := v.(type) {
	case *value.List:
		out := value.NewList()
		for _, item := range v.Items {
			out.Append(decodeAnswer(t, item))
		}
		return out
	case *value.Map:
		if s, ok := v.Get("$float"); ok {
			f, err := value.ToFloat(s)
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		if s, ok := v.Get("$bytes"); ok {
			b, err := hex.DecodeString(s.(string))
			if err != nil {
				t.Fatal(err)
			}
			return value.Bytes(b)
		}
		out := &value.Map{}
		for _, pair := range v.At("$map").(*value.List).Items {
			kv := pair.(*value.List).Items
			out.Set(decodeAnswer(t, kv[0]), decodeAnswer(t, kv[1]))
		}
		return out
	}
	return v
}

func options(c *value.Map) Options {
	files, plain := c.Get("files")
	o := Options{TrimBlocks: !plain}
	if opts, ok := c.At("options").(*value.Map); ok {
		if v, ok := opts.Get("trim_blocks"); ok {
			o.TrimBlocks = v.(bool)
		}
		o.LstripBlocks = opts.Bool("lstrip_blocks")
		o.KeepTrailingNewline = opts.Bool("keep_trailing_newline")
		o.BlockStart, o.BlockEnd = opts.String("block_start_string"), opts.String("block_end_string")
		o.VariableStart, o.VariableEnd = opts.String("variable_start_string"), opts.String("variable_end_string")
		o.CommentStart, o.CommentEnd = opts.String("comment_start_string"), opts.String("comment_end_string")
		o.LineStatementPrefix, o.LineCommentPrefix = opts.String("line_statement_prefix"), opts.String("line_comment_prefix")
	}
	if plain {
		o.Loader = func(name, _ string) (string, value.Position, error) {
			source, ok := files.(*value.Map).Get(name)
			if !ok {
				return "", value.Position{}, fmt.Errorf("template %q: %w", name, fs.ErrNotExist)
			}
			return source.(string), value.Position{File: name, Line: 1, Column: 1}, nil
		}
	}
	// Ansible's own test that a few cases use.
	o.Tests = map[string]Func{"contains": func(c *Call) (value.Value, error) { return value.Contains(c.Args[0], c.Args[1]) }}
	return o
}

// run evaluates a case as Ansible would: what is undefined in the end is an error.
func run(c *value.Map, scope Scope) (value.Value, error) {
	env := New(options(c))
	parse := env.Parse
	if c.String("kind") == "expression" {
		parse = env.ParseExpression
	}
	tmpl, err := parse(c.String("source"), value.Position{File: "case", Line: 1, Column: 1})
	if err != nil {
		return nil, err
	}
	if _, plain := c.Get("files"); plain {
		return tmpl.Render(context.Background(), scope)
	}
	v, err := tmpl.Evaluate(context.Background(), scope)
	if err != nil {
		return nil, err
	}
	if _, found := scan(v); found.undefined != nil {
		return nil, *found.undefined
	}
	return v, nil
}

func TestCorpus(t *testing.T) {
	total := 0
	for name, file := range loadCorpus(t) {
		shared := vars(file.At("vars").(*value.Map))
		before := value.Repr(file.At("vars"))
		for i, item := range file.At("cases").(*value.List).Items {
			c := item.(*value.Map)
			total++
			t.Run(fmt.Sprintf("%s/%d", name, i), func(t *testing.T) {
				got, err := run(c, shared)
				if c.Bool("error") {
					if err == nil {
						t.Errorf("%q gave %s, but Jinja2 fails: %s", c.String("source"), value.Repr(got), c.String("message"))
					}
					return
				}
				want := decodeAnswer(t, c.At("answer"))
				if err != nil {
					t.Errorf("%q failed: %v\nJinja2 gives %s", c.String("source"), err, value.Repr(want))
				} else if value.Repr(got) != value.Repr(want) || value.TypeName(got) != value.TypeName(want) {
					t.Errorf("%q\n got %s\nwant %s", c.String("source"), value.Repr(got), value.Repr(want))
				}
			})
		}
		if after := value.Repr(file.At("vars")); after != before {
			t.Errorf("%s: the shared variables were modified: %s", name, after)
		}
	}
	if total < 400 {
		t.Errorf("the corpus has only %d cases", total)
	}
}
