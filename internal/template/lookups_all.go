package template

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode"

	"kops/internal/value"
)

// lookups are Ansible's lookups by name.
func lookups() map[string]func(*lookupCall) ([]value.Value, error) {
	refuse := func(why string) lookupFunc {
		return func(*lookupCall) ([]value.Value, error) { return nil, errors.New("it is not supported: " + why) }
	}
	return map[string]lookupFunc{
		"env": envLookup, "vars": varsLookup, "varnames": varnamesLookup,
		"file": fileLookup, "template": templateLookup, "fileglob": fileglobLookup, "first_found": firstFound,
		"csvfile": csvLookup, "ini": iniLookup, "url": urlLookup,
		"pipe": pipeLookup, "lines": linesLookup, "password": passwordLookup,
		"items": itemsLookup, "list": listLookup, "dict": dictLookup, "nested": nestedLookup, "cartesian": nestedLookup,
		"flattened": flattenedLookup, "indexed_items": indexedLookup, "together": togetherLookup,
		"sequence": sequenceLookup, "subelements": subelementsLookup, "random_choice": randomChoice,
		"config":              refuse("there is no ansible.cfg to look into"),
		"inventory_hostnames": refuse("use groups and the filters of lists instead"),
	}
}

// texts returns the terms, which must all be strings.
func (l *lookupCall) texts() ([]string, error) {
	out := make([]string, len(l.Terms))
	for i, term := range l.Terms {
		s, ok := term.(string)
		if !ok {
			return nil, fmt.Errorf("its arguments must be strings, not %s", value.TypeName(term))
		}
		out[i] = s
	}
	return out, nil
}

func envLookup(l *lookupCall) ([]value.Value, error) {
	if err := l.known("default"); err != nil {
		return nil, err
	}
	names, err := l.texts()
	if err != nil {
		return nil, err
	}
	var out []value.Value
	for _, name := range names {
		words := strings.Fields(name)
		if len(words) == 0 {
			return nil, errors.New("the name of the environment variable is empty")
		}
		if v, ok := os.LookupEnv(words[0]); ok {
			out = append(out, v)
		} else {
			out = append(out, l.option("default", ""))
		}
	}
	return out, nil
}

func varsLookup(l *lookupCall) ([]value.Value, error) {
	if err := l.known("default"); err != nil {
		return nil, err
	}
	var out []value.Value
	for _, term := range l.Terms {
		name, ok := term.(string)
		if !ok {
			return nil, fmt.Errorf("variable name must be 'str' not '%s'", value.TypeName(term))
		}
		v, found, err := l.Env.Var(name)
		if err != nil {
			return nil, err
		}
		if !found {
			if v = l.option("default", nil); v == nil {
				v = value.Undefined{Name: name, Hint: fmt.Sprintf("No variable named %s was found.", value.Repr(name))}
			}
		}
		out = append(out, v)
	}
	return out, nil
}

func varnamesLookup(l *lookupCall) ([]value.Value, error) {
	if err := l.known(); err != nil {
		return nil, err
	}
	var out []value.Value
	for _, term := range l.Terms {
		if _, ok := term.(string); !ok {
			return nil, fmt.Errorf(`invalid setting identifier, "%s" is not a string, it is a %s`, value.Str(term), value.TypeName(term))
		}
		p, err := compileRegex(term, false, false)
		if err != nil {
			return nil, err
		}
		for _, name := range l.Env.VarNames() {
			found, err := p.re.MatchString(name)
			if err != nil {
				return nil, matchError(err)
			}
			if found {
				out = append(out, name)
			}
		}
	}
	return out, nil
}

// flattened takes apart the lists among items, to any depth or one level only.
func flattened(items []value.Value, levels int) ([]value.Value, error) {
	return flatten(nil, items, levels, false, 0)
}

func itemsLookup(l *lookupCall) ([]value.Value, error) { return flattened(l.Terms, 1) }

func flattenedLookup(l *lookupCall) ([]value.Value, error) { return flattened(l.Terms, -1) }

func listLookup(l *lookupCall) ([]value.Value, error) { return l.Terms, nil }

func dictLookup(l *lookupCall) ([]value.Value, error) {
	terms, err := flattened(l.Terms, 1)
	if err != nil {
		return nil, err
	}
	var out []value.Value
	for _, term := range terms {
		m, ok, err := asMap(term)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fmt.Errorf("the 'dict' lookup plugin expects a dictionary, got '%s' of type %s", value.Str(term), value.TypeName(term))
		}
		for k, v := range m.All() {
			out = append(out, value.NewMap("key", k, "value", v))
		}
	}
	return out, nil
}

func nestedLookup(l *lookupCall) ([]value.Value, error) {
	if len(l.Terms) == 0 {
		return nil, errors.New("with_nested requires at least one element in the nested list")
	}
	rows := [][]value.Value{nil}
	for _, term := range l.Terms {
		items, ok := sequence(term)
		if !ok {
			items = []value.Value{term}
		}
		if err := l.Spend(len(rows) * len(items)); err != nil {
			return nil, err
		}
		var next [][]value.Value
		for _, row := range rows {
			for _, item := range items {
				cells, err := flattened([]value.Value{item}, 1)
				if err != nil {
					return nil, err
				}
				next = append(next, append(row[:len(row):len(row)], cells...))
			}
		}
		rows = next
	}
	out := make([]value.Value, len(rows))
	for i, row := range rows {
		out[i] = value.NewList(row...)
	}
	return out, nil
}

