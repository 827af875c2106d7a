package plan

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"kops/internal/diag"
	"kops/internal/module"
	"kops/internal/playbook"
	"kops/internal/value"
	"kops/internal/yamlpos"
)

// hosts checks what says which hosts a play is for, as far as it holds no template.
func (c *checker) hosts(play *Play) {
	if play.Serial.Given() && !module.HoldsTemplate(play.Serial.Value) {
		_, err := c.plan.Batches(play, nil)
		c.list.Add(err)
	}
	if play.Order.Given() && !module.HoldsTemplate(play.Order.Value) {
		c.list.Add(sortHosts(nil, value.Str(play.Order.Value), play.Order))
	}
	if !play.Hosts.Given() || module.HoldsTemplate(play.Hosts.Value) {
		return
	}
	inv := c.plan.opts.Inventory
	_, list := inv.Match(patternText(play.Hosts.Value))
	for _, d := range list {
		d.Pos = play.Hosts.Pos
		switch {
		case d.Severity == diag.Error:
			c.list.Add(d)
		case !c.plan.opts.Partial && len(inv.Hosts) > 0 && !says(c.patterns, d.Summary):
			c.patterns.Add(d)
		}
	}
}

// says tells whether a summary is in the list already: a group that many plays name is missed once.
func says(list diag.List, summary string) bool {
	return slices.ContainsFunc(list, func(d *diag.Diagnostic) bool { return d.Summary == summary })
}

// varsFiles reads the vars_files whose names are known before the run.
func (c *checker) varsFiles(play *Play) {
	for _, f := range play.VarsFiles {
		if module.HoldsTemplate(f.Value) {
			continue
		}
		path, tried := varsFile(play, f.Value)
		if path == "" {
			d := diag.Errorf(f.Pos, "vars_files: the file %s does not exist", tried[0])
			if len(tried) > 1 {
				d.Summary = fmt.Sprintf("vars_files: none of these files exists: %v", tried)
			}
			c.list.Add(d)
			continue
		}
		_, _, list := yamlpos.LoadMap(path, c.plan.opts.YAML)
		for _, d := range list {
			if d.Pos.Line == 0 {
				d.Related = append(d.Related, diag.Related{Pos: f.Pos, Text: "vars_files names it here"})
			}
			c.list.Add(d)
		}
	}
}

// include checks the file of an include_tasks whose name is known before the run, once.
func (c *checker) include(play *Play, t *playbook.Task) {
	name, ok := t.IncludedFile().Value.(string)
	if !ok || name == "" {
		return
	}
	find := func(name string) (string, error) {
		return playbook.FindTasks(name, t.File, play.Play, t.Role, t.Handler)
	}
	path, err := find(name)
	if err != nil {
		var other error
		if path, other = find(filepath.Join("tasks", name)); other != nil {
			c.list.Add(at(t.IncludedFile().Pos, err))
			return
		}
	}
	key := fmt.Sprint(path, " ", t.Handler, " ", play.Pos)
	if c.included[key] {
		return
	}
	c.included[key] = true
	entries, err := c.plan.opts.LoadTasks(path, play.Play, includeBlock(t, nil), t.Role, t.Handler)
	c.list.Add(err)
	c.entries(play, entries)
}

// at moves an error to where its cause stands.
func at(pos value.Position, err error) *diag.Diagnostic {
	var d *diag.Diagnostic
	if !errors.As(err, &d) {
		return diag.Errorf(pos, "%w", err)
	}
	moved := *d
	moved.Pos = pos
	return &moved
}
