package secret

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Masked stands where a secret was.
const Masked = "********"

// minLength is how long a secret must be to be searched for: a shorter one would be found in
// harmless words, so the whole text that holds it is masked.
const minLength = 4

// A Masker replaces secrets in texts. It finds them by value, in the forms that they take on
// their way: raw, in JSON, quoted for a shell, in a URL, in base64, and line by line. It may
// be used by several goroutines; a nil Masker masks nothing.
type Masker struct {
	mu      sync.Mutex
	known   map[string]bool // what was added, and each form
	forms   []string        // longest first
	short   []string
	current atomic.Pointer[forms]
}

// forms is a snapshot that is read without locks.
type forms struct {
	replacer *strings.Replacer
	short    []string
}

// NewMasker returns a masker that knows no secret yet.
func NewMasker() *Masker { return &Masker{known: map[string]bool{}} }

// Add makes a text secret from now on. An empty one is not.
func (m *Masker) Add(secret string) {
	if m == nil || strings.TrimSpace(secret) == "" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known["secret:"+secret] {
		return
	}
	m.known["secret:"+secret] = true
	texts := []string{secret, strings.TrimSpace(secret)}
	for line := range strings.Lines(secret) {
		// Lines of a key file say nothing alone if they are short: braces, a word.
		if line = strings.TrimSpace(line); len(line) >= minLength {
			texts = append(texts, line)
		}
	}
	for _, text := range texts {
		m.addForms(text)
	}
	slices.SortFunc(m.forms, func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(m.forms))
	for _, f := range m.forms {
		pairs = append(pairs, f, Masked)
	}
	m.current.Store(&forms{strings.NewReplacer(pairs...), slices.Clone(m.short)})
}

// addForms notes a text and what it looks like elsewhere.
func (m *Masker) addForms(text string) {
	if len(text) < minLength {
		if !slices.Contains(m.short, text) {
			m.short = append(m.short, text)
		}
		return
	}
	plainJSON, _ := json.Marshal(text)
	var unescaped strings.Builder
	enc := json.NewEncoder(&unescaped)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(text) // a string always encodes
	for _, f := range []string{
		text,
		string(plainJSON[1 : len(plainJSON)-1]),
		unescaped.String()[1 : unescaped.Len()-2], // without quotes and newline
		strings.ReplaceAll(text, "'", `'"'"'`),
		strings.ReplaceAll(text, "'", `'\''`),
		strings.ReplaceAll(text, "'", "''"),
		url.QueryEscape(text),
		url.PathEscape(text),
		strings.ReplaceAll(url.QueryEscape(text), "+", "%20"),
		base64.StdEncoding.EncodeToString([]byte(text)),
		base64.RawStdEncoding.EncodeToString([]byte(text)),
		base64.URLEncoding.EncodeToString([]byte(text)),
		base64.StdEncoding.EncodeToString([]byte(text + "\n")),
	} {
		if len(f) >= minLength && !m.known["form:"+f] {
			m.known["form:"+f] = true
			m.forms = append(m.forms, f)
		}
	}
}

// Mask returns s without secrets. A text that holds a secret too short to be searched for is
// masked as a whole.
func (m *Masker) Mask(s string) string {
	if m == nil {
		return s
	}
	f := m.current.Load()
	if f == nil {
		return s
	}
	for _, short := range f.short {
		if strings.Contains(s, short) {
			return Masked
		}
	}
	return f.replacer.Replace(s)
}

// HasSecrets tells whether there is anything to mask.
func (m *Masker) HasSecrets() bool { return m != nil && m.current.Load() != nil }
