package module

import (
	"maps"
	"slices"
	"strings"
)

// A Registry finds modules by the names that playbooks use.
type Registry struct {
	byName map[string]*Module
	names  []string
}

// NewRegistry returns a registry of the given modules. It panics where two share a name.
func NewRegistry(modules []*Module) *Registry {
	r := &Registry{byName: map[string]*Module{}}
	for _, m := range modules {
		for _, name := range append([]string{m.Name}, m.Aliases...) {
			if _, twice := r.byName[name]; twice {
				panic("module: two modules are named " + name)
			}
			r.byName[name] = m
			r.names = append(r.names, name)
		}
	}
	slices.Sort(r.names)
	return r
}

// Override returns a registry in which the given modules, in truth actions on the
// controller, stand in place of those of the same name.
func (r *Registry) Override(modules []*Module) *Registry {
	o := &Registry{byName: maps.Clone(r.byName), names: slices.Clone(r.names)}
	for _, m := range modules {
		for _, name := range append([]string{m.Name}, m.Aliases...) {
			if _, known := o.byName[name]; !known {
				o.names = append(o.names, name)
			}
			o.byName[name] = m
		}
	}
	slices.Sort(o.names)
	return o
}

// Find returns the module of a plain or a fully qualified name ("ansible.builtin.copy",
// "ansible.legacy.copy").
func (r *Registry) Find(name string) (*Module, bool) {
	if m, ok := r.byName[name]; ok {
		return m, true
	}
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return nil, false
	}
	m, ok := r.byName[name[dot+1:]]
	collection := name[:dot]
	if !ok || collection != m.Collection && !(collection == "ansible.legacy" && m.Collection == "ansible.builtin") {
		return nil, false
	}
	return m, true
}

// Names returns all plain names, sorted.
func (r *Registry) Names() []string { return slices.Clone(r.names) }

// All returns the modules by name.
func (r *Registry) All() []*Module {
	var all []*Module
	for _, name := range r.names {
		if m := r.byName[name]; m.Name == name {
			all = append(all, m)
		}
	}
	return all
}
