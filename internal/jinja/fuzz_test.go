package jinja

import (
	"context"
	"testing"
	"time"

	"kops/internal/value"
)

func FuzzTemplate(f *testing.F) {
	for _, file := range loadCorpus(f) {
		for _, c := range file.At("cases").(*value.List).Items {
			f.Add(c.(*value.Map).String("source"))
		}
	}
	env := New(Options{MaxSteps: 100_000, MaxBytes: 1 << 20})
	scope := Vars{"n": int64(7), "l": value.NewList(int64(1), "a"), "d": value.NewMap("a", value.NewList()), "name": "kafka", "u": value.Unknown{Why: "fuzz"}}
	f.Fuzz(func(t *testing.T, source string) {
		for _, parse := range []func(string, value.Position) (*Template, error){env.Parse, env.ParseExpression} {
			tmpl, err := parse(source, value.Position{})
			if err != nil {
				continue
			}
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
			_, _ = tmpl.Evaluate(ctx, scope)
			cancel()
		}
	})
}

func BenchmarkParse(b *testing.B) {
	env := New(Options{})
	for b.Loop() {
		if _, err := env.Parse("{% for h in hosts %}{{ h.name | upper }}:{{ h.port }}{% if not loop.last %},{% endif %}{% endfor %}", value.Position{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEvaluate(b *testing.B) {
	hosts := value.NewList()
	for range 10 {
		hosts.Append(value.NewMap("name", "kafka", "port", int64(9092)))
	}
	scope := Vars{"hosts": hosts, "port": int64(9092)}
	for name, source := range map[string]string{
		"expression": "{{ port + 1 }}",
		"condition":  "{{ port is defined and port > 1024 }}",
		"loop":       "{% for h in hosts %}{{ h.name | upper }}:{{ h.port }}{% if not loop.last %},{% endif %}{% endfor %}",
	} {
		tmpl, err := New(Options{}).Parse(source, value.Position{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := tmpl.Evaluate(context.Background(), scope); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
