package template

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"kops/internal/jinja"
	"kops/internal/value"
)

// pathFilters treat text as a path of the controller, as os.path does.
func pathFilters() map[string]jinja.Func {
	return map[string]jinja.Func{
		"basename":   onPath(func(p string) (value.Value, error) { return p[strings.LastIndex(p, "/")+1:], nil }),
		"dirname":    onPath(func(p string) (value.Value, error) { return dirname(p), nil }),
		"expanduser": onPath(func(p string) (value.Value, error) { return expandUser(p), nil }),
		"expandvars": onPath(func(p string) (value.Value, error) { return expandVars(p), nil }),
		"realpath":   onPath(func(p string) (value.Value, error) { return realPath(p) }),
		"normpath":   onPath(func(p string) (value.Value, error) { return normPath(p), nil }),
		"splitext":   onPath(func(p string) (value.Value, error) { return splitExt(p), nil }),
		"fileglob":   onPath(func(p string) (value.Value, error) { return globFiles(p) }),
		"relpath":    relPath,
		"path_join":  pathJoin,
		"commonpath": commonPath,

		"win_basename":   onPath(func(p string) (value.Value, error) { return p[strings.LastIndexAny(p, `/\`)+1:], nil }),
		"win_dirname":    onPath(func(p string) (value.Value, error) { return winDirname(p), nil }),
		"win_splitdrive": onPath(func(p string) (value.Value, error) { return winSplitDrive(p), nil }),
	}
}

func onPath(fn func(string) (value.Value, error)) jinja.Func {
	return func(c *jinja.Call) (value.Value, error) {
		args, err := c.Bind("path")
		if err != nil {
			return nil, err
		}
		p, err := pathText(args[0])
		if err != nil {
			return nil, err
		}
		return fn(p)
	}
}

func pathText(v value.Value) (string, error) {
	p, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("expected str, bytes or os.PathLike object, not %s", value.TypeName(v))
	}
	return p, nil
}

func dirname(p string) string {
	head := p[:strings.LastIndex(p, "/")+1]
	if trimmed := strings.TrimRight(head, "/"); trimmed != "" {
		return trimmed
	}
	return head
}

func expandUser(p string) string {
	if !strings.HasPrefix(p, "~") {
		return p
	}
	name, rest, _ := strings.Cut(p[1:], "/")
	home := os.Getenv("HOME")
	switch {
	case name != "":
		u, err := user.Lookup(name)
		if err != nil {
			return p
		}
		home = u.HomeDir
	case home == "":
		u, err := user.Current()
		if err != nil {
			return p
		}
		home = u.HomeDir
	}
	home = strings.TrimRight(home, "/")
	if strings.Contains(p, "/") {
		return home + "/" + rest
	}
	if home == "" {
		return "/"
	}
	return home
}

var variablePattern = regexp.MustCompile(`\$(\w+|\{[^}]*\})`)

// expandVars leaves variables that are not set as they are.
func expandVars(p string) string {
	return variablePattern.ReplaceAllStringFunc(p, func(ref string) string {
		if v, ok := os.LookupEnv(strings.Trim(ref, "${}")); ok {
			return v
		}
		return ref
	})
}

// realPath resolves links as far as the path exists.
func realPath(p string) (string, error) {
	abs, err := filepath.Abs(p)
	if err != nil {
		return "", err
	}
	rest := ""
	for dir := abs; ; dir = filepath.Dir(dir) {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			return filepath.Join(real, rest), nil
		}
		if dir == "/" {
			return abs, nil
		}
		rest = filepath.Join(filepath.Base(dir), rest)
	}
}

// normPath is filepath.Clean, but for two leading slashes, which mean something in POSIX.
func normPath(p string) string {
	clean := filepath.Clean(p)
	if strings.HasPrefix(p, "//") && !strings.HasPrefix(p, "///") {
		return "/" + clean
	}
	return clean
}

func splitExt(p string) value.Value {
	base := strings.LastIndex(p, "/") + 1
	dot := strings.LastIndex(p, ".")
	if dot < base || strings.Trim(p[base:dot], ".") == "" {
		return value.Tuple{p, ""}
	}
	return value.Tuple{p[:dot], p[dot:]}
}

// globFiles returns the files, not folders, that a pattern matches.
func globFiles(pattern string) (value.Value, error) {
	found, err := matchFiles(pattern)
	if err != nil {
		return nil, err
	}
	return value.Strings(found), nil
}

func matchFiles(pattern string) ([]string, error) {
	found, err := filepath.Glob(pattern)
	if err != nil {
		return nil, fmt.Errorf("pattern %s: %w", value.Repr(pattern), err)
	}
	hidden := strings.HasPrefix(filepath.Base(pattern), ".")
	return slices.DeleteFunc(found, func(p string) bool {
		info, err := os.Stat(p)
		return err != nil || !info.Mode().IsRegular() || !hidden && strings.HasPrefix(filepath.Base(p), ".")
	}), nil
}

func relPath(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("path", "start=")
	if err != nil {
		return nil, err
	}
	p, err := pathText(args[0])
	if err != nil {
		return nil, err
	}
	if p == "" {
		return nil, errors.New("no path specified")
	}
	start := "."
	if args[1] != jinja.Missing && args[1] != nil {
		if start, err = pathText(args[1]); err != nil {
			return nil, err
		}
	}
	if p, err = filepath.Abs(p); err != nil {
		return nil, err
	}
	if start, err = filepath.Abs(start); err != nil {
		return nil, err
	}
	return filepath.Rel(start, p)
}

func pathJoin(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("paths")
	if err != nil {
		return nil, err
	}
	if s, ok := args[0].(string); ok {
		return s, nil
	}
	items, ok := sequence(args[0])
	if !ok {
		return nil, fmt.Errorf("|path_join expects string or sequence, got %s instead", value.TypeName(args[0]))
	}
	if len(items) == 0 {
		return nil, errors.New("join() missing 1 required positional argument: 'a'")
	}
	out := ""
	for i, item := range items {
		p, err := pathText(item)
		switch {
		case err != nil:
			return nil, err
		case i == 0 || strings.HasPrefix(p, "/"):
			out = p
		case out == "" || strings.HasSuffix(out, "/"):
			out += p
		default:
			out += "/" + p
		}
	}
	return out, nil
}

func commonPath(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("paths")
	if err != nil {
		return nil, err
	}
	items, ok := sequence(args[0])
	if !ok {
		return nil, fmt.Errorf("|commonpath expects sequence, got %s instead", value.TypeName(args[0]))
	}
	if len(items) == 0 {
		return nil, errors.New("commonpath() arg is an empty sequence")
	}
	var common []string
	absolute := false
	for i, item := range items {
		p, err := pathText(item)
		if err != nil {
			return nil, err
		}
		parts := slices.DeleteFunc(strings.Split(p, "/"), func(s string) bool { return s == "" || s == "." })
		if i == 0 {
			common, absolute = parts, strings.HasPrefix(p, "/")
			continue
		}
		if absolute != strings.HasPrefix(p, "/") {
			return nil, errors.New("can't mix absolute and relative paths")
		}
		n := 0
		for n < min(len(common), len(parts)) && common[n] == parts[n] {
			n++
		}
		common = common[:n]
	}
	out := strings.Join(common, "/")
	if absolute {
		return "/" + out, nil
	}
	return out, nil
}

func winSplitDrive(p string) value.Value {
	if len(p) > 1 && p[1] == ':' {
		return value.Tuple{p[:2], p[2:]}
	}
	return value.Tuple{"", p}
}

func winDirname(p string) string {
	drive := ""
	if len(p) > 1 && p[1] == ':' {
		drive, p = p[:2], p[2:]
	}
	head := p[:strings.LastIndexAny(p, `/\`)+1]
	if trimmed := strings.TrimRight(head, `/\`); trimmed != "" {
		head = trimmed
	}
	return drive + head
}
