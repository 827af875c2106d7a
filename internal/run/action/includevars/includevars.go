// Package includevars is the action include_vars: variables from files of the controller.
package includevars

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"kops/internal/module"
	"kops/internal/run/action"
	"kops/internal/run/action/source"
	"kops/internal/value"
)

// Spec is the action's arguments.
type Spec struct {
	action.OnController
	File          string   `arg:"file,alias=_raw_params,oneof=source" doc:"the file, looked for in the folders vars"`
	Dir           string   `arg:"dir,oneof=source" doc:"a folder, of which all files are read in the order of their names"`
	Name          string   `arg:"name" doc:"a variable that gets all of it as a mapping; without it each name is a variable"`
	Depth         int      `arg:"depth,with=dir" doc:"how many levels of folders are read; 0 for all"`
	FilesMatching string   `arg:"files_matching,with=dir" doc:"regular expression that the names of the files must match"`
	IgnoreFiles   []string `arg:"ignore_files,with=dir" doc:"regular expressions of names that are left out, each matched at the name's end"`
	Extensions    []string `arg:"extensions,with=dir" doc:"the endings that files must have"`
	IgnoreUnknown bool     `arg:"ignore_unknown_extensions,with=dir" doc:"leave files with other endings out, in place of failing"`
	HashBehaviour string   `arg:"hash_behaviour,unsupported" doc:"mappings replace each other: use the filter combine to merge them"`
	matching      *regexp.Regexp
	ignored       []*regexp.Regexp
}

// New describes the action.
func New() *module.Module {
	return &module.Module{
		Name:       "include_vars",
		Collection: "ansible.builtin",
		FreeForm:   "_raw_params",
		Doc: module.Doc{
			Summary:  "Reads variables from files of the controller.",
			Notes:    []string{"Regular expressions are Go's: without look-around and back-references."},
			Examples: "- include_vars: \"{{ ansible_facts['os_family'] }}.yaml\"\n",
			Returns: []module.Return{
				{Name: "ansible_facts", Type: "dict", Text: "the variables"},
				{Name: "ansible_included_var_files", Type: "list", Text: "the files"},
			},
		},
		New: func() module.Spec { return &Spec{Extensions: []string{"yaml", "yml", "json"}} },
	}
}

// Validate compiles the regular expressions.
func (s *Spec) Validate() error {
	var err error
	if s.matching, err = regexp.Compile(s.FilesMatching); err != nil {
		return fmt.Errorf("files_matching: %w", err)
	}
	for _, pattern := range s.IgnoreFiles {
		re, err := regexp.Compile(pattern + "$")
		if err != nil {
			return fmt.Errorf("ignore_files: %w", err)
		}
		s.ignored = append(s.ignored, re)
	}
	return nil
}

// Act reads the files; a later one wins over those before it.
func (s *Spec) Act(_ context.Context, env *action.Env) (action.Outcome, error) {
	files, err := s.files(env)
	if err != nil {
		return action.Outcome{}, err
	}
	all := value.NewMap()
	for _, f := range files {
		m, err := env.LoadVars(f)
		if err != nil {
			return action.Outcome{}, err
		}
		all.Merge(m)
	}
	if s.Name != "" {
		all = value.NewMap(s.Name, all)
	}
	result := value.NewMap("ansible_facts", all, "ansible_included_var_files", value.Strings(files))
	return action.Outcome{Facts: all, Level: action.IncludeVars, Result: result}, nil
}

func (s *Spec) files(env *action.Env) ([]string, error) {
	name, argument := strings.TrimRight(s.File, "\n"), "file"
	if s.Dir != "" {
		name, argument = s.Dir, "dir"
	}
	found, err := env.Scope.Find("vars", name)
	switch {
	case err != nil:
		return nil, source.Missing(argument, err)
	case s.Dir == "":
		return []string{found}, nil
	}
	role, _, err := env.Scope.Var("role_path")
	if err != nil {
		return nil, err
	}
	w := walker{Spec: s}
	if path, ok := role.(string); ok {
		w.roleMain = filepath.Join(path, "vars", "main")
	}
	err = w.walk(found, 1)
	slices.Sort(w.dirs)
	return w.inOrder(), err
}
