// Package inventory reads hosts, groups and their variables, and finds hosts by patterns.
package inventory

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"kops/internal/diag"
	"kops/internal/value"
)

// The groups that every inventory has.
const (
	All       = "all"
	Ungrouped = "ungrouped"
)

// A Host is a machine to manage.
type Host struct {
	Name     string
	Pos      value.Position // where it was first named
	Source   string         // the inventory file that first named it
	Groups   []*Group       // those that it stands in directly
	Vars     *value.Map     // from the inventory itself
	FileVars *value.Map     // from host_vars beside the inventory
	VarsPos  map[string]value.Position
	FilePos  map[string]value.Position // of FileVars
	Implicit bool                      // localhost, which no inventory names
}

// A Group is a set of hosts and other groups.
type Group struct {
	Name     string
	Pos      value.Position
	Children []*Group
	Parents  []*Group
	Hosts    []*Host    // its own, not those of its children
	Vars     *value.Map // from the inventory itself
	FileVars *value.Map // from group_vars beside the inventory
	VarsPos  map[string]value.Position
	FilePos  map[string]value.Position // of FileVars
	Priority int                       // of groups at the same depth, the higher one's variables win; 1 by default
	Depth    int                       // how far below "all"
}

// An Inventory is what all sources say together.
type Inventory struct {
	Hosts  []*Host  // in the order in which they were named
	Groups []*Group // "all" and "ungrouped" first
	hosts  map[string]*Host
	groups map[string]*Group
}

// New returns an inventory without hosts.
func New() *Inventory {
	inv := &Inventory{hosts: map[string]*Host{}, groups: map[string]*Group{}}
	all, ungrouped := inv.AddGroup(All, value.Position{}), inv.AddGroup(Ungrouped, value.Position{})
	link(all, ungrouped)
	return inv
}

// Host returns the host of that name, or nil. The names of this machine are always known.
func (inv *Inventory) Host(name string) *Host {
	if h := inv.hosts[name]; h != nil {
		return h
	}
	switch name {
	case "localhost", "127.0.0.1", "::1":
		return &Host{Name: name, Implicit: true, Groups: []*Group{inv.groups[All]}, FileVars: value.NewMap(),
			Vars: value.NewMap("ansible_connection", "local")}
	}
	return nil
}

// Group returns the group of that name, or nil.
func (inv *Inventory) Group(name string) *Group { return inv.groups[name] }

// AddGroup returns the group of that name, making it where there is none.
func (inv *Inventory) AddGroup(name string, pos value.Position) *Group {
	g := inv.groups[name]
	if g == nil {
		g = &Group{Name: name, Pos: pos, Vars: value.NewMap(), FileVars: value.NewMap(),
			VarsPos: map[string]value.Position{}, FilePos: map[string]value.Position{}, Priority: 1}
		inv.groups[name] = g
		inv.Groups = append(inv.Groups, g)
	}
	return g
}

// AddHost returns the host of that name, making it where there is none, and puts it in group.
func (inv *Inventory) AddHost(name string, group *Group, pos value.Position) *Host {
	h := inv.hosts[name]
	if h == nil {
		h = &Host{Name: name, Pos: pos, Source: pos.File, Vars: value.NewMap(), FileVars: value.NewMap(),
			VarsPos: map[string]value.Position{}, FilePos: map[string]value.Position{}}
		inv.hosts[name] = h
		inv.Hosts = append(inv.Hosts, h)
	}
	if group != nil && !slices.Contains(group.Hosts, h) {
		group.Hosts = append(group.Hosts, h)
		h.Groups = append(h.Groups, group)
	}
	return h
}

// AddChild puts a group into another. The error tells the way around a circle.
func (inv *Inventory) AddChild(parent, child *Group, pos value.Position) error {
	if path := way(child, parent); path != nil {
		names := []string{parent.Name}
		for _, g := range path {
			names = append(names, g.Name)
		}
		return diag.Errorf(pos, "the group %s contains itself: %s", parent.Name, strings.Join(names, " → ")).
			WithHint("remove one of these groups from the children of the one before it")
	}
	if !slices.Contains(parent.Children, child) {
		link(parent, child)
		deepen(child, parent.Depth+1)
	}
	return nil
}

func link(parent, child *Group) {
	parent.Children = append(parent.Children, child)
	child.Parents = append(child.Parents, parent)
	child.Depth = max(child.Depth, parent.Depth+1)
}

// way returns the groups from one down to another, or nil.
func way(from, to *Group) []*Group {
	if from == to {
		return []*Group{from}
	}
	for _, c := range from.Children {
		if rest := way(c, to); rest != nil {
			return append([]*Group{from}, rest...)
		}
	}
	return nil
}

