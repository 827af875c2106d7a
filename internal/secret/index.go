package secret

import (
	"slices"
	"strings"
)

// headBits is the size of the index's filter, in bits of the hash.
const headBits = 19

// An index finds many texts in one pass: by their first four bytes, of which a filter tells
// quickly that no text begins so.
type index struct {
	filter []uint64
	texts  map[uint32][]string // by their first four bytes, longest first
}

func head(s string) uint32 {
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

func slot(head uint32) uint32 { return head * 2654435761 >> (32 - headBits) }

// add adds a text of at least four bytes.
func (x *index) add(text string) {
	if x.texts == nil {
		x.texts, x.filter = map[uint32][]string{}, make([]uint64, 1<<headBits/64)
	}
	h := head(text)
	same := x.texts[h]
	i, known := slices.BinarySearchFunc(same, text, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	if known {
		return
	}
	x.texts[h] = slices.Insert(same, i, text)
	x.filter[slot(h)/64] |= 1 << (slot(h) % 64)
}

// each calls found with the longest text at each place of s where one begins, unless one
// before it reaches as far.
func (x *index) each(s string, found func(from, to int)) {
	if x.texts == nil || len(s) < minLength {
		return
	}
	end := 0
	h := head(s) << 8
	for i := 0; i+minLength <= len(s); i++ {
		h = h>>8 | uint32(s[i+3])<<24
		if x.filter[slot(h)/64]&(1<<(slot(h)%64)) == 0 {
			continue
		}
		if n := x.longest(h, s[i:]); i+n > end && n > 0 {
			end = i + n
			found(i, end)
		}
	}
}

// longest returns the length of the longest text that s begins with.
func (x *index) longest(head uint32, s string) int {
	for _, t := range x.texts[head] {
		if strings.HasPrefix(s, t) {
			return len(t)
		}
	}
	return 0
}
