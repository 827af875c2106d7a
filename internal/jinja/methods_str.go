package jinja

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"kops/internal/value"
)

// plainMethods take no arguments.
var plainMethods = set("upper", "lower", "casefold", "title", "capitalize", "swapcase", "isdigit", "isdecimal", "isnumeric", "isalpha",
	"isalnum", "isupper", "islower", "isspace", "istitle", "isidentifier", "isascii", "isprintable")

func (f *frame) strMethod(c *Call, s, name string) (value.Value, error) {
	if err := f.st.charge(len(s)); err != nil {
		return nil, err
	}
	if plainMethods[name] {
		if _, err := c.Bind(); err != nil {
			return nil, err
		}
	}
	switch name {
	case "upper":
		return upper(s), nil
	case "lower":
		return lower(s), nil
	case "casefold":
		return strings.ReplaceAll(lower(s), "ß", "ss"), nil
	case "title":
		return titleCase(s), nil
	case "capitalize":
		return capitalize(s), nil
	case "swapcase":
		return strings.Map(swapCase, s), nil
	case "strip", "lstrip", "rstrip":
		return stripMethod(c, s, name)
	case "split", "rsplit":
		return splitMethod(c, s, name == "rsplit")
	case "splitlines":
		return value.Strings(splitLines(s, c.Bool(0, "keepends", false))), nil
	case "startswith", "endswith":
		return affix(c, s, name)
	case "replace":
		return f.replaceMethod(c, s)
	case "find", "rfind", "index", "rindex", "count":
		return findMethod(c, s, name)
	case "join":
		args, err := c.Bind("iterable")
		if err != nil {
			return nil, err
		}
		return f.joinMethod(s, args[0])
	case "format":
		return f.format(s, c.Args, c.Kwargs)
	case "format_map":
		args, err := c.Bind("mapping")
		if err != nil {
			return nil, err
		}
		m, ok := args[0].(*value.Map)
		if !ok {
			return nil, fmt.Errorf("'%s' object is not a mapping", value.TypeName(args[0]))
		}
		return f.format(s, nil, m)
	case "partition", "rpartition":
		return partition(c, s, name)
	case "zfill", "ljust", "rjust", "center":
		return f.padMethod(c, s, name)
	case "encode":
		return encodeText(c, s)
	case "expandtabs":
		size, err := c.Int(0, "tabsize", 8)
		if err != nil {
			return nil, err
		}
		return f.expandTabs(s, size)
	case "removeprefix", "removesuffix":
		fix, err := c.String(0, "prefix", "")
		if name == "removeprefix" {
			return strings.TrimPrefix(s, fix), err
		}
		return strings.TrimSuffix(s, fix), err
	case "translate":
		return nil, errors.New("str.translate() is not supported; use replace")
	}
	return isMethod(s, name), nil
}

// lower is str.lower.
func lower(s string) string { return strings.ToLower(strings.ReplaceAll(s, "İ", "i\u0307")) }

// upper is str.upper, which makes SS of ß.
func upper(s string) string { return strings.ToUpper(strings.ReplaceAll(s, "ß", "SS")) }

func capitalize(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return s
	}
	return string(unicode.ToTitle(r)) + lower(s[size:])
}

// titleCase is str.title: each run of letters begins with a capital.
func titleCase(s string) string {
	inWord := false
	return strings.Map(func(r rune) rune {
		cased := unicode.IsUpper(r) || unicode.IsLower(r) || unicode.IsTitle(r)
		begin := cased && !inWord
		inWord = cased
		if begin {
			return unicode.ToTitle(r)
		}
		return unicode.ToLower(r)
	}, s)
}

func swapCase(r rune) rune {
	if unicode.IsUpper(r) {
		return unicode.ToLower(r)
	}
	return unicode.ToUpper(r)
}

// window returns the part of s that optional start and end arguments select, and the
// number of characters before it.
func window(c *Call, s string) (string, int, error) {
	if len(c.Args) < 2 {
		return s, 0, nil
	}
	n := utf8.RuneCountInString(s)
	start, end := 0, n
	var err error
	if c.Args[1] != nil {
		if start, err = c.Int(1, "start", 0); err != nil {
			return "", 0, err
		}
	}
	if len(c.Args) > 2 && c.Args[2] != nil {
		if end, err = c.Int(2, "end", n); err != nil {
			return "", 0, err
		}
	}
	if start > n {
		return "", start, nil
	}
	start, end = clampIndex(start, n), clampIndex(end, n)
	return string([]rune(s)[start:max(start, end)]), start, nil
}

