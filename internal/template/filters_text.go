package template

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"kops/internal/jinja"
	"kops/internal/value"
)

// textFilters make text from text.
func textFilters() map[string]jinja.Func {
	return map[string]jinja.Func{
		"quote":     quote,
		"comment":   comment,
		"split":     split,
		"b64encode": b64encode,
		"b64decode": b64decode,
		"urlsplit":  urlSplit,
		"urldecode": urlDecode,
	}
}

func splitDots(s string) []string { return strings.Split(s, ".") }

// quote is Python's shlex.quote.
func quote(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("a")
	if err != nil {
		return nil, err
	}
	if args[0] == nil {
		return "''", nil
	}
	text, err := c.Text(args[0])
	if err != nil {
		return nil, err
	}
	safe := func(r rune) bool {
		return r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_@%+=:,./-", r))
	}
	if text != "" && strings.IndexFunc(text, func(r rune) bool { return !safe(r) }) < 0 {
		return text, nil
	}
	return "'" + strings.ReplaceAll(text, "'", `'"'"'`) + "'", nil
}

type commentStyle struct{ beginning, decoration, end string }

var commentStyles = map[string]commentStyle{
	"plain":  {decoration: "# "},
	"erlang": {decoration: "% "},
	"c":      {decoration: "// "},
	"cblock": {beginning: "/*", decoration: " * ", end: " */"},
	"xml":    {beginning: "<!--", decoration: " - ", end: "-->"},
}

var commentOptions = []string{"newline", "beginning", "prefix", "prefix_count", "decoration", "postfix", "postfix_count", "end"}

func comment(c *jinja.Call) (value.Value, error) {
	text, err := c.String(0, "text", "")
	if err != nil {
		return nil, err
	}
	name, err := c.String(1, "style", "plain")
	if err != nil {
		return nil, err
	}
	style, ok := commentStyles[name]
	if !ok {
		return nil, fmt.Errorf("invalid style %s. Available styles: plain, erlang, c, cblock, xml", value.Repr(name))
	}
	decoration := style.decoration
	if v, ok := c.Kwargs.Get("decoration"); ok {
		decoration = value.Str(v)
	}
	edge := strings.TrimRightFunc(decoration, unicode.IsSpace)
	p := map[string]value.Value{
		"newline": "\n", "beginning": style.beginning, "prefix": edge, "prefix_count": int64(1),
		"decoration": decoration, "postfix": edge, "postfix_count": int64(1), "end": style.end,
	}
	for k, v := range c.Kwargs.All() {
		if name := value.Str(k); name != "style" && name != "text" {
			if _, ok := p[name]; !ok {
				return nil, fmt.Errorf("comment() got an unexpected keyword argument %s; it has %s", value.Repr(name), strings.Join(commentOptions, ", "))
			}
			p[name] = v
		}
	}
	return commented(text, p)
}

func commented(text string, p map[string]value.Value) (value.Value, error) {
	str := func(name string) string {
		if p[name] == nil {
			return ""
		}
		return value.Str(p[name])
	}
	count := func(name string) (int, error) {
		v, err := value.ToInt(p[name])
		n, ok := v.(int64)
		if err != nil || !ok || n > 10_000 {
			return 0, fmt.Errorf("comment() argument %s must be a small integer, not %s", value.Repr(name), value.Repr(p[name]))
		}
		return int(max(n, 0)), nil
	}
	prefixes, err := count("prefix_count")
	if err != nil {
		return nil, err
	}
	postfixes, err := count("postfix_count")
	if err != nil {
		return nil, err
	}
	newline, decoration := str("newline"), str("decoration")
	var out strings.Builder
	if s := str("beginning"); s != "" {
		out.WriteString(s + newline)
	}
	if s := str("prefix"); s == newline {
		out.WriteString(strings.Repeat(s, prefixes))
	} else if s != "" {
		out.WriteString(strings.Repeat(s+newline, prefixes))
	}
	body := decoration + strings.ReplaceAll(text, newline, newline+decoration)
	bare := strings.TrimRightFunc(decoration, unicode.IsSpace)
	out.WriteString(strings.ReplaceAll(body, decoration+newline, bare+newline))
	out.WriteString(strings.Repeat(newline+str("postfix"), postfixes))
	if s := str("end"); s != "" {
		out.WriteString(newline + s)
	}
	return out.String(), nil
}

