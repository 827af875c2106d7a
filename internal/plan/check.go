package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"kops/internal/diag"
	"kops/internal/module"
	"kops/internal/playbook"
	"kops/internal/value"
)

// metas are the meta tasks that the runner knows.
var metas = []string{"flush_handlers", "noop", "end_play", "end_host", "end_batch", "clear_facts", "clear_host_errors", "reset_connection"}

// checker finds the errors of plays that need no host.
type checker struct {
	plan     *Plan
	list     *diag.List
	included map[string]bool // files of tasks that have been checked
	growing  bool            // tasks add hosts or groups while running
	patterns diag.List       // warnings of patterns that match nothing so far
	secrets  *secretVars     // nil where they are not looked for
}

func (p *Plan) checker(list *diag.List) *checker {
	return &checker{plan: p, list: list, included: map[string]bool{}}
}

func (c *checker) play(play *Play) {
	c.keywords(&play.Keywords)
	for _, f := range []playbook.Field{play.Hosts, play.GatherFacts, play.Serial, play.Order, play.MaxFailPercentage} {
		c.templates(f.Value)
	}
	if play.Strategy.Given() {
		c.strategy(play.Strategy)
	}
	c.hosts(play)
	c.reachHosts(play)
	c.varsFiles(play)
	c.secretsOf(play)
	for _, section := range [][]playbook.Entry{play.PreTasks, play.Roles, play.Tasks, play.PostTasks} {
		c.entries(play, section)
	}
	for _, t := range play.Handlers {
		c.task(play, t)
	}
	for _, role := range play.RolesUsed {
		c.templates(role.Defaults)
		c.templates(role.Vars)
		c.templates(role.Params)
		c.templates(role.UseVars)
	}
}

func (c *checker) strategy(f playbook.Field) {
	switch name := plain(value.Str(f.Value)); name {
	case "linear", playbook.KafkaRolling:
	default:
		c.list.Add(diag.Errorf(f.Pos, "strategy %q is not supported: kops runs linear and "+playbook.KafkaRolling, name).
			WithHint("leave it out; hosts that must not wait for each other belong to plays of their own, or serial: batches"))
	}
}

func (c *checker) entries(play *Play, list []playbook.Entry) {
	for _, e := range list {
		switch e := e.(type) {
		case *playbook.Block:
			c.keywords(&e.Keywords)
			if c.secrets != nil {
				c.secrets.add(e.Vars)
			}
			c.entries(play, e.Block)
			c.entries(play, e.Rescue)
			c.entries(play, e.Always)
		case *playbook.Task:
			c.task(play, e)
		}
	}
}

// keywords checks the templates and expressions that every level may have.
func (c *checker) keywords(k *playbook.Keywords) {
	c.templates(k.Name.Value)
	c.templates(k.Vars)
	c.conditions(k.When)
	c.reach(k)
	fields := []playbook.Field{k.Become, k.BecomeUser, k.BecomeMethod, k.BecomeFlags, k.BecomeExe, k.Connection, k.Port,
		k.RemoteUser, k.Timeout, k.Throttle, k.NoLog, k.RunOnce, k.IgnoreErrors, k.IgnoreUnreachable, k.AnyErrorsFatal,
		k.CheckMode, k.Diff, k.DelegateTo, k.DelegateFacts}
	for _, list := range [][]playbook.Field{fields, k.Environment, k.Tags, k.ModuleDefaults} {
		for _, f := range list {
			c.templates(f.Value)
		}
	}
}

func (c *checker) conditions(exprs []playbook.Expr) {
	for _, e := range exprs {
		if e.Source == "" {
			if e.Literal == nil {
				c.list.Add(diag.Errorf(e.Pos, "the condition is empty").WithHint("write an expression, or leave it out"))
			}
			continue
		}
		parse := c.plan.opts.Engine.ParseExpression
		if strings.Contains(e.Source, "{{") || strings.Contains(e.Source, "{%") {
			parse = c.plan.opts.Engine.Parse
		}
		if _, err := parse(e.Source, e.Pos); err != nil {
			c.list.Add(err)
		}
	}
}

// templates parses every template in v.
func (c *checker) templates(v value.Value) {
	switch v := v.(type) {
	case value.Template:
		if _, err := c.plan.opts.Engine.Parse(v.Source, v.Pos); err != nil {
			c.list.Add(err)
		}
	case *value.List:
		for _, item := range v.Items {
			c.templates(item)
		}
	case *value.Map:
		for k, item := range v.All() {
			c.templates(k)
			c.templates(item)
		}
	}
}

func (c *checker) task(play *Play, t *playbook.Task) {
	c.secretInLine(play, t)
	c.keywords(&t.Keywords)
	c.templates(t.Args)
	c.templates(t.ArgsFrom.Value)
	c.templates(t.FreeForm.Value)
	c.conditions(t.Until)
	c.conditions(t.ChangedWhen)
	c.conditions(t.FailedWhen)
	c.templates(t.Retries.Value)
	c.templates(t.Delay.Value)
	if t.Loop != nil {
		c.loop(t.Loop)
	}
	c.notify(play, t)
	c.module(play, t)
}

