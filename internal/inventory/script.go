package inventory

import (
	"bytes"
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"kops/internal/diag"
	"kops/internal/value"
	"kops/internal/yamlpos"
)

// scriptTimeout is how long an inventory script may take.
const scriptTimeout = 5 * time.Minute

// script runs an inventory script and reads the JSON that it prints.
func (l *loader) script(path string) {
	n := l.runScript(path, "--list")
	if n == nil {
		return
	}
	if n.Kind != yamlpos.Mapping {
		l.list.Add(scriptError(path, "printed %s, not a JSON mapping of groups", n.Describe()))
		return
	}
	meta := n.Get("_meta")
	hostvars := meta.Get("hostvars")
	pos := value.Position{File: path}
	var named []*Host
	for _, p := range n.Pairs {
		if p.Key.Raw != "_meta" {
			named = append(named, l.scriptGroup(path, p)...)
		}
	}
	if hostvars != nil {
		for _, p := range hostvars.Pairs {
			l.scriptHostVars(l.inv.AddHost(p.Key.Raw, nil, pos), p.Value, pos)
		}
		return
	}
	for _, h := range named { // an old script: it is asked for each host
		if vars := l.runScript(path, "--host", h.Name); vars != nil {
			l.scriptHostVars(h, vars, pos)
		}
	}
}

// scriptGroup reads a group: a mapping with hosts, children and vars, or a list of hosts.
func (l *loader) scriptGroup(path string, p yamlpos.Pair) (named []*Host) {
	pos := value.Position{File: path}
	g := l.inv.AddGroup(p.Key.Raw, pos)
	hosts := p.Value
	if p.Value.Kind == yamlpos.Mapping {
		hosts = p.Value.Get("hosts")
		for _, key := range p.Value.Pairs {
			if diag.Closest(key.Key.Raw, groupKeys) != key.Key.Raw {
				l.list.Add(scriptError(path, "printed the unknown key %q in the group %s", key.Key.Raw, g.Name))
			}
		}
		if vars := p.Value.Get("vars"); vars != nil {
			for _, v := range vars.Pairs {
				l.list.Add(g.setVar(v.Key.Raw, l.value(v.Value), pos))
			}
		}
		if children := p.Value.Get("children"); children != nil {
			for _, c := range children.Items {
				l.list.Add(l.inv.AddChild(g, l.inv.AddGroup(c.Raw, pos), pos))
			}
		}
	}
	if hosts == nil {
		return nil
	}
	if hosts.Kind != yamlpos.Sequence {
		l.list.Add(scriptError(path, "printed %s as the hosts of the group %s, not a list", hosts.Describe(), g.Name))
	}
	for _, h := range hosts.Items {
		named = append(named, l.inv.AddHost(h.Raw, g, pos))
	}
	return named
}

func (l *loader) scriptHostVars(h *Host, vars *yamlpos.Node, pos value.Position) {
	for _, v := range vars.Pairs {
		l.list.Add(h.setVar(v.Key.Raw, l.value(v.Value), pos))
	}
}

// runScript returns what the script prints, or nil after noting why not.
func (l *loader) runScript(path string, args ...string) *yamlpos.Node {
	abs, err := filepath.Abs(path)
	if err != nil {
		l.list.Add(err)
		return nil
	}
	ctx, cancel := context.WithTimeout(l.ctx, scriptTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, abs, args...)
	cmd.WaitDelay = time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		d := scriptError(path, "failed when called with %s: %w", strings.Join(args, " "), err)
		d.Detail = strings.TrimSpace(stderr.String())
		l.list.Add(d)
		return nil
	}
	n, list := yamlpos.ParseJSON(path, stdout.Bytes())
	if list.HasErrors() {
		// The position is one in the script's output, not in its text.
		d := scriptError(path, "printed no JSON when called with %s: %s", strings.Join(args, " "), list[0].Summary)
		l.list.Add(d)
		return nil
	}
	return n
}

func scriptError(path, format string, args ...any) *diag.Diagnostic {
	return diag.Errorf(value.Position{File: path}, "the inventory script "+format, args...)
}
