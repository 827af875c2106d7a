package inventory

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"kops/internal/diag"
	"kops/internal/value"
	"kops/internal/yamlpos"
)

var (
	iniSection = regexp.MustCompile(`^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?$`)
	iniChild   = regexp.MustCompile(`^([^:\]\s]+)\s*(?:#.*)?$`)
)

// iniSource reads an inventory in Ansible's INI format. Groups may be named as children or
// given variables before the section that declares them.
func (l *loader) iniSource(file string, src []byte) {
	group, state := l.inv.Group(Ungrouped), "hosts"
	declared := map[string]bool{All: true, Ungrouped: true}
	for _, g := range l.inv.Groups {
		declared[g.Name] = true
	}
	used := map[string]*diag.Diagnostic{}
	line := 0
	for text := range strings.Lines(string(src)) {
		line++
		trimmed := strings.TrimSpace(text)
		if trimmed == "" || trimmed[0] == '#' || trimmed[0] == ';' {
			continue
		}
		pos := value.Position{File: file, Line: line, Column: strings.Index(text, trimmed[:1]) + 1}
		if m := iniSection.FindStringSubmatch(trimmed); m != nil {
			if state = m[2]; state == "" {
				state = "hosts"
			}
			if state != "hosts" && state != "children" && state != "vars" {
				l.list.Add(unknownSection(m[1], state, pos))
			}
			group = l.inv.AddGroup(m[1], pos)
			if state != "vars" {
				declared[m[1]] = true
			} else if used[m[1]] == nil {
				used[m[1]] = diag.Errorf(pos, "[%s:vars] gives variables to the group %s, which is declared nowhere", m[1], m[1])
			}
			continue
		}
		if trimmed[0] == '[' && !strings.Contains(trimmed, "]") {
			l.list.Add(diag.Errorf(pos, "the section %s is not closed", trimmed).WithHint("write %s]", trimmed))
			continue
		}
		if trimmed[0] == '[' && trimmed[len(trimmed)-1] == ']' {
			l.list.Add(diag.Errorf(pos, "%s is not a section", trimmed).WithHint("write [group], [group:children] or [group:vars], without spaces"))
			continue
		}
		switch state {
		case "hosts":
			l.list.Add(l.iniHost(group, trimmed, pos))
		case "vars":
			l.list.Add(iniVar(group, trimmed, pos))
		case "children":
			l.iniChild(group, trimmed, pos, used)
		}
	}
	for name, d := range used {
		if !declared[name] {
			l.list.Add(d)
		}
	}
}

func unknownSection(group, kind string, pos value.Position) *diag.Diagnostic {
	d := diag.Errorf(pos, "the section [%s:%s] is of an unknown kind", group, kind)
	if hint := diag.Suggest(kind, []string{"children", "vars", "hosts"}); hint != "" {
		return d.WithHint("%s", hint)
	}
	return d.WithHint("the kinds are hosts, children and vars")
}

func (l *loader) iniChild(group *Group, text string, pos value.Position, used map[string]*diag.Diagnostic) {
	m := iniChild.FindStringSubmatch(text)
	if m == nil {
		l.list.Add(diag.Errorf(pos, "%q cannot be the name of a group", text))
		return
	}
	if used[m[1]] == nil {
		used[m[1]] = diag.Errorf(pos, "[%s:children] names the group %s, which is declared nowhere", group.Name, m[1])
	}
	l.list.Add(l.inv.AddChild(group, l.inv.AddGroup(m[1], pos), pos))
}

func iniVar(group *Group, text string, pos value.Position) error {
	key, val, ok := strings.Cut(text, "=")
	if !ok {
		return diag.Errorf(pos, "%q is not a variable", text).WithHint("write key=value")
	}
	return group.setVar(strings.TrimSpace(key), iniValue(strings.TrimSpace(val), pos), pos)
}

// iniHost reads "name[1:3]:22 key=value key='a value' # comment".
func (l *loader) iniHost(group *Group, text string, pos value.Position) error {
	words, err := splitWords(text)
	if err != nil {
		return diag.Errorf(pos, "cannot read the host: %w", err)
	}
	names, port, err := hostNames(words[0], pos)
	if err != nil {
		return err
	}
	for _, name := range names {
		h := l.inv.AddHost(name, group, pos)
		if port > 0 {
			if err := h.setVar("ansible_port", int64(port), pos); err != nil {
				return err
			}
		}
		for _, w := range words[1:] {
			key, val, ok := strings.Cut(w, "=")
			if !ok {
				return diag.Errorf(pos, "%q behind the host %s is not a variable", w, words[0]).WithHint("write key=value")
			}
			if err := h.setVar(key, iniValue(val, pos), pos); err != nil {
				return err
			}
		}
	}
	return nil
}

// iniValue reads Python's literals; anything else is text.
func iniValue(text string, pos value.Position) value.Value {
	v, ok := literal(text)
	if !ok {
		v = text
	}
	return trust(v, pos)
}

// trust makes templates of texts that have markers.
func trust(v value.Value, pos value.Position) value.Value {
	switch v := v.(type) {
	case string:
		return yamlpos.Text(v, pos)
	case *value.List:
		for i, item := range v.Items {
			v.Items[i] = trust(item, pos)
		}
	case *value.Map:
		for k, item := range v.All() {
			v.Set(k, trust(item, pos))
		}
	}
	return v
}

// splitWords splits a line as a shell does, without expanding anything: quotes, backslashes,
// and # for a comment.
func splitWords(s string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord := false
	flush := func() {
		if inWord {
			words = append(words, word.String())
		}
		word.Reset()
		inWord = false
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case ' ', '\t', '\r':
			flush()
		case '#':
			flush()
			return nonEmpty(words)
		case '\\':
			if i++; i == len(s) {
				return nil, errors.New("a backslash stands at the end")
			}
			word.WriteByte(s[i])
			inWord = true
		case '\'', '"':
			inWord = true
			end := closing(s, i)
			if end < 0 {
				return nil, fmt.Errorf("the quote %c is not closed", c)
			}
			word.WriteString(unescape(s[i+1:end], c))
			i = end
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	flush()
	return nonEmpty(words)
}

func nonEmpty(words []string) ([]string, error) {
	if len(words) == 0 {
		return nil, errors.New("there is none")
	}
	return words, nil
}

// closing returns where the quote that opens at i ends, or -1.
func closing(s string, i int) int {
	for j := i + 1; j < len(s); j++ {
		switch {
		case s[j] == s[i]:
			return j
		case s[j] == '\\' && s[i] == '"':
			j++
		}
	}
	return -1
}

func unescape(s string, quote byte) string {
	if quote == '\'' {
		return s
	}
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(s)
}
