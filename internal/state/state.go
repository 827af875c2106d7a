// Package state is what outlives a run on the controller: the artifacts that it fetched.
package state

import (
	"fmt"
	"os"
	"path/filepath"
)

// CacheDir returns kops's folder for what can be fetched again: kops under
// $XDG_CACHE_HOME, or else under ~/.cache.
func CacheDir() (string, error) {
	if dir := os.Getenv("XDG_CACHE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "kops"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find a folder for the cache: %w; set XDG_CACHE_HOME", err)
	}
	return filepath.Join(home, ".cache", "kops"), nil
}
