package template

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"hash"
	"strings"

	"golang.org/x/crypto/blowfish" //lint:ignore SA1019 bcrypt is made of it

	"kops/internal/value"
)

// shaCrypt is SHA-crypt ($5$ and $6$), as specified by Ulrich Drepper.
func shaCrypt(password, ident, random string, rounds int) (string, error) {
	newHash, order := sha512.New, sha512Order[:]
	if ident == "5" {
		newHash, order = sha256.New, sha256Order[:]
	}
	rounds = min(max(rounds, 1000), 999_999_999)
	salt := saltText(random, 16)
	sum := shaSum(newHash, []byte(password), []byte(salt), rounds)
	var out []byte
	for _, group := range order {
		n := uint(0)
		for _, i := range group.bytes {
			n = n<<8 | uint(sum[i])
		}
		out = letters(out, n, group.letters)
	}
	prefix := "$" + ident + "$"
	if rounds != 5000 {
		prefix += fmt.Sprintf("rounds=%d$", rounds)
	}
	return prefix + salt + "$" + string(out), nil
}

func shaSum(newHash func() hash.Hash, password, salt []byte, rounds int) []byte {
	digest := func(parts ...[]byte) []byte {
		h := newHash()
		for _, p := range parts {
			h.Write(p)
		}
		return h.Sum(nil)
	}
	b := digest(password, salt, password)
	h := newHash()
	h.Write(password)
	h.Write(salt)
	h.Write(stretch(b, len(password)))
	for n := len(password); n > 0; n >>= 1 {
		if n&1 != 0 {
			h.Write(b)
		} else {
			h.Write(password)
		}
	}
	a := h.Sum(nil)
	p := stretch(digest([]byte(strings.Repeat(string(password), len(password)))), len(password))
	s := stretch(digest([]byte(strings.Repeat(string(salt), 16+int(a[0])))), len(salt))
	for i := range rounds {
		h := newHash()
		mixRound(h, i, a, p, s)
		a = h.Sum(a[:0])
	}
	return a
}

// mixRound is the round of both SHA-crypt and MD5-crypt.
func mixRound(h hash.Hash, i int, last, password, salt []byte) {
	first, second := last, password
	if i&1 != 0 {
		first, second = password, last
	}
	h.Write(first)
	if i%3 != 0 {
		h.Write(salt)
	}
	if i%7 != 0 {
		h.Write(password)
	}
	h.Write(second)
}

// stretch repeats b up to n bytes.
func stretch(b []byte, n int) []byte {
	out := make([]byte, 0, n+len(b))
	for len(out) < n {
		out = append(out, b...)
	}
	return out[:n]
}

// A letterGroup are the bytes of a hash, the highest first, that are written together.
type letterGroup struct {
	bytes   []int
	letters int
}

var sha256Order = [...]letterGroup{
	{[]int{0, 10, 20}, 4}, {[]int{21, 1, 11}, 4}, {[]int{12, 22, 2}, 4}, {[]int{3, 13, 23}, 4}, {[]int{24, 4, 14}, 4},
	{[]int{15, 25, 5}, 4}, {[]int{6, 16, 26}, 4}, {[]int{27, 7, 17}, 4}, {[]int{18, 28, 8}, 4}, {[]int{9, 19, 29}, 4},
	{[]int{31, 30}, 3},
}

var sha512Order = [...]letterGroup{
	{[]int{0, 21, 42}, 4}, {[]int{22, 43, 1}, 4}, {[]int{44, 2, 23}, 4}, {[]int{3, 24, 45}, 4}, {[]int{25, 46, 4}, 4},
	{[]int{47, 5, 26}, 4}, {[]int{6, 27, 48}, 4}, {[]int{28, 49, 7}, 4}, {[]int{50, 8, 29}, 4}, {[]int{9, 30, 51}, 4},
	{[]int{31, 52, 10}, 4}, {[]int{53, 11, 32}, 4}, {[]int{12, 33, 54}, 4}, {[]int{34, 55, 13}, 4}, {[]int{56, 14, 35}, 4},
	{[]int{15, 36, 57}, 4}, {[]int{37, 58, 16}, 4}, {[]int{59, 17, 38}, 4}, {[]int{18, 39, 60}, 4}, {[]int{40, 61, 19}, 4},
	{[]int{62, 20, 41}, 4}, {[]int{63}, 2},
}

var md5Order = [...]letterGroup{
	{[]int{0, 6, 12}, 4}, {[]int{1, 7, 13}, 4}, {[]int{2, 8, 14}, 4}, {[]int{3, 9, 15}, 4}, {[]int{4, 10, 5}, 4}, {[]int{11}, 2},
}

// md5Crypt is the old $1$ of Poul-Henning Kamp.
func md5Crypt(password, _, random string, rounds int) (string, error) {
	if rounds != 0 && rounds != 1000 {
		return "", fmt.Errorf("md5_crypt always has 1000 rounds, not %d", rounds)
	}
	salt := saltText(random, 8)
	b := md5.Sum([]byte(password + salt + password))
	h := md5.New()
	h.Write([]byte(password + "$1$" + salt))
	h.Write(stretch(b[:], len(password)))
	for n := len(password); n > 0; n >>= 1 {
		if n&1 != 0 {
			h.Write([]byte{0})
		} else {
			h.Write([]byte(password[:1]))
		}
	}
	sum := h.Sum(nil)
	for i := range 1000 {
		h.Reset()
		mixRound(h, i, sum, []byte(password), []byte(salt))
		sum = h.Sum(nil)
	}
	var out []byte
	for _, group := range md5Order {
		n := uint(0)
		for _, i := range group.bytes {
			n = n<<8 | uint(sum[i])
		}
		out = letters(out, n, group.letters)
	}
	return "$1$" + salt + "$" + string(out), nil
}

var bcryptEncoding = base64.NewEncoding("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789").WithPadding(base64.NoPadding)

// bcrypt hashes with a salt of the caller's. rounds is the cost, a power of two.
func bcrypt(password, ident, random string, rounds int) (string, error) {
	if ident != "2a" && ident != "2b" && ident != "2y" {
		return "", fmt.Errorf("ident %s is not one of 2a, 2b, 2y", value.Repr(ident))
	}
	if rounds < 4 || rounds > 31 {
		return "", fmt.Errorf("the rounds of bcrypt are a power of two from 4 to 31, not %d", rounds)
	}
	salt := []byte(random)[:16]
	key := append([]byte(password), 0)
	key = key[:min(len(key), 72)]
	cipher, err := blowfish.NewSaltedCipher(key, salt)
	if err != nil {
		return "", err
	}
	for range uint64(1) << uint(rounds) {
		blowfish.ExpandKey(key, cipher)
		blowfish.ExpandKey(salt, cipher)
	}
	data := []byte("OrpheanBeholderScryDoubt")
	for i := 0; i < len(data); i += 8 {
		for range 64 {
			cipher.Encrypt(data[i:i+8], data[i:i+8])
		}
	}
	return fmt.Sprintf("$%s$%02d$%s%s", ident, rounds, bcryptEncoding.EncodeToString(salt), bcryptEncoding.EncodeToString(data[:23])), nil
}
