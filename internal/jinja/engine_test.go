package jinja

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"kops/internal/diag"
	"kops/internal/value"
)

// lazyScope resolves templates with the engine itself, as variables do.
type lazyScope struct {
	Vars
	env *Env
}

func (s lazyScope) Resolve(ctx context.Context, t value.Template) (value.Value, error) {
	tmpl, err := s.env.Parse(t.Source, t.Pos)
	if err != nil {
		return nil, err
	}
	return tmpl.Evaluate(ctx, s)
}

func evaluate(t *testing.T, env *Env, source string, scope Scope) (value.Value, error) {
	t.Helper()
	tmpl, err := env.Parse(source, value.Position{File: "play.yaml", Line: 10, Column: 5})
	if err != nil {
		return nil, err
	}
	return tmpl.Evaluate(context.Background(), scope)
}

func TestTemplatesInsideValues(t *testing.T) {
	env := New(Options{})
	tpl := func(s string) value.Template { return value.Template{Source: s} }
	vars := Vars{
		"port":  int64(9092),
		"addr":  tpl("{{ host }}:{{ port }}"),
		"host":  tpl("{{ 'k' ~ 1 }}"),
		"conf":  value.NewMap("a", tpl("{{ port + 1 }}"), "bad", tpl("{{ nope }}"), "list", value.NewList(tpl("{{ port }}"), "x")),
		"loop1": tpl("{{ loop2 }}"), "loop2": tpl("{{ loop1 }}"),
	}
	scope := lazyScope{vars, env}
	for source, want := range map[string]string{
		"{{ addr }}":                                   "'k1:9092'",
		"{{ conf.a * 2 }}":                             "18186",
		"{{ conf.list[0] }}":                           "9092",
		"{{ conf.list | join('-') }}":                  "'9092-x'",
		"{{ conf.list == [9092, 'x'] }}":               "True",
		"{{ 9092 in conf.list }}":                      "True",
		"{{ conf.bad | default('d') }}":                "'d'",
		"{{ conf | length }}":                          "3",
		"{{ conf.list }}":                              "[9092, 'x']",
		"{% for x in conf.list %}{{ x }};{% endfor %}": "'9092;x;'",
		"{{ conf.keys() }}":                            "['a', 'bad', 'list']",
		"{{ '%s' % conf.list[0] }}":                    "'9092'",
		"{{ conf.list ~ '' }}":                         `"[9092, 'x']"`,
		"{{ conf.values() | first }}":                  "9093",
	} {
		if v, err := evaluate(t, env, source, scope); err != nil || value.Repr(v) != want {
			t.Errorf("%s = %s, %v; want %s", source, value.Repr(v), err, want)
		}
	}
	if v, err := evaluate(t, env, "{{ conf.bad }}", scope); err != nil || value.TypeName(v) != "Undefined" {
		t.Errorf("an undefined template gave %v, %v", v, err)
	}
}

func TestUnknown(t *testing.T) {
	u := value.Unknown{Why: "the result of task 'read'"}
	scope := Vars{"u": u, "m": value.NewMap("known", int64(1), "stdout", u), "l": value.NewList(int64(1), u)}
	env := New(Options{})
	for source, want := range map[string]string{
		"{{ u }}": "unknown", "a{{ u }}": "unknown", "{{ u + 1 }}": "unknown", "{{ u.x.y }}": "unknown", "{{ u | upper }}": "unknown",
		"{{ u ~ 'x' }}": "unknown", "{{ u is match_nothing or true }}": "", "{{ u == 1 }}": "unknown", "{{ u in [1] }}": "unknown",
		"{{ l | join }}": "unknown", "{{ l == [1] }}": "unknown", "{{ u.upper() }}": "unknown", "{{ 'x'.join(l) }}": "unknown", "{{ [u] | map('upper') }}": "unknown",
		"{% if u %}a{% endif %}": "unknown", "{% for x in u %}a{% endfor %}": "unknown", "{{ 1 if u else 2 }}": "unknown", "{{ not u }}": "unknown", "{{ '%s' % u }}": "unknown",
		"{% set x = u %}{{ x }}": "unknown", "{% macro f(x) %}a{{ x }}{% endmacro %}{{ f(u) | default('d') }}": "unknown", "{{ u[1:] }}": "unknown", "{{ -u }}": "unknown",
		"{{ u is defined }}": "True", "{{ u is undefined }}": "False", "{{ m.known }}": "1", "{{ l | length }}": "2", "{{ l | first }}": "1",
		"{{ false and u }}": "False", "{{ u and false }}": "False", "{{ u or true }}": "True", "{{ true or u }}": "True", "{{ u and true }}": "unknown", "{{ u or false }}": "unknown",
		"{{ u | default('x') }}": "unknown", "{{ m | default({}) | length }}": "2", "{{ m.get('stdout') }}": "unknown", "{{ u is string }}": "unknown", "{{ m.stdout | default('q') | int }}": "unknown",
	} {
		if want == "" {
			continue
		}
		v, err := evaluate(t, env, source, scope)
		got := value.Repr(v)
		if _, ok := v.(value.Unknown); ok {
			got = "unknown"
		}
		if err != nil || got != want {
			t.Errorf("%s = %s, %v; want %s", source, got, err, want)
		}
	}
}

