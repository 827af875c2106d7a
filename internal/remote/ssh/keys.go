package ssh

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	"golang.org/x/crypto/ssh"
)

// A keyring reads key files once a run, and asks once for each passphrase.
type keyring struct {
	prompt func(string) (string, error)
	mu     sync.Mutex
	files  map[string][]identity
	asking sync.Mutex // one question at a time
	opened map[string]openedKey
}

type openedKey struct {
	signer ssh.Signer
	err    error
}

func newKeyring(prompt func(string) (string, error)) *keyring {
	return &keyring{prompt: prompt, files: map[string][]identity{}, opened: map[string]openedKey{}}
}

// load returns the keys of a file: with its certificates first, then alone.
func (r *keyring) load(file string, certificates []string, passphrase string) ([]identity, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ks, ok := r.files[file]; ok {
		return ks, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the key: %w", err)
	}
	key, err := r.parse(file, data, passphrase)
	if err != nil {
		return nil, err
	}
	var out []identity
	for _, path := range append([]string{file + "-cert.pub"}, certificates...) {
		cert, err := readCertificate(path)
		if err != nil {
			if errors.Is(err, os.ErrNotExist) {
				continue
			}
			return nil, err
		}
		if !slices.Equal(cert.Key.Marshal(), key.PublicKey().Marshal()) {
			continue
		}
		signer, err := ssh.NewCertSigner(cert, key.Signer)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		out = append(out, identity{Signer: signer, source: path})
	}
	out = append(out, key)
	r.files[file] = out
	return out, nil
}

func readCertificate(path string) (*ssh.Certificate, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	cert, ok := public.(*ssh.Certificate)
	if !ok {
		return nil, fmt.Errorf("%s is not a certificate", path)
	}
	return cert, nil
}

// parse reads a key. One that is encrypted is opened only when a host accepts it.
func (r *keyring) parse(source string, data []byte, passphrase string) (identity, error) {
	signer, err := ssh.ParsePrivateKey(data)
	var locked *ssh.PassphraseMissingError
	switch {
	case err == nil:
		return identity{Signer: signer, source: source}, nil
	case !errors.As(err, &locked):
		return identity{}, fmt.Errorf("read the key %s: %w", source, err)
	}
	if passphrase != "" {
		signer, err = ssh.ParsePrivateKeyWithPassphrase(data, []byte(passphrase))
		if err != nil {
			return identity{}, fmt.Errorf("open the key %s with ansible_private_key_passphrase: %w", source, err)
		}
		return identity{Signer: signer, source: source}, nil
	}
	public := locked.PublicKey
	if public == nil {
		if public, err = readPublic(source + ".pub"); err != nil {
			return identity{}, fmt.Errorf("the key %s is encrypted, and its public part, %s.pub, cannot be read: %w", source, source, err)
		}
	}
	return identity{Signer: &lockedKey{ring: r, source: source, data: data, public: public}, source: source}, nil
}

func readPublic(path string) (ssh.PublicKey, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey(data)
	return public, err
}

// A lockedKey asks for its passphrase when it must sign.
type lockedKey struct {
	ring   *keyring
	source string
	data   []byte
	public ssh.PublicKey
}

var _ ssh.AlgorithmSigner = (*lockedKey)(nil)

// PublicKey is readable without the passphrase.
func (k *lockedKey) PublicKey() ssh.PublicKey { return k.public }

// Sign opens the key and signs.
func (k *lockedKey) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	s, err := k.ring.open(k)
	if err != nil {
		return nil, err
	}
	return s.Sign(rand, data)
}

// SignWithAlgorithm opens the key and signs.
func (k *lockedKey) SignWithAlgorithm(rand io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	s, err := k.ring.open(k)
	if err != nil {
		return nil, err
	}
	a, ok := s.(ssh.AlgorithmSigner)
	if !ok {
		return nil, fmt.Errorf("the key %s cannot sign with %s", k.source, algorithm)
	}
	return a.SignWithAlgorithm(rand, data, algorithm)
}

// A keyError says why a key that the host would take cannot be used.
type keyError struct{ err error }

// Error returns the reason.
func (e *keyError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *keyError) Unwrap() error { return e.err }

// open asks for the passphrase, at most three times, and remembers the answer for all hosts.
func (r *keyring) open(k *lockedKey) (ssh.Signer, error) {
	r.asking.Lock()
	defer r.asking.Unlock()
	if o, ok := r.opened[k.source]; ok {
		return o.signer, o.err
	}
	var o openedKey
	for range 3 {
		if r.prompt == nil {
			o.err = fmt.Errorf("the key %s is encrypted and nobody can be asked: add it to an agent, or set ansible_private_key_passphrase", k.source)
			break
		}
		var passphrase string
		if passphrase, o.err = r.prompt("Passphrase for the key " + k.source + ": "); o.err != nil {
			break
		}
		if o.signer, o.err = ssh.ParsePrivateKeyWithPassphrase(k.data, []byte(passphrase)); o.err == nil {
			break
		}
		o.err = fmt.Errorf("open the key %s: %w", k.source, o.err)
	}
	if o.err != nil {
		o.err = &keyError{o.err}
	}
	r.opened[k.source] = o
	return o.signer, o.err
}