func (c *checker) loop(l *playbook.Loop) {
	for _, f := range []playbook.Field{l.Items, l.LoopVar, l.IndexVar, l.Pause, l.Extended} {
		c.templates(f.Value)
	}
	c.conditions(l.BreakWhen)
	if l.With == "" {
		return
	}
	if ok, names := c.plan.opts.Engine.HasLookup(l.With); !ok {
		d := diag.Errorf(l.Items.Pos, "with_%s: there is no lookup named %q", l.With, l.With)
		d.Hint = diag.Suggest(l.With, names)
		c.list.Add(d)
	}
}

// notify checks names that are no templates. Handlers that are included while running
// cannot be known here.
func (c *checker) notify(play *Play, t *playbook.Task) {
	if c.plan.opts.Partial || slices.ContainsFunc(play.Handlers, func(h *playbook.Task) bool { return plain(h.Module) == IncludeTasks }) {
		return
	}
	for _, f := range t.Notify {
		names := []value.Value{f.Value}
		if l, ok := f.Value.(*value.List); ok {
			names = l.Items
		}
		for _, n := range names {
			if name, ok := n.(string); ok {
				c.list.Add(c.plan.Notifies(play, name, f.Pos))
			}
		}
	}
}

// module checks the module's name and arguments.
func (c *checker) module(play *Play, t *playbook.Task) {
	switch plain(t.Module) {
	case Meta:
		if name := c.plan.MetaOf(t); !slices.Contains(metas, name) {
			d := diag.Errorf(t.ModulePos, "meta: %q is not supported", name)
			d.Hint = diag.Suggest(name, metas)
			c.list.Add(d)
		}
		return
	case IncludeTasks:
		c.include(play, t)
		return
	case "add_host", "group_by":
		c.growing = true
	}
	m, ok := c.plan.opts.Registry.Find(t.Module)
	if !ok {
		d := diag.Errorf(t.ModulePos, "unknown module or action %q", t.Module)
		d.Hint = diag.Suggest(plain(t.Module), append(c.plan.opts.Registry.Names(), Meta, IncludeTasks))
		c.list.Add(d)
		return
	}
	if t.FreeForm.Given() && m.FreeForm == "" {
		c.list.Add(diag.Errorf(t.FreeForm.Pos, "module %s takes no free text: write its arguments as name: value", t.Module))
	}
	if t.ArgsFrom.Given() || t.FreeForm.Given() || c.hasDefaults(t) {
		c.known(m, t)
		return
	}
	c.source(play, t)
	errs := m.Check(t.Args)
	if len(errs) == 0 && !m.Open && !module.HoldsTemplate(t.Args) { // the run will see the same
		_, errs = m.Decode(t.Args)
	}
	for _, err := range errs {
		if !misspelt(err, errs) {
			c.argument(t, err)
		}
	}
}

// misspelt tells whether err misses an argument that another error says to be meant.
func misspelt(err error, errs []error) bool {
	var a *module.ArgumentError
	if !errors.As(err, &a) {
		return false
	}
	name, missing := strings.CutPrefix(a.Msg, "missing required argument ")
	return missing && slices.ContainsFunc(errs, func(other error) bool {
		var o *module.ArgumentError
		return errors.As(other, &o) && o.Hint == "did you mean "+name+"?"
	})
}

// hasDefaults tells whether module_defaults may give arguments that the task does not.
func (c *checker) hasDefaults(t *playbook.Task) bool {
	if len(t.ModuleDefaults) > 0 {
		return true
	}
	for b := t.Parent; b != nil; b = b.Parent {
		if len(b.ModuleDefaults) > 0 {
			return true
		}
	}
	return slices.ContainsFunc(c.plan.plays, func(p *Play) bool { return len(p.ModuleDefaults) > 0 })
}

// known checks only what is there: what is missing may come from elsewhere.
func (c *checker) known(m *module.Module, t *playbook.Task) {
	for _, err := range m.Check(t.Args) {
		var a *module.ArgumentError
		if errors.As(err, &a) && a.Argument == "" && !strings.HasPrefix(a.Msg, "unknown argument") {
			continue
		}
		c.argument(t, err)
	}
}

func (c *checker) argument(t *playbook.Task, err error) {
	d := diag.Errorf(t.ModulePos, "%w", err)
	var a *module.ArgumentError
	if errors.As(err, &a) {
		d.Summary = fmt.Sprintf("%s: %s", a.Module, a.Msg)
		if a.Argument != "" {
			d.Summary = fmt.Sprintf("%s: %s: %s", a.Module, a.Argument, a.Msg)
		}
		d.Hint = a.Hint
		for _, name := range []string{a.Argument, a.At} {
			if pos, ok := t.ArgsPos[name]; ok {
				d.Pos = pos
			}
		}
	}
	c.list.Add(d)
}
