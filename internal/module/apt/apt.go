// Package apt is the module apt: packages of Debian and its kin.
package apt

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/value"
)

// Spec is the packages as they should be.
type Spec struct {
	Name             []string `arg:"name,alias=package|pkg,exclusive=what" doc:"packages; name=1.2* for a version; globs of names where they are to be absent"`
	State            string   `arg:"state,choices=present|installed|latest|absent|removed|fixed|build-dep" doc:"fixed corrects broken dependencies too; build-dep is not supported"`
	Deb              string   `arg:"deb,exclusive=what" doc:"path of a .deb file on the host"`
	Upgrade          string   `arg:"upgrade,choices=dist|full|no|safe|yes" doc:"bring all packages up to date: yes and safe remove none"`
	UpdateCache      bool     `arg:"update_cache,alias=update-cache" doc:"bring the lists of packages up to date first"`
	CacheValidTime   int      `arg:"cache_valid_time" doc:"seconds that the lists stay good for; implies update_cache"`
	Retries          int      `arg:"update_cache_retries" doc:"how often a failed update is tried again"`
	MaxDelay         int      `arg:"update_cache_retry_max_delay" doc:"seconds to wait at most before the next try"`
	Purge            bool     `arg:"purge" doc:"remove configuration too"`
	Autoremove       bool     `arg:"autoremove" doc:"remove what was installed for others only and is not needed any more"`
	FailAutoremove   bool     `arg:"fail_on_autoremove" doc:"fail rather than remove anything"`
	Autoclean        bool     `arg:"autoclean" doc:"remove package files that can be downloaded no more"`
	Clean            bool     `arg:"clean" doc:"remove downloaded package files"`
	DefaultRelease   string   `arg:"default_release,alias=default-release" doc:"release that versions are taken from"`
	Recommends       *bool    `arg:"install_recommends,alias=install-recommends" doc:"whether recommended packages come too; the host's setting if not given"`
	DpkgOptions      string   `arg:"dpkg_options" doc:"options for dpkg, joined by commas, without the leading dashes"`
	Force            bool     `arg:"force" doc:"allow everything that allow_… allow, and the removal of essential packages"`
	Unauthenticated  bool     `arg:"allow_unauthenticated,alias=allow-unauthenticated" doc:"install what is not signed"`
	Downgrade        bool     `arg:"allow_downgrade,alias=allow-downgrade|allow_downgrades|allow-downgrades" doc:"install older versions than are there"`
	ChangeHeld       bool     `arg:"allow_change_held_packages" doc:"change packages that are held"`
	OnlyUpgrade      bool     `arg:"only_upgrade" doc:"touch only packages that are installed"`
	LockTimeout      int      `arg:"lock_timeout" doc:"seconds to wait for apt's locks"`
	PolicyRcD        *int     `arg:"policy_rc_d" doc:"exit status of policy-rc.d meanwhile: 101 keeps services from being started"`
	ForceAptGet      bool     `arg:"force_apt_get" doc:"always so here: aptitude is not used"`
	AutoInstallsDeps bool     `arg:"auto_install_module_deps" doc:"has no meaning here: nothing needs to be installed for the module"`

	updated bool // a step has brought the lists up to date
}

// New describes the module.
func New() *module.Module {
	return &module.Module{
		Name: "apt", Collection: "ansible.builtin",
		Doc: module.Doc{
			Summary: "Manage packages with apt.",
			Notes: []string{
				"apt is never asked anything; changed configuration files are kept as dpkg_options says.",
				"A lock that another process holds is waited for; then the error names the process.",
				"update_cache alone is a change only where the lists have changed.",
			},
			Examples: "- apt:\n    name: [docker.io, iptables]\n    update_cache: true\n    cache_valid_time: 3600\n",
			Returns: []module.Return{
				{Name: "cache_updated", Type: "bool", Text: "whether the lists were brought up to date"},
				{Name: "cache_update_time", Type: "int", Text: "when they were, in seconds since 1970"},
				{Name: "stdout", Type: "str", Text: "what apt-get said"},
				{Name: "stderr", Type: "str", Text: "and its errors and warnings"},
			},
		},
		New: func() module.Spec {
			return &Spec{State: "present", Upgrade: "no", Retries: 5, MaxDelay: 12, DpkgOptions: "force-confdef,force-confold", LockTimeout: 60, AutoInstallsDeps: true}
		},
	}
}

// Validate checks what tags cannot say.
func (s *Spec) Validate() error {
	switch s.State {
	case "installed":
		s.State = "present"
	case "removed":
		s.State = "absent"
	case "build-dep":
		return fmt.Errorf("state: build-dep is not supported: use command: apt-get build-dep")
	}
	switch {
	case s.Name == nil && s.Deb == "" && s.Upgrade == "no" && !s.update() && !s.Autoremove && !s.Autoclean && !s.Clean:
		return fmt.Errorf("one of these arguments is required: name, deb, upgrade, update_cache, autoremove, autoclean, clean")
	case len(s.Name) > 0 && s.Upgrade != "no":
		return fmt.Errorf("arguments name and upgrade exclude each other: give one of them")
	case s.Deb != "" && !path.IsAbs(s.Deb):
		return fmt.Errorf("deb: %q is not an absolute path on the host: fetch what is elsewhere with get_url first", s.Deb)
	case s.LockTimeout < 0:
		return fmt.Errorf("lock_timeout: %d is negative", s.LockTimeout)
	}
	for _, n := range s.Name {
		p := parseName(n)
		switch {
		case p.name == "" || strings.ContainsAny(n, " \t\n") || strings.HasPrefix(n, "-"):
			return fmt.Errorf("name: %q is not the name of a package", n)
		case p.version != "" && s.State == "latest":
			return fmt.Errorf("name: %s has a version, which state latest excludes", n)
		case strings.ContainsAny(p.name, "*?[") && s.State != "absent":
			return fmt.Errorf("name: %s is a glob, which is for state absent: name the packages, or use upgrade", n)
		}
	}
	return nil
}

