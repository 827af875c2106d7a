package template

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"unicode"

	"kops/internal/value"
)

// read finds and reads a file of the search path.
func (l *lookupCall) read(name string) (string, error) {
	path, err := l.Env.Find("files", name)
	if err == nil {
		var data []byte
		if data, err = l.Env.ReadFile(path); err == nil {
			return string(data), nil
		}
	}
	return "", fmt.Errorf("unable to access the file %s: %w", value.Repr(name), err)
}

func fileLookup(l *lookupCall) ([]value.Value, error) {
	if err := l.known("lstrip", "rstrip"); err != nil {
		return nil, err
	}
	left, err := l.flag("lstrip", false)
	if err != nil {
		return nil, err
	}
	right, err := l.flag("rstrip", true)
	if err != nil {
		return nil, err
	}
	names, err := l.texts()
	if err != nil {
		return nil, err
	}
	var out []value.Value
	for _, name := range names {
		text, err := l.read(name)
		if err != nil {
			return nil, err
		}
		if left {
			text = strings.TrimLeftFunc(text, unicode.IsSpace)
		}
		if right {
			text = strings.TrimRightFunc(text, unicode.IsSpace)
		}
		out = append(out, text)
	}
	return out, nil
}

func templateLookup(l *lookupCall) ([]value.Value, error) {
	if err := l.known("template_vars"); err != nil {
		return nil, err
	}
	vars, ok := l.option("template_vars", &value.Map{}).(*value.Map)
	if !ok {
		return nil, errors.New("option 'template_vars' must be a dictionary")
	}
	names, err := l.texts()
	if err != nil {
		return nil, err
	}
	var out []value.Value
	for _, name := range names {
		path, err := l.Env.Find("templates", name)
		if err != nil {
			return nil, fmt.Errorf("the template file %s could not be found for the lookup: %w", name, err)
		}
		source, err := l.Env.ReadFile(path)
		if err != nil {
			return nil, err
		}
		v, err := l.Env.Render(source, path, vars)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func fileglobLookup(l *lookupCall) ([]value.Value, error) {
	if err := l.known(); err != nil {
		return nil, err
	}
	patterns, err := l.texts()
	if err != nil {
		return nil, err
	}
	var out []value.Value
	for _, pattern := range patterns {
		var folders []string
		if dir, _ := filepath.Split(pattern); dir != "" {
			folder, err := l.Env.Find("files", filepath.Clean(dir))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			folders = append(folders, folder)
		} else {
			for _, dir := range l.Env.Search() {
				folders = append(folders, filepath.Join(dir, "files"), dir)
			}
		}
		for _, folder := range folders {
			found, err := matchFiles(filepath.Join(folder, filepath.Base(pattern)))
			if err != nil {
				return nil, err
			}
			out = append(out, value.Strings(found).Items...)
			if len(found) > 0 {
				break
			}
		}
	}
	return out, nil
}

// firstFound returns the first file that exists. Names are looked for among files,
// templates and variable files, in this order, whatever the task is.
func firstFound(l *lookupCall) ([]value.Value, error) {
	if err := l.known("files", "paths", "skip"); err != nil {
		return nil, err
	}
	terms := l.Terms
	if len(terms) == 0 {
		terms = []value.Value{l.option("files", value.NewList())}
	}
	s := &search{lookup: l}
	if err := s.add(terms); err != nil {
		return nil, err
	}
	for _, name := range s.names {
		for _, kind := range []string{"files", "templates", "vars"} {
			path, err := l.Env.Find(kind, name)
			if err == nil {
				return []value.Value{filepath.Clean(path)}, nil
			}
			if !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		}
	}
	if skip, err := s.lookup.flag("skip", false); err != nil || skip {
		return nil, err
	}
	return nil, fmt.Errorf("no file was found when using first_found: looked for %s", strings.Join(s.names, ", "))
}

// A search is what first_found looks for. lookup has the options of the last term that
// had any.
type search struct {
	lookup *lookupCall
	names  []string
}

func (s *search) add(terms []value.Value) error {
	for _, term := range terms {
		var files value.Value
		switch term := term.(type) {
		case *value.Map:
			s.lookup = s.lookup.inline(term)
			if err := s.lookup.known("files", "paths", "skip"); err != nil {
				return err
			}
			files = s.lookup.option("files", value.NewList())
		case string:
			files = term
		case *value.List:
			if err := s.add(term.Items); err != nil {
				return err
			}
			continue
		default:
			return fmt.Errorf("invalid term supplied. A string, dict or list is required, not '%s')", value.TypeName(term))
		}
		paths := listed(s.lookup.option("paths", value.NewList()), ",:;")
		if len(paths) == 0 {
			paths = []string{""}
		}
		for _, path := range paths {
			for _, file := range listed(files, ",;") {
				s.names = append(s.names, filepath.Join(path, file))
			}
		}
	}
	return nil
}

// listed splits a text, or each text of a list, at separators.
func listed(v value.Value, separators string) []string {
	if items, ok := sequence(v); ok {
		var out []string
		for _, item := range items {
			out = append(out, listed(item, separators)...)
		}
		return out
	}
	return strings.FieldsFunc(value.Str(v), func(r rune) bool { return strings.ContainsRune(separators, r) })
}

func csvLookup(l *lookupCall) ([]value.Value, error) {
	terms, err := l.texts()
	if err != nil {
		return nil, err
	}
	if len(terms) == 0 {
		return nil, errors.New("Search key is required but was not found")
	}
	var out []value.Value
	for _, term := range terms {
		key, options := keyValues(term)
		if key == "" {
			return nil, errors.New("Search key is required but was not found")
		}
		v, err := l.inline(options).csvCell(key)
		if err != nil {
			return nil, err
		}
		if list, ok := v.(*value.List); ok {
			out = append(out, list.Items...)
		} else if v != nil {
			out = append(out, v)
		}
	}
	return out, nil
}

// utf8 refuses any other encoding of a file.
func (l *lookupCall) utf8() error {
	if name := encodingName(l.text("encoding", "utf-8")); name != "utf8" && name != "ascii" {
		return fmt.Errorf("encoding %s is not supported: use utf-8", name)
	}
	return nil
}

func (l *lookupCall) csvCell(key string) (value.Value, error) {
	if err := l.known("col", "keycol", "default", "delimiter", "file", "encoding"); err != nil {
		return nil, err
	}
	column, ok, err := l.number("col")
	if err != nil {
		return nil, err
	}
	if !ok {
		column = 1
	}
	keyColumn, _, err := l.number("keycol")
	if err != nil {
		return nil, err
	}
	delimiter := []rune(strings.NewReplacer("TAB", "\t", `\t`, "\t").Replace(l.text("delimiter", "TAB")))
	if len(delimiter) != 1 {
		return nil, errors.New(`"delimiter" must be a 1-character string`)
	}
	if err := l.utf8(); err != nil {
		return nil, err
	}
	text, err := l.read(l.text("file", "ansible.csv"))
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = delimiter[0], -1, true
	for {
		row, err := r.Read()
		switch {
		case err == io.EOF:
			return l.option("default", nil), nil
		case err != nil:
			return nil, err
		case keyColumn < 0 || column < 0 || int(keyColumn) >= len(row):
			return nil, errors.New("list index out of range")
		case row[keyColumn] == key && int(column) >= len(row):
			return nil, errors.New("list index out of range")
		case row[keyColumn] == key:
			return row[column], nil
		}
	}
}
