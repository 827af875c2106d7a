package process

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"kops/internal/module"
	"kops/internal/remote"
)

var (
	variable = regexp.MustCompile(`\$([A-Za-z_][A-Za-z0-9_]*|\{[A-Za-z_][A-Za-z0-9_]*\})`)
	tilde    = regexp.MustCompile(`^~[A-Za-z0-9_.-]*(/|$)`)
)

// Expands tells whether text holds something that the host's environment decides: $NAME,
// ${NAME}, or a leading ~ or ~user.
func Expands(text string) bool { return variable.MatchString(text) || tilde.MatchString(text) }

// ExpandWords returns a shell script that begins with prefix and goes on with the words, in
// which variables and a leading tilde are expanded as Ansible does it: what is not set stays as it is
// written, and nothing is split or expanded further.
func ExpandWords(prefix string, words []string) string {
	var setup, line strings.Builder
	line.WriteString(prefix)
	n := 0
	for _, word := range words {
		line.WriteByte(' ')
		if t := tilde.FindString(word); t != "" {
			line.WriteString(t)
			if word = word[len(t):]; word == "" {
				continue
			}
		}
		rest := 0
		for _, m := range variable.FindAllStringSubmatchIndex(word, -1) {
			if m[0] > rest {
				line.WriteString(module.Quote(word[rest:m[0]]))
			}
			n++
			name := "kops_as_written_" + strconv.Itoa(n)
			setup.WriteString(name + "=" + module.Quote(word[m[0]:m[1]]) + "\n")
			line.WriteString(`"${` + strings.Trim(word[m[2]:m[3]], "{}") + `-$` + name + `}"`)
			rest = m[1]
		}
		if rest < len(word) || word == "" {
			line.WriteString(module.Quote(word[rest:]))
		}
	}
	return setup.String() + line.String()
}

// expand expands variables and tildes in paths, in one round trip, or none where there are none.
func expand(ctx context.Context, h remote.Reader, paths ...string) ([]string, error) {
	needed := false
	for _, p := range paths {
		needed = needed || Expands(p)
	}
	if !needed {
		return paths, nil
	}
	res, err := h.Query(ctx, ExpandWords(`printf '%s\n'`, paths))
	if err != nil {
		return nil, fmt.Errorf("expand %s: %w", strings.Join(paths, " "), err)
	}
	expanded := strings.Split(strings.TrimSuffix(string(res.Stdout), "\n"), "\n")
	if len(expanded) != len(paths) {
		return nil, fmt.Errorf("expand %s: unexpected answer %q", strings.Join(paths, " "), res.Stdout)
	}
	return expanded, nil
}
