package jinja

import (
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"

	"kops/internal/value"
)

func jsonInHTML(s string) string {
	return strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`, "'", `\u0027`).Replace(s)
}

func escapeHTML(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "'", "&#39;", `"`, "&#34;").Replace(s)
}

// stripTags removes comments and tags, joins blanks and decodes entities.
func stripTags(s string) string {
	remove := func(start, end string) {
		for {
			i := strings.Index(s, start)
			if i < 0 {
				return
			}
			j := strings.Index(s[i:], end)
			if j < 0 {
				return
			}
			s = s[:i] + s[i+j+len(end):]
		}
	}
	remove("<!--", "-->")
	remove("<", ">")
	return html.UnescapeString(strings.Join(strings.FieldsFunc(s, isSpace), " "))
}

func filterXmlattr(c *Call) (value.Value, error) {
	args, err := c.Bind("d", "autospace=")
	if err != nil {
		return nil, err
	}
	m, ok := args[0].(*value.Map)
	if !ok {
		return nil, fmt.Errorf("'%s' object has no attribute 'items'", value.TypeName(args[0]))
	}
	var parts []string
	for k, v := range m.All() {
		if _, undefined := v.(value.Undefined); undefined || v == nil {
			continue
		}
		name, ok := k.(string)
		if !ok {
			return nil, fmt.Errorf("expected string or bytes-like object, got '%s'", value.TypeName(k))
		}
		if strings.ContainsAny(name, " \t\n\r\f\v/>=") {
			return nil, fmt.Errorf("invalid character in attribute name: %s", value.Repr(name))
		}
		text, err := c.Text(v)
		if err != nil {
			return nil, err
		}
		parts = append(parts, escapeHTML(name)+`="`+escapeHTML(text)+`"`)
	}
	text := strings.Join(parts, " ")
	if text != "" && c.Bool(1, "autospace", true) {
		text = " " + text
	}
	return text, nil
}

// quoteURL is urllib's quote of UTF-8: in a query, blanks become + and slashes are quoted.
func quoteURL(s string, query bool) string {
	var b strings.Builder
	for i := range len(s) {
		switch ch := s[i]; {
		case isDigit(ch), ch|0x20 >= 'a' && ch|0x20 <= 'z', strings.IndexByte("_.-~", ch) >= 0, ch == '/' && !query:
			b.WriteByte(ch)
		case ch == ' ' && query:
			b.WriteByte('+')
		default:
			fmt.Fprintf(&b, "%%%02X", ch)
		}
	}
	return b.String()
}

func filterUrlencode(c *Call) (value.Value, error) {
	v := c.Args[0]
	var items []value.Value
	var err error
	switch m := v.(type) {
	case *value.Map:
		items = pairs(m).Items
	case *value.List, value.Tuple:
		items, err = c.Iterate(m)
	default:
		s, err := c.Text(v)
		return quoteURL(s, false), err
	}
	parts := make([]string, len(items))
	for i, item := range items {
		if err != nil {
			return nil, err
		}
		pair, err := c.Iterate(item)
		if err != nil {
			return nil, err
		}
		if len(pair) != 2 {
			return nil, fmt.Errorf("expected pairs of a name and a value, got %s", value.Repr(item))
		}
		k, err := c.Text(pair[0])
		if err != nil {
			return nil, err
		}
		text, err := c.Text(pair[1])
		if err != nil {
			return nil, err
		}
		parts[i] = quoteURL(k, true) + "=" + quoteURL(text, true)
	}
	return strings.Join(parts, "&"), err
}

// What urlize holds to be addresses.
var (
	webAddress = regexp.MustCompile(`(?i)^((https?://|www\.)(([\w%-]+\.)+)?([a-z]{2,63}|xn--[\w%]{2,59})` +
		`|([\w%-]{2,63}\.)+(com|net|int|edu|gov|org|info|mil)` +
		`|(https?://)((\d{1,3}(\.\d{1,3}){3})|(\[([\da-f]{0,4}:){2}([\da-f]{0,4}:?){1,6}\])))(:\d{1,5})?([/?#]\S*)?$`)
	mailAddress = regexp.MustCompile(`^\S+@\w[\w.-]*\.\w+$`)
	urlHead     = regexp.MustCompile(`^([(<]|&lt;)+`)
	urlTail     = regexp.MustCompile(`([)>.,\n]|&gt;)+$`)
	urlScheme   = regexp.MustCompile(`^([\w.+-]{2,}:(/){0,2})$`)
)