func (s *Spec) update() bool { return s.UpdateCache || s.CacheValidTime > 0 }

// askLimit is how long apt may take to work out its cache on a slow host.
const askLimit = 10 * time.Minute

// Plan asks dpkg and apt in one script. Where something is to be done, what earlier tasks
// of a check run would have done is asked for too.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	res, err := h.Query(remote.Patient(ctx, askLimit), s.script())
	if err != nil {
		return module.Change{}, fmt.Errorf("ask apt: %w", err)
	}
	state, err := parse(string(res.Stdout))
	if err != nil {
		return module.Change{}, err
	}
	d, err := s.decide(state)
	if err != nil {
		return module.Change{}, err
	}
	names := d.names()
	if _, checking := h.(remote.Foreseer); checking { // an earlier task may bring or take what is decided to be right
		for _, n := range s.Name {
			names = append(names, parseName(n).name)
		}
	}
	if len(names) > 0 {
		known, err := h.Packages(ctx, "apt", names...)
		if err != nil {
			return module.Change{}, fmt.Errorf("ask for packages: %w", err)
		}
		if err := s.foreseen(h, state, d, known); err != nil {
			return module.Change{}, err
		}
		s.settle(&d, known)
	}
	return s.change(state, d), nil
}

// foreseen tells that check mode cannot know a package's state: it is as it should be now, and an earlier task would
// change that.
func (s *Spec) foreseen(h remote.Reader, st state, d decision, known map[string]remote.Package) error {
	f, ok := h.(remote.Foreseer)
	if !ok {
		return nil
	}
	for _, n := range s.Name {
		name := parseName(n).name
		if st.packages[name].there != known[name].Installed && !slices.Contains(d.names(), name) {
			return f.Unknown("package " + name)
		}
	}
	return nil
}

// settle leaves out what an earlier task of a check run would have done.
func (s *Spec) settle(d *decision, known map[string]remote.Package) {
	d.install = slices.DeleteFunc(d.install, func(w want) bool {
		p, ok := known[w.name]
		return ok && p.Installed && !w.installed && (w.version == "" || p.Version == "" || match(w.version, p.Version))
	})
	d.remove = slices.DeleteFunc(d.remove, func(w want) bool {
		p, ok := known[w.name]
		return w.installed && !(ok && p.Installed)
	})
}

// change makes steps of the decision.
func (s *Spec) change(st state, d decision) module.Change {
	c := module.Change{Result: value.NewMap("cache_updated", s.updated, "cache_update_time", st.cacheTime)}
	due := s.update() && !s.updated && (s.CacheValidTime == 0 || st.now-st.cacheTime > int64(s.CacheValidTime))
	replan := due && (s.State == "latest" && len(s.Name) > 0 || s.Upgrade != "no" || hasVersion(s.Name))
	if due {
		alone := len(s.Name) == 0 && s.Deb == "" && s.Upgrade == "no"
		c.Steps = append(c.Steps, s.updateStep(alone, replan))
		if alone || replan {
			c.Predict = module.Unknown
		}
	}
	if replan {
		return c
	}
	s.addPackages(&c, d)
	if s.Clean {
		c.Steps = append(c.Steps, s.cleanStep("clean"))
	}
	if s.Autoclean {
		c.Steps = append(c.Steps, s.cleanStep("autoclean"))
	}
	return c
}

func (s *Spec) addPackages(c *module.Change, d decision) {
	if command := s.command(d); command != nil {
		c.Predict = module.Changes
		c.Steps = append(c.Steps, s.step(command))
		c.Diffs = append(c.Diffs, d.diff())
	}
	for _, w := range d.install {
		c.Effects = append(c.Effects, module.Effect{Package: &remote.Package{Name: w.name, Version: exact(w.version), Installed: true}, Acts: true})
	}
	for _, w := range d.remove {
		c.Effects = append(c.Effects, module.Effect{Package: &remote.Package{Name: w.name}})
	}
}

// Touches implements module.Toucher.
func (s *Spec) Touches() []module.Effect {
	var effects []module.Effect
	for _, n := range s.Name {
		effects = append(effects, module.Effect{Package: &remote.Package{Name: parseName(n).name}, Doubt: true, Acts: true})
	}
	return effects
}

// exact returns a version without wildcards, "" for one that has some.
func exact(version string) string {
	if strings.ContainsAny(version, "*?[") {
		return ""
	}
	return version
}

func hasVersion(names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return parseName(n).version != "" })
}

// step runs apt-get and returns what it says.
func (s *Spec) step(command []string) module.Step {
	line := module.Quote(command...)
	return module.Step{Summary: line, Do: func(ctx context.Context, h remote.Host) (module.Outcome, error) {
		out, err := s.run(ctx, h, command)
		return module.Outcome{Changed: err == nil, Result: out}, err
	}}
}

func (s *Spec) cleanStep(verb string) module.Step {
	command := append(s.base(), verb)
	return module.Step{Summary: module.Quote(command...), Do: func(ctx context.Context, h remote.Host) (module.Outcome, error) {
		out, err := s.run(ctx, h, command)
		return module.Outcome{Changed: strings.Contains(out.String("stdout"), "\nDel "), Result: out}, err
	}}
}

// named returns the names that state knows as installed, sorted.
func named(packages map[string]installed) []string { return slices.Sorted(maps.Keys(packages)) }
