package unarchive

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// harmless are the options of tar that do not change which files come out.
var harmless = []string{"--no-same-owner", "--same-owner", "--no-same-permissions", "--same-permissions", "-p", "--verbose", "-v", "--no-overwrite-dir", "--overwrite"}

// strip reads extra_opts. ok is false where kops cannot tell what comes out with them.
func strip(opts []string) (components int, ok bool) {
	for i := 0; i < len(opts); i++ {
		opt := opts[i]
		if opt == "--strip-components" && i+1 < len(opts) {
			i++
			opt += "=" + opts[i]
		}
		number, is := strings.CutPrefix(opt, "--strip-components=")
		n, err := strconv.Atoi(number)
		switch {
		case is && err == nil:
			components = n
		case !slices.Contains(harmless, opt):
			return 0, false
		}
	}
	return components, true
}

// choose returns the members that come out, under the names that they get; the last of
// those with the same name, as tar does.
func (s *Spec) choose(members []Member, components int) []Member {
	var excluded []*regexp.Regexp
	for _, p := range s.Exclude {
		excluded = append(excluded, glob(strings.TrimSuffix(p, "/")))
	}
	at := map[string]int{}
	var chosen []Member
	for _, m := range members {
		if s.included(m.Name) && !matchAny(excluded, m.Name) {
			parts := strings.Split(m.Name, "/")
			if len(parts) <= components {
				continue
			}
			m.Name = strings.Join(parts[components:], "/")
			if i, twice := at[m.Name]; twice {
				chosen[i] = m
				continue
			}
			at[m.Name] = len(chosen)
			chosen = append(chosen, m)
		}
	}
	return chosen
}

func (s *Spec) included(name string) bool {
	if len(s.Include) == 0 {
		return true
	}
	return slices.ContainsFunc(s.Include, func(p string) bool {
		p = strings.TrimSuffix(strings.TrimPrefix(p, "./"), "/")
		return name == p || strings.HasPrefix(name, p+"/")
	})
}

// matchAny tells whether a pattern matches a name as tar's --exclude does: from any of its
// parts on, and then all that is below.
func matchAny(patterns []*regexp.Regexp, name string) bool {
	parts := strings.Split(name, "/")
	for from := range parts {
		for to := from + 1; to <= len(parts); to++ {
			part := strings.Join(parts[from:to], "/")
			if slices.ContainsFunc(patterns, func(p *regexp.Regexp) bool { return p.MatchString(part) }) {
				return true
			}
		}
	}
	return false
}

// glob compiles a pattern of * and ?, both of which match slashes too.
func glob(pattern string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(strings.TrimPrefix(pattern, "./"))
	quoted = strings.ReplaceAll(strings.ReplaceAll(quoted, `\*`, ".*"), `\?`, ".")
	return regexp.MustCompile("^(?s:" + quoted + ")$")
}