// split is Python's str.split.
func split(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("string", "sep=", "maxsplit=")
	if err != nil {
		return nil, err
	}
	text, ok := args[0].(string)
	if !ok {
		return nil, fmt.Errorf("descriptor 'split' for 'str' objects doesn't apply to a '%s' object", value.TypeName(args[0]))
	}
	limit, err := c.Int(2, "maxsplit", -1)
	if err != nil {
		return nil, err
	}
	switch sep := args[1].(type) {
	case string:
		if sep == "" {
			return nil, errors.New("empty separator")
		}
		if limit >= 0 {
			return value.Strings(strings.SplitN(text, sep, limit+1)), nil
		}
		return value.Strings(strings.Split(text, sep)), nil
	case nil:
	default:
		if sep != jinja.Missing {
			return nil, fmt.Errorf("must be str or None, not %s", value.TypeName(sep))
		}
	}
	var words []string
	text = strings.TrimLeftFunc(text, unicode.IsSpace)
	for text != "" {
		end := strings.IndexFunc(text, unicode.IsSpace)
		if end < 0 || limit >= 0 && len(words) == limit {
			if limit >= 0 && len(words) == limit {
				words = append(words, strings.TrimRightFunc(text, unicode.IsSpace))
			} else {
				words = append(words, text)
			}
			break
		}
		words = append(words, text[:end])
		text = strings.TrimLeftFunc(text[end:], unicode.IsSpace)
	}
	return value.Strings(words), nil
}

// rawBytes returns a value's bytes in an encoding.
func rawBytes(c *jinja.Call, v value.Value, encoding string) ([]byte, error) {
	if b, ok := v.(value.Bytes); ok {
		return b, nil
	}
	text, err := c.Text(v)
	if err != nil {
		return nil, err
	}
	switch encodingName(encoding) {
	case "utf8":
		return []byte(text), nil
	case "ascii", "latin1":
		limit := rune(0x100)
		if encodingName(encoding) == "ascii" {
			limit = 0x80
		}
		var out []byte
		for _, r := range text {
			if r >= limit {
				return nil, fmt.Errorf("'%s' codec can't encode character %s", encoding, value.Repr(string(r)))
			}
			out = append(out, byte(r))
		}
		return out, nil
	case "utf16", "utf16le", "utf16be":
		var out []byte
		units := utf16.Encode([]rune(text))
		if encodingName(encoding) == "utf16" {
			units = append([]uint16{0xfeff}, units...)
		}
		for _, u := range units {
			if encodingName(encoding) == "utf16be" {
				out = append(out, byte(u>>8), byte(u))
			} else {
				out = append(out, byte(u), byte(u>>8))
			}
		}
		return out, nil
	}
	return nil, unknownEncoding(encoding)
}

func encodingName(name string) string {
	switch s := strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(name)); s {
	case "iso88591":
		return "latin1"
	case "usascii":
		return "ascii"
	default:
		return s
	}
}

func unknownEncoding(name string) error {
	return fmt.Errorf("unknown encoding: %s; there are utf-8, ascii, latin-1, utf-16, utf-16-le and utf-16-be", name)
}

func decodeText(b []byte, encoding string) (value.Value, error) {
	switch name := encodingName(encoding); name {
	case "utf8":
		return string(b), nil
	case "ascii", "latin1":
		var out strings.Builder
		for _, c := range b {
			if name == "ascii" && c >= utf8.RuneSelf {
				return nil, fmt.Errorf("'ascii' codec can't decode byte 0x%02x: ordinal not in range(128)", c)
			}
			out.WriteRune(rune(c))
		}
		return out.String(), nil
	case "utf16", "utf16le", "utf16be":
		if len(b)%2 != 0 {
			return nil, fmt.Errorf("'%s' codec can't decode bytes: truncated data", encoding)
		}
		big := name == "utf16be"
		if name == "utf16" && len(b) > 1 && (b[0] == 0xff && b[1] == 0xfe || b[0] == 0xfe && b[1] == 0xff) {
			big = b[0] == 0xfe
			b = b[2:]
		}
		units := make([]uint16, len(b)/2)
		for i := range units {
			lo, hi := b[2*i], b[2*i+1]
			if big {
				lo, hi = hi, lo
			}
			units[i] = uint16(lo) | uint16(hi)<<8
		}
		return string(utf16.Decode(units)), nil
	}
	return nil, unknownEncoding(encoding)
}

func b64encode(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("string", "encoding=", "urlsafe=")
	if err != nil {
		return nil, err
	}
	encoding, err := c.String(1, "encoding", "utf-8")
	if err != nil {
		return nil, err
	}
	raw, err := rawBytes(c, args[0], encoding)
	if err != nil {
		return nil, err
	}
	if args[2] != jinja.Missing && value.Truth(args[2]) {
		return base64.URLEncoding.EncodeToString(raw), nil
	}
	return base64.StdEncoding.EncodeToString(raw), nil
}

