package source

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"kops/internal/module/copy"
	"kops/internal/template"
)

// Tree returns a folder as a copy.Tree, without its name. With follow, what links in it point
// at is copied; else the links themselves.
func (f *Files) Tree(s *template.Scope, dir string, follow, decrypt bool) (*copy.Tree, error) {
	w := walker{files: f, scope: s, follow: follow, decrypt: decrypt, tree: &copy.Tree{}}
	if err := w.folder(dir, ""); err != nil {
		return nil, err
	}
	return w.tree, nil
}

type walker struct {
	files           *Files
	scope           *template.Scope
	follow, decrypt bool
	tree            *copy.Tree
	above           []string // the real paths of the folders that are being walked
}

func (w *walker) folder(dir, rel string) error {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return explain(dir, err)
	}
	if slices.Contains(w.above, real) {
		return fmt.Errorf("src: %s is a link to a folder that it is in itself: local_follow: false copies the link", dir)
	}
	w.above = append(w.above, real)
	defer func() { w.above = w.above[:len(w.above)-1] }()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return explain(dir, err)
	}
	for _, e := range entries {
		if err := w.entry(filepath.Join(dir, e.Name()), path.Join(rel, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) entry(at, rel string) error {
	info, err := os.Lstat(at)
	if err != nil {
		return explain(at, err)
	}
	if info.Mode()&os.ModeSymlink != 0 {
		if !w.follow {
			target, err := os.Readlink(at)
			if err != nil {
				return explain(at, err)
			}
			w.tree.Entries = append(w.tree.Entries, copy.Entry{Path: rel, Link: target})
			return nil
		}
		if info, err = os.Stat(at); err != nil {
			return fmt.Errorf("src: %s is a link to nothing: local_follow: false copies the link", at)
		}
	}
	if info.IsDir() {
		w.tree.Entries = append(w.tree.Entries, copy.Entry{Path: rel})
		return w.folder(at, rel)
	}
	src, err := w.files.Open(w.scope, at, w.decrypt)
	if err != nil {
		return err
	}
	w.tree.Entries = append(w.tree.Entries, copy.Entry{Path: rel, Source: src})
	return nil
}

// TreeName is the name under which a folder is copied: its own, or none where src ends
// with a slash, which means only what is in it.
func TreeName(src, found string) string {
	if strings.HasSuffix(src, "/") {
		return ""
	}
	return filepath.Base(found)
}
