package plan

import (
	"fmt"
	"slices"
	"strings"

	"kops/internal/diag"
	"kops/internal/module"
	"kops/internal/playbook"
	"kops/internal/value"
)

// ConnectionKind returns "ssh" or "local" for what connection: or ansible_connection says.
func ConnectionKind(name string) (string, error) {
	switch plain(name) {
	case "", "smart", "ssh", "paramiko", "paramiko_ssh":
		return "ssh", nil
	case "local":
		return "local", nil
	}
	return "", fmt.Errorf("connection %q is not supported: kops reaches hosts that have sshd and a POSIX shell, by ssh, and this machine, by local", name)
}

// BecomeMethod returns "sudo" or "su" for what become_method: or ansible_become_method says.
func BecomeMethod(name string) (string, error) {
	switch method := plain(name); method {
	case "":
		return "sudo", nil
	case "sudo", "su":
		return method, nil
	}
	return "", fmt.Errorf("become_method %q is not supported: kops knows sudo and su", name)
}

// reach checks how hosts are reached, where it is said without a template.
func (c *checker) reach(k *playbook.Keywords) {
	for _, setting := range []struct {
		field playbook.Field
		read  func(string) (string, error)
	}{{k.Connection, ConnectionKind}, {k.BecomeMethod, BecomeMethod}} {
		if !setting.field.Given() || module.HoldsTemplate(setting.field.Value) {
			continue
		}
		if _, err := setting.read(value.Str(setting.field.Value)); err != nil {
			c.list.Add(diag.Errorf(setting.field.Pos, "%w", err))
		}
	}
}

// reachHosts warns of hosts whose variables say what is not supported. It is no error: the play may
// do all its work for them elsewhere.
func (c *checker) reachHosts(play *Play) {
	if module.HoldsTemplate(play.Hosts.Value) {
		return
	}
	hosts, _ := c.plan.opts.Inventory.Match(patternText(play.Hosts.Value))
	for _, setting := range []struct {
		variable string
		read     func(string) (string, error)
	}{{"ansible_connection", ConnectionKind}, {"ansible_become_method", BecomeMethod}} {
		for _, h := range hosts {
			view := c.plan.view(h)
			v := lastOf(view.Layers, setting.variable)
			if v == nil || module.HoldsTemplate(v) {
				continue
			}
			if _, err := setting.read(value.Str(v)); err != nil {
				d := diag.Warningf(value.Position{File: view.File}, "%s: %s; its tasks will fail", h.Name, strings.Replace(err.Error(), "become_method", "ansible_become_method", 1))
				if !says(*c.list, d.Summary) {
					c.list.Add(d)
				}
			}
		}
	}
}

// lastOf returns a variable of the strongest layer that has it.
func lastOf(layers []*value.Map, name string) value.Value {
	for _, l := range slices.Backward(layers) {
		if v := l.At(name); v != nil {
			return v
		}
	}
	return nil
}
