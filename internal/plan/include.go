package plan

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"kops/internal/diag"
	"kops/internal/playbook"
	"kops/internal/template"
	"kops/internal/value"
	"kops/internal/vars"
	"kops/internal/yamlpos"
)

// maxIncludes is how deep files of tasks may include each other: a file that includes itself
// without end is a mistake, one that counts its rounds is not.
const maxIncludes = 250

// Include loads a file of tasks that a run includes, and checks it. The block carries the
// include's variables, those of the loop's item, and what apply: says; like Ansible's
// dynamic includes, it passes on nothing else of the include itself.
func (p *Plan) Include(play *Play, t *playbook.Task, file string, item *value.Map) (*playbook.Block, error) {
	depth := 0
	for up := t.Parent; up != nil; up = up.Parent {
		depth++
	}
	if depth >= maxIncludes {
		return nil, diag.Errorf(t.Pos, "%s is the %dth include inside another one: this goes in a circle", file, depth+1).
			WithHint("let a condition (when) on the include end it")
	}
	b := includeBlock(t, item)
	entries, err := p.opts.LoadTasks(file, play.Play, b, t.Role, t.Handler)
	if err != nil {
		return nil, err
	}
	b.Block = entries
	var list diag.List
	c := p.checker(&list)
	c.entries(play, b.Block)
	list.Sort()
	return b, list.Err()
}

func includeBlock(t *playbook.Task, item *value.Map) *playbook.Block {
	b := &playbook.Block{Pos: t.Pos, Origin: playbook.FromImport, Parent: t.Parent, Role: t.Role}
	if t.Apply != nil {
		b.Keywords = *t.Apply
	}
	b.Params = t.Vars.Clone().Merge(item)
	return b
}

// VarsFiles loads the vars_files of a play for one host. Of a list of names, the first
// that exists counts.
func (p *Plan) VarsFiles(s *template.Scope, play *Play) ([]*value.Map, error) {
	var layers []*value.Map
	for _, f := range play.VarsFiles { // a file's name may use what earlier ones define
		v, err := s.Value(f.Value)
		if err != nil {
			return nil, err
		}
		path, tried := varsFile(play, v)
		if path == "" {
			return nil, diag.Errorf(f.Pos, "vars_files: no such file: %s", strings.Join(tried, ", "))
		}
		m, err := p.LoadVars(path)
		if err != nil {
			return nil, diag.Errorf(f.Pos, "vars_files: %w", err)
		}
		layers = append(layers, m)
		s = s.With(s.Vars().With(vars.PlayFiles, m))
	}
	return layers, nil
}

// varsFile returns the first of the named files that exists, else those that it tried.
func varsFile(play *Play, v value.Value) (found string, tried []string) {
	names := []value.Value{v}
	if l, ok := v.(*value.List); ok {
		names = l.Items
	}
	for _, n := range names {
		path := value.Str(n)
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(play.File), path)
		}
		if _, err := os.Stat(path); err == nil {
			return path, tried
		}
		tried = append(tried, path)
	}
	return "", tried
}

// LoadVars reads a file of variables, decrypted where it is a vault.
func (p *Plan) LoadVars(path string) (*value.Map, error) {
	m, _, list := yamlpos.LoadMap(path, p.opts.YAML)
	return m, list.Err()
}

// playScope evaluates what belongs to a play as a whole: its own variables and the
// command line's.
func (p *Plan) playScope(play *Play) *template.Scope {
	set := (&vars.Set{}).With(vars.PlayVars, play.Vars).With(vars.ExtraVars, p.opts.ExtraVars)
	return p.opts.Engine.Scope(context.Background(), set, nil)
}
