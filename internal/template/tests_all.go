package template

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/dlclark/regexp2"

	"kops/internal/jinja"
	"kops/internal/value"
)

// tests are Ansible's tests, beside those that Jinja has itself.
func tests() map[string]jinja.Func {
	all := map[string]jinja.Func{}
	for _, group := range []map[string]jinja.Func{resultTests(), valueTests(), fileTests(), urlTests()} {
		for name, fn := range group {
			all[name] = fn
		}
	}
	for name, fn := range withPrefix("ansible.builtin.", all) {
		all[name] = fn
	}
	return all
}

// resultTests look at the registered result of a task.
func resultTests() map[string]jinja.Func {
	key := func(name string, want bool) jinja.Func {
		return onResult(func(m *value.Map) value.Value { return m.Bool(name) == want })
	}
	async := func(name string) jinja.Func {
		return onResult(func(m *value.Map) value.Value {
			_, ok := m.Get(name)
			return !ok || m.Bool(name)
		})
	}
	changed := onResult(isChanged)
	timedOut := onResult(func(m *value.Map) value.Value {
		info, ok := m.At("timedout").(*value.Map)
		return ok && info.Bool("period")
	})
	return map[string]jinja.Func{
		"failed": key("failed", true), "failure": key("failed", true),
		"succeeded": key("failed", false), "success": key("failed", false), "successful": key("failed", false),
		"unreachable": key("unreachable", true), "reachable": key("unreachable", false),
		"skipped": key("skipped", true), "skip": key("skipped", true),
		"changed": changed, "change": changed, "timedout": timedOut,
		"started": async("started"), "finished": async("finished"),
	}
}

func onResult(fn func(*value.Map) value.Value) jinja.Func {
	return func(c *jinja.Call) (value.Value, error) {
		args, err := c.Bind("result")
		if err != nil {
			return nil, err
		}
		v, err := c.Resolve(args[0])
		if err != nil {
			return nil, err
		}
		switch v := v.(type) {
		case value.Undefined:
			return nil, v
		case value.Unknown:
			return v, nil
		}
		m, ok, err := asMap(v)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fmt.Errorf("the '%s' test expects a dictionary", c.Name)
		}
		return fn(m), nil
	}
}

// isChanged looks into the results of a loop where there is no answer for the whole.
func isChanged(m *value.Map) value.Value {
	if _, ok := m.Get("changed"); ok {
		return m.Bool("changed")
	}
	if results, ok := m.At("results").(*value.List); ok {
		for _, item := range results.Items {
			if r, ok := item.(*value.Map); ok && r.Bool("changed") {
				return true
			}
		}
	}
	return false
}

// valueTests look at values of any kind.
func valueTests() map[string]jinja.Func {
	subset := func(c *jinja.Call) (value.Value, error) { return containsAll(c, 0, 1) }
	superset := func(c *jinja.Call) (value.Value, error) { return containsAll(c, 1, 0) }
	nan := func(c *jinja.Call) (value.Value, error) {
		f, ok := c.Args[0].(float64)
		return ok && math.IsNaN(f), nil
	}
	return map[string]jinja.Func{
		"match": regexTest("match"), "search": regexTest("search"), "regex": regexTest(""),
		"version": versionTest, "version_compare": versionTest,
		"any": anyAll(true), "all": anyAll(false),
		"truthy": truthy(true), "falsy": truthy(false),
		"subset": subset, "issubset": subset, "superset": superset, "issuperset": superset,
		"contains":        func(c *jinja.Call) (value.Value, error) { return contains(c) },
		"nan":             nan,
		"isnan":           nan,
		"vault_encrypted": vaultEncrypted,
		"vaulted_file":    vaultedFile,
	}
}

func regexTest(kind string) jinja.Func {
	return func(c *jinja.Call) (value.Value, error) {
		args, err := c.Bind("value=", "pattern=", "ignorecase=", "multiline=", "match_type=")
		if err != nil {
			return nil, err
		}
		for i := range 2 {
			if args[i] == jinja.Missing {
				args[i] = ""
			}
		}
		text, ok := args[0].(string)
		if !ok {
			text = value.Str(args[0])
		}
		how := kind
		if how == "" {
			if how, err = c.String(4, "match_type", "search"); err != nil {
				return nil, err
			}
		}
		source, _ := args[1].(string)
		switch how {
		case "search", "match":
		case "fullmatch":
			args[1] = "(?:" + source + `)\Z`
		default:
			return nil, errors.New("invalid match_type specified. Expected one of: search, match, fullmatch")
		}
		ignoreCase, multiline := regexFlags(args[2], args[3])
		p, err := compileRegex(args[1], ignoreCase, multiline)
		if err != nil {
			return nil, err
		}
		found := false
		err = p.each(text, func(m *regexp2.Match) bool {
			found = how == "search" || m.Index == 0
			return false
		})
		return found, err
	}
}

func anyAll(want bool) jinja.Func {
	return func(c *jinja.Call) (value.Value, error) {
		args, err := c.Bind("iterable")
		if err != nil {
			return nil, err
		}
		items, err := c.Iterate(args[0])
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			if value.Truth(item) == want {
				return want, nil
			}
		}
		return !want, nil
	}
}

