package template

import (
	"errors"
	"fmt"
	"strings"

	"kops/internal/value"
)

// iniLookup reads keys of INI files and of Java's properties files.
func iniLookup(l *lookupCall) ([]value.Value, error) {
	terms, err := l.texts()
	if err != nil {
		return nil, err
	}
	var out []value.Value
	for _, term := range terms {
		key, options := keyValues(term)
		if key == "" {
			return nil, fmt.Errorf("no key to look up was provided as first term within string inline options: %s", term)
		}
		items, err := l.inline(options).iniValues(key)
		if err != nil {
			return nil, err
		}
		out = append(out, items...)
	}
	return out, nil
}

func (l *lookupCall) iniValues(key string) ([]value.Value, error) {
	if err := l.known("type", "file", "section", "re", "encoding", "default", "case_sensitive", "allow_no_value", "allow_none", "interpolation"); err != nil {
		return nil, err
	}
	if err := l.utf8(); err != nil {
		return nil, err
	}
	file := l.text("file", "ansible.ini")
	text, err := l.read(file)
	if err != nil {
		return nil, err
	}
	sectionName := l.text("section", "global")
	switch kind := l.text("type", "ini"); kind {
	case "ini":
	case "properties":
		sectionName = "java_properties"
		text = "[java_properties]\n" + text
	default:
		return nil, fmt.Errorf("option 'type' must be 'ini' or 'properties', not %s", value.Repr(kind))
	}
	p := &iniParser{file: file, sections: map[string]*value.Map{}}
	var err1, err2, err3 error
	p.caseSensitive, err1 = l.flag("case_sensitive", false)
	p.bareKeys, err2 = l.flag("allow_no_value", value.Truth(l.option("allow_none", false)))
	byPattern, err3 := l.flag("re", false)
	interpolate, err4 := l.flag("interpolation", true)
	if err := errors.Join(err1, err2, err3, err4, p.parse(text)); err != nil {
		return nil, err
	}
	section, ok := p.sections[sectionName]
	if !ok {
		return nil, fmt.Errorf("no section %s in %s", value.Repr(sectionName), value.Repr(file))
	}
	all := (&value.Map{}).Merge(p.sections["DEFAULT"]).Merge(section)
	var found []value.Value
	if byPattern {
		if found, err = matchingKeys(all, key); err != nil {
			return nil, err
		}
	} else if v, ok := all.Get(p.name(key)); ok {
		found = []value.Value{v}
	} else {
		found = []value.Value{l.option("default", "")}
		interpolate = false
	}
	var out []value.Value
	for _, v := range found {
		if s, ok := v.(string); ok && interpolate {
			if v, err = p.interpolate(s, all, 0); err != nil {
				return nil, err
			}
		}
		if v != nil {
			out = append(out, v)
		}
	}
	return out, nil
}

func matchingKeys(m *value.Map, source string) ([]value.Value, error) {
	pattern, err := compileRegex(source, false, false)
	if err != nil {
		return nil, err
	}
	var out []value.Value
	for k, v := range m.All() {
		match, err := pattern.re.FindStringMatch(value.Str(k))
		if err != nil {
			return nil, matchError(err)
		}
		if match != nil && match.Index == 0 {
			out = append(out, v)
		}
	}
	return out, nil
}

// An iniParser reads what Python's configparser does.
type iniParser struct {
	file          string
	caseSensitive bool
	bareKeys      bool // keys without a value
	sections      map[string]*value.Map
}

func (p *iniParser) name(key string) string {
	if p.caseSensitive {
		return key
	}
	return lower(key)
}

func (p *iniParser) parse(text string) error {
	var section *value.Map
	last := ""
	indent := 0
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimRight(line, " \t\r")
		trimmed := strings.TrimLeft(line, " \t")
		depth := len(line) - len(trimmed)
		switch {
		case trimmed == "" || trimmed[0] == '#' || trimmed[0] == ';':
		case section != nil && last != "" && depth > indent:
			section.Set(last, value.Str(section.At(last))+"\n"+trimmed)
		case trimmed[0] == '[' && strings.Contains(trimmed, "]"):
			name := trimmed[1:strings.LastIndexByte(trimmed, ']')]
			if _, ok := p.sections[name]; ok && name != "DEFAULT" {
				return fmt.Errorf("%s:%d: section %s already exists", p.file, i+1, value.Repr(name))
			}
			section = &value.Map{}
			p.sections[name] = section
			last = ""
		case section == nil:
			return fmt.Errorf("%s:%d: File contains no section headers", p.file, i+1)
		default:
			indent = depth
			end := strings.IndexAny(trimmed, "=:")
			var v value.Value
			if end < 0 {
				if !p.bareKeys {
					return fmt.Errorf("%s:%d: the line has neither = nor ", p.file, i+1)
				}
				end = len(trimmed)
			} else {
				v = strings.TrimLeft(trimmed[end+1:], " \t")
			}
			last = p.name(strings.TrimRight(trimmed[:end], " \t"))
			if _, ok := section.Get(last); ok {
				return fmt.Errorf("%s:%d: Duplicate option in %s: %s", p.file, i+1, value.Repr(p.file), last)
			}
			section.Set(last, v)
		}
	}
	return nil
}

// interpolate replaces %(key)s by another value of the section.
func (p *iniParser) interpolate(text string, section *value.Map, depth int) (string, error) {
	if depth > 10 {
		return "", errors.New("interpolation too deeply recursive")
	}
	var out strings.Builder
	for {
		before, after, found := strings.Cut(text, "%")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		if rest, ok := strings.CutPrefix(after, "%"); ok {
			out.WriteByte('%')
			text = rest
			continue
		}
		name, rest, ok := strings.Cut(after, ")s")
		if !ok || !strings.HasPrefix(name, "(") {
			return "", fmt.Errorf("'%%' must be followed by '%%' or '(', found: %s; interpolation=false leaves it as it is", value.Repr("%"+after))
		}
		v, ok := section.Get(p.name(name[1:]))
		if !ok {
			return "", fmt.Errorf("bad value substitution: there is no key %s", value.Repr(name[1:]))
		}
		inner, err := p.interpolate(value.Str(v), section, depth+1)
		if err != nil {
			return "", err
		}
		out.WriteString(inner)
		text = rest
	}
}
