package apt

import (
	"fmt"
	"path"
	"strings"

	"kops/internal/module"
)

// A decision is what apt-get must do.
type decision struct {
	install   []want
	remove    []want
	deb       bool
	fix       bool     // broken dependencies are to be corrected
	simulated []string // what an upgrade or autoremove would do
}

// names are the packages that the decision names.
func (d decision) names() []string {
	var all []string
	for _, list := range [][]want{d.install, d.remove} {
		for _, w := range list {
			all = append(all, w.name)
		}
	}
	return all
}

// decide compares the packages with what they should be.
func (s *Spec) decide(st state) (decision, error) {
	d := decision{simulated: st.simulated}
	if s.Deb != "" {
		if st.deb.name == "" {
			return d, fmt.Errorf("deb: %s cannot be read: %s (%w)", s.Deb, st.debError, module.ErrDependsOnEarlier)
		}
		p := st.packages[st.deb.name]
		d.deb = !p.there || p.version != st.deb.version
		return d, nil
	}
	for _, n := range s.Name {
		w := parseName(n)
		p := st.packages[w.name]
		w.installed = p.there
		switch {
		case s.State == "absent":
			d.remove = append(d.remove, s.toRemove(w, st)...)
		case s.State == "latest":
			if candidate := st.candidate[w.name]; !p.there && !s.OnlyUpgrade || p.there && candidate != "" && candidate != p.version {
				d.install = append(d.install, w)
			}
		case p.there && (w.version == "" || match(w.version, p.version)):
		case !p.there && (s.OnlyUpgrade || w.version == "" && st.provides[w.name] != ""):
		default:
			d.install = append(d.install, w)
		}
	}
	d.fix = s.State == "fixed" && len(d.install) > 0
	return d, nil
}

// toRemove returns what a name or a glob of names means among what is there.
func (s *Spec) toRemove(w want, st state) []want {
	var found []want
	seen := map[string]bool{}
	for _, key := range named(st.packages) {
		p := st.packages[key]
		if key != p.name && key != w.name || seen[p.name] { // each package is known with its architecture too
			continue
		}
		ok, err := path.Match(w.name, key)
		if err != nil || !ok || !p.there && !s.Purge || w.version != "" && !match(w.version, p.version) {
			continue
		}
		seen[p.name] = true
		found = append(found, want{name: key, installed: p.there})
	}
	return found
}

// diff shows what is installed and removed.
func (d decision) diff() module.Diff {
	var lines []string
	for _, w := range d.install {
		line := "install " + w.name
		if w.version != "" {
			line += " " + w.version
		}
		lines = append(lines, line)
	}
	for _, w := range d.remove {
		lines = append(lines, "remove "+w.name)
	}
	if d.deb {
		lines = append(lines, "install the file")
	}
	lines = append(lines, d.simulated...)
	return module.Diff{BeforeHeader: "packages", AfterHeader: "packages", After: strings.Join(lines, "\n") + "\n"}
}

// command returns the apt-get command for the decision, nil where there is nothing to do.
func (s *Spec) command(d decision) []string {
	switch {
	case d.deb:
		return append(s.installCommand(), s.Deb)
	case len(d.remove) > 0:
		c := append(s.base(), "remove")
		if s.Purge {
			c = append(c, "--purge")
		}
		if s.Autoremove {
			c = append(c, "--auto-remove")
		}
		for _, w := range d.remove {
			c = append(c, w.name)
		}
		return c
	case len(d.install) > 0:
		c := s.installCommand()
		if d.fix {
			c = append(c, "--fix-broken")
		}
		for _, w := range d.install {
			if w.version != "" {
				w.name += "=" + w.version
			}
			c = append(c, w.name)
		}
		return c
	case len(d.simulated) == 0:
		return nil
	case s.Upgrade != "no":
		return append(append(s.options(s.base()), s.upgradeVerb()...), s.autoremove()...)
	}
	c := append(s.base(), "autoremove")
	if s.Purge {
		c = append(c, "--purge")
	}
	return c
}

func (s *Spec) upgradeVerb() []string {
	if s.Upgrade == "dist" || s.Upgrade == "full" {
		return []string{"dist-upgrade"}
	}
	return []string{"upgrade", "--with-new-pkgs"}
}

func (s *Spec) installCommand() []string {
	c := append(s.options(s.base()), "install")
	if s.OnlyUpgrade {
		c = append(c, "--only-upgrade")
	}
	return append(c, s.autoremove()...)
}

func (s *Spec) autoremove() []string {
	if s.Autoremove {
		return []string{"--auto-remove"}
	}
	return nil
}

// base is apt-get with the options that every call has.
func (s *Spec) base() []string {
	c := []string{"apt-get", "-y", "-q"}
	for o := range strings.SplitSeq(s.DpkgOptions, ",") {
		if o = strings.TrimSpace(o); o != "" {
			c = append(c, "-o", "Dpkg::Options::=--"+o)
		}
	}
	return c
}

func (s *Spec) options(c []string) []string {
	if s.DefaultRelease != "" {
		c = append(c, "-t", s.DefaultRelease)
	}
	if s.Recommends != nil {
		c = append(c, map[bool]string{true: "--install-recommends", false: "--no-install-recommends"}[*s.Recommends])
	}
	for _, o := range []struct {
		on     bool
		option string
	}{{s.FailAutoremove, "--no-remove"}, {s.Unauthenticated || s.Force, "--allow-unauthenticated"}, {s.Downgrade || s.Force, "--allow-downgrades"},
		{s.ChangeHeld || s.Force, "--allow-change-held-packages"}, {s.Force, "--allow-remove-essential"}} {
		if o.on {
			c = append(c, o.option)
		}
	}
	return c
}
