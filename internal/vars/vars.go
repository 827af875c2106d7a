// Package vars is the precedence of variables: immutable layers, the highest that has a
// name wins. It does not evaluate anything.
package vars

import "kops/internal/value"

// A Level is a place in Ansible's order of precedence, lowest first.
// https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_variables.html
type Level int

// The levels. Inventory holds one layer for each step of its own order (group variables
// of inventory and playbook, then host variables).
const (
	RoleDefaults Level = iota
	Inventory
	Facts
	PlayVars
	PlayPrompts
	PlayFiles
	RoleVars
	BlockVars
	TaskVars
	IncludeVars
	SetFacts // set_fact and register
	RoleParams
	IncludeParams
	ExtraVars
	Magic // inventory_hostname, groups …: kops's own, never overridden
	Loop  // item and its like, while a task runs
	levels
)

// A Set is an immutable stack of layers. Copies share the layers.
type Set struct {
	at [levels][]*value.Map
}

// With returns a Set that has m on top of the given level. A nil or empty m adds nothing.
func (s *Set) With(level Level, m *value.Map) *Set {
	if m.Len() == 0 {
		return s
	}
	c := *s
	old := c.at[level]
	c.at[level] = append(old[:len(old):len(old)], m)
	return &c
}

// Replace returns a Set whose given level has only the given maps, lowest first.
func (s *Set) Replace(level Level, maps ...*value.Map) *Set {
	c := *s
	c.at[level] = nil
	for _, m := range maps {
		if m.Len() > 0 {
			c.at[level] = append(c.at[level], m)
		}
	}
	return &c
}

// Without returns a Set that has nothing at the given levels.
func (s *Set) Without(empty ...Level) *Set {
	c := *s
	for _, level := range empty {
		c.at[level] = nil
	}
	return &c
}

// Lookup returns the value of name at its highest level.
func (s *Set) Lookup(name string) (value.Value, bool) {
	var key value.Value = name // once, not for each layer
	for level := levels - 1; level >= 0; level-- {
		maps := s.at[level]
		for i := len(maps) - 1; i >= 0; i-- {
			if v, ok := maps[i].Get(key); ok {
				return v, true
			}
		}
	}
	return nil, false
}

// Names returns every name that has a value, each once.
func (s *Set) Names() []string {
	seen := map[string]bool{}
	var names []string
	for _, maps := range s.at {
		for _, m := range maps {
			for k := range m.All() {
				if name, ok := k.(string); ok && !seen[name] {
					seen[name] = true
					names = append(names, name)
				}
			}
		}
	}
	return names
}
