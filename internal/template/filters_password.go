package template

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"kops/internal/jinja"
	"kops/internal/value"
)

// A scheme is a password hash of crypt(3).
type scheme struct {
	ident     string
	saltSize  int
	saltExact bool
	rounds    int // what Ansible asks for where none are given
	crypt     func(password, ident, salt string, rounds int) (string, error)
}

var schemes = map[string]scheme{
	"md5_crypt":    {ident: "1", saltSize: 8, crypt: md5Crypt},
	"bcrypt":       {ident: "2b", saltSize: 22, saltExact: true, rounds: 12, crypt: bcrypt},
	"sha256_crypt": {ident: "5", saltSize: 16, rounds: 535000, crypt: shaCrypt},
	"sha512_crypt": {ident: "6", saltSize: 16, rounds: 656000, crypt: shaCrypt},
}

var schemeNames = map[string]string{
	"md5": "md5_crypt", "blowfish": "bcrypt", "sha256": "sha256_crypt", "sha512": "sha512_crypt",
}

// passwordHash hashes a password, which is a secret from then on.
func passwordHash(hide func(secret string)) jinja.Func {
	return func(c *jinja.Call) (value.Value, error) {
		if len(c.Args) > 0 {
			if s, ok := c.Args[0].(string); ok {
				hide(s)
			}
		}
		return hashOf(c)
	}
}

func hashOf(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("password", "hashtype=", "salt=", "salt_size=", "rounds=", "ident=")
	if err != nil {
		return nil, err
	}
	password, err := c.Text(args[0])
	if err != nil {
		return nil, err
	}
	name, err := c.String(1, "hashtype", "sha512")
	if err != nil {
		return nil, err
	}
	text := func(v value.Value) string {
		if v == jinja.Missing || v == nil {
			return ""
		}
		return value.Str(v)
	}
	numbers := [2]int{}
	for i, name := range []string{"salt_size", "rounds"} {
		if v := args[3+i]; v == jinja.Missing || v == nil {
			continue
		}
		if numbers[i], err = c.Int(3+i, name, 0); err != nil {
			return nil, err
		}
	}
	return hashPassword(password, name, text(args[2]), numbers[0], numbers[1], text(args[5]))
}

// saltLetters are what salts consist of.
const saltLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./"

// hashPassword hashes as ansible-core does over libxcrypt: the salt that is given is the
// randomness from which the salt in the hash is made. Without one it is random. Zero
// rounds and an empty ident mean the scheme's own.
func hashPassword(password, name, salt string, saltSize, rounds int, ident string) (string, error) {
	if full, ok := schemeNames[name]; ok {
		name = full
	}
	s, ok := schemes[name]
	if !ok {
		return "", fmt.Errorf("%s is not in the list of supported algorithms: md5, blowfish, sha256, sha512", name)
	}
	if saltSize == 0 {
		saltSize = s.saltSize
	}
	if salt == "" {
		if err := s.checkSize(saltSize); err != nil {
			return "", err
		}
		random := make([]byte, saltSize)
		if _, err := rand.Read(random); err != nil {
			return "", fmt.Errorf("draw a salt: %w", err)
		}
		salt = string(random)
	} else if strings.Trim(salt, saltLetters) != "" {
		return "", errors.New("invalid characters in salt")
	} else if err := s.checkSize(len(salt)); err != nil {
		return "", err
	}
	if len(salt) < 4 {
		return "", fmt.Errorf("a salt of %d characters leaves nothing of it in the hash: use 4 or more", len(salt))
	}
	if strings.ContainsRune(password, 0) {
		return "", errors.New("a password cannot contain a null character")
	}
	if rounds == 0 {
		rounds = s.rounds
	}
	if ident == "" {
		ident = s.ident
	}
	if name != "bcrypt" && ident != s.ident {
		return "", fmt.Errorf("ident %s is not one of %s", value.Repr(ident), name)
	}
	return s.crypt(password, ident, salt, rounds)
}

func (s scheme) checkSize(n int) error {
	switch {
	case s.saltExact && n != s.saltSize:
		return fmt.Errorf("invalid salt size supplied (%d), expected %d", n, s.saltSize)
	case n > s.saltSize || n < 0:
		return fmt.Errorf("invalid salt size supplied (%d), expected at most %d", n, s.saltSize)
	}
	return nil
}

const cryptLetters = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// saltText is libxcrypt's way from random bytes to a salt: each three become four letters,
// as long as one more byte follows.
func saltText(random string, limit int) string {
	var out []byte
	for used := 0; used+3 < len(random) && used*4/3 < limit; used += 3 {
		n := uint(random[used]) | uint(random[used+1])<<8 | uint(random[used+2])<<16
		out = letters(out, n, 4)
	}
	return string(out)
}

// letters appends count letters of six bits each, the lowest bits first.
func letters(out []byte, n uint, count int) []byte {
	for range count {
		out = append(out, cryptLetters[n&63])
		n >>= 6
	}
	return out
}
