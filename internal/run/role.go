package run

import (
	"context"
	"slices"

	"kops/internal/playbook"
	"kops/internal/value"
)

// role runs a use of a role on the hosts on which the same use has not run yet in this
// play. A host on which every task was skipped counts as not run.
func (p *play) role(ctx context.Context, hosts []*host, b *playbook.Block, rescuable bool) {
	var left []*host
	before := map[*host]int{}
	for _, h := range hosts {
		if b.Duplicates || !slices.ContainsFunc(h.roles, func(ran *playbook.Block) bool { return sameUse(ran, b) }) {
			left = append(left, h)
			before[h] = h.did()
		}
	}
	p.entries(ctx, left, b.Block, rescuable)
	for _, h := range left {
		if h.did() > before[h] && h.alive() {
			h.roles = append(h.roles, b)
		}
	}
}

// did counts the tasks that were not skipped on the host.
func (h *host) did() int { return h.counts.OK + h.counts.Failed + h.counts.Rescued + h.counts.Unknown }

// sameUse tells whether two uses are of one role, with equal parameters and conditions.
func sameUse(a, b *playbook.Block) bool {
	sameWhen := func(x, y playbook.Expr) bool { return x.Source == y.Source && value.Equal(x.Literal, y.Literal) }
	sameTags := func(x, y playbook.Field) bool { return value.Equal(x.Value, y.Value) }
	return a.Role.Path == b.Role.Path && a.Role.Files == b.Role.Files && value.Equal(a.Role.Params, b.Role.Params) && a.Role.UseVars.Len() == b.Role.UseVars.Len() &&
		(a.Role.UseVars.Len() == 0 || value.Equal(a.Role.UseVars, b.Role.UseVars)) &&
		slices.EqualFunc(a.When, b.When, sameWhen) && slices.EqualFunc(a.Tags, b.Tags, sameTags)
}

// roleNames lists the roles that take part in the play, each once, and those that it
// names itself, as often as it does.
func (p *play) roleNames() (used, named *value.List) {
	used, named = value.NewList(), value.NewList()
	for _, role := range p.RolesUsed {
		if !slices.Contains(used.Items, value.Value(role.Name)) {
			used.Append(role.Name)
		}
	}
	for _, section := range [][]playbook.Entry{p.Roles, p.PreTasks, p.Tasks, p.PostTasks} {
		for _, e := range section {
			if b, ok := e.(*playbook.Block); ok && b.Origin == playbook.FromRole {
				named.Append(b.Role.Name)
			}
		}
	}
	return used, named
}
