package inventory

import (
	"slices"

	"kops/internal/value"
)

// A layer is one source of a host's variables.
type layer struct {
	group *Group // nil for the host's own
	vars  *value.Map
	pos   map[string]value.Position
}

// layers lists the sources of a host's variables from weakest to strongest, in Ansible's order.
func (inv *Inventory) layers(h *Host, playbook *VarsDir) []layer {
	all := inv.groups[All]
	own := slices.DeleteFunc(h.AllGroups(), func(g *Group) bool { return g == all })
	layers := []layer{{all, all.Vars, all.VarsPos}}
	for _, g := range own {
		layers = append(layers, layer{g, g.Vars, g.VarsPos})
	}
	beside := func(g *Group) layer {
		f := playbook.group(g.Name)
		return layer{g, f.vars, f.pos}
	}
	layers = append(layers, layer{all, all.FileVars, all.FilePos}, beside(all))
	for _, g := range own {
		layers = append(layers, layer{g, g.FileVars, g.FilePos})
	}
	for _, g := range own {
		layers = append(layers, beside(g))
	}
	f := playbook.host(h.Name)
	layers = append(layers, layer{nil, h.Vars, h.VarsPos}, layer{nil, h.FileVars, h.FilePos}, layer{nil, f.vars, f.pos})
	return slices.DeleteFunc(layers, func(l layer) bool { return l.vars.Len() == 0 })
}

// Layers returns the variables of a host from weakest to strongest, in Ansible's order.
// playbook holds group_vars and host_vars beside the playbook; it may be nil.
func (inv *Inventory) Layers(h *Host, playbook *VarsDir) []*value.Map {
	var maps []*value.Map
	for _, l := range inv.layers(h, playbook) {
		maps = append(maps, l.vars)
	}
	return maps
}

// A Setting is a place of the inventory that gives a host a variable.
type Setting struct {
	Group string // "" where the host itself has it
	Value value.Value
	Pos   value.Position
	// Contested says that another group, neither around this one nor in it, says otherwise, and that
	// nothing but the order of their names decides between them.
	Contested bool
}

// Settings returns the places that give a host a variable, from weakest to strongest.
func (inv *Inventory) Settings(h *Host, playbook *VarsDir, name string) []Setting {
	var found []Setting
	var from []layer
	for _, l := range inv.layers(h, playbook) {
		v, ok := l.vars.Get(name)
		if !ok {
			continue
		}
		s := Setting{Value: v, Pos: l.pos[name]}
		if l.group != nil {
			s.Group = l.group.Name
		}
		found, from = append(found, s), append(from, l)
	}
	if len(found) == 0 || found[len(found)-1].Group == "" { // the host's own word ends all contests
		return found
	}
	for i := range found {
		for j := range found {
			if from[i].group.besides(from[j].group) && !value.Equal(found[i].Value, found[j].Value) {
				found[i].Contested = true
			}
		}
	}
	return found
}

// besides tells whether two groups are each other's equals: neither depth nor priority says which
// of them counts more.
func (g *Group) besides(other *Group) bool {
	return g.Depth == other.Depth && g.Priority == other.Priority
}
