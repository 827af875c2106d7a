package yamlpos

import (
	"kops/internal/diag"
	"kops/internal/value"
)

// pairs collects a mapping's pairs as Python's dict does: the last value of a key wins, at
// the place where the key was first seen.
type pairs struct {
	pairs     []Pair
	index     value.Map    // key to its place in pairs, an int64
	inherited map[int]bool // places that a merge key filled: overriding them is no mistake
	list      *diag.List
}

func newPairs(list *diag.List) *pairs {
	return &pairs{inherited: map[int]bool{}, list: list}
}

// merge adds pairs that a merge key brings; those that are there already are replaced.
func (b *pairs) merge(from []Pair) {
	for _, p := range from {
		if i, ok := b.index.Get(p.Key.Value); ok {
			b.pairs[i.(int64)] = p
			continue
		}
		b.inherited[len(b.pairs)] = true
		b.add(p)
	}
}

func (b *pairs) add(p Pair) {
	b.index.Set(p.Key.Value, int64(len(b.pairs)))
	b.pairs = append(b.pairs, p)
}

// set adds a pair that is written in the mapping itself, and warns of a key that was there.
func (b *pairs) set(key, val *Node) {
	found, ok := b.index.Get(key.Value)
	if !ok {
		b.add(Pair{key, val})
		return
	}
	i := int(found.(int64))
	first := b.pairs[i].Key
	b.pairs[i] = Pair{key, val}
	if b.inherited[i] {
		delete(b.inherited, i)
		return
	}
	d := diag.Warningf(key.Pos, "the key %q is there twice; this value wins, the first one is ignored", key.Raw).
		WithHint("remove one of them")
	d.Related = []diag.Related{{Pos: first.Pos, Text: "the key was first set here"}}
	b.list.Add(d)
}
