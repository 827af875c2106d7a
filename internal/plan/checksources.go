package plan

import (
	"context"
	"errors"
	"os"
	"strings"

	"kops/internal/diag"
	"kops/internal/module"
	"kops/internal/playbook"
	"kops/internal/template"
	"kops/internal/value"
	"kops/internal/vars"
)

// sources are the actions that read a file of the controller, and where it lies in a role.
var sources = map[string]string{"copy": "files", "template": "templates", "unarchive": "files"}

// source checks that the file of the controller that a task names is there, where its name
// is known before the run and nothing in the run could make it.
func (c *checker) source(play *Play, t *playbook.Task) {
	kind, ok := sources[plain(t.Module)]
	if !ok || c.plan.makesFiles() {
		return
	}
	name, ok := t.Args.At("src").(string)
	if !ok || name == "" || strings.Contains(name, "://") || onHost(t.Args) {
		return
	}
	scope := c.plan.Engine().Scope(context.Background(), &vars.Set{}, SearchPath(play.Play, t))
	path, err := scope.Find(kind, name)
	if err != nil {
		d := diag.Errorf(t.ArgsPos["src"], "%s: src: there is no %q on the controller", t.Module, name)
		var missing *template.NotFound
		if errors.As(err, &missing) {
			d.Hint = "searched: " + strings.Join(missing.Tried, ", ")
		}
		c.list.Add(d)
		return
	}
	if kind == "templates" && !ownDelimiters(t.Args) {
		c.templateFile(scope, path)
	}
}

// templateFile parses a template, once. A file that cannot be read is the run's to report.
func (c *checker) templateFile(scope *template.Scope, path string) {
	if c.included[path] {
		return
	}
	c.included[path] = true
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return
	}
	text, err := scope.ReadFile(path)
	if err != nil || strings.HasPrefix(string(text), "#jinja2:") { // a header that sets delimiters
		return
	}
	if _, err := c.plan.Engine().Parse(string(text), value.Position{File: path, Line: 1, Column: 1}); err != nil {
		c.list.Add(err)
	}
}

// onHost tells whether src is, or may be, a path of the host.
func onHost(args *value.Map) bool {
	for name, local := range map[string]bool{"remote_src": false, "copy": true} {
		v, given := args.Get(name)
		if !given {
			continue
		}
		if b, err := module.ToBool(v); err != nil || b != local {
			return true
		}
	}
	return false
}

func ownDelimiters(args *value.Map) bool {
	for _, name := range []string{"variable_start_string", "variable_end_string", "block_start_string", "block_end_string",
		"comment_start_string", "comment_end_string"} {
		if _, ok := args.Get(name); ok {
			return true
		}
	}
	return false
}

// makesFiles tells whether a task of the run may write on the controller.
func (p *Plan) makesFiles() bool {
	for _, play := range p.plays {
		if play.Connection.Given() || strings.Contains(value.Str(play.Hosts.Value), "localhost") || strings.Contains(value.Str(play.Hosts.Value), "127.0.0.1") {
			return true
		}
		for _, section := range [][]playbook.Entry{play.PreTasks, play.Roles, play.Tasks, play.PostTasks} {
			if anyMakesFiles(section) {
				return true
			}
		}
		for _, t := range play.Handlers {
			if anyMakesFiles([]playbook.Entry{t}) {
				return true
			}
		}
	}
	return false
}

func anyMakesFiles(entries []playbook.Entry) bool {
	for _, e := range entries {
		k := e.Base()
		if k.DelegateTo.Given() || k.Connection.Given() {
			return true
		}
		switch e := e.(type) {
		case *playbook.Task:
			if plain(e.Module) == "fetch" || plain(e.Module) == IncludeTasks {
				return true
			}
		case *playbook.Block:
			if anyMakesFiles(e.Block) || anyMakesFiles(e.Rescue) || anyMakesFiles(e.Always) {
				return true
			}
		}
	}
	return false
}
