package user

import (
	"fmt"
	"io/fs"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"kops/internal/module"
	"kops/internal/remote"
)

const day = 24 * 60 * 60

// A decision is what must be done to an account.
type decision struct {
	commands [][]string
	password bool // the password must be set
	before   []string
	after    []string
	effects  []module.Effect
}

// note adds a line to the difference.
func (d *decision) note(what, before, after string) {
	d.before = append(d.before, what+": "+before)
	d.after = append(d.after, what+": "+after)
}

func (d *decision) diff(name string) module.Diff {
	text := func(lines []string) string {
		if len(lines) == 0 {
			return ""
		}
		return strings.Join(lines, "\n") + "\n"
	}
	return module.Diff{BeforeHeader: "user " + name, AfterHeader: "user " + name, Before: text(d.before), After: text(d.after)}
}

// decide compares the account with what it should be. groups are the groups that were
// looked up, by the name or number that was asked for.
func (s *Spec) decide(u remote.User, exists bool, groups map[string]remote.Group) (*decision, error) {
	switch {
	case s.State == "absent" && exists:
		return s.remove(u), nil
	case s.State == "absent":
		return &decision{}, nil
	}
	if err := s.checkGroups(groups); err != nil {
		return nil, err
	}
	if exists {
		return s.modify(u, groups), nil
	}
	return s.create(groups), nil
}

func (s *Spec) checkGroups(groups map[string]remote.Group) error {
	var wanted []string
	if s.Group != nil {
		wanted = append(wanted, *s.Group)
	}
	if s.Groups != nil {
		wanted = append(wanted, *s.Groups...)
	}
	for _, name := range wanted {
		if _, ok := groups[name]; !ok {
			return fmt.Errorf("user %s: Group %s does not exist (%w)", s.Name, name, module.ErrDependsOnEarlier)
		}
	}
	return nil
}

func (s *Spec) remove(u remote.User) *decision {
	command := []string{"userdel"}
	if s.Force {
		command = append(command, "-f")
	}
	if s.Remove {
		command = append(command, "-r")
	}
	d := &decision{commands: [][]string{append(command, s.Name)}, before: describe(u)}
	d.effects = append(d.effects, module.Effect{User: &u, Gone: true})
	if s.Remove && path.IsAbs(u.Home) {
		d.effects = append(d.effects, module.Effect{Path: &remote.File{Path: u.Home}})
	}
	if u.Group == u.Name { // userdel removes the user's own group
		d.effects = append(d.effects, module.Effect{Group: &remote.Group{Name: u.Group, GID: u.GID}, Gone: true})
	}
	return d
}

func (s *Spec) create(groups map[string]remote.Group) *decision {
	after := remote.User{Name: s.Name, UID: -1, GID: -1, Home: "/home/" + s.Name, Shell: "/bin/sh", Group: s.Name, Expires: -1, HomeMissing: !s.CreateHome}
	d := &decision{}
	command := []string{"useradd"}
	add := func(words ...string) { command = append(command, words...) }
	if s.UID != nil {
		after.UID = *s.UID
		add("-u", strconv.Itoa(*s.UID))
		if s.NonUnique {
			add("-o")
		}
	}
	if s.SEUser != nil {
		add("-Z", *s.SEUser)
	}
	own, hasOwn := groups[s.Name]
	switch {
	case s.Group != nil:
		after.Group, after.GID = groups[*s.Group].Name, groups[*s.Group].GID
		add("-g", *s.Group)
	case hasOwn && own.Name == s.Name:
		after.GID = own.GID
		add("-g", s.Name)
	default: // useradd makes a group of the user's name
		d.effects = append(d.effects, module.Effect{Group: &remote.Group{Name: s.Name, GID: -1}})
	}
	if s.Groups != nil && len(*s.Groups) > 0 {
		after.Groups = groupNames(*s.Groups, groups)
		add("-G", strings.Join(after.Groups, ","))
	}
	for _, o := range []struct {
		flag  string
		value *string
		field *string
	}{{"-c", s.Comment, &after.Comment}, {"-d", s.Home, &after.Home}, {"-s", s.Shell, &after.Shell}} {
		if o.value != nil {
			*o.field = *o.value
			add(o.flag, *o.value)
		}
	}
	if s.Expires != nil {
		after.Expires = expiryDays(*s.Expires)
		add("-e", expiryDate(after.Expires))
	}
	command = append(command, s.forNew()...)
	if s.CreateHome && s.Home != nil { // useradd makes no parents
		d.commands = append(d.commands, []string{"mkdir", "-p", "--", path.Dir(*s.Home)})
	}
	d.commands = append(d.commands, append(command, s.Name))
	if s.Password != "" {
		d.password = true
	} else if s.PasswordLock != nil && *s.PasswordLock {
		d.commands = append(d.commands, []string{"usermod", "-L", s.Name})
	}
	if s.CreateHome {
		d.effects = append(d.effects, home(after.Home))
	}
	d.after = describe(after)
	d.effects = append(d.effects, module.Effect{User: &after})
	return d
}

