// Package systemd is the module systemd: units of the host's systemd, over D-Bus.
package systemd

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/value"
)

// Spec is the unit as it should be. Pointers that are nil leave things as they are.
type Spec struct {
	Name         string `arg:"name,alias=service|unit" doc:"the unit; .service where no other type is written"`
	State        string `arg:"state,choices=started|stopped|restarted|reloaded,with=name" doc:"started and stopped act where needed; restarted and reloaded always"`
	Enabled      *bool  `arg:"enabled,with=name" doc:"whether the unit starts at boot"`
	Masked       *bool  `arg:"masked,with=name" doc:"whether the unit is masked, so that nothing can start it"`
	DaemonReload bool   `arg:"daemon_reload,alias=daemon-reload" doc:"reload systemd's configuration first, needed or not; only where this run did so before and has written and run nothing on the host since, it is left out"`
	DaemonReexec bool   `arg:"daemon_reexec,alias=daemon-reexec" doc:"let systemd start itself anew first"`
	Force        bool   `arg:"force" doc:"replace links that are in the way of enabling or masking"`
	NoBlock      bool   `arg:"no_block" doc:"do not wait until the unit has started or stopped"`
	Scope        string `arg:"scope,choices=system|user|global" doc:"only system is supported"`

	reloaded bool // a step has reloaded systemd's configuration
}

// New describes the module.
func New() *module.Module {
	return &module.Module{
		Name: "systemd", Collection: "ansible.builtin", Aliases: []string{"systemd_service"},
		Doc: module.Doc{
			Summary: "Manage systemd units.",
			Notes: []string{
				"Without daemon_reload, systemd's configuration is reloaded where systemd says that the unit's files have changed. That is a change, and the result has daemon_reloaded.",
				"A unit that fails to start fails the task with the last lines of its journal.",
				"A unit that waits for its next automatic restart does not count as started.",
			},
			Examples: "- systemd:\n    name: node-exporter\n    state: started\n    enabled: true\n",
			Returns: []module.Return{
				{Name: "name", Type: "str", Text: "the unit, as given"},
				{Name: "state", Type: "str", Text: "started or stopped, where state was given"},
				{Name: "enabled", Type: "bool", Text: "whether the unit starts at boot, where enabled was given"},
				{Name: "daemon_reloaded", Type: "bool", Text: "true where the configuration was reloaded because the unit's files had changed"},
				{Name: "status", Type: "dict", Text: "the unit's properties before the task, as systemctl show words them"},
			},
		},
		New: func() module.Spec { return &Spec{Scope: "system"} },
	}
}

// Validate checks what tags cannot say.
func (s *Spec) Validate() error {
	switch {
	case s.Name == "" && s.State == "" && s.Enabled == nil && s.Masked == nil && !s.DaemonReload && !s.DaemonReexec:
		return fmt.Errorf("one of these arguments is required: name, state, enabled, masked, daemon_reload, daemon_reexec")
	case strings.ContainsAny(s.Name, "*?["):
		return fmt.Errorf("name: %q is a glob: name one unit", s.Name)
	case s.Scope != "system":
		return fmt.Errorf("scope: %s is not supported: use command: systemctl --%s", s.Scope, s.Scope)
	}
	return nil
}

// Plan asks systemd about the unit.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	if s.Name == "" {
		return module.Change{Steps: s.first(false, false), Effects: []module.Effect{{Reload: true}},
			Result: value.NewMap("name", nil, "status", value.NewMap())}, nil
	}
	units, err := h.Units(ctx, unitName(s.Name))
	if err != nil {
		return module.Change{}, fmt.Errorf("ask systemd about %s: %w", s.Name, err)
	}
	u := units[0]
	if !u.Exists() && (s.Enabled != nil || s.State != "") {
		if s.DaemonReload && !s.reloaded { // old versions of systemd know a new unit only then
			return module.Change{Predict: module.Unknown, Why: "whether systemd knows " + s.Name + " after a reload", Steps: s.first(false, true)}, nil
		}
		return module.Change{}, fmt.Errorf("%s: host (%w)", "Could not find the requested service "+s.Name, module.ErrDependsOnEarlier)
	}
	if u.LoadState == "error" || u.LoadState == "bad-setting" {
		return module.Change{}, fmt.Errorf("%s: %s", "Error loading unit file '"+s.Name+"'", u.LoadState+" "+u.Properties["LoadError"])
	}
	return s.change(u), nil
}

// Touches implements module.Toucher.
func (s *Spec) Touches() []module.Effect {
	if s.Name == "" {
		return nil
	}
	return []module.Effect{{Unit: &remote.Unit{Name: unitName(s.Name)}, Doubt: true, Acts: s.State != ""}}
}

