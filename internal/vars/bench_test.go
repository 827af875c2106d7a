package vars

import (
	"fmt"
	"testing"

	"kops/internal/value"
)

// layers is a host's stack with facts, as a task sees it.
func layers() *Set {
	many := func(prefix string, n int) *value.Map {
		m := &value.Map{}
		for i := range n {
			m.Set(fmt.Sprintf("%s_%d", prefix, i), int64(i))
		}
		return m
	}
	s := &Set{}
	for i := range 4 {
		s = s.With(Inventory, many(fmt.Sprintf("group%d", i), 20))
	}
	return s.With(Facts, many("ansible", 150)).With(PlayVars, many("play", 30)).With(SetFacts, many("fact", 10)).With(Magic, many("magic", 20))
}

func BenchmarkLookup(b *testing.B) {
	s := layers()
	for _, name := range []string{"magic_3", "group0_7", "missing"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Lookup(name)
			}
		})
	}
}

func BenchmarkWith(b *testing.B) {
	s, m := layers(), value.NewMap("item", int64(1))
	b.ReportAllocs()
	for b.Loop() {
		s.With(Loop, m)
	}
}
