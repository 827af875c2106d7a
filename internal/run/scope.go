package run

import (
	"context"
	"path/filepath"
	"strings"

	"kops/internal/plan"
	"kops/internal/playbook"
	"kops/internal/template"
	"kops/internal/value"
	"kops/internal/vars"
)

// taskVars are the variables of one host at one task: the host's snapshot, and what the
// task's role, blocks and the task itself add.
func (p *play) taskVars(h *host, e playbook.Entry) *vars.Set {
	s := h.snapshot.Load()
	if role := plan.RoleOf(e); role != nil {
		s = withRole(s, role)
	}
	for _, b := range blocksOf(e) {
		s = s.With(vars.BlockVars, b.Vars).With(vars.IncludeParams, b.Params)
	}
	if e.Base().Vars.Len() > 0 {
		s = s.With(vars.TaskVars, e.Base().Vars)
	}
	return p.withMagic(s, h, e)
}

func withRole(s *vars.Set, role *playbook.Role) *vars.Set {
	for _, d := range role.Dependencies {
		s = s.With(vars.RoleDefaults, d.Defaults)
	}
	s = s.With(vars.RoleDefaults, role.Defaults)
	for i := len(role.Parents) - 1; i >= 0; i-- {
		s = s.With(vars.RoleVars, role.Parents[i].Vars).With(vars.RoleVars, role.Parents[i].UseVars).With(vars.RoleParams, role.Parents[i].Params)
	}
	return s.With(vars.RoleVars, role.Vars).With(vars.RoleVars, role.UseVars).With(vars.RoleParams, role.Params)
}

// scope returns the scope in which a task's templates are evaluated on a host.
func (p *play) scope(ctx context.Context, h *host, e playbook.Entry) *template.Scope {
	return p.Plan.Engine().Scope(ctx, p.taskVars(h, e), p.searchPath(e)).Guarded(func(string) error { p.stir(); return nil })
}

// searchPath lists where the files of a task are looked for.
func (p *play) searchPath(e playbook.Entry) []string { return plan.SearchPath(p.Play.Play, e) }

// withMagic adds the variables that kops itself sets for a host at an entry: those of the
// batch, which all share, and the host's own over them.
func (p *play) withMagic(s *vars.Set, h *host, e playbook.Entry) *vars.Set {
	m := ownMagic(h)
	if h.inv.File != "" {
		m.Set("inventory_file", absolute(h.inv.File))
		m.Set("inventory_dir", absolute(filepath.Dir(h.inv.File)))
	}
	if role := plan.RoleOf(e); role != nil {
		m.Set("role_name", role.Name)
		m.Set("ansible_role_name", role.Name)
		m.Set("role_path", absolute(role.Path))
		parents := value.NewList()
		for i := 0; i < len(role.Parents) && !role.Dependency; i++ { // those that import it
			role = role.Parents[i]
			parents.Append(role.Name)
		}
		m.Set("ansible_parent_role_names", parents)
	}
	m.Set("ansible_search_path", value.Strings(p.searchPath(e)))
	return s.With(vars.Magic, p.batchMagic).With(vars.Magic, m)
}

// ownMagic are the variables that name the host.
func ownMagic(h *host) *value.Map {
	return value.NewMap("inventory_hostname", h.name, "inventory_hostname_short", shortName(h.name), "group_names", h.inv.GroupNames)
}

func shortName(name string) string {
	short, _, _ := strings.Cut(name, ".")
	return short
}

// newBatchMagic makes the variables that all hosts of a batch share while no host fails.
func (p *play) newBatchMagic() *value.Map {
	all, alive, batch := value.NewList(), value.NewList(), value.NewList()
	for _, h := range p.all { // whatever the play's order, as in Ansible
		all.Append(h.name)
		if h.alive() {
			alive.Append(h.name)
		}
	}
	for _, h := range p.batch {
		if h.alive() {
			batch.Append(h.name)
		}
	}
	used, named := p.roleNames()
	tags := p.Plan.Tags()
	return value.NewMap(
		"hostvars", &hostVars{p: p},
		"groups", p.Plan.Groups(),
		"ansible_play_hosts_all", all,
		"ansible_play_hosts", alive,
		"play_hosts", alive,
		"ansible_play_batch", batch,
		"ansible_play_name", p.name,
		"ansible_play_role_names", named,
		"ansible_role_names", used,
		"role_names", named,
		"playbook_dir", absolute(filepath.Dir(p.File)),
		"ansible_check_mode", p.Check,
		"ansible_diff_mode", p.Diff,
		"ansible_verbosity", int64(p.Verbosity),
		"ansible_forks", int64(p.Forks),
		"ansible_run_tags", value.Strings(tags.Run),
		"ansible_skip_tags", value.Strings(tags.Skip),
		"ansible_limit", p.Plan.Limit(),
		"ansible_version", ansibleVersion(),
	)
}

// absolute returns path as Ansible's variables have it; tasks use it on hosts and in
// commands, which stand in other folders.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// ansibleVersion is the ansible-core whose semantics are kops's, for playbooks that ask.
func ansibleVersion() *value.Map {
	return value.NewMap("full", "2.19.0", "major", int64(2), "minor", int64(19), "revision", int64(0), "string", "2.19.0")
}

// hostVars is the variable of that name: every host's variables, evaluated with that
// host's own. What a play or its roles set is not among them, as in Ansible.
type hostVars struct {
	p      *play
	reader *template.Scope
}

// Bind implements template.Binder.
func (v *hostVars) Bind(s *template.Scope) value.Value { return &hostVars{p: v.p, reader: s} }

// Get implements value.Object.
func (v *hostVars) Get(key value.Value) (value.Value, bool, error) {
	name, ok := key.(string)
	if !ok {
		return nil, false, nil
	}
	inv, ok := v.p.Plan.Host(name)
	if !ok {
		return nil, false, nil
	}
	s := v.p.hostScope(v.reader, v.p.host(inv))
	return &oneHostVars{s.With(s.Vars().Without(vars.RoleDefaults, vars.PlayVars, vars.PlayPrompts, vars.PlayFiles, vars.RoleVars))}, true, nil
}

// Keys implements value.Object.
func (v *hostVars) Keys() []value.Value {
	var keys []value.Value
	for _, name := range v.p.Plan.HostNames() {
		keys = append(keys, name)
	}
	return keys
}

// hostScope is the scope of a host outside of any task.
func (p *play) hostScope(reader *template.Scope, h *host) *template.Scope {
	return reader.With(h.snapshot.Load().With(vars.Magic, p.batchMagic).With(vars.Magic, ownMagic(h)))
}

type oneHostVars struct{ s *template.Scope }

// Get implements value.Object: evaluated here, since the reader's variables are others.
func (o *oneHostVars) Get(key value.Value) (value.Value, bool, error) {
	name, ok := key.(string)
	if !ok {
		return nil, false, nil
	}
	return o.s.Var(name)
}

// Keys implements value.Object.
func (o *oneHostVars) Keys() []value.Value {
	var keys []value.Value
	for _, name := range o.s.Names() {
		keys = append(keys, name)
	}
	return keys
}
