// Package dnf is the module dnf: packages of the RHEL family, by dnf or, where there is
// none, yum.
package dnf

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/value"
)

// Spec is the packages as they should be.
type Spec struct {
	Name           []string `arg:"name,alias=pkg|package" doc:"packages, with a version or an architecture if wanted: kafka-3.9, glibc.x86_64; @groups, URLs and .rpm files on the host; * with state latest"`
	State          string   `arg:"state,choices=present|installed|latest|absent|removed" doc:"whether they are there"`
	UpdateCache    bool     `arg:"update_cache,alias=expire-cache|update-cache" doc:"fetch the repositories' metadata anew first"`
	EnableRepo     []string `arg:"enablerepo" doc:"repositories that are used too"`
	DisableRepo    []string `arg:"disablerepo" doc:"repositories that are not used"`
	Exclude        []string `arg:"exclude" doc:"packages that stay as they are"`
	DisableGPG     bool     `arg:"disable_gpg_check" doc:"install what is not signed"`
	AllowDowngrade bool     `arg:"allow_downgrade" doc:"install older versions than are there"`
	AllowErasing   bool     `arg:"allowerasing" doc:"remove what is in the way"`
	Autoremove     bool     `arg:"autoremove" doc:"with state absent, remove what is not needed any more too"`
	UpdateOnly     bool     `arg:"update_only" doc:"with state latest, install nothing that is not there"`
	Security       bool     `arg:"security" doc:"with state latest, only security updates"`
	Bugfix         bool     `arg:"bugfix" doc:"with state latest, only bug fixes"`
	NoBest         bool     `arg:"nobest" doc:"take an older version where the newest cannot be installed"`
	SkipBroken     bool     `arg:"skip_broken" doc:"leave out what cannot be installed"`
	WeakDeps       bool     `arg:"install_weak_deps" doc:"whether recommended packages come too"`
	CacheOnly      bool     `arg:"cacheonly" doc:"fetch no metadata"`
	ReleaseVer     string   `arg:"releasever" doc:"release whose repositories are used"`
	ConfFile       string   `arg:"conf_file" doc:"the configuration to use"`
	LockTimeout    int      `arg:"lock_timeout" doc:"seconds to wait for another package manager"`

	UseBackend      string   `arg:"use_backend,choices=auto|dnf|dnf4|dnf5|yum|yum4,unsupported" doc:"kops takes what is installed: dnf, dnf5 or yum"`
	List            string   `arg:"list,unsupported" doc:"use command: dnf list"`
	DownloadOnly    bool     `arg:"download_only,unsupported" doc:"use command: dnf download"`
	DownloadDir     string   `arg:"download_dir,unsupported" doc:"use command: dnf download"`
	InstallRoot     string   `arg:"installroot,unsupported" doc:"kops manages the running system"`
	DisableExcludes string   `arg:"disable_excludes,unsupported" doc:"use command: dnf --disableexcludes"`
	EnablePlugin    []string `arg:"enable_plugin,unsupported" doc:"use command: dnf --enableplugin"`
	DisablePlugin   []string `arg:"disable_plugin,unsupported" doc:"use command: dnf --disableplugin"`
	Best            bool     `arg:"best,unsupported" doc:"it is dnf's default: use nobest for the contrary"`
	ValidateCerts   bool     `arg:"validate_certs,unsupported" doc:"set sslverify in the repository"`
	SSLVerify       bool     `arg:"sslverify,unsupported" doc:"set sslverify in the repository"`

	updated bool // a step has fetched the metadata anew
}

// New describes the module.
func New() *module.Module {
	return &module.Module{
		Name: "dnf", Collection: "ansible.builtin", Aliases: []string{"yum", "dnf5"},
		Doc: module.Doc{
			Summary: "Manage packages with dnf or yum.",
			Notes: []string{
				"dnf is used where it is installed, else dnf5 or yum.",
				"What groups, URLs and globs would install is unknown in check mode.",
			},
			Examples: "- dnf:\n    name: [java-17-amazon-corretto-headless, tar]\n",
			Returns: []module.Return{
				{Name: "results", Type: "list", Text: "what dnf said, line by line"},
				{Name: "msg", Type: "str", Text: "Nothing to do, where that is so"},
				{Name: "rc", Type: "int", Text: "dnf's exit status"},
			},
		},
		New: func() module.Spec { return &Spec{State: "present", WeakDeps: true, LockTimeout: 30} },
	}
}