func TestSharedValuesAreNotModified(t *testing.T) {
	shared := value.NewMap("l", value.NewList(int64(1)), "d", value.NewMap("k", value.NewList()))
	env := New(Options{Loader: func(string, string) (string, value.Position, error) {
		return "{% set _ = v.l.append(5) %}{{ v.l | length }}", value.Position{}, nil
	}})
	for _, source := range []string{
		"{% set _ = v.l.append(2) %}{{ v.l | length }}", "{{ v.d.k.append(1) }}{{ v.update({'x': 1}) }}{{ v.l.pop() }}",
		"{{ v['l']['append'](3) }}", "{% set x = v.l %}{{ x.insert(0, 9) }}", "{{ (v.l | attr('append'))(4) }}", "{% include 'x' %}",
		"{% for x in [v.l] %}{{ x.clear() }}{% endfor %}", "{{ v.d.setdefault('q', []) }}",
	} {
		before := value.Repr(shared)
		if _, err := evaluate(t, env, source, Vars{"v": shared}); err != nil {
			t.Errorf("%s: %v", source, err)
		}
		if after := value.Repr(shared); after != before {
			t.Fatalf("%s modified a shared value: %s", source, after)
		}
	}
}

func TestErrorsSayWhere(t *testing.T) {
	scope := Vars{"kafka_port": int64(9092), "d": value.NewMap("a", int64(1)), "name": "x"}
	for source, want := range map[string]string{
		"{{ kafka_prot }} x":           `play.yaml:10:8: 'kafka_prot' is undefined; did you mean 'kafka_port'?`,
		"a\n{{ d.b + 1 }}":             "play.yaml:11:6: object of type 'dict' has no attribute 'b'",
		"{{ zzz9.x.y ~ 1 }}":           "play.yaml:10:8: 'zzz9' is undefined",
		"a\n\n  {{ 1 + 'x' }}":         "play.yaml:12:8: unsupported operand type(s) for +: 'int' and 'str'",
		"{{ 'x' | uper }}":             `play.yaml:10:14: no filter named 'uper'; did you mean "upper"?`,
		"{{ 'x' is defind }}":          `play.yaml:10:15: no test named 'defind'; did you mean "defined"?`,
		"{% fo x in y %}{% endfor %}":  `play.yaml:10:8: unknown tag "fo"; did you mean "for"?`,
		"{% if name %}\nx":             `play.yaml:10:8: the tag "if" is never closed: "elif" or "else" or "endif" is missing`,
		"{{ name":                      "play.yaml:10:5: unexpected end of template: {{ is never closed by }}",
		"{{ 'abc }}":                   "play.yaml:10:8: the string that begins here is never closed by '",
		"{{ range(10**10) }}":          "play.yaml:10:13: range too big. The sandbox blocks ranges larger than MAX_RANGE (100000)",
		"{{ name() }}":                 "play.yaml:10:12: 'str' object is not callable; 'name' is not a function",
		"{{ 5 | upper(1) }}":           "play.yaml:10:12: upper() takes 1 positional arguments but 2 were given",
		"{{ 'a' | replace(1, nw=2) }}": "play.yaml:10:14: replace() missing required argument: 'new'",
	} {
		v, err := evaluate(t, New(Options{}), source, scope)
		if u, ok := v.(value.Undefined); ok {
			err = u
		}
		if err == nil || err.Error() != want {
			t.Errorf("%q:\n got %v\nwant %s", source, err, want)
			continue
		}
		var d *diag.Diagnostic
		if !errors.As(err, &d) {
			t.Errorf("%q: %T is not a diagnostic", source, err)
		}
	}
}

