package inventory

import (
	"slices"
	"strings"

	"kops/internal/value"
)

// List returns the inventory as ansible-inventory --list prints it: each group with its hosts
// and children, and the variables of each host, which vars returns, below _meta.
func (inv *Inventory) List(vars func(*Host) *value.Map) *value.Map {
	out := value.NewMap()
	hostvars := value.NewMap()
	out.Set("_meta", value.NewMap("hostvars", hostvars))
	for _, h := range inv.groups[All].AllHosts() {
		if m := vars(h); m.Len() > 0 {
			hostvars.Set(h.Name, m)
		}
	}
	inv.listGroup(inv.groups[All], out, map[*Group]bool{})
	return out
}

func (inv *Inventory) listGroup(g *Group, out *value.Map, seen map[*Group]bool) {
	if seen[g] {
		return
	}
	seen[g] = true
	m := value.NewMap()
	if len(g.Children) > 0 {
		names := make([]string, len(g.Children))
		for i, c := range g.Children {
			names[i] = c.Name
		}
		m.Set("children", value.Strings(names))
	}
	if g.Name != All && len(g.Hosts) > 0 {
		names := make([]string, len(g.Hosts))
		for i, h := range g.Hosts {
			names[i] = h.Name
		}
		m.Set("hosts", value.Strings(names))
	}
	if m.Len() > 0 {
		out.Set(g.Name, m)
	}
	for _, c := range g.Children {
		inv.listGroup(c, out, seen)
	}
}

// Graph returns the tree below a group, as ansible-inventory --graph prints it.
func (g *Group) Graph() string {
	var lines []string
	g.graph(0, &lines)
	return strings.Join(lines, "\n") + "\n"
}

func (g *Group) graph(depth int, lines *[]string) {
	*lines = append(*lines, branch("@"+g.Name+":", depth))
	for _, c := range g.Children {
		c.graph(depth+1, lines)
	}
	if g.Name == All {
		return
	}
	for _, h := range g.Hosts {
		*lines = append(*lines, branch(h.Name, depth+1))
	}
}

func branch(name string, depth int) string {
	if depth == 0 {
		return name
	}
	return strings.Repeat("  |", depth) + "--" + name
}

// GroupNames returns the names of a host's groups but "all", sorted, as the variable
// group_names has them.
func (h *Host) GroupNames() []string {
	var names []string
	for _, g := range h.AllGroups() {
		if g.Name != All {
			names = append(names, g.Name)
		}
	}
	slices.Sort(names)
	return names
}
