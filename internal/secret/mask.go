package secret

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Masked stands where a secret was.
const Masked = "********"

// minLength is how long a secret must be to be searched for: a shorter one would be found in
// harmless words, so the whole text that holds it is masked, and the whole result.
const minLength = 4

// A Masker replaces secrets in texts. It finds them by value, in the forms that they take on
// their way (forms.go). It may be used by several goroutines, and knows a secret as soon as
// Add has returned; a nil Masker masks nothing.
type Masker struct {
	mu    sync.RWMutex
	added sync.Map // secrets, so that those of every task are looked up without waiting
	any   atomic.Bool
	index index
	short []string
}

// NewMasker returns a masker that knows no secret yet.
func NewMasker() *Masker { return &Masker{} }

// Add makes a text secret from now on. An empty one is not.
func (m *Masker) Add(secret string) {
	if m == nil || strings.TrimSpace(secret) == "" || secret == Masked {
		return
	}
	if _, known := m.added.Load(secret); known {
		return
	}
	long, short := formsOf(secret)
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range long {
		m.index.add(f)
	}
	for _, s := range short {
		if !slices.Contains(m.short, s) {
			m.short = append(m.short, s)
		}
	}
	m.added.Store(secret, true) // last: who finds it there may rely on it
	m.any.Store(true)
}

// secretName matches names of variables that hold a secret.
var secretName = regexp.MustCompile(`(?i)(pass(word|wd|phrase)?|pwd|pw|secret|token|credential|(api|private|secret|access)_?key)s?$`)

// words and number say nothing, though they may stand among secrets.
var (
	words  = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off|null|none|~)$`)
	number = regexp.MustCompile(`^\d{1,5}$`)
)

// AddNamed makes a text secret if the name of its variable says so: a password on the
// command line.
func (m *Masker) AddNamed(name, text string) {
	if secretName.MatchString(name) && !words.MatchString(text) {
		m.Add(text)
	}
}

// AddFrom makes a text secret that came together with secrets: out of an encrypted file, or
// a result that no_log hides. Ports and texts too short to search for are left out unless
// the name says that they are secrets.
func (m *Masker) AddFrom(name, text string) {
	text = strings.TrimSpace(text)
	if len(text) < minLength || number.MatchString(text) || words.MatchString(text) {
		m.AddNamed(name, text)
		return
	}
	m.Add(text)
}

// Mask returns s without secrets. A text that holds a secret too short to be searched for is
// masked as a whole.
func (m *Masker) Mask(s string) string {
	if m == nil || !m.any.Load() {
		return s
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.holdsShort(s) {
		return Masked
	}
	return m.index.mask(s)
}

// HoldsShort tells whether s holds a secret that is too short to be searched for, so that
// what stands beside s should not be shown either.
func (m *Masker) HoldsShort(s string) bool {
	if m == nil || !m.any.Load() {
		return false
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.holdsShort(s)
}

func (m *Masker) holdsShort(s string) bool {
	return slices.ContainsFunc(m.short, func(short string) bool { return strings.Contains(s, short) })
}

// HasSecrets tells whether there is anything to mask.
func (m *Masker) HasSecrets() bool { return m != nil && m.any.Load() }

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
	i, _ := slices.BinarySearchFunc(same, text, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	if i < len(same) && same[i] == text {
		return
	}
	x.texts[h] = slices.Insert(same, i, text)
	x.filter[slot(h)/64] |= 1 << (slot(h) % 64)
}

// mask replaces each stretch of s that texts cover, also where they overlap.
func (x *index) mask(s string) string {
	if x.texts == nil || len(s) < minLength {
		return s
	}
	var b strings.Builder
	done, start, end := 0, -1, -1
	h := head(s) << 8
	for i := 0; i+minLength <= len(s); i++ {
		h = h>>8 | uint32(s[i+3])<<24
		if x.filter[slot(h)/64]&(1<<(slot(h)%64)) == 0 {
			continue
		}
		n := x.longest(h, s[i:])
		if n == 0 || i+n <= end {
			continue
		}
		if i >= end { // a new stretch
			if start >= 0 {
				b.WriteString(s[done:start] + Masked)
				done = end
			}
			start = i
		}
		end = i + n
	}
	if start < 0 {
		return s
	}
	b.WriteString(s[done:start] + Masked + s[end:])
	return b.String()
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
