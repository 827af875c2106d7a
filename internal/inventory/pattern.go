package inventory

import (
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"kops/internal/diag"
	"kops/internal/value"
	"kops/internal/yamlpos"
)

var (
	subscripted = regexp.MustCompile(`^(.+)\[(?:(-?[0-9]+)|([0-9]+):([0-9]*))\]$`)
	colonList   = regexp.MustCompile(`(?:[^\s:\[\]]|\[[^\]]*\])+`)
)

// Match returns the hosts that a pattern means, in Ansible's order: pattern by pattern, in
// each as the inventory has them. The diagnostics, which have no place, warn of names that
// match nothing, and say what is wrong with the pattern.
func (inv *Inventory) Match(pattern string) ([]*Host, diag.List) {
	var list diag.List
	var plain, intersect, exclude []string
	for _, p := range SplitPattern(pattern) {
		switch p[0] {
		case '&':
			intersect = append(intersect, p[1:])
		case '!':
			exclude = append(exclude, p[1:])
		default:
			plain = append(plain, p)
		}
	}
	if len(plain) == 0 && len(intersect)+len(exclude) > 0 {
		plain = []string{All}
	}
	var hosts []*Host
	for _, p := range plain {
		for _, h := range inv.matchOne(p, &list) {
			if !slices.ContainsFunc(hosts, func(o *Host) bool { return o.Name == h.Name }) || len(plain) == 1 {
				hosts = append(hosts, h)
			}
		}
	}
	for _, p := range intersect {
		keep := inv.nameSet(p, &list)
		hosts = slices.DeleteFunc(hosts, func(h *Host) bool { return !keep[h.Name] })
	}
	for _, p := range exclude {
		drop := inv.nameSet(p, &list)
		hosts = slices.DeleteFunc(hosts, func(h *Host) bool { return drop[h.Name] })
	}
	return hosts, list
}

func (inv *Inventory) nameSet(pattern string, list *diag.List) map[string]bool {
	set := map[string]bool{}
	for _, h := range inv.matchOne(pattern, list) {
		set[h.Name] = true
	}
	return set
}

// SplitPattern splits a pattern at its commas, or where it has none at the colons that are
// not part of a range or an IPv6 address.
func SplitPattern(pattern string) []string {
	pattern = strings.TrimSpace(pattern)
	var parts []string
	switch {
	case strings.Contains(pattern, ","):
		parts = strings.Split(pattern, ",")
	case strings.HasPrefix(pattern, "~"):
		parts = []string{pattern}
	default:
		if _, err := netip.ParseAddr(strings.Trim(pattern, "[]")); err == nil {
			return []string{pattern}
		}
		parts = colonList.FindAllString(pattern, -1)
	}
	var trimmed []string
	for _, p := range parts {
		if p = strings.TrimSpace(p); p != "" && p != "!" && p != "&" {
			trimmed = append(trimmed, p)
		}
	}
	return trimmed
}

// matchOne returns the hosts of a pattern without commas, & and !.
func (inv *Inventory) matchOne(pattern string, list *diag.List) []*Host {
	if h := inv.hosts[pattern]; h != nil && inv.groups[pattern] == nil {
		return []*Host{h}
	}
	expr := pattern
	m := subscripted.FindStringSubmatch(pattern)
	if m != nil && pattern[0] != '~' {
		expr = m[1]
	} else {
		m = nil
	}
	match, err := matcher(expr)
	if err != nil {
		list.Add(diag.Errorf(value.Position{}, "the host pattern %q is not a regular expression: %w", pattern, err))
		return nil
	}
	hosts, matchedGroup := inv.enumerate(expr, match)
	if len(hosts) == 0 && !matchedGroup {
		if h := inv.Host(expr); h != nil {
			return []*Host{h}
		}
		list.Add(inv.noMatch(pattern, expr))
	}
	if m == nil || len(hosts) == 0 {
		return hosts
	}
	return subscript(hosts, pattern, m, list)
}

