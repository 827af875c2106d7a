package state

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"net/url"
	"strings"
	"time"
)

// A Request is an HTTP request for a file or a small document.
type Request struct {
	URL           string
	Checksum      string // "sha256:HEX"; sha512, sha384, sha224, sha1 and md5 too. "" for Text
	Header        map[string]string
	Username      string
	Password      string
	ValidateCerts bool
	Silence       time.Duration // how long the server may send nothing; 0 for a minute
}

// place is the URL as messages show it: without a password.
func (r Request) place() string {
	u, err := url.Parse(r.URL)
	if err != nil {
		return "(a URL that does not parse)"
	}
	return u.Redacted()
}

// silence is how long the server may send nothing.
func (r Request) silence() time.Duration {
	if r.Silence > 0 {
		return r.Silence
	}
	return silenceLimit
}

// A digest is a checksum that was asked for.
type digest struct {
	algorithm string
	hex       string // lower case
}

func (d digest) String() string { return d.algorithm + ":" + d.hex }

// newHash returns the algorithm of that name.
func newHash(algorithm string) (hash.Hash, error) {
	switch algorithm {
	case "sha256":
		return sha256.New(), nil
	case "sha512":
		return sha512.New(), nil
	case "sha384":
		return sha512.New384(), nil
	case "sha224":
		return sha256.New224(), nil
	case "sha1":
		return sha1.New(), nil
	case "md5":
		return md5.New(), nil
	}
	return nil, fmt.Errorf("%q is not a checksum algorithm: write sha256:HEX, or sha512, sha384, sha224, sha1, md5", algorithm)
}

// parseDigest reads "sha256:HEX" and checks its length.
func parseDigest(s string) (digest, error) {
	algorithm, sum, ok := strings.Cut(s, ":")
	if !ok {
		return digest{}, fmt.Errorf("the checksum %q has no algorithm: write it as sha256:HEX", s)
	}
	d := digest{strings.ToLower(strings.TrimSpace(algorithm)), strings.ToLower(strings.TrimSpace(sum))}
	h, err := newHash(d.algorithm)
	if err != nil {
		return digest{}, err
	}
	if raw, err := hex.DecodeString(d.hex); err != nil || len(raw) != h.Size() {
		return digest{}, fmt.Errorf("%q is not a checksum of %s, which has %d hexadecimal digits", d.hex, d.algorithm, 2*h.Size())
	}
	return d, nil
}

// A MismatchError is the error of a file that is not what its checksum says.
type MismatchError struct {
	URL, Want, Got string
}

// Error names both sums.
func (e *MismatchError) Error() string {
	return fmt.Sprintf("checksum mismatch of %s: expected %s, got %s; nothing was kept of it", e.URL, e.Want, e.Got)
}
