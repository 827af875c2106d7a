package jinja

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"kops/internal/value"
)

// format is str.format.
func (f *frame) format(s string, args []value.Value, kwargs *value.Map) (value.Value, error) {
	w := formatter{f: f, args: args, kwargs: kwargs}
	text, err := w.expand(s, 2)
	if err != nil {
		return nil, err
	}
	return text, f.st.charge(len(text))
}

type formatter struct {
	f      *frame
	args   []value.Value
	kwargs *value.Map
	auto   int  // the next {}
	manual bool // {0} was used
}

// expand replaces the fields of s. depth is how many levels of fields within
// specifications are left.
func (w *formatter) expand(s string, depth int) (string, error) {
	if depth == 0 {
		return "", errors.New("max string recursion exceeded")
	}
	var b strings.Builder
	for s != "" {
		i := strings.IndexAny(s, "{}")
		if i < 0 {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:i])
		if i+1 < len(s) && s[i+1] == s[i] {
			b.WriteByte(s[i])
			s = s[i+2:]
			continue
		}
		if s[i] == '}' {
			return "", errors.New("single '}' encountered in format string")
		}
		end := fieldEnd(s[i+1:])
		if end < 0 {
			if i+1 == len(s) {
				return "", errors.New("single '{' encountered in format string")
			}
			return "", errors.New("expected '}' before end of string")
		}
		text, err := w.field(s[i+1:i+1+end], depth)
		if err != nil {
			return "", err
		}
		b.WriteString(text)
		s = s[i+end+2:]
	}
	return b.String(), nil
}

func fieldEnd(s string) int {
	level := 0
	for i := range len(s) {
		switch s[i] {
		case '{':
			level++
		case '}':
			if level == 0 {
				return i
			}
			level--
		}
	}
	return -1
}

func (w *formatter) field(s string, depth int) (string, error) {
	name, spec := s, ""
	brackets := 0
	for i := range len(s) {
		switch s[i] {
		case '[':
			brackets++
		case ']':
			brackets--
		}
		if s[i] == ':' && brackets == 0 {
			name, spec = s[:i], s[i+1:]
			break
		}
	}
	conversion := ""
	if i := strings.LastIndexByte(name, '!'); i >= 0 {
		name, conversion = name[:i], name[i+1:]
	}
	v, err := w.lookup(name)
	if err != nil {
		return "", err
	}
	if spec, err = w.spec(spec, depth); err != nil {
		return "", err
	}
	if v, err = w.f.resolve(v); err != nil {
		return "", err
	}
	if err := w.f.complete(v); err != nil {
		return "", err
	}
	switch conversion {
	case "":
	case "s":
		v = value.Str(v)
	case "r", "a":
		v = value.Repr(v)
	default:
		return "", fmt.Errorf("unknown conversion specifier %s", value.Repr(conversion))
	}
	return value.Format(v, spec)
}

func (w *formatter) spec(s string, depth int) (string, error) {
	if !strings.ContainsAny(s, "{}") {
		return s, nil
	}
	return w.expand(s, depth-1)
}

func (w *formatter) lookup(name string) (value.Value, error) {
	end := strings.IndexAny(name, ".[")
	if end < 0 {
		end = len(name)
	}
	first, rest := name[:end], name[end:]
	var v value.Value
	n, err := strconv.Atoi(first)
	switch {
	case first == "":
		if w.manual {
			return nil, errors.New("cannot switch from manual field specification to automatic field numbering")
		}
		n = w.auto
		w.auto++
		fallthrough
	case err == nil:
		if first != "" && w.auto > 0 {
			return nil, errors.New("cannot switch from automatic field numbering to manual field specification")
		}
		w.manual = w.manual || first != ""
		if n < 0 || n >= len(w.args) {
			return nil, fmt.Errorf("replacement index %d out of range for positional args tuple", n)
		}
		v = w.args[n]
	default:
		found := false
		if v, found = w.kwargs.Get(first); !found {
			return nil, errors.New(value.Repr(first))
		}
	}
	for rest != "" {
		if v, rest, err = w.access(v, rest); err != nil {
			return nil, err
		}
	}
	return w.f.observe(v)
}

// access follows one .name or [key].
func (w *formatter) access(v value.Value, rest string) (value.Value, string, error) {
	if rest[0] == '.' {
		end := strings.IndexAny(rest[1:], ".[") + 1
		if end == 0 {
			end = len(rest)
		}
		item, err := w.f.getattr(v, rest[1:end])
		return item, rest[end:], err
	}
	end := strings.IndexByte(rest, ']')
	if end < 0 {
		return nil, "", errors.New("missing ']' in format string")
	}
	var key value.Value = rest[1:end]
	if n, err := strconv.ParseInt(rest[1:end], 10, 64); err == nil {
		key = n
	}
	item, err := w.f.getitem(v, key)
	return item, rest[end+1:], err
}
