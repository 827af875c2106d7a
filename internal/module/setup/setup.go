// Package setup is the module setup: facts about the host, read by one shell script and
// named as Ansible names them.
package setup

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/value"
)

// Spec says which facts are wanted.
type Spec struct {
	Subset   []string `arg:"gather_subset" doc:"kinds of facts: all, min, hardware, network, virtual, or a single one such as mounts; !name leaves one out"`
	Filter   []string `arg:"filter" doc:"globs of facts' names; all if empty"`
	FactPath string   `arg:"fact_path" doc:"folder of the host's own facts: *.fact files, JSON or INI, or programs that print either"`
	Timeout  int      `arg:"gather_timeout" doc:"seconds that one mount point or one of the host's own programs may take"`
}

// New describes the module.
func New() *module.Module {
	return &module.Module{
		Name: "setup", Collection: "ansible.builtin", Aliases: []string{"gather_facts"},
		Doc: module.Doc{
			Summary: "Gather facts about the host.",
			Notes: []string{
				"All facts come from one script, in one round trip. The host needs no Python, and there is no ansible_python.",
				"facter and ohai are not asked.",
			},
			Examples: "- setup:\n    gather_subset: [\"!all\", network]\n",
			Returns:  []module.Return{{Name: "ansible_facts", Type: "dict", Text: "the facts"}},
		},
		New: func() module.Spec {
			return &Spec{Subset: []string{"all"}, FactPath: "/etc/ansible/facts.d", Timeout: 10}
		},
	}
}

// Validate resolves the subset.
func (s *Spec) Validate() error {
	if s.Timeout < 1 {
		return fmt.Errorf("gather_timeout: must be at least 1 second")
	}
	for _, f := range s.Filter {
		if _, err := path.Match(f, ""); err != nil {
			return fmt.Errorf("filter: %q is not a glob", f)
		}
	}
	_, err := selectCollectors(s.Subset)
	return err
}

// Plan runs the script and reads its answer.
func (s *Spec) Plan(ctx context.Context, h remote.Reader) (module.Change, error) {
	wanted, err := selectCollectors(s.Subset)
	if err != nil {
		return module.Change{}, err
	}
	res, err := h.Query(ctx, s.script(wanted))
	if err != nil {
		return module.Change{}, fmt.Errorf("gather facts: %w", err)
	}
	in := split(string(res.Stdout))
	in.distribute(wanted)
	facts := s.facts(in, wanted)
	return module.Change{Result: value.NewMap("ansible_facts", facts)}, nil
}

// script joins the collectors' scripts. Each section of the answer begins with a line that
// names it.
func (s *Spec) script(wanted []collector) string {
	var b strings.Builder
	b.WriteString("(\nkops_section() { printf '\\n%s\\n' \"" + sectionMark + "$1\"; }\n" +
		"kops_facts=" + module.Quote(s.FactPath) + "\n" +
		fmt.Sprintf("kops_limit=; command -v timeout >/dev/null 2>&1 && kops_limit='timeout %d'\n", s.Timeout))
	var paths []string
	for _, c := range wanted {
		b.WriteString(c.script + "\n")
		for _, f := range c.files {
			paths = append(paths, strings.Fields(f.paths)...)
		}
	}
	slices.Sort(paths)
	b.WriteString("kops_section " + filesSection + "\ngrep -sH '' " + strings.Join(slices.Compact(paths), " ") + "\n")
	b.WriteString("true\n) 2>/dev/null </dev/null\n")
	return b.String()
}

// facts makes facts of the sections, in the collectors' order.
func (s *Spec) facts(in sections, wanted []collector) *value.Map {
	found := value.NewMap()
	for _, c := range wanted {
		c.read(in, found)
	}
	facts := value.NewMap()
	for k, v := range found.All() {
		if s.passes(k.(string)) {
			facts.Set("ansible_"+k.(string), v)
		}
	}
	facts.Set("gather_subset", value.Strings(s.Subset))
	facts.Set("module_setup", true)
	return facts
}

// passes tells whether a fact is asked for, by its name with or without the prefix.
func (s *Spec) passes(name string) bool {
	for _, f := range s.Filter {
		short, err1 := path.Match(f, name)
		long, err2 := path.Match(f, "ansible_"+name)
		if err1 == nil && short || err2 == nil && long {
			return true
		}
	}
	return len(s.Filter) == 0
}
