package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
)

// A store is the folder of the built artifacts:
//
//	files/          what is served, by its URL path
//	registry/       the registry's blobs
//	manifest.json   what was built, from which recipe, with which checksums
//	serve.pid       the server's process id, locked while it runs
//	serve.log       its log
type store struct{ root string }

// openStore is the store under KOPS_LAB_DIR, by default /var/lib/kops-lab.
func openStore() store {
	lab := os.Getenv("KOPS_LAB_DIR")
	if lab == "" {
		lab = "/var/lib/kops-lab"
	}
	return store{root: filepath.Join(lab, "artifacts")}
}

func (s store) files() string        { return filepath.Join(s.root, "files") }
func (s store) blobs() string        { return filepath.Join(s.root, "registry") }
func (s store) pidFile() string      { return filepath.Join(s.root, "serve.pid") }
func (s store) logFile() string      { return filepath.Join(s.root, "serve.log") }
func (s store) lockFile() string     { return filepath.Join(s.root, "build.lock") }
func (s store) manifestPath() string { return filepath.Join(s.root, "manifest.json") }

// A manifest tells, by artifact name, what the store holds.
type manifest map[string]built

// built is one artifact as it was built. Files are paths below files/ with their SHA-256 in hex.
type built struct {
	Recipe string            `json:"recipe"`
	Files  map[string]string `json:"files"`
}

func (s store) readManifest() (manifest, error) {
	m := manifest{}
	data, err := os.ReadFile(s.manifestPath())
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("%s is damaged (remove it to build everything again): %w", s.manifestPath(), err)
	}
	return m, nil
}

func (s store) writeManifest(m manifest) error {
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	tmp := s.manifestPath() + ".new"
	if err := os.WriteFile(tmp, data, 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, s.manifestPath())
}

// intact says whether the store holds b unchanged.
func (s store) intact(b built) bool {
	for path, want := range b.Files {
		if got, err := sha256File(filepath.Join(s.files(), path)); err != nil || got != want {
			return false
		}
	}
	return len(b.Files) > 0
}

// install moves a filled folder to its place below files/ and returns the checksums of its files.
func (s store) install(filled, dir string) (map[string]string, error) {
	place := filepath.Join(s.files(), dir)
	if err := os.RemoveAll(place); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
		return nil, err
	}
	if err := os.Rename(filled, place); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(place)
	if err != nil {
		return nil, err
	}
	sums := map[string]string{}
	for _, e := range entries {
		if sums[filepath.Join(dir, e.Name())], err = sha256File(filepath.Join(place, e.Name())); err != nil {
			return nil, err
		}
	}
	return sums, nil
}

func (m manifest) names() []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func sha256File(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
