package plan

import (
	"fmt"
	"slices"
	"strings"

	"kops/internal/diag"
	"kops/internal/inventory"
	"kops/internal/playbook"
	"kops/internal/template"
	"kops/internal/value"
)

// A Host is a host of the inventory as the runner needs it. It is not modified; the
// groups it joins while running make a new one.
type Host struct {
	Name       string
	File       string       // the inventory file that names it
	Implicit   bool         // localhost, which no inventory names: reached without SSH
	Layers     []*value.Map // its variables, weakest first
	GroupNames *value.List  // sorted, without "all"
	inv        *inventory.Host
}

func (p *Plan) view(h *inventory.Host) *Host {
	if v, ok := p.hosts[h.Name]; ok {
		return v
	}
	names := h.GroupNames()
	v := &Host{
		Name: h.Name, File: h.Source, Implicit: h.Implicit, inv: h,
		Layers: p.opts.Inventory.Layers(h, p.opts.VarsDir), GroupNames: value.Strings(names),
	}
	p.hosts[h.Name] = v
	return v
}

// Host returns a host of the inventory, or the implicit localhost.
func (p *Plan) Host(name string) (*Host, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.opts.Inventory.Host(name)
	if h == nil {
		return nil, false
	}
	return p.view(h), true
}

// HostOrNew returns a host of the inventory, or one that exists for delegation alone.
func (p *Plan) HostOrNew(name string) *Host {
	if h, ok := p.Host(name); ok {
		return h
	}
	return &Host{Name: name, GroupNames: value.NewList()}
}

// HostNames returns the names of all hosts in the inventory's order.
func (p *Plan) HostNames() []string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	names := make([]string, len(p.opts.Inventory.Hosts))
	for i, h := range p.opts.Inventory.Hosts {
		names[i] = h.Name
	}
	return names
}

// Groups returns the variable "groups": the names of the hosts of each group.
func (p *Plan) Groups() *value.Map {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.groups != nil {
		return p.groups
	}
	m := &value.Map{}
	for _, g := range p.opts.Inventory.Groups {
		l := value.NewList()
		for _, h := range g.AllHosts() {
			l.Append(h.Name)
		}
		m.Set(g.Name, l)
	}
	p.groups = m
	return m
}

// Hosts returns the hosts that a play's pattern and --limit leave, in the pattern's order,
// and the pattern as it was evaluated.
func (p *Plan) Hosts(s *template.Scope, play *Play) ([]*Host, string, error) {
	return p.match(s, play, p.opts.Limit)
}

// Unlimited returns all hosts of a play's pattern, whatever --limit says.
func (p *Plan) Unlimited(s *template.Scope, play *Play) ([]*Host, error) {
	hosts, _, err := p.match(s, play, "")
	return hosts, err
}

func (p *Plan) match(s *template.Scope, play *Play, limit string) ([]*Host, string, error) {
	v, err := s.Value(play.Hosts.Value)
	if err != nil {
		return nil, "", err
	}
	pattern := patternText(v)
	p.mu.Lock()
	defer p.mu.Unlock()
	matched, list := p.opts.Inventory.Match(pattern)
	if err := list.Err(); err != nil {
		return nil, pattern, diag.Errorf(play.Hosts.Pos, "hosts: %w", err)
	}
	if limit != "" {
		limited, list := p.opts.Inventory.Match(limit)
		if err := list.Err(); err != nil {
			return nil, pattern, fmt.Errorf("--limit: %w", err)
		}
		matched = slices.DeleteFunc(matched, func(h *inventory.Host) bool {
			return !slices.ContainsFunc(limited, func(l *inventory.Host) bool { return l.Name == h.Name })
		})
	}
	hosts := make([]*Host, len(matched))
	for i, h := range matched {
		hosts[i] = p.view(h)
	}
	return hosts, pattern, nil
}

// Order returns the hosts of a play in the order in which it takes them.
func (p *Plan) Order(s *template.Scope, play *Play, hosts []*Host) ([]*Host, error) {
	order, err := s.Text(play.Order.Value)
	if err != nil {
		return nil, err
	}
	hosts = slices.Clone(hosts)
	return hosts, sortHosts(hosts, order, play.Order)
}

func patternText(v value.Value) string {
	l, ok := v.(*value.List)
	if !ok {
		return value.Str(v)
	}
	parts := make([]string, len(l.Items))
	for i, item := range l.Items {
		parts[i] = value.Str(item)
	}
	return strings.Join(parts, ",")
}

func sortHosts(hosts []*Host, order string, f playbook.Field) error {
	byName := func(a, b *Host) int { return strings.Compare(a.Name, b.Name) }
	switch {
	case !f.Given(), order == "inventory", order == "None":
	case order == "sorted":
		slices.SortFunc(hosts, byName)
	case order == "reverse_sorted":
		slices.SortFunc(hosts, func(a, b *Host) int { return byName(b, a) })
	case order == "reverse_inventory":
		slices.Reverse(hosts)
	default:
		choices := []string{"inventory", "sorted", "reverse_sorted", "reverse_inventory"}
		d := diag.Errorf(f.Pos, "order %q is not supported: write one of %s", order, strings.Join(choices, ", "))
		d.Hint = diag.Suggest(order, choices)
		return d
	}
	return nil
}

// A Setting is a place of the inventory that gives a host a variable.
type Setting = inventory.Setting

// Settings returns the places that give a host a variable, from weakest to strongest.
func (p *Plan) Settings(host, name string) []Setting {
	p.mu.RLock()
	defer p.mu.RUnlock()
	h := p.opts.Inventory.Host(host)
	if h == nil {
		return nil
	}
	return p.opts.Inventory.Settings(h, p.opts.VarsDir, name)
}

// GroupPos returns the place where a group is first named.
func (p *Plan) GroupPos(name string) value.Position {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if g := p.opts.Inventory.Group(name); g != nil {
		return g.Pos
	}
	return value.Position{}
}

// AddHost adds a host to the inventory while running, or gives it more groups and variables.
func (p *Plan) AddHost(name string, groups []string, vars *value.Map) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(groups) == 0 {
		groups = []string{inventory.Ungrouped}
	}
	var h *inventory.Host
	for _, g := range groups {
		h = p.opts.Inventory.AddHost(name, p.opts.Inventory.AddGroup(g, value.Position{}), value.Position{})
	}
	h.Vars = h.Vars.Clone().Merge(vars)
	p.changed(name)
}

// AddToGroup puts a host into a group while running.
func (p *Plan) AddToGroup(h *Host, group string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.opts.Inventory.AddHost(h.Name, p.opts.Inventory.AddGroup(group, value.Position{}), value.Position{})
	p.changed(h.Name)
}

func (p *Plan) changed(name string) {
	delete(p.hosts, name)
	p.groups = nil
}
