package template

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dlclark/regexp2"

	"kops/internal/jinja"
	"kops/internal/value"
)

// matchTimeout bounds one search: back-tracking can take for ever.
const matchTimeout = 10 * time.Second

// regexFilters are Python's regular expressions.
func regexFilters() map[string]jinja.Func {
	return map[string]jinja.Func{
		"regex_replace": regexReplace,
		"regex_search":  regexSearch,
		"regex_findall": regexFindall,
		"regex_escape":  regexEscape,
	}
}

// A pattern is a compiled regular expression of Python's.
type pattern struct {
	re     *regexp2.Regexp
	groups int
	names  map[string]int
}

func compileRegex(v value.Value, ignoreCase, multiline bool) (*pattern, error) {
	source, ok := v.(string)
	if !ok {
		return nil, fmt.Errorf("a regular expression must be a string, not %s", value.TypeName(v))
	}
	t := &translator{src: []rune(source), names: map[string]int{}}
	translated, err := t.translate()
	if err != nil {
		return nil, fmt.Errorf("regular expression %s: %w", value.Repr(source), err)
	}
	opts := regexp2.None
	if ignoreCase {
		opts |= regexp2.IgnoreCase
	}
	if multiline {
		opts |= regexp2.Multiline
	}
	re, err := regexp2.Compile(translated, opts)
	if err != nil {
		return nil, fmt.Errorf("regular expression %s: %w", value.Repr(source), err)
	}
	re.MatchTimeout = matchTimeout
	return &pattern{re: re, groups: t.groups, names: t.names}, nil
}

// each calls visit with every match, as finditer does.
func (p *pattern) each(text string, visit func(*regexp2.Match) bool) error {
	m, err := p.re.FindStringMatch(text)
	for err == nil && m != nil && visit(m) {
		m, err = p.re.FindNextMatch(m)
	}
	return matchError(err)
}

func matchError(err error) error {
	if err != nil {
		return fmt.Errorf("the regular expression takes too long on this text: %w", err)
	}
	return nil
}

// group returns a group's text, or None where it took no part.
func group(m *regexp2.Match, n int) value.Value {
	g := m.GroupByNumber(n)
	if g == nil || len(g.Captures) == 0 {
		return nil
	}
	return g.String()
}

// flags reads the two that Ansible's functions take.
func regexFlags(ignoreCase, multiline value.Value) (bool, bool) {
	set := func(v value.Value) bool { return v != jinja.Missing && value.Truth(v) }
	return set(ignoreCase), set(multiline)
}

func regexReplace(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("value=", "pattern=", "replacement=", "ignorecase=", "multiline=", "count=", "mandatory_count=")
	if err != nil {
		return nil, err
	}
	for i := range 3 {
		if args[i] == jinja.Missing {
			args[i] = ""
		}
	}
	text, err := c.Text(args[0])
	if err != nil {
		return nil, err
	}
	ignoreCase, multiline := regexFlags(args[3], args[4])
	p, err := compileRegex(args[1], ignoreCase, multiline)
	if err != nil {
		return nil, err
	}
	replacement, ok := args[2].(string)
	if !ok {
		return nil, fmt.Errorf("the replacement must be a string, not %s", value.TypeName(args[2]))
	}
	parts, err := p.replacement(replacement)
	if err != nil {
		return nil, err
	}
	count, err := c.Int(5, "count", 0)
	if err != nil {
		return nil, err
	}
	mandatory, err := c.Int(6, "mandatory_count", 0)
	if err != nil {
		return nil, err
	}
	out, replaced, err := p.substitute(c, text, parts, count)
	if err != nil {
		return nil, err
	}
	if mandatory != 0 && mandatory != replaced {
		return nil, fmt.Errorf("'%s' should match %d times, but matches %d times in '%s'", args[1], mandatory, count, text)
	}
	return out, nil
}

