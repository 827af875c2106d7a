package includevars

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A walker finds the files in a folder and the folders below it.
type walker struct {
	*Spec
	roleMain string // the role's own vars/main, which the role has already; without its ending
	dirs     []string
	found    map[string][]string // by folder, sorted
}

// walk reads a folder; links to folders are followed as far as depth and paths allow.
func (w *walker) walk(dir string, depth int) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("dir: %w", err)
	}
	w.dirs = append(w.dirs, dir)
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		info, err := os.Stat(path)
		switch {
		case err != nil:
			return fmt.Errorf("dir: %w", err)
		case info.IsDir():
			if w.Depth == 0 || depth < w.Depth {
				err = w.walk(path, depth+1)
			}
		default:
			err = w.file(dir, e.Name())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) file(dir, name string) error {
	path := filepath.Join(dir, name)
	ext := filepath.Ext(name)
	if w.roleMain != "" && strings.TrimSuffix(path, ext) == w.roleMain || !w.matching.MatchString(name) {
		return nil
	}
	for _, re := range w.ignored {
		if re.MatchString(name) {
			return nil
		}
	}
	if !slices.Contains(w.Extensions, strings.TrimPrefix(ext, ".")) {
		if w.IgnoreUnknown {
			return nil
		}
		return fmt.Errorf("dir: %s does not have a valid extension (%s): ignore_unknown_extensions leaves it out", path, strings.Join(w.Extensions, ", "))
	}
	if w.found == nil {
		w.found = map[string][]string{}
	}
	w.found[dir] = append(w.found[dir], path)
	return nil
}

// inOrder lists the files folder by folder.
func (w *walker) inOrder() []string {
	var files []string
	for _, dir := range w.dirs {
		files = append(files, w.found[dir]...)
	}
	return files
}
