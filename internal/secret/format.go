// Package secret reads and writes what ansible-vault encrypts, and masks secrets in output.
package secret

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Header begins every text that ansible-vault encrypted.
const Header = "$ANSIBLE_VAULT;"

const (
	cipherName = "AES256"
	iterations = 10000
	saltSize   = 32
	lineSize   = 80
)

// errWrongPassword says that the HMAC of a vault text is not the one that a password gives.
var errWrongPassword = errors.New("the password is wrong, or the text was changed")

// IsEncrypted tells whether src is a vault text.
func IsEncrypted(src []byte) bool { return bytes.HasPrefix(src, []byte(Header)) }

// An envelope is a vault text, taken apart.
type envelope struct {
	id   string // the vault id; "" in format 1.1
	salt []byte
	mac  []byte
	text []byte // the ciphertext
}

// parse reads formats 1.1 and 1.2.
func parse(src string) (envelope, error) {
	var e envelope
	head, body, _ := strings.Cut(strings.TrimSpace(src), "\n")
	fields := strings.Split(strings.TrimSpace(head), ";")
	if fields[0]+";" != Header || len(fields) < 3 {
		return e, fmt.Errorf("the text is not in ansible-vault's format: it must begin with %s1.1;%s", Header, cipherName)
	}
	switch {
	case fields[1] != "1.1" && fields[1] != "1.2":
		return e, fmt.Errorf("version %s of ansible-vault's format is not supported, only 1.1 and 1.2", fields[1])
	case fields[2] != cipherName:
		return e, fmt.Errorf("the cipher %s is not supported, only %s", fields[2], cipherName)
	case fields[1] == "1.2" && len(fields) > 3:
		e.id = fields[3]
	}
	inner, err := hex.DecodeString(strings.Join(strings.Fields(body), ""))
	if err != nil {
		return e, fmt.Errorf("the text is damaged: %w", err)
	}
	parts := bytes.Split(inner, []byte("\n"))
	if len(parts) != 3 {
		return e, errors.New("the text is damaged: salt, HMAC and ciphertext are expected in it")
	}
	for i, to := range []*[]byte{&e.salt, &e.mac, &e.text} {
		if *to, err = hex.DecodeString(string(parts[i])); err != nil {
			return e, fmt.Errorf("the text is damaged: %w", err)
		}
	}
	if len(e.text) == 0 || len(e.text)%aes.BlockSize != 0 {
		return e, errors.New("the text is damaged: the ciphertext has no whole number of blocks")
	}
	return e, nil
}

// keys derives what encrypts, what authenticates, and the counter's start.
func keys(password, salt []byte) (key, macKey, iv []byte, err error) {
	derived, err := pbkdf2.Key(sha256.New, string(password), salt, iterations, 32+32+aes.BlockSize)
	if err != nil {
		return nil, nil, nil, err
	}
	return derived[:32], derived[32:64], derived[64:], nil
}

// open returns the plain text, or errWrongPassword.
func (e envelope) open(password []byte) ([]byte, error) {
	key, macKey, iv, err := keys(password, e.salt)
	if err != nil {
		return nil, err
	}
	if !hmac.Equal(sum(macKey, e.text), e.mac) {
		return nil, errWrongPassword
	}
	plain, err := crypt(key, iv, e.text)
	if err != nil {
		return nil, err
	}
	pad := int(plain[len(plain)-1])
	if pad < 1 || pad > aes.BlockSize {
		return nil, errors.New("the text is damaged: wrong padding")
	}
	return plain[:len(plain)-pad], nil
}

// Encrypt returns plain as a vault text that ends with a newline: format 1.2 with an id,
// 1.1 without.
func Encrypt(plain, password []byte, id string) ([]byte, error) {
	if len(password) == 0 {
		return nil, errors.New("the vault password is empty")
	}
	salt := make([]byte, saltSize)
	if _, err := rand.Read(salt); err != nil {
		return nil, err
	}
	return encrypt(plain, password, salt, id)
}

// encrypt writes the bytes that ansible-vault writes with the same salt.
func encrypt(plain, password, salt []byte, id string) ([]byte, error) {
	key, macKey, iv, err := keys(password, salt)
	if err != nil {
		return nil, err
	}
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	text, err := crypt(key, iv, append(bytes.Clone(plain), bytes.Repeat([]byte{byte(pad)}, pad)...))
	if err != nil {
		return nil, err
	}
	inner := fmt.Sprintf("%x\n%x\n%x", salt, sum(macKey, text), text)
	head := Header + "1.1;" + cipherName
	if id != "" && id != DefaultID {
		head = Header + "1.2;" + cipherName + ";" + id
	}
	var out bytes.Buffer
	out.WriteString(head + "\n")
	for rest := hex.EncodeToString([]byte(inner)); rest != ""; {
		n := min(lineSize, len(rest))
		out.WriteString(rest[:n] + "\n")
		rest = rest[n:]
	}
	return out.Bytes(), nil
}

func sum(key, text []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(text)
	return m.Sum(nil)
}

// crypt is AES in counter mode, which is its own inverse.
func crypt(key, iv, text []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	out := make([]byte, len(text))
	cipher.NewCTR(block, iv).XORKeyStream(out, text)
	return out, nil
}
