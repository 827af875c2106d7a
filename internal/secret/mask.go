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
	texts index // what is searched for in texts
	views index // and in views of them
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
		m.addForm(f)
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
	return cover(s, m.find(s))
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

// IsSecret tells whether a text as a whole is a secret.
func (m *Masker) IsSecret(text string) bool {
	if m == nil {
		return false
	}
	_, known := m.added.Load(text)
	return known
}

// HasSecrets tells whether there is anything to mask.
func (m *Masker) HasSecrets() bool { return m != nil && m.any.Load() }

// viewLength is how long a form's view must be to be searched for in views: those say less
// than the texts, so that more may look alike.
const viewLength = 8

// addForm adds a form to the index of views, or if it is too short for that, or if a view
// shows too little of its ends, to that of texts.
func (m *Masker) addForm(f string) {
	if len(f) > bigText { // a whole file is quoted nowhere
		m.texts.add(f)
		return
	}
	v := viewOf(f)
	whole := len(v.text) > 0 && v.from[0] == 0 && int(v.to[len(v.to)-1]) == len(f)
	if len(v.text) >= viewLength {
		m.views.add(string(v.text))
	}
	if len(v.text) < viewLength || !whole {
		m.texts.add(f)
	}
}

// find returns the stretches of s that hold secrets.
func (m *Masker) find(s string) []stretch {
	var found []stretch
	m.texts.each(s, func(from, to int) { found = append(found, stretch{from, to}) })
	if m.views.texts == nil || len(s) < viewLength {
		return found
	}
	v := viewOf(s)
	m.views.each(string(v.text), func(from, to int) { found = append(found, stretch{int(v.from[from]), int(v.to[to-1])}) })
	return found
}

// A stretch is a part of a text.
type stretch struct{ from, to int }

// cover replaces stretches of s; those that overlap are one.
func cover(s string, found []stretch) string {
	if len(found) == 0 {
		return s
	}
	slices.SortFunc(found, func(a, b stretch) int { return a.from - b.from })
	var b strings.Builder
	done := 0
	for i := 0; i < len(found); {
		from, to := found[i].from, found[i].to
		for i++; i < len(found) && found[i].from < to; i++ {
			to = max(to, found[i].to)
		}
		b.WriteString(s[done:from] + Masked)
		done = to
	}
	b.WriteString(s[done:])
	return b.String()
}