// Validate checks what tags cannot say.
func (s *Spec) Validate() error {
	switch s.State {
	case "installed":
		s.State = "present"
	case "removed":
		s.State = "absent"
	}
	switch {
	case s.Name == nil && !s.UpdateCache && !s.Autoremove:
		return fmt.Errorf("one of these arguments is required: name, update_cache, autoremove")
	case s.Autoremove && s.State != "absent":
		return fmt.Errorf("autoremove: only with state absent")
	case (s.UpdateOnly || s.Security || s.Bugfix) && s.State != "latest":
		return fmt.Errorf("update_only, security and bugfix: only with state latest")
	case slices.Contains(s.Name, "*") && s.State != "latest":
		return fmt.Errorf("name: * is only for state latest")
	}
	for _, n := range s.Name {
		if n == "" || strings.HasPrefix(n, "-") || strings.ContainsAny(n, "\n\t") {
			return fmt.Errorf("name: %q is not the name of a package", n)
		}
	}
	return nil
}

// askLimit is how long dnf may take, which may load its lists to answer.
const askLimit = 10 * time.Minute

// Plan asks rpm, and for state latest dnf, in one script. Where something is to be done,
// what earlier tasks of a check run would have done is asked for too.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	res, err := h.Query(remote.Patient(ctx, askLimit), s.script())
	if err != nil {
		return module.Change{}, fmt.Errorf("ask rpm: %w", err)
	}
	st, err := parse(string(res.Stdout))
	if err != nil {
		return module.Change{}, err
	}
	d := s.decide(st)
	names := slices.Concat(d.install, d.remove)
	f, checking := h.(remote.Foreseer)
	if checking { // an earlier task may bring or take what is decided to be right
		names = append(names, slices.DeleteFunc(slices.Clone(s.Name), isGlob)...)
	}
	if len(names) > 0 {
		known, err := h.Packages(ctx, "dnf", names...)
		if err != nil {
			return module.Change{}, fmt.Errorf("ask for packages: %w", err)
		}
		for _, n := range s.Name {
			decided := slices.Contains(d.install, n) || slices.Contains(d.remove, n) || isGlob(n)
			if checking && !decided && known[n].Installed != st.installed[n] {
				return module.Change{}, f.Unknown("package " + n)
			}
		}
		d.install = slices.DeleteFunc(d.install, func(n string) bool { return known[n].Installed && !st.installed[n] })
		d.remove = slices.DeleteFunc(d.remove, func(n string) bool { return !known[n].Installed && !isGlob(n) })
	}
	return s.change(st, d), nil
}

// Touches implements module.Toucher.
func (s *Spec) Touches() []module.Effect {
	var effects []module.Effect
	for _, n := range s.Name {
		effects = append(effects, module.Effect{Package: &remote.Package{Name: n}, Doubt: true, Acts: true})
	}
	return effects
}

func (s *Spec) change(st state, d decision) module.Change {
	c := module.Change{Result: value.NewMap("msg", "Nothing to do", "results", value.NewList(), "rc", int64(0))}
	if s.UpdateCache && !s.updated {
		replan := s.State == "latest"
		c.Steps = append(c.Steps, s.updateStep(st.tool, replan))
		if replan {
			c.Predict = module.Unknown
			return c
		}
	}
	for _, a := range []struct {
		verb    string
		names   []string
		certain bool
	}{
		{"install", d.install, true}, {"upgrade", d.upgrade, true}, {"remove", d.remove, true}, {"install", d.ask, false}, {"autoremove", nil, false},
	} {
		if len(a.names) == 0 && (a.verb != "autoremove" || !s.Autoremove) {
			continue
		}
		if c.Predict != module.Changes {
			c.Predict = module.Unknown
		}
		if a.certain {
			c.Predict = module.Changes
			c.Diffs = append(c.Diffs, module.Diff{BeforeHeader: "packages", AfterHeader: "packages", After: a.verb + " " + strings.Join(a.names, " ") + "\n"})
		}
		c.Steps = append(c.Steps, s.step(s.command(st.tool, a.verb, a.names)))
	}
	for _, n := range d.install {
		c.Effects = append(c.Effects, module.Effect{Package: &remote.Package{Name: n, Installed: true}, Acts: true})
	}
	for _, n := range d.remove {
		c.Effects = append(c.Effects, module.Effect{Package: &remote.Package{Name: n}})
	}
	return c
}