func affix(c *Call, s, name string) (value.Value, error) {
	part, _, err := window(c, s)
	if err != nil {
		return nil, err
	}
	has := strings.HasPrefix
	if name == "endswith" {
		has = strings.HasSuffix
	}
	switch fix := c.Arg(0, "prefix", nil).(type) {
	case string:
		return has(part, fix), nil
	case value.Tuple:
		for _, item := range fix {
			text, ok := item.(string)
			if !ok {
				return nil, fmt.Errorf("tuple for %s must only contain str, not %s", name, value.TypeName(item))
			}
			if has(part, text) {
				return true, nil
			}
		}
		return false, nil
	default:
		return nil, fmt.Errorf("%s first arg must be str or a tuple of str, not %s", name, value.TypeName(fix))
	}
}

func (f *frame) replaceMethod(c *Call, s string) (value.Value, error) {
	if _, err := c.Bind("old", "new", "count="); err != nil {
		return nil, err
	}
	for i := range 2 {
		if _, ok := c.Args[i].(string); !ok {
			return nil, fmt.Errorf("replace() argument %d must be str, not %s", i+1, value.TypeName(c.Args[i]))
		}
	}
	n, err := c.Int(2, "count", -1)
	if err != nil {
		return nil, err
	}
	return f.replace(s, c.Args[0].(string), c.Args[1].(string), n)
}

func (f *frame) replace(s, old, to string, n int) (value.Value, error) {
	if grow := len(to) - len(old); grow > 0 {
		if err := f.st.charge(grow * strings.Count(s, old)); err != nil {
			return nil, err
		}
	}
	return strings.Replace(s, old, to, n), nil
}

func findMethod(c *Call, s, name string) (value.Value, error) {
	sub, err := c.String(0, "sub", "")
	if err != nil {
		return nil, err
	}
	if len(c.Args) == 0 {
		return nil, fmt.Errorf("%s() takes at least 1 argument (0 given)", name)
	}
	part, before, err := window(c, s)
	if err != nil {
		return nil, err
	}
	if name == "count" {
		return int64(strings.Count(part, sub)), nil
	}
	i := strings.Index(part, sub)
	if name[0] == 'r' {
		i = strings.LastIndex(part, sub)
	}
	if i < 0 || before > utf8.RuneCountInString(s) {
		if strings.HasSuffix(name, "index") {
			return nil, errors.New("substring not found")
		}
		return int64(-1), nil
	}
	return int64(before + utf8.RuneCountInString(part[:i])), nil
}

func (f *frame) joinMethod(sep string, v value.Value) (value.Value, error) {
	items, err := f.iterate(v)
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(items))
	total := 0
	for i, item := range items {
		s, ok := item.(string)
		if u, undefined := item.(value.Undefined); undefined {
			return nil, f.undefined(0, u)
		}
		if !ok {
			return nil, fmt.Errorf("sequence item %d: expected str instance, %s found", i, value.TypeName(item))
		}
		texts[i] = s
		total += len(s) + len(sep)
	}
	if err := f.st.charge(total); err != nil {
		return nil, err
	}
	return strings.Join(texts, sep), nil
}

func partition(c *Call, s, name string) (value.Value, error) {
	sep, err := c.String(0, "sep", "")
	if err != nil {
		return nil, err
	}
	if sep == "" {
		return nil, errors.New("empty separator")
	}
	i := strings.Index(s, sep)
	if name == "rpartition" {
		i = strings.LastIndex(s, sep)
	}
	switch {
	case i >= 0:
		return value.Tuple{s[:i], sep, s[i+len(sep):]}, nil
	case name == "rpartition":
		return value.Tuple{"", "", s}, nil
	}
	return value.Tuple{s, "", ""}, nil
}

func (f *frame) padMethod(c *Call, s, name string) (value.Value, error) {
	width, err := c.Int(0, "width", 0)
	if err != nil {
		return nil, err
	}
	fill, err := c.String(1, "fillchar", " ")
	if err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(fill) != 1 {
		return nil, errors.New("the fill character must be exactly one character long")
	}
	missing := width - utf8.RuneCountInString(s)
	if missing <= 0 {
		return s, nil
	}
	if err := f.st.charge(missing); err != nil {
		return nil, err
	}
	switch name {
	case "ljust":
		return s + strings.Repeat(fill, missing), nil
	case "rjust":
		return strings.Repeat(fill, missing) + s, nil
	case "zfill":
		sign := ""
		if s != "" && (s[0] == '-' || s[0] == '+') {
			sign, s = s[:1], s[1:]
		}
		return sign + strings.Repeat("0", missing) + s, nil
	}
	return center(s, missing, width, fill), nil
}