type linker struct {
	limit       int // -1: none
	rel, target string
	schemes     []string
}

func filterUrlize(c *Call) (value.Value, error) {
	args, err := c.Bind("value", "trim_url_limit=", "nofollow=", "target=", "rel=", "extra_schemes=")
	if err != nil {
		return nil, err
	}
	l := linker{limit: -1}
	if args[1] != Missing && args[1] != nil {
		if l.limit, err = c.Int(1, "trim_url_limit", -1); err != nil {
			return nil, err
		}
	}
	rel := []string{"noopener"}
	if s, ok := args[4].(string); ok {
		rel = append(rel, strings.Fields(s)...)
	}
	if c.Bool(2, "nofollow", false) {
		rel = append(rel, "nofollow")
	}
	slices.Sort(rel)
	l.rel = ` rel="` + escapeHTML(strings.Join(slices.Compact(rel), " ")) + `"`
	if s, ok := args[3].(string); ok {
		l.target = ` target="` + escapeHTML(s) + `"`
	}
	if args[5] != Missing && args[5] != nil {
		items, err := c.Iterate(args[5])
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			s := value.Str(item)
			if !urlScheme.MatchString(s) {
				return nil, fmt.Errorf("%s is not a valid URI scheme prefix", value.Repr(s))
			}
			l.schemes = append(l.schemes, s)
		}
	}
	s, err := c.Text(args[0])
	if err != nil {
		return nil, err
	}
	return l.text(escapeHTML(s)), c.Spend(4 * len(s))
}

// text links the words of s and keeps the blanks between them.
func (l linker) text(s string) string {
	var b strings.Builder
	for s != "" {
		i := strings.IndexFunc(s, isSpace)
		if i < 0 {
			i = len(s)
		}
		b.WriteString(l.word(s[:i]))
		s = s[i:]
		j := strings.IndexFunc(s, func(r rune) bool { return !isSpace(r) })
		if j < 0 {
			j = len(s)
		}
		b.WriteString(s[:j])
		s = s[j:]
	}
	return b.String()
}

func (l linker) word(middle string) string {
	head := urlHead.FindString(middle)
	middle = middle[len(head):]
	tail := urlTail.FindString(middle)
	middle = middle[:len(middle)-len(tail)]
	for _, pair := range [][2]string{{"(", ")"}, {"<", ">"}, {"&lt;", "&gt;"}} {
		starts := strings.Count(middle, pair[0])
		if starts <= strings.Count(middle, pair[1]) {
			continue
		}
		for range min(starts, strings.Count(tail, pair[1])) {
			end := strings.Index(tail, pair[1]) + len(pair[1])
			middle, tail = middle+tail[:end], tail[end:]
		}
	}
	return head + l.link(middle) + tail
}

func (l linker) link(s string) string {
	anchor := func(href, text string) string {
		return `<a href="` + href + `"` + l.rel + l.target + `>` + text + `</a>`
	}
	switch {
	case webAddress.MatchString(s):
		href := s
		if !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://") {
			href = "https://" + s
		}
		return anchor(href, l.trim(s))
	case strings.HasPrefix(s, "mailto:") && mailAddress.MatchString(s[7:]):
		return `<a href="` + s + `">` + s[7:] + `</a>`
	case strings.Contains(s, "@") && !strings.HasPrefix(s, "www.") && !strings.HasPrefix(s, "@") &&
		!strings.Contains(s, ":") && mailAddress.MatchString(s):
		return `<a href="mailto:` + s + `">` + s + `</a>`
	}
	for _, scheme := range l.schemes {
		if s != scheme && strings.HasPrefix(s, scheme) {
			s = anchor(s, s)
		}
	}
	return s
}

func (l linker) trim(s string) string {
	if runes := []rune(s); l.limit >= 0 && len(runes) > l.limit {
		return string(runes[:l.limit]) + "..."
	}
	return s
}