// describe tells of an account what is known of one that is yet to be made too, which its number is not.
func describe(u remote.User) []string {
	return []string{"home: " + u.Home, "shell: " + u.Shell, "group: " + u.Group}
}

// home is the effect of a new home folder: what the skeleton leaves in it is not known.
func home(p string) module.Effect {
	return module.Effect{Path: &remote.File{Path: p, Exists: true, Type: fs.ModeDir}, Vague: true, Below: true}
}

// Touches implements module.Toucher.
func (s *Spec) Touches() []module.Effect {
	if s.Name == "" {
		return nil
	}
	return []module.Effect{{User: &remote.User{Name: s.Name}, Doubt: true}, {Group: &remote.Group{Name: s.Name}, Doubt: true}}
}

// forNew returns the options that only a new account takes.
func (s *Spec) forNew() []string {
	var options []string
	if s.CreateHome {
		options = append(options, "-m")
		if s.Skeleton != nil {
			options = append(options, "-k", *s.Skeleton)
		}
		if s.Umask != nil {
			options = append(options, "-K", "UMASK="+*s.Umask)
		}
	} else {
		options = append(options, "-M")
	}
	if s.System {
		options = append(options, "-r")
	}
	if s.UIDMin != nil {
		options = append(options, "-K", "UID_MIN="+strconv.Itoa(*s.UIDMin))
	}
	if s.UIDMax != nil {
		options = append(options, "-K", "UID_MAX="+strconv.Itoa(*s.UIDMax))
	}
	return options
}

func (s *Spec) modify(u remote.User, groups map[string]remote.Group) *decision {
	d, after, command := &decision{}, u, []string{"usermod"}
	add := func(what, before, now string, words ...string) {
		d.note(what, before, now)
		command = append(command, words...)
	}
	if s.UID != nil && *s.UID != u.UID {
		after.UID = *s.UID
		add("uid", strconv.Itoa(u.UID), strconv.Itoa(*s.UID), "-u", strconv.Itoa(*s.UID))
		if s.NonUnique {
			command = append(command, "-o")
		}
	}
	if s.Group != nil {
		if g := groups[*s.Group]; g.GID != u.GID {
			after.Group, after.GID = g.Name, g.GID
			add("group", u.Group, g.Name, "-g", g.Name)
		}
	}
	if names, flags := s.newGroups(u, groups); flags != nil {
		after.Groups = names
		add("groups", strings.Join(u.Groups, ","), strings.Join(names, ","), flags...)
	}
	if s.Comment != nil && *s.Comment != u.Comment {
		after.Comment = *s.Comment
		add("comment", u.Comment, *s.Comment, "-c", *s.Comment)
	}
	if s.Home != nil && path.Clean(*s.Home) != path.Clean(u.Home) {
		after.Home = *s.Home
		add("home", u.Home, *s.Home, "-d", *s.Home)
		if s.MoveHome {
			command = append(command, "-m")
			d.effects = append(d.effects, module.Effect{Path: &remote.File{Path: u.Home}}, home(after.Home))
		}
	}
	if s.Shell != nil && *s.Shell != u.Shell {
		after.Shell = *s.Shell
		add("shell", u.Shell, *s.Shell, "-s", *s.Shell)
	}
	if s.Expires != nil && expiryDays(*s.Expires) != u.Expires {
		after.Expires = expiryDays(*s.Expires)
		add("expires", expiryText(u.Expires), expiryText(after.Expires), "-e", expiryDate(after.Expires))
	}
	s.modifyPassword(u, d, add)
	if len(command) > 1 {
		d.commands = append(d.commands, append(command, s.Name))
	}
	if u.HomeMissing && s.CreateHome && !s.MoveHome {
		d.note("home folder", "missing", "made")
		after.HomeMissing = false
		d.effects = append(d.effects, home(after.Home))
		d.commands = append(d.commands, s.makeHome(after))
	}
	if len(d.commands) > 0 {
		d.effects = append([]module.Effect{{User: &after}}, d.effects...)
	}
	return d
}

