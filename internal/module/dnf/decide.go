package dnf

import (
	"fmt"
	"path"
	"strings"

	"kops/internal/module"
)

// A state is what rpm and dnf know.
type state struct {
	tool      string // dnf, dnf5 or yum
	installed map[string]bool
	provided  map[string]bool // something that is installed provides it
	upgrades  []string        // names of packages that have a newer version
}

const mark = "@@kops "

// script asks about each name by itself: rpm knows names with versions and architectures.
func (s *Spec) script() string {
	var b strings.Builder
	b.WriteString("(\nexec 2>/dev/null </dev/null\nexport LC_ALL=C\nkops_section() { printf '\\n@@kops %s\\n' \"$1\"; }\n" +
		"kops_section tool\nfor t in dnf dnf5 yum; do command -v $t >/dev/null && { echo $t; kops_tool=$t; break; }; done\nkops_section names\n")
	for _, n := range s.Name {
		q := module.Quote(n)
		switch {
		case isAsked(n, s.State):
		case strings.HasSuffix(n, ".rpm"):
			b.WriteString("p=$(rpm -qp --qf '%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}' -- " + q + ") && rpm -q -- \"$p\" >/dev/null && printf 'installed %s\\n' " + q + "\n")
		case isGlob(n):
			b.WriteString("[ -n \"$(rpm -qa -- " + q + ")\" ] && printf 'installed %s\\n' " + q + "\n")
		default:
			b.WriteString("if rpm -q -- " + q + " >/dev/null; then printf 'installed %s\\n' " + q +
				"; elif rpm -q --whatprovides -- " + q + " >/dev/null; then printf 'provided %s\\n' " + q + "; fi\n")
		}
	}
	if s.State == "latest" && (!s.UpdateCache || s.updated) && len(s.Name) > 0 {
		b.WriteString("kops_section upgrades\n\"$kops_tool\" -q " + module.Quote(s.options()...) + " check-update\n")
	}
	b.WriteString("true\n)\n")
	return b.String()
}

// isAsked tells whether only dnf itself can say what a name means.
func isAsked(name, wanted string) bool {
	return strings.HasPrefix(name, "@") || strings.Contains(name, "://") || isGlob(name) && name != "*" && wanted != "absent"
}

func isGlob(name string) bool { return strings.ContainsAny(name, "*?[") }

func parse(answer string) (state, error) {
	st := state{installed: map[string]bool{}, provided: map[string]bool{}}
	for part := range strings.SplitSeq("\n"+answer, "\n"+mark) {
		name, text, _ := strings.Cut(part, "\n")
		switch name {
		case "tool":
			st.tool = strings.TrimSpace(text)
		case "names":
			for line := range strings.Lines(text) {
				word, n, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
				st.installed[n] = st.installed[n] || word == "installed"
				st.provided[n] = st.provided[n] || word == "provided"
			}
		case "upgrades":
			st.upgrades = readUpgrades(text)
		}
	}
	if st.tool == "" {
		return st, fmt.Errorf("the host has neither dnf nor yum")
	}
	return st, nil
}

// readUpgrades reads "kernel.x86_64   5.14.0-427.el9   baseos". What follows "Obsoleting
// Packages" is no upgrade. A long name has its version on the next line.
func readUpgrades(text string) []string {
	var names []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "Obsoleting") {
			break
		}
		f := strings.Fields(line)
		if len(f) == 0 || strings.HasPrefix(line, " ") || len(f) != 3 && len(f) != 1 {
			continue
		}
		if i := strings.LastIndexByte(f[0], '.'); i > 0 {
			names = append(names, f[0][:i], f[0])
		}
	}
	return names
}

// A decision is what dnf must do.
type decision struct{ install, upgrade, remove, ask []string }

// decide compares the packages with what they should be.
func (s *Spec) decide(st state) decision {
	var d decision
	for _, n := range s.Name {
		there := st.installed[n]
		switch {
		case s.State == "absent":
			if there {
				d.remove = append(d.remove, n)
			} else if strings.HasPrefix(n, "@") {
				d.ask = append(d.ask, n)
			}
		case isAsked(n, s.State):
			d.ask = append(d.ask, n)
		case n == "*":
			if len(st.upgrades) > 0 {
				d.upgrade = append(d.upgrade, n)
			}
		case !there && !(st.provided[n] && s.State == "present") && !s.UpdateOnly:
			d.install = append(d.install, n)
		case there && s.State == "latest" && hasUpgrade(st.upgrades, n):
			d.upgrade = append(d.upgrade, n)
		}
	}
	return d
}

func hasUpgrade(upgrades []string, name string) bool {
	for _, u := range upgrades {
		if ok, err := path.Match(name, u); err == nil && ok {
			return true
		}
	}
	return false
}

// options are those that every call has.
func (s *Spec) options() []string {
	var o []string
	add := func(on bool, option string) {
		if on {
			o = append(o, option)
		}
	}
	add(s.ConfFile != "", "--config="+s.ConfFile)
	add(len(s.DisableRepo) > 0, "--disablerepo="+strings.Join(s.DisableRepo, ","))
	add(len(s.EnableRepo) > 0, "--enablerepo="+strings.Join(s.EnableRepo, ","))
	add(len(s.Exclude) > 0, "--exclude="+strings.Join(s.Exclude, ","))
	add(s.ReleaseVer != "", "--releasever="+s.ReleaseVer)
	add(s.CacheOnly, "-C")
	add(s.Security, "--security")
	add(s.Bugfix, "--bugfix")
	return o
}

// command returns the command for a verb. "install" of a group, URL or glob is the verb of
// the state.
func (s *Spec) command(tool, verb string, names []string) []string {
	if verb == "install" && s.State == "absent" {
		verb = "remove"
	}
	c := append([]string{tool, "-y", "--setopt=exit_on_lock=True"}, s.options()...)
	for _, f := range []struct {
		on   bool
		flag string
	}{{s.DisableGPG, "--nogpgcheck"}, {s.AllowErasing, "--allowerasing"}, {s.NoBest, "--nobest"}, {s.SkipBroken, "--skip-broken"}, {!s.WeakDeps, "--setopt=install_weak_deps=False"}} {
		if f.on && (verb == "install" || verb == "upgrade") {
			c = append(c, f.flag)
		}
	}
	c = append(c, verb)
	if len(names) == 1 && names[0] == "*" {
		return c
	}
	return append(c, names...)
}