// b64decode passes over characters that are not part of the alphabet, as Python does.
func b64decode(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("string", "encoding=", "urlsafe=")
	if err != nil {
		return nil, err
	}
	encoding, err := c.String(1, "encoding", "utf-8")
	if err != nil {
		return nil, err
	}
	text, err := c.Text(args[0])
	if err != nil {
		return nil, err
	}
	if args[2] != jinja.Missing && value.Truth(args[2]) {
		text = strings.NewReplacer("-", "+", "_", "/").Replace(text)
	}
	text = strings.Map(func(r rune) rune {
		if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) || r == '+' || r == '/' || r == '=' {
			return r
		}
		return -1
	}, text)
	data, pad, _ := strings.Cut(text, "=")
	if pad = "=" + pad; len(text) == len(data) {
		pad = ""
	}
	if need := (4 - len(data)%4) % 4; need == 3 {
		return nil, fmt.Errorf("invalid base64-encoded string: number of data characters (%d) cannot be 1 more than a multiple of 4", len(data))
	} else if len(pad) < need {
		return nil, errors.New("incorrect padding")
	}
	raw, err := base64.RawStdEncoding.DecodeString(data)
	if err != nil {
		return nil, err
	}
	return decodeText(raw, encoding)
}

func urlSplit(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("value", "query=", "alias=")
	if err != nil {
		return nil, err
	}
	text, ok := args[0].(string)
	if !ok {
		return nil, fmt.Errorf("'%s' object has no attribute 'lstrip'", value.TypeName(args[0]))
	}
	u, err := splitURL(text)
	if err != nil {
		return nil, err
	}
	if args[1] == jinja.Missing || !value.Truth(args[1]) {
		return u, nil
	}
	part, ok := u.Get(args[1])
	if !ok {
		return nil, fmt.Errorf("urlsplit: unknown URL component: %s", value.Str(args[1]))
	}
	return part, nil
}

// splitURL is urllib.parse.urlsplit, its parts in alphabetical order.
func splitURL(text string) (*value.Map, error) {
	text = strings.TrimLeftFunc(text, func(r rune) bool { return r <= ' ' })
	text = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(text)
	scheme, netloc, query, fragment := "", "", "", ""
	if i := strings.IndexByte(text, ':'); i > 0 && isScheme(text[:i]) {
		scheme, text = strings.ToLower(text[:i]), text[i+1:]
	}
	if rest, ok := strings.CutPrefix(text, "//"); ok {
		end := strings.IndexAny(rest, "/?#")
		if end < 0 {
			end = len(rest)
		}
		netloc, text = rest[:end], rest[end:]
		if strings.Contains(netloc, "[") != strings.Contains(netloc, "]") {
			return nil, errors.New("invalid IPv6 URL")
		}
	}
	text, fragment, _ = strings.Cut(text, "#")
	text, query, _ = strings.Cut(text, "?")
	var user, password value.Value
	host := netloc
	if i := strings.LastIndexByte(netloc, '@'); i >= 0 {
		host = netloc[i+1:]
		name, secret, ok := strings.Cut(netloc[:i], ":")
		user = name
		if ok {
			password = secret
		}
	}
	hostname, port, err := hostPort(host)
	if err != nil {
		return nil, err
	}
	return value.NewMap("fragment", fragment, "hostname", hostname, "netloc", netloc, "password", password, "path", text,
		"port", port, "query", query, "scheme", scheme, "username", user), nil
}

func isScheme(s string) bool {
	for i, r := range s {
		letter := r < 0x80 && unicode.IsLetter(r)
		if !letter && (i == 0 || !(r >= '0' && r <= '9' || r == '+' || r == '-' || r == '.')) {
			return false
		}
	}
	return true
}

func hostPort(host string) (name, port value.Value, err error) {
	digits := ""
	if rest, ok := strings.CutPrefix(host, "["); ok {
		var after string
		host, after, _ = strings.Cut(rest, "]")
		digits = strings.TrimPrefix(after, ":")
	} else {
		host, digits, _ = strings.Cut(host, ":")
	}
	if host != "" {
		name = strings.ToLower(host)
	}
	if digits == "" {
		return name, nil, nil
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil {
		return nil, nil, fmt.Errorf("port could not be cast to integer value as %s", value.Repr(digits))
	}
	if n > 65535 {
		return nil, nil, errors.New("port out of range 0-65535")
	}
	return name, int64(n), nil
}

func urlDecode(c *jinja.Call) (value.Value, error) {
	text, err := c.String(0, "string", "")
	if err != nil {
		return nil, err
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '+':
			out.WriteByte(' ')
		case text[i] == '%' && i+2 < len(text):
			if s, err := url.PathUnescape(text[i : i+3]); err == nil {
				out.WriteString(s)
				i += 2
				continue
			}
			out.WriteByte('%')
		default:
			out.WriteByte(text[i])
		}
	}
	return strings.ToValidUTF8(out.String(), "\ufffd"), nil
}