func truthy(want bool) jinja.Func {
	return func(c *jinja.Call) (value.Value, error) {
		args, err := c.Bind("value", "convert_bool=")
		if err != nil {
			return nil, err
		}
		v := args[0]
		if args[1] != jinja.Missing && value.Truth(args[1]) {
			if b, ok := boolean(v); ok {
				v = b
			}
		}
		return value.Truth(v) == want, nil
	}
}

// containsAll tells whether every item of one argument is in the other.
func containsAll(c *jinja.Call, small, large int) (value.Value, error) {
	args, err := c.Bind("a", "b")
	if err != nil {
		return nil, err
	}
	items, err := c.Iterate(args[small])
	if err != nil {
		return nil, err
	}
	others, err := c.Iterate(args[large])
	if err != nil {
		return nil, err
	}
	for _, item := range append(append([]value.Value{}, items...), others...) {
		if !value.Hashable(item) {
			return nil, fmt.Errorf("unhashable type: '%s'", value.TypeName(item))
		}
	}
	in := newSet(others)
	for _, item := range items {
		if !in.has(item) {
			return false, nil
		}
	}
	return true, nil
}

func contains(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("seq", "value")
	if err != nil {
		return nil, err
	}
	return value.Contains(args[0], args[1])
}

// vaultEncrypted is about texts: !vault values are decrypted when they are read.
func vaultEncrypted(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("value")
	if err != nil {
		return nil, err
	}
	v, err := c.Resolve(args[0])
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case value.Undefined:
		return nil, v
	case value.Unknown:
		return v, nil
	}
	return false, nil
}

func vaultedFile(c *jinja.Call) (value.Value, error) {
	path, err := c.String(0, "value", "")
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot test if the file %s is a vault: %w", value.Repr(path), err)
	}
	return strings.HasPrefix(string(data), "$ANSIBLE_VAULT;"), nil
}

// fileTests look at files of the controller.
func fileTests() map[string]jinja.Func {
	mode := func(stat func(string) (os.FileInfo, error), is func(os.FileInfo) bool) jinja.Func {
		return onPathTest(func(p string) bool {
			info, err := stat(p)
			return err == nil && is(info)
		})
	}
	any := func(os.FileInfo) bool { return true }
	directory := mode(os.Stat, os.FileInfo.IsDir)
	file := mode(os.Stat, func(i os.FileInfo) bool { return i.Mode().IsRegular() })
	link := mode(os.Lstat, func(i os.FileInfo) bool { return i.Mode()&os.ModeSymlink != 0 })
	abs, mount := onPathTest(filepath.IsAbs), onPathTest(isMount)
	return map[string]jinja.Func{
		"directory": directory, "is_dir": directory, "file": file, "is_file": file, "link": link, "is_link": link,
		"exists": mode(os.Stat, any), "link_exists": mode(os.Lstat, any),
		"abs": abs, "is_abs": abs, "mount": mount, "is_mount": mount,
		"same_file": sameFile, "is_same_file": sameFile,
	}
}

func onPathTest(fn func(string) bool) jinja.Func {
	return func(c *jinja.Call) (value.Value, error) {
		args, err := c.Bind("path")
		if err != nil {
			return nil, err
		}
		p, err := pathText(args[0])
		if err != nil {
			return nil, err
		}
		return fn(p), nil
	}
}

// isMount tells whether a folder lies on another device than its parent, or is the root.
func isMount(p string) bool {
	info, err := os.Lstat(p)
	if err != nil || info.Mode()&os.ModeSymlink != 0 {
		return false
	}
	parent, err := os.Lstat(filepath.Join(p, ".."))
	if err != nil {
		return false
	}
	a, aok := info.Sys().(*syscall.Stat_t)
	b, bok := parent.Sys().(*syscall.Stat_t)
	return aok && bok && (a.Dev != b.Dev || a.Ino == b.Ino)
}

func sameFile(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("a", "b")
	if err != nil {
		return nil, err
	}
	var infos [2]os.FileInfo
	for i := range infos {
		p, err := pathText(args[i])
		if err != nil {
			return nil, err
		}
		if infos[i], err = os.Stat(p); err != nil {
			return nil, err
		}
	}
	return os.SameFile(infos[0], infos[1]), nil
}

// urlTests look at addresses.
func urlTests() map[string]jinja.Func {
	test := func(is func(u *value.Map, schemes value.Value) (bool, error)) jinja.Func {
		return func(c *jinja.Call) (value.Value, error) {
			args, err := c.Bind("value", "schemes=")
			if err != nil {
				return nil, err
			}
			text, ok := args[0].(string)
			if !ok {
				return false, nil
			}
			u, err := splitURL(text)
			if err != nil {
				return false, nil
			}
			return is(u, args[1])
		}
	}
	allowed := func(u *value.Map, schemes value.Value) (bool, error) {
		if schemes == jinja.Missing || !value.Truth(schemes) {
			return true, nil
		}
		return value.Contains(schemes, u.At("scheme"))
	}
	return map[string]jinja.Func{
		"uri": test(allowed),
		"url": test(func(u *value.Map, schemes value.Value) (bool, error) {
			ok, err := allowed(u, schemes)
			return ok && (u.String("netloc") != "" || u.String("scheme") == "file"), err
		}),
		"urn": test(func(u *value.Map, _ value.Value) (bool, error) { return u.String("scheme") == "urn", nil }),
	}
}
