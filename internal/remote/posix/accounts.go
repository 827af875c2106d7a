package posix

import (
	"context"
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"kops/internal/remote"
)

// Accounts looks users and groups up in one round trip.
func (h *Host) Accounts(ctx context.Context, users, groups []string) (remote.Accounts, error) {
	out := remote.Accounts{Users: map[string]remote.User{}, Groups: map[string]remote.Group{}}
	if len(users)+len(groups) == 0 {
		return out, nil
	}
	for _, key := range append(append([]string{}, users...), groups...) {
		if key == "" || strings.ContainsAny(key, "\n:\x00") {
			return out, fmt.Errorf("%q is not a name of a user or group", key)
		}
	}
	mark := newMark()
	res, err := h.read(ctx, "look up users and groups", accountsScript(mark, users, groups))
	if err != nil {
		return out, err
	}
	sections := strings.Split(string(res.Stdout), mark)
	if len(sections) != 6 || sections[5] != "E" {
		return out, &remote.ScriptError{What: "look up users and groups", Result: res}
	}
	passwd, shadow := table(sections[1]), table(sections[2])
	group, member := table(sections[3]), table(sections[4])
	for _, key := range users {
		if e := find(passwd, key, 7); e != nil {
			out.Users[key] = userOf(e, shadow, member)
		}
	}
	for _, key := range groups {
		if e := find(group, key, 4); e != nil {
			out.Groups[key] = groupOf(e)
		}
	}
	return out, nil
}

// accountsScript prints passwd, shadow and group entries and, for each user, "key:whether the home
// folder is there:what id says", each section after the mark. Without getent the files are read.
func accountsScript(mark string, users, groups []string) string {
	return "M=" + mark + `
kops_db() {
	db=$1; shift
	[ $# -gt 0 ] || return
	if command -v getent >/dev/null; then getent $db -- "$@" 2>/dev/null; else cat /etc/$db 2>/dev/null; fi
}
kops_users=$(kops_db passwd ` + QuoteAll(users) + `)
printf '%s%s\n' $M "$kops_users"
printf '%s' $M; kops_db shadow ` + QuoteAll(users) + `
printf '%s' $M; kops_db group ` + QuoteAll(groups) + `
printf '%s' $M
kops_line='
'
for u in ` + QuoteAll(users) + `; do
	who=$(id -- "$u" 2>/dev/null) || continue
	name=${who#*'('}; name=${name%%')'*}
	home=$kops_line$kops_users; home=${home#*"$kops_line$name:"}; home=${home%%"$kops_line"*}; home=${home%:*}; home=${home##*:}
	[ -e "${home:-/}" ] && there=yes || there=no
	printf '%s:%s:%s\n' "$u" $there "$who"
done
printf '%sE' $M
`
}

// table splits lines into fields.
func table(section string) [][]string {
	var out [][]string
	for line := range strings.Lines(section) {
		out = append(out, strings.Split(strings.TrimSuffix(line, "\n"), ":"))
	}
	return out
}

// find returns the entry whose name, or else whose number, is key.
func find(entries [][]string, key string, fields int) []string {
	for _, column := range []int{0, 2} {
		for _, e := range entries {
			if len(e) >= fields && e[column] == key {
				return e
			}
		}
	}
	return nil
}

func userOf(e []string, shadow, member [][]string) remote.User {
	u := remote.User{Name: e[0], Comment: e[4], Home: e[5], Shell: e[6], Expires: -1}
	u.UID, _ = strconv.Atoi(e[2]) // the database holds numbers
	u.GID, _ = strconv.Atoi(e[3])
	for _, s := range shadow {
		if len(s) >= 8 && s[0] == u.Name {
			u.Password = s[1]
			if days, err := strconv.ParseInt(s[7], 10, 64); err == nil {
				u.Expires = days
			}
		}
	}
	for _, m := range member {
		if len(m) < 3 || m[0] != u.Name && m[0] != e[2] {
			continue
		}
		u.HomeMissing = m[1] == "no"
		u.Group, u.Groups = membership(strings.Join(m[2:], ":"))
	}
	return u
}

// idGroup is a group in what id says: its number, and its name where it has one.
var idGroup = regexp.MustCompile(`[=,]?(\d+)(?:\(([^)]*)\))?(?:,|$| groups=)`)

// membership reads "uid=1000(ops) gid=1000(ops) groups=1000(ops),27(sudo)".
func membership(said string) (primary string, others []string) {
	_, after, _ := strings.Cut(said, " gid=")
	for i, m := range idGroup.FindAllStringSubmatch(after, -1) {
		g := m[2]
		if g == "" {
			g = m[1]
		}
		switch {
		case i == 0:
			primary = g
		case g != primary:
			others = append(others, g)
		}
	}
	sort.Strings(others)
	return primary, others
}

func groupOf(e []string) remote.Group {
	g := remote.Group{Name: e[0]}
	g.GID, _ = strconv.Atoi(e[2]) // the database holds numbers
	if e[3] != "" {
		g.Members = strings.Split(e[3], ",")
	}
	return g
}