// center is CPython's: the odd blank goes left where the width is odd.
func center(s string, missing, width int, fill string) string {
	left := missing/2 + missing&width&1
	return strings.Repeat(fill, left) + s + strings.Repeat(fill, missing-left)
}

func (f *frame) expandTabs(s string, size int) (value.Value, error) {
	var b strings.Builder
	column := 0
	for _, r := range s {
		switch r {
		case '\t':
			n := 0
			if size > 0 {
				n = size - column%size
			}
			if err := f.st.charge(n); err != nil {
				return nil, err
			}
			b.WriteString(strings.Repeat(" ", n))
			column += n
			continue
		case '\n', '\r':
			column = -1
		}
		column++
		b.WriteRune(r)
	}
	return b.String(), nil
}

func isMethod(s, name string) bool {
	every := func(match func(rune) bool) bool {
		return s != "" && strings.IndexFunc(s, func(r rune) bool { return !match(r) }) < 0
	}
	switch name {
	case "isdigit", "isnumeric":
		return every(func(r rune) bool { return unicode.IsDigit(r) || unicode.Is(unicode.No, r) })
	case "isdecimal":
		return every(unicode.IsDigit)
	case "isalpha":
		return every(unicode.IsLetter)
	case "isalnum":
		return every(func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) })
	case "isspace":
		return every(isSpace)
	case "isascii":
		return strings.IndexFunc(s, func(r rune) bool { return r > 127 }) < 0
	case "isprintable":
		return strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
	case "isidentifier":
		return s != "" && !unicode.IsDigit([]rune(s)[0]) && scanName(s) == len(s)
	case "isupper":
		return strings.IndexFunc(s, unicode.IsUpper) >= 0 && strings.IndexFunc(s, unicode.IsLower) < 0
	case "islower":
		return strings.IndexFunc(s, unicode.IsLower) >= 0 && strings.IndexFunc(s, unicode.IsUpper) < 0
	}
	return titleCase(s) == s && strings.IndexFunc(s, unicode.IsUpper) >= 0 // istitle
}

func encodeText(c *Call, s string) (value.Value, error) {
	name, err := c.String(0, "encoding", "utf-8")
	if err != nil {
		return nil, err
	}
	limit, err := encoding(name)
	if err != nil {
		return nil, err
	}
	if limit == 0 {
		return value.Bytes(s), nil
	}
	var b value.Bytes
	for _, r := range s {
		if r >= limit {
			return nil, fmt.Errorf("'%s' codec can't encode character %s", name, value.Repr(string(r)))
		}
		b = append(b, byte(r))
	}
	return b, nil
}

// encoding returns the first character that an encoding does not have; 0 for UTF-8.
func encoding(name string) (rune, error) {
	switch strings.ReplaceAll(strings.ToLower(name), "_", "-") {
	case "utf-8", "utf8":
		return 0, nil
	case "ascii", "us-ascii":
		return 128, nil
	case "latin-1", "latin1", "iso-8859-1":
		return 256, nil
	}
	return 0, fmt.Errorf("unknown encoding: %s", name)
}

func bytesMethod(c *Call, b value.Bytes, name string) (value.Value, error) {
	switch name {
	case "hex":
		return fmt.Sprintf("%x", []byte(b)), nil
	case "startswith", "endswith":
		fix, ok := c.Arg(0, "prefix", nil).(value.Bytes)
		if !ok {
			return nil, fmt.Errorf("%s first arg must be bytes", name)
		}
		if name == "startswith" {
			return strings.HasPrefix(string(b), string(fix)), nil
		}
		return strings.HasSuffix(string(b), string(fix)), nil
	}
	name, err := c.String(0, "encoding", "utf-8")
	if err != nil {
		return nil, err
	}
	limit, err := encoding(name)
	if err != nil {
		return nil, err
	}
	if limit == 0 {
		if !utf8.Valid(b) {
			return nil, errors.New("'utf-8' codec can't decode bytes: invalid start byte")
		}
		return string(b), nil
	}
	runes := make([]rune, len(b))
	for i, c := range b {
		if rune(c) >= limit {
			return nil, fmt.Errorf("'%s' codec can't decode byte 0x%x in position %d", name, c, i)
		}
		runes[i] = rune(c)
	}
	return string(runes), nil
}
