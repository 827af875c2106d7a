package setup

import (
	"path"
	"strconv"
	"strings"
)

// sectionMark begins the line that names a section of the script's answer.
const sectionMark = "@@kops "

// sections are the parts of the script's answer, by name.
type sections map[string]string

func split(answer string) sections {
	s := sections{}
	for part := range strings.SplitSeq("\n"+answer, "\n"+sectionMark) {
		name, text, _ := strings.Cut(part, "\n")
		s[name] = strings.TrimSuffix(text, "\n")
	}
	return s
}

// filesSection is where grep has written the lines of all sources, each after its file's path.
const filesSection = "files"

// distribute makes the sections of the collectors' sources.
func (s sections) distribute(wanted []collector) {
	files := map[string]*strings.Builder{}
	var order []string
	for line := range strings.Lines(s[filesSection] + "\n") {
		name, text, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		if files[name] == nil {
			files[name] = &strings.Builder{}
			order = append(order, name)
		}
		files[name].WriteString(text)
	}
	for _, c := range wanted {
		for _, f := range c.files {
			s[f.section] = f.text(order, files)
		}
	}
}

// text returns the source's section. Globs find files in the order in which grep read them.
func (f source) text(order []string, files map[string]*strings.Builder) string {
	var b strings.Builder
	for pattern := range strings.FieldsSeq(f.paths) {
		begin, _, glob := strings.Cut(pattern, "*")
		for _, name := range order {
			if !strings.HasPrefix(name, begin) || !glob && name != pattern {
				continue
			}
			if ok, _ := path.Match(pattern, name); !ok { // the patterns are well-formed
				continue
			}
			for line := range strings.Lines(files[name].String()) {
				if f.named {
					b.WriteString(name + ":")
				}
				b.WriteString(line)
			}
		}
		if b.Len() > 0 && !f.named {
			break
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// one returns a section's text without white space around it.
func (s sections) one(name string) string { return strings.TrimSpace(s[name]) }

// lines returns a section's lines.
func (s sections) lines(name string) []string {
	if s[name] == "" {
		return nil
	}
	return strings.Split(s[name], "\n")
}

// line returns a section's line by number, "" where it has fewer.
func (s sections) line(name string, n int) string {
	if lines := s.lines(name); n < len(lines) {
		return lines[n]
	}
	return ""
}

// files reads a section that "grep -H" wrote: the first line of each file, by path.
func (s sections) files(name string) map[string]string {
	m := map[string]string{}
	for _, line := range s.lines(name) {
		path, text, ok := strings.Cut(line, ":")
		if _, seen := m[path]; ok && !seen {
			m[path] = strings.TrimSpace(text)
		}
	}
	return m
}

// assignments reads NAME=value lines with optional quotes, as os-release has them.
func (s sections) assignments(name string) map[string]string {
	m := map[string]string{}
	for _, line := range s.lines(name) {
		k, v, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || strings.HasPrefix(k, "#") {
			continue
		}
		if len(v) > 1 && (v[0] == '"' || v[0] == '\'') && v[len(v)-1] == v[0] {
			v = strings.NewReplacer(`\"`, `"`, `\$`, `$`, `\\`, `\`, "\\`", "`").Replace(v[1 : len(v)-1])
		}
		m[k] = v
	}
	return m
}

// number reads a number, 0 where there is none.
func number(text string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
