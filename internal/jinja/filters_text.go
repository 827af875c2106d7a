package jinja

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"kops/internal/value"
)

// textFilter makes a filter of a function of text.
func textFilter(fn func(string) string) Func {
	return func(c *Call) (value.Value, error) {
		if _, err := c.Bind("s"); err != nil {
			return nil, err
		}
		s, err := c.Text(c.Args[0])
		if err != nil {
			return nil, err
		}
		return fn(s), c.Spend(len(s))
	}
}

// titleWords is Jinja2's title, which differs from str.title: words begin after blanks,
// hyphens and opening brackets.
func titleWords(s string) string {
	begin := true
	var b strings.Builder
	for _, r := range s {
		switch {
		case strings.ContainsRune("-({[<", r) || isSpace(r):
			begin = true
			b.WriteRune(r)
		case begin:
			begin = false
			b.WriteString(upper(string(r)))
		default:
			b.WriteString(lower(string(r)))
		}
	}
	return b.String()
}

func filterCenter(c *Call) (value.Value, error) {
	width, err := c.Int(1, "width", 80)
	if err != nil {
		return nil, err
	}
	s, err := c.Text(c.Args[0])
	if err != nil {
		return nil, err
	}
	missing := width - utf8.RuneCountInString(s)
	if missing <= 0 {
		return s, nil
	}
	if err := c.Spend(missing); err != nil {
		return nil, err
	}
	return center(s, missing, width, " "), nil
}

func filterFormat(c *Call) (value.Value, error) {
	if len(c.Args) > 1 && c.Kwargs.Len() > 0 {
		return nil, errors.New("can't handle positional and keyword arguments at the same time")
	}
	s, err := c.Text(c.Args[0])
	if err != nil {
		return nil, err
	}
	var args value.Value = value.Tuple(c.Args[1:])
	if c.Kwargs.Len() > 0 {
		args = c.Kwargs
	}
	if err := c.frame.complete(args); err != nil {
		return nil, err
	}
	text, err := value.Printf(s, args)
	if err != nil {
		return nil, err
	}
	return text, c.Spend(len(text))
}

func filterReplace(c *Call) (value.Value, error) {
	args, err := c.Bind("s", "old", "new", "count=")
	if err != nil {
		return nil, err
	}
	n := -1
	if args[3] != nil && args[3] != Missing {
		if n, err = c.Int(3, "count", -1); err != nil {
			return nil, err
		}
	}
	var texts [3]string
	for i := range texts {
		if texts[i], err = c.Text(args[i]); err != nil {
			return nil, err
		}
	}
	return c.frame.replace(texts[0], texts[1], texts[2], n)
}

func filterTrim(c *Call) (value.Value, error) {
	args, err := c.Bind("value", "chars=")
	if err != nil {
		return nil, err
	}
	s, err := c.Text(args[0])
	if err != nil {
		return nil, err
	}
	strip := &Call{Name: "strip", Args: args[1:]}
	if args[1] == Missing {
		strip.Args = nil
	}
	return stripMethod(strip, s, "strip")
}

func filterIndent(c *Call) (value.Value, error) {
	args, err := c.Bind("s", "width=", "first=", "blank=")
	if err != nil {
		return nil, err
	}
	s, ok := args[0].(string)
	if !ok {
		return nil, fmt.Errorf("unsupported operand type(s) for +=: '%s' and 'str'", value.TypeName(args[0]))
	}
	indent, ok := args[1].(string)
	if !ok {
		n, err := c.Int(1, "width", 4)
		if err != nil {
			return nil, err
		}
		if err := c.Spend(max(n, 0)); err != nil {
			return nil, err
		}
		indent = strings.Repeat(" ", max(n, 0))
	}
	lines := splitLines(s+"\n", false)
	if err := c.Spend(len(s) + len(lines)*len(indent)); err != nil {
		return nil, err
	}
	blank := c.Bool(3, "blank", false)
	for i, line := range lines {
		if i > 0 && (line != "" || blank) {
			lines[i] = indent + line
		}
	}
	text := strings.Join(lines, "\n")
	if c.Bool(2, "first", false) {
		text = indent + text
	}
	return text, nil
}

func filterTruncate(c *Call) (value.Value, error) {
	args, err := c.Bind("s", "length=", "killwords=", "end=", "leeway=")
	if err != nil {
		return nil, err
	}
	s, ok := args[0].(string)
	if !ok {
		return nil, fmt.Errorf("object of type '%s' has no len()", value.TypeName(args[0]))
	}
	limit, err := c.Int(1, "length", 255)
	if err != nil {
		return nil, err
	}
	end, err := c.String(3, "end", "...")
	if err != nil {
		return nil, err
	}
	leeway := 5
	if args[4] != nil && args[4] != Missing {
		if leeway, err = c.Int(4, "leeway", 5); err != nil {
			return nil, err
		}
	}
	endLen := utf8.RuneCountInString(end)
	if limit < endLen {
		return nil, fmt.Errorf("expected length >= %d, got %d", endLen, limit)
	}
	if leeway < 0 {
		return nil, fmt.Errorf("expected leeway >= 0, got %d", leeway)
	}
	runes := []rune(s)
	if len(runes) <= limit+leeway {
		return s, nil
	}
	kept := string(runes[:limit-endLen])
	if !c.Bool(2, "killwords", false) {
		if i := strings.LastIndexByte(kept, ' '); i >= 0 {
			kept = kept[:i]
		}
	}
	return kept + end, nil
}

func filterWordcount(c *Call) (value.Value, error) {
	s, err := c.Text(c.Args[0])
	if err != nil {
		return nil, err
	}
	return int64(len(strings.FieldsFunc(s, func(r rune) bool { return !isWord(r) }))), nil
}

// isWord is \w.
func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }

func filterPprint(c *Call) (value.Value, error) {
	if err := c.frame.complete(c.Args[0]); err != nil {
		return nil, err
	}
	text := pretty(c.Args[0])
	return text, c.Spend(len(text))
}

func filterTojson(c *Call) (value.Value, error) {
	args, err := c.Bind("value", "indent=")
	if err != nil {
		return nil, err
	}
	o := value.PythonJSON
	o.SortKeys = true
	if args[1] != Missing && args[1] != nil {
		o.ItemSeparator, o.Multiline = ",", true
		if indent, ok := args[1].(string); ok {
			o.Indent = indent
		} else {
			n, err := c.Int(1, "indent", 0)
			if err != nil {
				return nil, err
			}
			if err := c.Spend(max(n, 0)); err != nil {
				return nil, err
			}
			o.Indent = strings.Repeat(" ", max(n, 0))
		}
	}
	if err := c.frame.complete(args[0]); err != nil {
		return nil, err
	}
	text, err := value.JSON(args[0], o)
	if err != nil {
		return nil, err
	}
	return jsonInHTML(text), c.Spend(len(text))
}
