package secret

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// DefaultID is the vault id of passwords that were given without one.
const DefaultID = "default"

// longText is the length from which a text in an encrypted file counts as secret whatever
// its key: shorter ones may be words (a user, a state) that output is full of.
const longText = 12

// secretKey matches names of variables that hold secrets.
var secretKey = regexp.MustCompile(`(?i)pass|pwd|secret|token|credential|key|auth|private`)

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
	opened map[string]string // by vault text: the same value is often read for many hosts
}

// NewVault returns a vault with passwords, the first of an id being tried first. The masker
// learns what is opened, and the passwords; it may be nil.
func NewVault(passwords []Password, masker *Masker) *Vault {
	for _, p := range passwords {
		masker.Add(string(p.Bytes))
	}
	return &Vault{passwords: passwords, masker: masker, opened: map[string]string{}}
}

// DecryptFile returns the text of a file that is encrypted as a whole.
func (v *Vault) DecryptFile(src []byte) ([]byte, error) {
	plain, err := v.open(string(src))
	return []byte(plain), err
}

// DecryptValue returns the text of one encrypted value.
func (v *Vault) DecryptValue(text string) (string, error) {
	plain, err := v.open(text)
	if err == nil {
		v.masker.Add(plain)
	}
	return plain, err
}

// Seen masks a text of an encrypted file, if its key's name or its length says that it is a
// secret, and not a word that only stands beside one.
func (v *Vault) Seen(key, text string) {
	if secretKey.MatchString(key) || len(text) >= longText {
		v.masker.Add(text)
	}
}

func (v *Vault) open(text string) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if plain, ok := v.opened[text]; ok {
		return plain, nil
	}
	e, err := parse(text)
	if err != nil {
		return "", err
	}
	if len(v.passwords) == 0 {
		return "", errors.New("there is no vault password: give one with --vault-password-file")
	}
	var tried []string
	for _, p := range v.order(e.id) {
		plain, err := e.open(p.Bytes)
		if err == nil {
			v.opened[text] = string(plain)
			return string(plain), nil
		}
		if !errors.Is(err, errWrongPassword) {
			return "", err
		}
		tried = append(tried, p.ID)
	}
	return "", fmt.Errorf("none of the vault passwords opens it (%s); %w", describe(e.id, tried), errWrongPassword)
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
