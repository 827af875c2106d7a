package module

import (
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
)

// modeClause is one "u+rwX" of a symbolic mode.
type modeClause struct {
	who   fs.FileMode // mask of the classes: 0o4700, 0o2070, 0o1007 or a union
	op    byte        // '+', '-' or '='
	perms string      // of "rwxXst", or one of "ugo" to copy from
}

var symbolicMode = regexp.MustCompile(`^[ugoa]*(?:[-+=](?:[rwxXst]*|[ugo]))+$`)

// ParseMode reads a mode as Ansible does: octal text or number, symbolic text, "preserve".
func ParseMode(v any) (Mode, error) {
	switch v := v.(type) {
	case nil:
		return Mode{}, nil
	case int64:
		if v < 0 || v > 0o7777 {
			return Mode{}, fmt.Errorf("%d is not a file mode: write it in quotes, as in \"0644\"", v)
		}
		return OctalMode(fs.FileMode(v)), nil
	case string:
		return parseModeText(v)
	}
	return Mode{}, fmt.Errorf("a file mode is text such as \"0644\" or \"u=rw,g=r\"")
}

// OctalMode returns the Mode of exactly these bits (0o7777).
func OctalMode(bits fs.FileMode) Mode { return Mode{octal: &bits} }

func parseModeText(s string) (Mode, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return Mode{}, nil
	}
	if s == "preserve" {
		return Mode{preserve: true}, nil
	}
	if bits, err := strconv.ParseUint(strings.TrimPrefix(s, "0o"), 8, 32); err == nil {
		if bits > 0o7777 {
			return Mode{}, fmt.Errorf("%q is not a file mode: at most four octal digits", s)
		}
		return OctalMode(fs.FileMode(bits)), nil
	}
	m := Mode{symbolic: []modeClause{}}
	for part := range strings.SplitSeq(s, ",") {
		if !symbolicMode.MatchString(part) {
			return Mode{}, fmt.Errorf("%q is not a file mode: write octal digits (\"0644\") or clauses such as \"u=rw,g=r\"", s)
		}
		m.symbolic = append(m.symbolic, parseModeClause(part)...)
	}
	return m, nil
}

func parseModeClause(part string) []modeClause {
	ops := strings.IndexAny(part, "-+=")
	var who fs.FileMode
	for _, c := range part[:ops] {
		who |= map[rune]fs.FileMode{'u': 0o4700, 'g': 0o2070, 'o': 0o1007, 'a': 0o7777}[c]
	}
	if ops == 0 {
		who = 0o7777
	}
	var clauses []modeClause
	for rest := part[ops:]; rest != ""; {
		end := strings.IndexAny(rest[1:], "-+=") + 1
		if end == 0 {
			end = len(rest)
		}
		clauses = append(clauses, modeClause{who: who, op: rest[0], perms: rest[1:end]})
		rest = rest[end:]
	}
	return clauses
}

// Apply returns the bits that a file with the given bits gets. isDir matters for "X".
func (m Mode) Apply(old fs.FileMode, isDir bool) fs.FileMode {
	if m.octal != nil {
		return *m.octal
	}
	bits := old & 0o7777
	for _, c := range m.symbolic {
		bits = c.apply(bits, isDir)
	}
	return bits
}

func (c modeClause) apply(bits fs.FileMode, isDir bool) fs.FileMode {
	var set fs.FileMode
	for _, p := range c.perms {
		switch p {
		case 'r':
			set |= 0o444
		case 'w':
			set |= 0o222
		case 'x':
			set |= 0o111
		case 'X':
			if isDir || bits&0o111 != 0 {
				set |= 0o111
			}
		case 's':
			set |= 0o6000
		case 't':
			set |= 0o1000
		case 'u':
			set |= spread(bits >> 6 & 7)
		case 'g':
			set |= spread(bits >> 3 & 7)
		case 'o':
			set |= spread(bits & 7)
		}
	}
	set &= c.who
	switch c.op {
	case '+':
		return bits | set
	case '-':
		return bits &^ set
	}
	cleared := c.who
	if isDir { // "=" leaves setuid and setgid of a folder alone, as chmod does
		cleared &^= 0o6000
	}
	return bits&^cleared | set
}

func spread(three fs.FileMode) fs.FileMode { return three<<6 | three<<3 | three }

// FormatMode writes bits as Ansible's results do: "0644".
func FormatMode(bits fs.FileMode) string { return fmt.Sprintf("%04o", uint32(bits&0o7777)) }
