package apt

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"kops/internal/module"
)

// A state is what dpkg and apt know.
type state struct {
	now       int64 // the host's clock
	cacheTime int64 // when the lists were brought up to date
	packages  map[string]installed
	provides  map[string]string // virtual package → an installed package that provides it
	candidate map[string]string // package → version that would be installed, "" where there is none
	deb       installed         // the package of the .deb file
	simulated []string          // lines "Inst …", "Remv …" of a simulation
	debError  string
}

// installed is a package as dpkg has it.
type installed struct {
	name, arch, version string
	there               bool // installed; otherwise only its configuration is
	held                bool
}

const mark = "@@kops "

// statScript says when the lists were brought up to date, as Ansible finds it out; 0 where
// there are none, as in a fresh image, whose folder is as young as the image.
const statScript = `kops_section() { printf '\n@@kops %s\n' "$1"; }
export LC_ALL=C
kops_section time
date +%s
if ls /var/lib/apt/lists/*Packages* /var/lib/apt/lists/*Release* >/dev/null 2>&1; then
  stat -c %Y /var/lib/apt/periodic/update-success-stamp 2>/dev/null || stat -c %Y /var/lib/apt/lists
else echo 0; fi
`

const format = `'${Package}\t${Architecture}\t${Version}\t${db:Status-Want} ${db:Status-Status}\t${Provides}\n'`

// script asks for everything that the decision needs.
func (s *Spec) script() string {
	var b strings.Builder
	b.WriteString("(\nexec 2>/dev/null </dev/null\n" + statScript)
	var names, greps []string
	for _, n := range s.Name {
		p := parseName(n)
		names = append(names, p.name)
		greps = append(greps, "-e", p.name)
	}
	if len(names) > 0 {
		b.WriteString("kops_section packages\ndpkg-query -W -f " + format + " -- " + module.Quote(names...) + "\n")
		b.WriteString("kops_section provides\ndpkg-query -W -f " + format + " | grep -F " + module.Quote(greps...) + "\n")
		if s.State == "latest" {
			b.WriteString("kops_section policy\napt-cache " + s.release("-o", "APT::Default-Release=") + "policy -- " + module.Quote(names...) + "\n")
		}
	}
	if s.Deb != "" {
		deb := module.Quote(s.Deb)
		b.WriteString("kops_section deb\ndpkg-deb -W --showformat '${Package}\\t${Architecture}\\t${Version}\\tinstall installed\\t\\n' " + deb + " 2>&1\n" +
			"kops_section packages\ndpkg-query -W -f " + format + " -- \"$(dpkg-deb -f " + deb + " Package)\"\n")
	}
	simulate := "apt-get -s -q -o Debug::NoLocking=1 " + s.release("-t", "")
	switch {
	case s.Upgrade != "no":
		b.WriteString("kops_section simulate\n" + simulate + strings.Join(s.upgradeVerb(), " ") + " | grep -E '^(Inst|Remv|Purg) '\n")
	case s.Autoremove && len(s.Name) == 0 && s.Deb == "":
		b.WriteString("kops_section simulate\n" + simulate + "autoremove | grep -E '^(Inst|Remv|Purg) '\n")
	}
	b.WriteString("true\n)\n")
	return b.String()
}

func (s *Spec) release(option, prefix string) string {
	if s.DefaultRelease == "" {
		return ""
	}
	return module.Quote(option, prefix+s.DefaultRelease) + " "
}

// parse reads the script's answer.
func parse(answer string) (state, error) {
	st := state{packages: map[string]installed{}, provides: map[string]string{}, candidate: map[string]string{}}
	timed := false
	for part := range strings.SplitSeq("\n"+answer, "\n"+mark) {
		name, text, _ := strings.Cut(part, "\n")
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		switch name {
		case "time":
			st.now = number(lines[0])
			if len(lines) > 1 {
				st.cacheTime = number(lines[1])
			}
			timed = st.now > 0
		case "packages":
			for _, p := range packages(lines) {
				st.packages[p.name+":"+p.arch] = p
				if _, ok := st.packages[p.name]; !ok || p.there {
					st.packages[p.name] = p
				}
			}
		case "provides":
			st.readProvides(lines)
		case "policy":
			st.readPolicy(lines)
		case "deb":
			if p := packages(lines); len(p) == 1 {
				st.deb = p[0]
			} else {
				st.debError = strings.TrimSpace(text)
			}
		case "simulate":
			for _, l := range lines {
				if l != "" {
					st.simulated = append(st.simulated, l)
				}
			}
		}
	}
	if !timed {
		return st, fmt.Errorf("ask apt: unexpected answer %q: is this a Debian system?", answer)
	}
	return st, nil
}

func packages(lines []string) []installed {
	var all []installed
	for _, l := range lines {
		f := strings.Split(l, "\t")
		if len(f) < 5 {
			continue
		}
		want, status, _ := strings.Cut(f[3], " ")
		if status == "installed" || status == "config-files" || strings.HasPrefix(status, "trigger") {
			all = append(all, installed{name: f[0], arch: f[1], version: f[2], there: status != "config-files", held: want == "hold"})
		}
	}
	return all
}

// readProvides reads "mail-transport-agent, foo (= 1.0)".
func (st *state) readProvides(lines []string) {
	for _, l := range lines {
		f := strings.Split(l, "\t")
		if len(f) < 5 || !strings.HasSuffix(f[3], " installed") {
			continue
		}
		for p := range strings.SplitSeq(f[4], ",") {
			if name, _, _ := strings.Cut(strings.TrimSpace(p), " "); name != "" {
				st.provides[name] = f[0]
			}
		}
	}
}

// readPolicy reads what apt-cache policy says of each package.
func (st *state) readPolicy(lines []string) {
	name := ""
	for _, l := range lines {
		if n, ok := strings.CutSuffix(l, ":"); ok && !strings.HasPrefix(l, " ") {
			name = n
		}
		if v, ok := strings.CutPrefix(l, "  Candidate: "); ok && v != "(none)" {
			st.candidate[name] = v
		}
	}
}

// A want is a package that is asked for.
type want struct {
	name, version string
	installed     bool // in some version
}

func parseName(n string) want {
	name, version, _ := strings.Cut(n, "=")
	return want{name: name, version: version}
}

// match tells whether a version fits a pattern such as 1.2*.
func match(pattern, version string) bool {
	ok, err := path.Match(strings.ReplaceAll(pattern, `\`, `\\`), version)
	return err == nil && ok
}

func number(text string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
