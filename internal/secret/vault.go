package secret

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// DefaultID is the vault id of passwords that were given without one.
const DefaultID = "default"

// A Password opens vault texts.
type Password struct {
	ID    string // "default" where none was given
	Bytes []byte
}

// A Vault opens vault texts with the passwords that it has. It may be used by several
// goroutines. What it opens is masked in output from then on.
type Vault struct {
	passwords []Password
	masker    *Masker // may be nil

	mu     sync.Mutex
	opened map[string]Opened // by vault text: the same value is often read for many hosts
}

// Opened is what a vault text holds, and what it took to open it.
type Opened struct {
	Plain    []byte
	ID       string // the text's own; "" in format 1.1
	Password Password
}

// NewVault returns a vault with passwords, the first of an id being tried first. The masker
// learns what is opened, and the passwords; it may be nil.
func NewVault(passwords []Password, masker *Masker) *Vault {
	for _, p := range passwords {
		masker.Add(string(p.Bytes))
	}
	return &Vault{passwords: passwords, masker: masker, opened: map[string]Opened{}}
}

// DecryptFile returns the text of a file that is encrypted as a whole.
func (v *Vault) DecryptFile(src []byte) ([]byte, error) {
	o, err := v.Open(string(src))
	return o.Plain, err
}

// DecryptValue returns the text of one encrypted value.
func (v *Vault) DecryptValue(text string) (string, error) {
	o, err := v.Open(text)
	if err == nil {
		v.masker.Add(string(o.Plain))
	}
	return string(o.Plain), err
}

// Seen masks a text of an encrypted file.
func (v *Vault) Seen(key, text string) { v.masker.AddFrom(key, text) }

// Open opens a vault text with the first password that fits.
func (v *Vault) Open(text string) (Opened, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if o, ok := v.opened[text]; ok {
		return o, nil
	}
	e, err := parse(text)
	if err != nil {
		return Opened{}, err
	}
	if len(v.passwords) == 0 {
		return Opened{}, errors.New("there is no vault password: give one with --vault-password-file")
	}
	var tried []string
	for _, p := range v.order(e.id) {
		plain, err := e.open(p.Bytes)
		if err == nil {
			o := Opened{Plain: plain, ID: e.id, Password: p}
			v.opened[text] = o
			return o, nil
		}
		if !errors.Is(err, errWrongPassword) {
			return Opened{}, err
		}
		tried = append(tried, p.ID)
	}
	return Opened{}, fmt.Errorf("none of the vault passwords opens it (%s); %w", describe(e.id, tried), errWrongPassword)
}

// order returns the passwords, those of the text's own id first.
func (v *Vault) order(id string) []Password {
	sorted := slices.Clone(v.passwords)
	slices.SortStableFunc(sorted, func(a, b Password) int {
		switch {
		case a.ID == id && b.ID != id:
			return -1
		case b.ID == id && a.ID != id:
			return 1
		}
		return 0
	})
	return sorted
}

func describe(id string, tried []string) string {
	text := "tried the vault ids " + strings.Join(tried, ", ")
	if len(tried) == 1 {
		text = "tried the vault id " + tried[0]
	}
	if id != "" {
		text += "; the text's own is " + id
	}
	return text
}