// enumerate returns the hosts of all groups that match, and hosts that match themselves.
func (inv *Inventory) enumerate(expr string, match func(string) bool) (hosts []*Host, matchedGroup bool) {
	seen := map[*Host]bool{}
	add := func(h *Host) {
		if !seen[h] {
			seen[h] = true
			hosts = append(hosts, h)
		}
	}
	for _, g := range inv.Groups {
		if !match(g.Name) {
			continue
		}
		matchedGroup = true
		for _, h := range g.AllHosts() {
			add(h)
		}
	}
	if !matchedGroup || expr[0] == '~' || strings.ContainsAny(expr, ".?*[") {
		for _, h := range inv.Hosts {
			if match(h.Name) {
				add(h)
			}
		}
	}
	return hosts, matchedGroup
}

func (inv *Inventory) noMatch(pattern, expr string) *diag.Diagnostic {
	var names []string
	for _, g := range inv.Groups {
		names = append(names, g.Name)
	}
	for _, h := range inv.Hosts {
		names = append(names, h.Name)
	}
	return diag.Warningf(value.Position{}, "the host pattern %q matches no host and no group", pattern).
		WithHint("%s", diag.Suggest(expr, names))
}

// matcher returns what decides whether a name matches: a regular expression from its start,
// a glob, or equality.
func matcher(expr string) (func(string) bool, error) {
	if re, ok := strings.CutPrefix(expr, "~"); ok {
		compiled, err := regexp.Compile("^(?:" + re + ")")
		if err != nil {
			return nil, err
		}
		return compiled.MatchString, nil
	}
	if !strings.ContainsAny(expr, "*?[") {
		return func(name string) bool { return name == expr }, nil
	}
	compiled, err := regexp.Compile(glob(expr))
	if err != nil {
		return nil, err
	}
	return compiled.MatchString, nil
}

// glob translates a shell pattern into a regular expression.
func glob(pattern string) string {
	var b strings.Builder
	b.WriteString("^(?s:")
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '*':
			b.WriteString(".*")
		case '?':
			b.WriteByte('.')
		case '[':
			end := strings.IndexByte(pattern[i+1:], ']')
			if end < 1 {
				b.WriteString(`\[`)
				continue
			}
			set := strings.ReplaceAll(pattern[i+1:i+1+end], `\`, `\\`)
			if set[0] == '!' {
				set = "^" + set[1:]
			}
			b.WriteString("[" + set + "]")
			i += end + 1
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	b.WriteString(")$")
	return b.String()
}

// subscript picks hosts by [n], [from:to] (both included) or [from:].
func subscript(hosts []*Host, pattern string, m []string, list *diag.List) []*Host {
	if m[2] != "" {
		i, err := strconv.Atoi(m[2])
		if i < 0 {
			i += len(hosts)
		}
		if err != nil || i < 0 || i >= len(hosts) {
			list.Add(diag.Errorf(value.Position{}, "the host pattern %q points past the %d hosts that match without its subscript",
				pattern, len(hosts)))
			return nil
		}
		return hosts[i : i+1]
	}
	from, err := strconv.Atoi(m[3])
	to := len(hosts) - 1
	if m[4] != "" && err == nil {
		to, err = strconv.Atoi(m[4])
	}
	if err != nil {
		list.Add(diag.Errorf(value.Position{}, "host pattern %q: %w", pattern, err))
		return nil
	}
	to = min(to+1, len(hosts))
	if from >= to {
		return nil
	}
	return hosts[from:to]
}

// ReadLimit replaces each @file of a --limit by the patterns in that file, one a line.
func ReadLimit(limit string) (string, error) {
	var parts []string
	for part := range strings.SplitSeq(limit, ",") {
		file, ok := strings.CutPrefix(strings.TrimSpace(part), "@")
		if !ok {
			parts = append(parts, part)
			continue
		}
		src, err := os.ReadFile(file)
		if err != nil {
			return "", diag.Errorf(value.Position{File: file}, "cannot read the hosts to limit the run to: %s", yamlpos.ReadError(file, err).Summary)
		}
		for line := range strings.Lines(string(src)) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				parts = append(parts, line)
			}
		}
	}
	return strings.Join(parts, ","), nil
}