func deepen(g *Group, depth int) {
	if g.Depth > depth {
		return
	}
	g.Depth = depth
	for _, c := range g.Children {
		deepen(c, depth+1)
	}
}

// setVar sets a variable of a group, of which one is a setting of the group itself.
func (g *Group) setVar(key string, v value.Value, pos value.Position) error {
	if key == "ansible_group_priority" {
		n, ok := intOf(v)
		if !ok {
			return diag.Errorf(pos, "ansible_group_priority must be a whole number")
		}
		g.Priority = n
		return nil
	}
	g.Vars.Set(key, v)
	g.VarsPos[key] = pos
	return checkPort(key, v, pos)
}

func (h *Host) setVar(key string, v value.Value, pos value.Position) error {
	h.Vars.Set(key, v)
	h.VarsPos[key] = pos
	return checkPort(key, v, pos)
}

// checkPort looks at ports that are known already, not left to a template.
func checkPort(key string, v value.Value, pos value.Position) error {
	if key != "ansible_port" && key != "ansible_ssh_port" {
		return nil
	}
	if _, later := v.(value.Template); later || v == nil {
		return nil
	}
	if n, ok := intOf(v); !ok || n < 1 || n > 65535 {
		text := fmt.Sprint(v)
		switch v.(type) {
		case *value.Map, *value.List:
			text = "a " + value.TypeName(v)
		}
		return badPort(text, pos)
	}
	return nil
}

func badPort(text string, pos value.Position) *diag.Diagnostic {
	return diag.Errorf(pos, "%s is not a port", text).WithHint("a port is a number from 1 to 65535")
}

func intOf(v value.Value) (int, bool) {
	switch v := v.(type) {
	case int64:
		return int(v), true
	case string:
		n, err := strconv.Atoi(v)
		return n, err == nil
	case *big.Int:
		return 0, false
	}
	return 0, false
}

// finish gives every group and host its place: groups without parents belong to all, hosts
// without a group to ungrouped.
func (inv *Inventory) finish() (list diag.List) {
	all, ungrouped := inv.groups[All], inv.groups[Ungrouped]
	for _, g := range inv.Groups {
		if g != all && len(g.Parents) == 0 {
			list.Add(inv.AddChild(all, g, g.Pos))
		}
		if h := inv.hosts[g.Name]; h != nil {
			d := diag.Warningf(g.Pos, "%s is the name of a group and of a host", g.Name).
				WithHint("rename one of them: a pattern with this name means the group")
			d.Related = []diag.Related{{Pos: h.Pos, Text: "the host is here"}}
			list.Add(d)
		}
	}
	for _, h := range inv.Hosts {
		inGroups := slices.ContainsFunc(h.Groups, func(g *Group) bool { return g != all && g != ungrouped })
		switch {
		case inGroups && slices.Contains(h.Groups, ungrouped):
			h.Groups = slices.DeleteFunc(h.Groups, func(g *Group) bool { return g == ungrouped })
			ungrouped.Hosts = slices.DeleteFunc(ungrouped.Hosts, func(o *Host) bool { return o == h })
		case !inGroups:
			inv.AddHost(h.Name, ungrouped, h.Pos)
		}
	}
	return list
}

// AllGroups returns the groups of a host with those around them, in the order in which their
// variables apply: by depth, priority and name, so that later ones win.
func (h *Host) AllGroups() []*Group {
	seen := map[*Group]bool{}
	var groups []*Group
	var add func(g *Group)
	add = func(g *Group) {
		if seen[g] {
			return
		}
		seen[g] = true
		groups = append(groups, g)
		for _, p := range g.Parents {
			add(p)
		}
	}
	for _, g := range h.Groups {
		add(g)
	}
	slices.SortFunc(groups, func(a, b *Group) int {
		return cmp.Or(cmp.Compare(a.Depth, b.Depth), cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Name, b.Name))
	})
	return groups
}

// AllHosts returns the hosts of a group and of the groups in it, level by level.
func (g *Group) AllHosts() []*Host {
	groups, seenGroup := []*Group{g}, map[*Group]bool{g: true}
	var hosts []*Host
	seen := map[*Host]bool{}
	for i := 0; i < len(groups); i++ {
		for _, h := range groups[i].Hosts {
			if !seen[h] {
				seen[h] = true
				hosts = append(hosts, h)
			}
		}
		for _, c := range groups[i].Children {
			if !seenGroup[c] {
				seenGroup[c] = true
				groups = append(groups, c)
			}
		}
	}
	return hosts
}
