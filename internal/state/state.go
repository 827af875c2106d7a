// Package state is what outlives a run on the controller: the artifacts that it fetched,
// its record, and which handlers are owed to hosts that cannot keep that themselves.
package state

import (
	"fmt"
	"os"
	"path/filepath"
)

// CacheDir returns kops's folder for what can be fetched again: kops under
// $XDG_CACHE_HOME, or else under ~/.cache.
func CacheDir() (string, error) {
	return folder("XDG_CACHE_HOME", ".cache")
}

// Dir returns kops's folder for what must be kept: kops under $XDG_STATE_HOME, or else
// under ~/.local/state.
func Dir() (string, error) {
	return folder("XDG_STATE_HOME", ".local/state")
}

func folder(variable, inHome string) (string, error) {
	if dir := os.Getenv(variable); filepath.IsAbs(dir) {
		return filepath.Join(dir, "kops"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find a folder for ~/%s: %w; set %s", inHome, err, variable)
	}
	return filepath.Join(home, inHome, "kops"), nil
}