func TestLimits(t *testing.T) {
	env := New(Options{MaxSteps: 200_000, MaxBytes: 1 << 20})
	for _, source := range []string{
		"{{ 'x' * 10**10 }}", "{{ 10**(10**10) }}", "{{ [0] * 10**10 }}", "{% for a in range(10000) %}{% for b in range(10000) %}{% endfor %}{% endfor %}",
		"{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "{% set ns = namespace(s='xxxxxxxx') %}{% for i in range(100) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
		"{{ 'x' | center(10**9) }}", "{{ '%999999999d' % 1 }}", "{{ '{:999999999}'.format(1) }}", "{{ 'a'.ljust(10**12) }}", "{{ ('a' * 1000).replace('a', 'b' * 10000) }}",
		"{{ 'a' | indent(10**9, true) }}", "{{ [1] | tojson(10**9) }}", "{% set l = [1] %}{% for i in range(90) %}{{ l.extend(l) }}{% endfor %}", "{{ (" + strings.Repeat("(", 300) + "1" + strings.Repeat(")", 300) + ") }}",
		"{% for x in [[]] recursive %}{{ loop([[]]) }}{% endfor %}", "{{ [1] | batch(10**12, 'x') }}", "{{ [1] | slice(10**12) }}", "{% set x = [] %}{{ x.append(x) }}{{ x }}{{ x | join }}{{ 1 / 0 }}",
		"{{ " + strings.Repeat("-", 5000) + "1 }}", "{{ " + strings.Repeat("not ", 5000) + "1 }}", strings.Repeat("{% if 1 %}", 1000),
	} {
		began := time.Now()
		v, err := evaluate(t, env, source, Vars{})
		if err == nil {
			t.Errorf("%.60s gave %.60s", source, value.Repr(v))
		}
		if d := time.Since(began); d > 5*time.Second {
			t.Errorf("%.60s took %s", source, d)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	tmpl, err := New(Options{MaxSteps: 1 << 40}).Parse("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", value.Position{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tmpl.Evaluate(ctx, Vars{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a deadline gave %v", err)
	}
}

func TestFunctionsAndFailures(t *testing.T) {
	env := New(Options{
		Filters: map[string]Func{
			"add": func(c *Call) (value.Value, error) {
				n, err := c.Int(1, "by", 1)
				if err != nil {
					return nil, err
				}
				return value.Arith(value.Add, c.Args[0], int64(n))
			},
			"ternary": func(c *Call) (value.Value, error) { return c.Args[2], nil },
			"ns.fqcn": func(c *Call) (value.Value, error) { return c.Name, nil },
		},
		Globals: map[string]Func{
			"lookup": func(c *Call) (value.Value, error) { return nil, fmt.Errorf("no such file") },
			"see": func(c *Call) (value.Value, error) {
				v, _, err := c.Scope.Lookup("local")
				return v, err
			},
		},
	})
	for source, want := range map[string]string{
		"{{ 1 | add }}": "2", "{{ 1 | add(by=5) }}": "6", "{{ [1, 2] | map('add', 3) }}": "[4, 5]", "{{ 1 | ns.fqcn }}": "'ns.fqcn'",
		"{{ lookup('x') | default('d') }}": "'d'", "{{ lookup('x') is defined }}": "False", "{{ lookup('x') | upper | default('d') }}": "'d'",
		"{% set local = 5 %}{{ see() }}": "5", "{{ lookup('x') }}": "error: play.yaml:10:14: no such file", "{{ 1 | add('x') }}": "error: play.yaml:10:12: 'str' object cannot be interpreted as an integer",
		"a{{ lookup('x') }}": "error: play.yaml:10:15: no such file",
	} {
		v, err := evaluate(t, env, source, Vars{})
		got := value.Repr(v)
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != want {
			t.Errorf("%s = %s; want %s", source, got, want)
		}
	}
}

func TestReferences(t *testing.T) {
	tmpl, err := New(Options{}).Parse("{% set a = x %}{{ a | upper }}{% for i in y if z is defined %}{{ i }}{{ loop.index }}{% endfor %}{{ i | lower }}{{ range(3) }}", value.Position{})
	if err != nil {
		t.Fatal(err)
	}
	names := func(refs []Ref) string {
		var out []string
		for _, r := range refs {
			out = append(out, r.Name)
		}
		return strings.Join(out, " ")
	}
	if got := names(tmpl.Names()) + "; " + names(tmpl.Filters()) + "; " + names(tmpl.Tests()); got != "x y z i; upper lower; defined" {
		t.Error(got)
	}
	static, err := New(Options{}).Parse("plain\n", value.Position{})
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := static.Static(); !ok || v != "plain\n" {
		t.Errorf("Static() = %q, %v", v, ok)
	}
}

func TestLiteralBackslashes(t *testing.T) {
	env := New(Options{LiteralBackslashes: true})
	for source, want := range map[string]string{`{{ '\d\n' }}`: `'\\d\\n'`, `{% set x = '\n' %}{{ x }}`: `'\n'`, `{{ 'a\'b' }}`: `"a\\'b"`} {
		if v, err := evaluate(t, env, source, Vars{}); err != nil || value.Repr(v) != want {
			t.Errorf("%s = %s, %v; want %s", source, value.Repr(v), err, want)
		}
	}
}

func TestOneTemplateManyGoroutines(t *testing.T) {
	tmpl, err := New(Options{}).Parse("{% set _ = l.append(n) %}{% for x in l %}{{ loop.index }}:{{ x }} {% endfor %}", value.Position{})
	if err != nil {
		t.Fatal(err)
	}
	shared := value.NewList(int64(1))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 50 {
				v, err := tmpl.Evaluate(context.Background(), Vars{"l": shared, "n": int64(i)})
				if want := fmt.Sprintf("1:1 2:%d ", i); err != nil || v != want {
					t.Errorf("got %v, %v; want %s", v, err, want)
				}
			}
		})
	}
	wg.Wait()
}
