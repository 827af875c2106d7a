// Package source gives files and folders of the controller as what module copy copies.
package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"kops/internal/module/copy"
	"kops/internal/template"
)

// vaultHeader begins a file that ansible-vault encrypted as a whole.
const vaultHeader = "$ANSIBLE_VAULT;"

// Files opens files of the controller. What it found out about a file (its checksums, its
// decrypted content) is remembered for the other hosts, as long as size and time stay.
type Files struct {
	mu    sync.Mutex
	files map[key]copy.Source
}

type key struct {
	path    string
	size    int64
	modTime time.Time
	decrypt bool
}

// New returns Files that know nothing yet.
func New() *Files { return &Files{files: map[key]copy.Source{}} }

// Open returns a regular file as a Source. Where decrypt says so, a file that is a vault is
// decrypted.
func (f *Files) Open(s *template.Scope, path string, decrypt bool) (copy.Source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, explain(path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("src: %s is not a regular file", path)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	k := key{path, info.Size(), info.ModTime(), decrypt}
	if known, ok := f.files[k]; ok {
		return known, nil
	}
	src, err := open(s, path, info, decrypt)
	if err != nil {
		return nil, explain(path, err)
	}
	f.files[k] = src
	return src, nil
}

func explain(path string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("src: %s on the controller may not be read: permission denied", path)
	}
	return fmt.Errorf("src: read %s on the controller: %w", path, err)
}

func open(s *template.Scope, path string, info fs.FileInfo, decrypt bool) (copy.Source, error) {
	if decrypt {
		vault, err := isVault(path)
		if err != nil {
			return nil, err
		}
		if vault {
			text, err := s.ReadFile(path)
			return &withMode{copy.Content(text), unixMode(info.Mode())}, err
		}
	}
	return &file{path: path, size: info.Size(), mode: unixMode(info.Mode()), modTime: info.ModTime()}, nil
}

func isVault(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head := make([]byte, len(vaultHeader))
	if _, err := io.ReadFull(f, head); err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return false, err
	}
	return bytes.Equal(head, []byte(vaultHeader)), nil
}

// withMode is a content in memory that has its file's mode.
type withMode struct {
	copy.Source
	mode fs.FileMode
}

// Mode is the file's.
func (m *withMode) Mode() fs.FileMode { return m.mode }

// unixMode turns Go's bits into Unix's: 0o7777.
func unixMode(m fs.FileMode) fs.FileMode {
	bits := m.Perm()
	for goBit, unix := range map[fs.FileMode]fs.FileMode{fs.ModeSetuid: 0o4000, fs.ModeSetgid: 0o2000, fs.ModeSticky: 0o1000} {
		if m&goBit != 0 {
			bits |= unix
		}
	}
	return bits
}

// Missing rewords the error of a file that was not found, which the argument names.
func Missing(argument string, err error) error {
	var n *template.NotFound
	if errors.As(err, &n) {
		return fmt.Errorf("%s: there is no %q on the controller; searched in:\n\t%s", argument, n.Name, strings.Join(n.Tried, "\n\t"))
	}
	return fmt.Errorf("%s: %w", argument, err)
}
