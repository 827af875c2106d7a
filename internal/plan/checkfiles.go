package plan

import (
	"fmt"
	"path/filepath"

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
		if d.Severity == diag.Warning && (c.growing || c.plan.opts.Partial || len(inv.Hosts) == 0) {
			continue
		}
		d.Pos = play.Hosts.Pos
		c.list.Add(d)
	}
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
	path, missing := playbook.FindTasks(name, t.File, play.Play, t.Role, t.Handler)
	if missing != nil {
		var err error
		if path, err = playbook.FindTasks(filepath.Join("tasks", name), t.File, play.Play, t.Role, t.Handler); err != nil {
			d := diag.Errorf(t.IncludedFile().Pos, "%w", missing)
			var list diag.List
			list.Add(missing)
			d.Summary = list[0].Summary
			c.list.Add(d)
			return
		}
	}
	key := fmt.Sprint(path, " ", t.Handler, " ", t.Role != nil && t.Role.Name != "", play.Pos)
	if c.included[key] {
		return
	}
	c.included[key] = true
	entries, err := c.plan.opts.LoadTasks(path, play.Play, includeBlock(t, nil), t.Role, t.Handler)
	c.list.Add(err)
	c.entries(play, entries)
}