func (s *Spec) change(u remote.Unit) module.Change {
	d := s.decide(u)
	c := module.Change{Result: s.result(u, d)}
	switch {
	case !s.reloaded && d.links():
		c.Steps = s.reexec() // the links bring a reload
	case !s.reloaded:
		c.Steps = s.first(d.reload, false)
	}
	if d.reload && !s.DaemonReload && !d.links() {
		c.Steps = append(c.Steps, verbStep(remote.DaemonReload, ""))
	}
	for _, verb := range d.verbs {
		c.Steps = append(c.Steps, s.step(verb, u.Name))
	}
	if d.reload || len(d.verbs) > 0 {
		c.Predict = module.Changes
		c.Diffs = []module.Diff{diff(u, d.after)}
		c.Effects = []module.Effect{{Unit: &d.after, Acts: d.acts(), Reload: d.reloads()}}
	}
	if s.DaemonReload && !d.reloads() {
		c.Effects = append([]module.Effect{{Reload: true}}, c.Effects...)
	}
	return c
}

// first returns the steps that come before all others. changed says whether the reload is
// needed, replan that the unit is to be looked for again after it.
func (s *Spec) first(changed, replan bool) []module.Step {
	steps := s.reexec()
	if s.DaemonReload {
		steps = append(steps, module.Step{Summary: "daemon-reload", Do: func(ctx context.Context, h remote.Host) (module.Outcome, error) {
			if err := h.Systemd(ctx, remote.DaemonReload); err != nil {
				return module.Outcome{}, fmt.Errorf("daemon-reload: %w", err)
			}
			s.reloaded = true
			return module.Outcome{Changed: changed, Replan: replan}, nil
		}})
	}
	return steps
}

func (s *Spec) reexec() []module.Step {
	if !s.DaemonReexec {
		return nil
	}
	return []module.Step{scriptStep("systemctl daemon-reexec", false)}
}

func (s *Spec) step(verb remote.SystemdVerb, unit string) module.Step {
	switch {
	case s.Force && links(verb):
		return scriptStep(module.Quote("systemctl", "--force", string(verb), "--", unit), true)
	case s.NoBlock && !links(verb):
		return scriptStep(module.Quote("systemctl", "--no-block", string(verb), "--", unit), true)
	}
	return verbStep(verb, unit)
}

func verbStep(verb remote.SystemdVerb, unit string) module.Step {
	var units []string
	summary := string(verb)
	if unit != "" {
		units = []string{unit}
		summary += " " + unit
	}
	return module.Step{Summary: summary, Do: func(ctx context.Context, h remote.Host) (module.Outcome, error) {
		if err := h.Systemd(ctx, verb, units...); err != nil {
			return module.Outcome{}, fmt.Errorf("%s: %w", "Unable to "+summary, err)
		}
		return module.Outcome{Changed: true}, nil
	}}
}

func scriptStep(line string, changed bool) module.Step {
	return module.Step{Summary: line, Do: func(ctx context.Context, h remote.Host) (module.Outcome, error) {
		if _, err := h.Script(ctx, line); err != nil {
			return module.Outcome{}, fmt.Errorf("%s: %w", line, err)
		}
		return module.Outcome{Changed: changed}, nil
	}}
}

func (s *Spec) result(u remote.Unit, d decision) *value.Map {
	r := value.NewMap("name", s.Name)
	switch s.State {
	case "":
	case "stopped":
		r.Set("state", "stopped")
	default:
		r.Set("state", "started")
	}
	if s.Enabled != nil {
		r.Set("enabled", *s.Enabled)
	}
	if d.reload {
		r.Set("daemon_reloaded", true)
	}
	r.Set("status", status(u))
	return r
}

// status returns the unit's properties, sorted.
func status(u remote.Unit) *value.Map {
	// The named fields are the fresher ones: check mode lays what earlier tasks would have done over them.
	all := maps.Clone(u.Properties)
	if all == nil {
		all = map[string]string{}
	}
	unknown := map[string]bool{}
	if u.Foreseen {
		for k := range all {
			unknown[k] = true
		}
		for _, k := range []string{"MainPID", "ExecMainPID", "NRestarts", "Result", "ActiveEnterTimestamp", "InvocationID"} {
			unknown[k] = true
		}
		for _, k := range []string{"Id", "LoadState", "ActiveState", "SubState", "UnitFileState", "FragmentPath"} {
			delete(unknown, k)
		}
	}
	maps.Copy(all, map[string]string{"Id": u.Name, "LoadState": u.LoadState, "ActiveState": u.ActiveState, "SubState": u.SubState,
		"UnitFileState": u.UnitFileState, "FragmentPath": u.FragmentPath, "MainPID": strconv.Itoa(u.MainPID),
		"NRestarts": strconv.Itoa(u.NRestarts), "Result": u.Result})
	m := value.NewMap()
	for k := range unknown {
		if _, ok := all[k]; !ok {
			all[k] = ""
		}
	}
	for _, k := range slices.Sorted(maps.Keys(all)) {
		m.Set(k, all[k])
		if unknown[k] {
			m.Set(k, value.Unknown{Why: k + " of " + u.Name + ", which an earlier task would change"})
		}
	}
	return m
}