// substitute replaces count matches, or all where count is 0.
func (p *pattern) substitute(c *jinja.Call, text string, parts []part, count int) (string, int, error) {
	runes := []rune(text)
	var out strings.Builder
	end, replaced := 0, 0
	var spent error
	err := p.each(text, func(m *regexp2.Match) bool {
		out.WriteString(string(runes[end:m.Index]))
		size := out.Len()
		for _, part := range parts {
			out.WriteString(part.text)
			if part.group >= 0 {
				s, _ := group(m, part.group).(string)
				out.WriteString(s)
			}
		}
		spent = c.Spend(out.Len() - size + 1)
		end = m.Index + m.Length
		replaced++
		return replaced != count && spent == nil
	})
	if err == nil {
		err = spent
	}
	out.WriteString(string(runes[end:]))
	return out.String(), replaced, err
}

func regexFindall(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("value", "regex", "multiline=", "ignorecase=")
	if err != nil {
		return nil, err
	}
	text, err := c.Text(args[0])
	if err != nil {
		return nil, err
	}
	ignoreCase, multiline := regexFlags(args[3], args[2])
	p, err := compileRegex(args[1], ignoreCase, multiline)
	if err != nil {
		return nil, err
	}
	out := value.NewList()
	err = p.each(text, func(m *regexp2.Match) bool {
		found := value.Tuple{}
		for n := min(1, p.groups); n <= p.groups; n++ {
			s, _ := group(m, n).(string)
			found = append(found, s)
		}
		if len(found) == 1 {
			out.Append(found[0])
		} else {
			out.Append(found)
		}
		return true
	})
	return out, err
}

func regexSearch(c *jinja.Call) (value.Value, error) {
	if len(c.Args) < 2 {
		if v, ok := c.Kwargs.Get("regex"); ok {
			c.Args = append(c.Args, v)
		} else {
			return nil, errors.New("regex_search() missing 1 required positional argument: 'regex'")
		}
	}
	text, err := c.Text(c.Args[0])
	if err != nil {
		return nil, err
	}
	p, err := compileRegex(c.Args[1], c.Bool(len(c.Args), "ignorecase", false), c.Bool(len(c.Args), "multiline", false))
	if err != nil {
		return nil, err
	}
	wanted := make([]int, 0, len(c.Args)-2)
	for _, arg := range c.Args[2:] {
		n, err := p.reference(arg)
		if err != nil {
			return nil, err
		}
		wanted = append(wanted, n)
	}
	m, err := p.re.FindStringMatch(text)
	if err != nil || m == nil {
		return nil, matchError(err)
	}
	if len(wanted) == 0 {
		return m.String(), nil
	}
	out := value.NewList()
	for _, n := range wanted {
		out.Append(group(m, n))
	}
	return out, nil
}

// reference reads \1 or \g<name>.
func (p *pattern) reference(arg value.Value) (int, error) {
	s, _ := arg.(string)
	if name, ok := strings.CutPrefix(s, `\g<`); ok {
		name, _, ok = strings.Cut(name, ">")
		if ok {
			return p.group(name)
		}
	} else if digits, ok := strings.CutPrefix(s, `\`); ok {
		return p.group(digits)
	}
	return 0, fmt.Errorf(`unknown argument %s: give groups as '\\1' or '\\g<name>'`, value.Repr(arg))
}

func (p *pattern) group(name string) (int, error) {
	if n, err := strconv.Atoi(name); err == nil {
		if n < 0 || n > p.groups {
			return 0, errors.New("no such group")
		}
		return n, nil
	}
	if n, ok := p.names[name]; ok {
		return n, nil
	}
	return 0, fmt.Errorf("no such group: unknown group name %s", value.Repr(name))
}

func regexEscape(c *jinja.Call) (value.Value, error) {
	args, err := c.Bind("string", "re_type=")
	if err != nil {
		return nil, err
	}
	text, err := c.Text(args[0])
	if err != nil {
		return nil, err
	}
	special := "()[]{}?*+-|^$\\.&~# \t\n\r\v\f"
	switch args[1] {
	case jinja.Missing, "python":
	case "posix_basic":
		special = `].[^$*\`
	case "posix_extended":
		return nil, fmt.Errorf("regex type (%s) not yet implemented", args[1])
	default:
		return nil, fmt.Errorf("invalid regex type (%s)", value.Str(args[1]))
	}
	var out strings.Builder
	for _, r := range text {
		if strings.ContainsRune(special, r) {
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
	return out.String(), nil
}
