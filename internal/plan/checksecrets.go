package plan

import (
	"slices"

	"kops/internal/diag"
	"kops/internal/playbook"
	"kops/internal/value"
)

// commandLines are the modules whose lines everybody on the host can see in the list of
// processes while they run.
var commandLines = []string{"command", "shell", "raw", "script"}

// secretVars knows which variables hold secrets: by their values, by the variables that
// these use, and because a task with no_log has made them.
type secretVars struct {
	values map[string][]value.Value // of all hosts and places
	known  map[string]bool
}

// add notes variables.
func (s *secretVars) add(m *value.Map) {
	for k, v := range m.All() {
		if name, ok := k.(string); ok {
			s.values[name] = append(s.values[name], v)
			delete(s.known, name)
		}
	}
}

// secretsOf prepares the check of a play: the variables that are known before it runs.
func (c *checker) secretsOf(play *Play) {
	if c.plan.opts.IsSecret == nil {
		return
	}
	c.secrets = &secretVars{values: map[string][]value.Value{}, known: map[string]bool{}}
	for _, name := range append(c.plan.HostNames(), "localhost") {
		for _, layer := range c.plan.HostOrNew(name).Layers {
			c.secrets.add(layer)
		}
	}
	for _, role := range play.RolesUsed {
		for _, m := range []*value.Map{role.Defaults, role.Vars, role.Params, role.UseVars} {
			c.secrets.add(m)
		}
	}
	c.secrets.add(play.Vars)
	// A file whose name a run decides is missed, and one that cannot be read has been told of.
	files, _ := c.plan.VarsFiles(c.plan.playScope(play), play)
	for _, m := range append(files, c.plan.opts.ExtraVars) {
		c.secrets.add(m)
	}
	for _, prompt := range play.VarsPrompt {
		if prompt.Private {
			c.secrets.known[prompt.Name] = true
		}
	}
}

// secretInLine warns of secrets that a task writes into the line of a command, and notes
// what the task makes itself.
func (c *checker) secretInLine(play *Play, t *playbook.Task) {
	if c.secrets == nil {
		return
	}
	c.secrets.add(t.Vars)
	if hidden(play, t) {
		names := []string{t.Register}
		if plain(t.Module) == "set_fact" {
			for k := range t.Args.All() {
				names = append(names, value.Str(k))
			}
		}
		for _, name := range names {
			c.secrets.known[name] = true
		}
	}
	if !slices.Contains(commandLines, plain(t.Module)) {
		return
	}
	item, ofLoop := c.secretItem(t)
	for _, v := range []value.Value{t.FreeForm.Value, t.Args.At("cmd"), t.Args.At("argv"), t.Args.At("_raw_params")} {
		c.eachName(v, func(name string, pos value.Position) {
			of := name
			if name == item {
				of = ofLoop
			}
			if name == item || c.isSecret(name) {
				c.list.Add(diag.Warningf(pos, "the secret %s stands in the line of a %s: everybody on the host can see it in the list of processes", of, plain(t.Module)).
					WithHint("give it with environment: or stdin:"))
			}
		})
	}
}

// secretItem returns the loop's variable where the loop runs over a secret, and its name.
func (c *checker) secretItem(t *playbook.Task) (item, of string) {
	if t.Loop == nil {
		return "", ""
	}
	c.eachName(t.Loop.Items.Value, func(name string, _ value.Position) {
		if c.isSecret(name) {
			item, of = "item", name
		}
	})
	if name, ok := t.Loop.LoopVar.Value.(string); ok && item != "" {
		item = name
	}
	return item, of
}

// hidden tells whether a task has no_log: true, by itself or from around it.
func hidden(play *Play, t *playbook.Task) bool {
	if t.NoLog.Value == true || play.NoLog.Value == true {
		return true
	}
	for b := t.Parent; b != nil; b = b.Parent {
		if b.NoLog.Value == true {
			return true
		}
	}
	return false
}

// isSecret tells whether a variable holds a secret anywhere.
func (c *checker) isSecret(name string) bool {
	if is, known := c.secrets.known[name]; known {
		return is
	}
	c.secrets.known[name] = false // a variable that uses itself ends here
	is := slices.ContainsFunc(c.secrets.values[name], c.holdsSecret)
	c.secrets.known[name] = is
	return is
}

func (c *checker) holdsSecret(v value.Value) bool {
	switch v := v.(type) {
	case string:
		return c.plan.opts.IsSecret(v)
	case *value.List:
		return slices.ContainsFunc(v.Items, c.holdsSecret)
	case *value.Map:
		for _, item := range v.All() {
			if c.holdsSecret(item) {
				return true
			}
		}
	case value.Template:
		found := false
		c.eachName(v, func(name string, _ value.Position) { found = found || c.isSecret(name) })
		return found
	}
	return false
}

// eachName calls do with each variable that the templates in v use.
func (c *checker) eachName(v value.Value, do func(name string, pos value.Position)) {
	switch v := v.(type) {
	case *value.List:
		for _, item := range v.Items {
			c.eachName(item, do)
		}
	case value.Template:
		t, err := c.plan.opts.Engine.Parse(v.Source, v.Pos)
		if err != nil {
			return // has been told of
		}
		for _, ref := range t.Names() {
			do(ref.Name, ref.Pos)
		}
	}
}