// modifyPassword compares the password and its lock, as the shadow database has them.
func (s *Spec) modifyPassword(u remote.User, d *decision, add func(what, before, now string, words ...string)) {
	unlocked := strings.TrimLeft(u.Password, "!")
	if s.Password != "" && s.UpdatePassword == "always" && unlocked != strings.TrimLeft(s.Password.Reveal(), "!") {
		d.password = true
		d.note("password", "old", "new")
		return
	}
	locked := strings.HasPrefix(u.Password, "!")
	switch {
	case s.PasswordLock == nil || *s.PasswordLock == locked:
	case *s.PasswordLock:
		add("password", "unlocked", "locked", "-L")
	default:
		add("password", "locked", "unlocked", "-U")
	}
}

// newGroups returns the supplementary groups as they should be, and the options for
// usermod where they are not so.
func (s *Spec) newGroups(u remote.User, groups map[string]remote.Group) (names, flags []string) {
	if s.Groups == nil {
		return u.Groups, nil
	}
	primary := u.Group
	if s.Group != nil {
		primary = groups[*s.Group].Name
	}
	others := func(names []string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == primary })
	}
	wanted, have := others(groupNames(*s.Groups, groups)), others(u.Groups)
	if !s.Append {
		if slices.Equal(wanted, slices.Sorted(slices.Values(have))) {
			return u.Groups, nil
		}
		return wanted, []string{"-G", strings.Join(wanted, ",")}
	}
	missing := slices.DeleteFunc(wanted, func(n string) bool { return slices.Contains(have, n) })
	if len(missing) == 0 {
		return u.Groups, nil
	}
	return slices.Sorted(slices.Values(append(have, missing...))), []string{"-a", "-G", strings.Join(missing, ",")}
}

// groupNames returns the names of groups that may be given as numbers, sorted, each once.
func groupNames(wanted []string, groups map[string]remote.Group) []string {
	var names []string
	for _, w := range wanted {
		names = append(names, groups[w].Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// makeHome returns a command that makes a home folder as useradd would.
func (s *Spec) makeHome(u remote.User) []string {
	skeleton, umask := "/etc/skel", ""
	if s.Skeleton != nil {
		skeleton = *s.Skeleton
	}
	if s.Umask != nil {
		umask = *s.Umask
	}
	return []string{"sh", "-c", makeHomeScript, "sh", u.Home, skeleton, u.Name, umask}
}

// makeHomeScript takes home, skeleton, user and umask. The mode comes from login.defs.
const makeHomeScript = `set -e
mkdir -p -- "$(dirname -- "$1")"
if [ -d "$2" ]; then cp -R -P -- "$2" "$1"; else mkdir -- "$1"; fi
mode=$(awk '$1 == "HOME_MODE" { print $2; exit }' /etc/login.defs 2>/dev/null || :)
umask=${4:-$(awk '$1 == "UMASK" { print $2; exit }' /etc/login.defs 2>/dev/null || :)}
if [ -n "$4" ] || [ -z "$mode" ]; then mode=$(printf '%04o' $((0777 & ~0${umask:-022}))); fi
chown -R -P "$3:$(id -g "$3")" -- "$1"
chmod "$mode" -- "$1"`

// expiryDays converts seconds since 1970 to days; -1 is for never.
func expiryDays(seconds float64) int64 {
	if seconds < 0 {
		return -1
	}
	return int64(math.Floor(seconds)) / day
}

// expiryDate writes days since 1970 as useradd and usermod want them.
func expiryDate(days int64) string {
	if days < 0 {
		return ""
	}
	return time.Unix(days*day, 0).UTC().Format(time.DateOnly)
}

func expiryText(days int64) string {
	if days < 0 {
		return "never"
	}
	return expiryDate(days)
}
