package template

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"

	"golang.org/x/crypto/blake2b"
	"golang.org/x/crypto/blake2s"

	"kops/internal/jinja"
	"kops/internal/value"
)

// hashFilters are digests, password hashes and identifiers made of names.
func hashFilters(hide func(secret string)) map[string]jinja.Func {
	return map[string]jinja.Func{
		"md5":           fixedHash("md5"),
		"sha1":          fixedHash("sha1"),
		"checksum":      fixedHash("sha1"),
		"hash":          anyHash,
		"to_uuid":       toUUID,
		"password_hash": passwordHash(hide),
	}
}

func newHash(name string) (hash.Hash, error) {
	switch strings.ToLower(strings.ReplaceAll(name, "-", "_")) {
	case "md5":
		return md5.New(), nil
	case "sha1":
		return sha1.New(), nil
	case "sha224":
		return sha256.New224(), nil
	case "sha256":
		return sha256.New(), nil
	case "sha384":
		return sha512.New384(), nil
	case "sha512":
		return sha512.New(), nil
	case "sha512_224":
		return sha512.New512_224(), nil
	case "sha512_256":
		return sha512.New512_256(), nil
	case "sha3_224":
		return sha3.New224(), nil
	case "sha3_256":
		return sha3.New256(), nil
	case "sha3_384":
		return sha3.New384(), nil
	case "sha3_512":
		return sha3.New512(), nil
	case "blake2b":
		return blake2b.New512(nil)
	case "blake2s":
		return blake2s.New256(nil)
	}
	return nil, fmt.Errorf("unsupported hash type %s", name)
}

func digest(c *jinja.Call, name string) (value.Value, error) {
	h, err := newHash(name)
	if err != nil {
		return nil, err
	}
	data, err := rawBytes(c, c.Args[0], "utf-8")
	if err != nil {
		return nil, err
	}
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil)), nil
}

func fixedHash(name string) jinja.Func {
	return func(c *jinja.Call) (value.Value, error) {
		if _, err := c.Bind("data"); err != nil {
			return nil, err
		}
		return digest(c, name)
	}
}

func anyHash(c *jinja.Call) (value.Value, error) {
	if _, err := c.Bind("data", "hashtype="); err != nil {
		return nil, err
	}
	name, err := c.String(1, "hashtype", "sha1")
	if err != nil {
		return nil, err
	}
	return digest(c, name)
}

// uuidNamespace is Ansible's.
const uuidNamespace = "361E6D51-FAEC-444A-9079-341386DA8E2E"

// toUUID is Python's uuid.uuid5.
func toUUID(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("string", "namespace=")
	if err != nil {
		return nil, err
	}
	namespace, err := c.String(1, "namespace", uuidNamespace)
	if err != nil {
		return nil, err
	}
	text, err := c.Text(args[0])
	if err != nil {
		return nil, err
	}
	digits := strings.Trim(strings.NewReplacer("urn:", "", "uuid:", "").Replace(namespace), "{}")
	space, err := hex.DecodeString(strings.ReplaceAll(digits, "-", ""))
	if err != nil || len(space) != 16 {
		return nil, fmt.Errorf("invalid value '%s' for 'namespace': badly formed hexadecimal UUID string", namespace)
	}
	sum := sha1.Sum(append(space, text...))
	id := sum[:16]
	id[6] = id[6]&0x0f | 0x50
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:]), nil
}
