package vars

import (
	"slices"
	"testing"

	"kops/internal/value"
)

func TestPrecedence(t *testing.T) {
	set := &Set{}
	for level := levels - 1; level >= 0; level-- { // the order of adding does not count
		set = set.With(level, value.NewMap("v", int64(level), "only"+string(rune('a'+level)), true))
	}
	for level := levels - 1; level >= 0; level-- {
		if v, ok := set.Lookup("v"); !ok || v != value.Value(int64(level)) {
			t.Errorf("with levels up to %d: %v %v", level, v, ok)
		}
		set = set.Without(level)
	}
	if v, ok := set.Lookup("v"); ok {
		t.Errorf("an empty set has %v", v)
	}
}

func TestLaterLayersWin(t *testing.T) {
	set := (&Set{}).With(BlockVars, value.NewMap("v", "outer", "w", "outer")).With(BlockVars, value.NewMap("v", "inner"))
	if v, _ := set.Lookup("v"); v != value.Value("inner") {
		t.Error("v is", v)
	}
	if w, _ := set.Lookup("w"); w != value.Value("outer") {
		t.Error("w is", w)
	}
	set = set.Replace(BlockVars, value.NewMap("x", "new"), nil)
	if _, ok := set.Lookup("v"); ok {
		t.Error("v outlived Replace")
	}
}

// Sets made from one do not see each other's layers, even where these share memory.
func TestSetsAreImmutable(t *testing.T) {
	base := (&Set{}).With(Facts, value.NewMap("a", "base")).With(Facts, value.NewMap("b", "base")).With(Facts, value.NewMap("c", "base"))
	one, two := base.With(Facts, value.NewMap("v", "one")), base.With(Facts, value.NewMap("v", "two"))
	for want, set := range map[string]*Set{"one": one, "two": two} {
		if v, _ := set.Lookup("v"); v != value.Value(want) {
			t.Errorf("%s has %v", want, v)
		}
	}
	if _, ok := base.Lookup("v"); ok {
		t.Error("the base has v")
	}
	if base.With(Facts, nil) != base {
		t.Error("an empty layer made a new set")
	}
}

func TestNames(t *testing.T) {
	set := (&Set{}).With(ExtraVars, value.NewMap("a", 1, "b", 2)).With(RoleDefaults, value.NewMap("b", 3, "c", 4))
	names := set.Names()
	slices.Sort(names)
	if !slices.Equal(names, []string{"a", "b", "c"}) {
		t.Error(names)
	}
}