func indexedLookup(l *lookupCall) ([]value.Value, error) {
	items, err := flattened(l.Terms, 1)
	if err != nil {
		return nil, err
	}
	out := make([]value.Value, len(items))
	for i, item := range items {
		out[i] = value.Tuple{int64(i), item}
	}
	return out, nil
}

func togetherLookup(l *lookupCall) ([]value.Value, error) {
	if len(l.Terms) == 0 {
		return nil, errors.New("with_together requires at least one element in each list")
	}
	pools, err := lists(l.Call, l.Terms)
	if err != nil {
		return nil, err
	}
	longest := 0
	for _, pool := range pools {
		longest = max(longest, len(pool))
	}
	var out []value.Value
	for _, row := range zipped(pools, longest, nil).Items {
		cells, err := flattened(row.(value.Tuple), 1)
		if err != nil {
			return nil, err
		}
		out = append(out, value.NewList(cells...))
	}
	return out, nil
}

func randomChoice(l *lookupCall) ([]value.Value, error) {
	if len(l.Terms) == 0 {
		return nil, nil
	}
	i, err := pick(system{}, len(l.Terms))
	if err != nil {
		return nil, err
	}
	return l.Terms[i : i+1], nil
}

// subelementsLookup leaves out skipped results. As in Ansible, each element comes
// without the list that is gone through.
func subelementsLookup(l *lookupCall) ([]value.Value, error) {
	const wrong = "subelements lookup expects a list of two or three items, "
	if len(l.Terms) < 2 || len(l.Terms) > 3 {
		return nil, errors.New(wrong)
	}
	key, ok := l.Terms[1].(string)
	elements, isList := sequence(l.Terms[0])
	m, isMap := l.Terms[0].(*value.Map)
	if !ok || !isList && !isMap {
		return nil, errors.New(wrong + "first a dict or a list, second a string pointing to the subkey")
	}
	if isMap {
		if m.Bool("skipped") {
			return nil, nil
		}
		elements = m.Values()
	}
	skip := false
	if len(l.Terms) == 3 {
		flags, ok := l.Terms[2].(*value.Map)
		if !ok {
			return nil, errors.New(wrong + "the optional third item must be a dict with flags ('skip_missing',)")
		}
		skip, _ = boolean(flags.At("skip_missing"))
	}
	var out []value.Value
	for _, element := range elements {
		e, ok := element.(*value.Map)
		if !ok {
			return nil, fmt.Errorf("subelements lookup expects a dictionary, got '%s'", value.Str(element))
		}
		if e.Bool("skipped") {
			continue
		}
		items, rest, err := subelement(e, splitDots(key), skip)
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			out = append(out, value.Tuple{rest, item})
		}
	}
	return out, nil
}

// subelement returns the list at the end of a path, and m without it.
func subelement(m *value.Map, path []string, skip bool) ([]value.Value, *value.Map, error) {
	v, ok := m.Get(path[0])
	if !ok {
		if skip {
			return nil, m, nil
		}
		return nil, nil, fmt.Errorf("could not find '%s' key in iterated item '%s'", path[0], value.Repr(m))
	}
	rest := m.Clone()
	if len(path) == 1 {
		list, ok := v.(*value.List)
		if !ok {
			return nil, nil, fmt.Errorf("the key %s should point to a list, got '%s'", path[0], value.Str(v))
		}
		rest.Delete(path[0])
		return list.Items, rest, nil
	}
	inner, ok := v.(*value.Map)
	if !ok {
		if skip {
			return nil, m, nil
		}
		return nil, nil, fmt.Errorf("the key %s should point to a dictionary, got '%s'", path[0], value.Str(v))
	}
	items, inner, err := subelement(inner, path[1:], skip)
	if err != nil {
		return nil, nil, err
	}
	rest.Set(path[0], inner)
	return items, rest, nil
}

// keyValues reads "some words key=value", with quotes around values that have blanks.
func keyValues(text string) (string, *value.Map) {
	options := &value.Map{}
	var words []string
	for _, word := range shellWords(text) {
		name, v, ok := strings.Cut(word, "=")
		if ok && identifier(name) {
			if len(v) > 1 && (v[0] == '"' || v[0] == '\'') && v[len(v)-1] == v[0] {
				v = v[1 : len(v)-1]
			}
			options.Set(name, v)
			continue
		}
		words = append(words, word)
	}
	return strings.Join(words, " "), options
}

// shellWords splits at blanks outside of quotes, which stay.
func shellWords(text string) []string {
	var words []string
	var word strings.Builder
	quoted := rune(0)
	for _, r := range text {
		switch {
		case quoted == 0 && unicode.IsSpace(r):
			if word.Len() > 0 {
				words = append(words, word.String())
				word.Reset()
			}
			continue
		case quoted == 0 && (r == '"' || r == '\''):
			quoted = r
		case r == quoted:
			quoted = 0
		}
		word.WriteRune(r)
	}
	if word.Len() > 0 {
		words = append(words, word.String())
	}
	return words
}

// inline lays the options that are written inside a term over those of the call.
func (l *lookupCall) inline(options *value.Map) *lookupCall {
	c := *l
	c.Options = l.Options.Clone().Merge(options)
	return &c
}
