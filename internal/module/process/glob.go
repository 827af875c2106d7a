package process

import (
	"context"
	"fmt"
	"path"
	"strings"

	"kops/internal/remote"
)

// exist tells for creates and removes whether something matches. Both may be empty, paths
// or globs; relative ones count from dir. Paths without wildcards cost one round trip together.
func exist(ctx context.Context, h remote.Reader, dir, creates, removes string) (created, removed bool, err error) {
	var queries []remote.FileQuery
	var targets []*bool
	for _, q := range []struct {
		path  string
		found *bool
	}{{creates, &created}, {removes, &removed}} {
		switch {
		case q.path == "":
		case isGlob(q.path):
			if *q.found, err = glob(ctx, h, under(dir, q.path)); err != nil {
				return false, false, err
			}
		default:
			queries = append(queries, remote.FileQuery{Path: under(dir, q.path), Partial: true})
			targets = append(targets, q.found)
		}
	}
	if len(queries) == 0 {
		return created, removed, nil
	}
	files, err := h.Files(ctx, queries...)
	if err != nil {
		return false, false, fmt.Errorf("look for creates and removes: %w", err)
	}
	for i, f := range files {
		*targets[i] = f.Exists
	}
	return created, removed, nil
}

func under(dir, p string) string {
	if dir == "" || path.IsAbs(p) {
		return p
	}
	return path.Join(dir, p)
}

func isGlob(p string) bool { return strings.ContainsAny(p, "*?[") }

// glob tells whether anything matches the pattern. It takes a round trip for each part of
// the path from the first wildcard on: most patterns have one, at their end.
func glob(ctx context.Context, h remote.Reader, pattern string) (bool, error) {
	parts := strings.Split(path.Clean(pattern), "/")
	first := 0
	for !isGlob(parts[first]) {
		first++
	}
	dirs := []string{strings.Join(parts[:first], "/")}
	if first == 0 {
		dirs = []string{"."}
	} else if dirs[0] == "" {
		dirs = []string{"/"}
	}
	for i, part := range parts[first:] {
		last := first+i == len(parts)-1
		matches, err := step(ctx, h, dirs, part)
		if err != nil {
			return false, fmt.Errorf("look for %s: %w", pattern, err)
		}
		if len(matches) == 0 || last {
			return len(matches) > 0, nil
		}
		dirs = matches
	}
	return false, nil
}

// step lists what matches part in each of the folders.
func step(ctx context.Context, h remote.Reader, dirs []string, part string) ([]string, error) {
	queries := make([]remote.FileQuery, len(dirs))
	for i, d := range dirs {
		queries[i] = remote.FileQuery{Path: d, Follow: true, List: isGlob(part)}
		if !isGlob(part) {
			queries[i].Path = path.Join(d, part)
		}
	}
	files, err := h.Files(ctx, queries...)
	if err != nil {
		return nil, err
	}
	var matches []string
	for i, f := range files {
		if f.Exists && !isGlob(part) {
			matches = append(matches, queries[i].Path)
		}
		for _, name := range f.Names {
			if matchName(part, name) {
				matches = append(matches, path.Join(queries[i].Path, name))
			}
		}
	}
	return matches, nil
}

// matchName matches as Python's glob does: wildcards pass over hidden files, a backslash is
// a letter as any other, [!a] is the class without a. A broken class matches nothing.
func matchName(pattern, name string) bool {
	if strings.HasPrefix(name, ".") && !strings.HasPrefix(pattern, ".") {
		return false
	}
	pattern = strings.NewReplacer(`\`, `\\`, "[!", "[^").Replace(pattern)
	ok, err := path.Match(pattern, name)
	return err == nil && ok
}
