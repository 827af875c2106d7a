package inventory

import (
	"fmt"
	"strings"

	"kops/internal/diag"
	"kops/internal/value"
	"kops/internal/yamlpos"
)

// groupKeys are what a group may hold.
var groupKeys = []string{"hosts", "children", "vars"}

// yamlSource reads an inventory in YAML, or in JSON of the same shape.
func (l *loader) yamlSource(n *yamlpos.Node) {
	if n.IsNull() {
		return
	}
	if n.Kind != yamlpos.Mapping {
		l.list.Add(diag.Errorf(n.Pos, "an inventory must be a mapping of groups, not %s", n.Describe()).
			WithHint("begin it with \"all:\", and \"hosts:\" below it"))
		return
	}
	if plugin := n.Get("plugin"); plugin != nil {
		name, _ := plugin.Str()
		l.list.Add(diag.Errorf(plugin.Pos, "the inventory plugin %q is not supported", name).
			WithHint("write the hosts down, or use an executable script that prints them (--list)"))
		return
	}
	for _, p := range n.Pairs {
		l.yamlGroup(p.Key, p.Value)
	}
}

func (l *loader) yamlGroup(key, n *yamlpos.Node) *Group {
	name := key.Raw
	if strings.ContainsAny(name, ":[]! \t") || name == "" {
		l.list.Add(diag.Errorf(key.Pos, "%q cannot be the name of a group", name).
			WithHint("use letters, digits and underscores"))
	}
	g := l.inv.AddGroup(name, key.Pos)
	if n.IsNull() {
		return g
	}
	if n.Kind != yamlpos.Mapping {
		l.list.Add(diag.Errorf(n.Pos, "the group %s must be a mapping with hosts, children or vars, not %s", name, n.Describe()))
		return g
	}
	for _, p := range n.Pairs {
		section := p.Value
		switch p.Key.Raw {
		case "hosts":
			l.yamlHosts(g, section)
		case "children":
			for _, c := range l.section(g, p) {
				l.list.Add(l.inv.AddChild(g, l.yamlGroup(c.Key, c.Value), c.Key.Pos))
			}
		case "vars":
			for _, v := range l.section(g, p) {
				l.list.Add(g.setVar(v.Key.Raw, l.value(v.Value), v.Key.Pos))
			}
		default:
			l.list.Add(l.unknownKey(g, p.Key))
		}
	}
	return g
}

func (l *loader) unknownKey(g *Group, key *yamlpos.Node) *diag.Diagnostic {
	d := diag.Errorf(key.Pos, "unknown key %q in the group %s", key.Raw, g.Name)
	if hint := diag.Suggest(key.Raw, groupKeys); hint != "" {
		return d.WithHint("%s", hint)
	}
	return d.WithHint("a group has hosts, children and vars; hosts go below hosts:, groups below children:, variables below vars:")
}

// section returns the pairs below hosts, children or vars; a single name stands for itself.
func (l *loader) section(g *Group, p yamlpos.Pair) []yamlpos.Pair {
	n := p.Value
	if n.IsNull() || n.Kind == yamlpos.Mapping {
		return n.Pairs
	}
	if _, ok := n.Str(); ok && p.Key.Raw != "vars" {
		return []yamlpos.Pair{{Key: n, Value: &yamlpos.Node{Pos: n.Pos}}}
	}
	d := diag.Errorf(n.Pos, "%s of the group %s must be a mapping, not %s", p.Key.Raw, g.Name, n.Describe())
	if n.Kind == yamlpos.Sequence && len(n.Items) > 0 {
		if first, ok := n.Items[0].Str(); ok {
			d.WithHint("write each name as a key: \"%s:\" instead of \"- %s\"", first, first)
		}
	}
	l.list.Add(d)
	return nil
}

func (l *loader) yamlHosts(g *Group, section *yamlpos.Node) {
	for _, p := range l.section(g, yamlpos.Pair{Key: &yamlpos.Node{Raw: "hosts"}, Value: section}) {
		names, port, err := hostNames(p.Key.Raw, p.Key.Pos)
		if err != nil {
			l.list.Add(err)
			continue
		}
		vars := p.Value
		if !vars.IsNull() && vars.Kind != yamlpos.Mapping {
			l.list.Add(diag.Errorf(vars.Pos, "the host %s must be a mapping of its variables, or empty, not %s", p.Key.Raw, vars.Describe()))
			continue
		}
		values := make([]value.Value, len(vars.Pairs))
		for i, v := range vars.Pairs {
			values[i] = l.value(v.Value)
		}
		for i, name := range names {
			h := l.inv.AddHost(name, g, p.Key.Pos)
			if port > 0 {
				l.list.Add(h.setVar("ansible_port", int64(port), p.Key.Pos))
			}
			for j, v := range vars.Pairs {
				if err := h.setVar(v.Key.Raw, values[j], v.Key.Pos); i == 0 {
					l.list.Add(err)
				}
			}
		}
	}
}

func (l *loader) value(n *yamlpos.Node) value.Value {
	v, err := n.ToValue(l.opts)
	l.list.Add(err)
	return v
}

// listSource reads a list of hosts as it stands on a command line.
func (l *loader) listSource(text string) {
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		names, port, err := hostNames(name, value.Position{})
		if err != nil {
			l.list.Add(fmt.Errorf("inventory %q: %w", text, err))
			continue
		}
		for _, n := range names {
			h := l.inv.AddHost(n, l.inv.Group(Ungrouped), value.Position{})
			if port > 0 {
				l.list.Add(h.setVar("ansible_port", int64(port), value.Position{}))
			}
		}
	}
}
