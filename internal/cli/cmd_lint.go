package cli

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kops/internal/diag"
	"kops/internal/inventory"
	"kops/internal/plan"
	"kops/internal/playbook"
	"kops/internal/value"
	"kops/internal/yamlpos"
)

func newLint(streams Streams) *cobra.Command {
	f := &sourceFlags{}
	cmd := &cobra.Command{
		Use:   "lint PATH…",
		Short: "Find all errors of playbooks that need no host, and what kops does not support",
		Long: `Loads every playbook below the given files and folders and prints all errors at once,
each with its place, and ends with a summary of what is not supported. No host is touched.`,
		Args: usage(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return lint(cmd.Context(), streams, f, args) },
	}
	f.add(cmd)
	return cmd
}

func lint(ctx context.Context, streams Streams, f *sourceFlags, args []string) error {
	s, err := newSession(ctx, streams, f)
	if err != nil {
		return err
	}
	paths, skipped, err := playbookFiles(args)
	if err != nil {
		return err
	}
	var list diag.List
	inv, found := s.inventory(ctx, f)
	list = append(list, found...)
	extra, err := s.extraVars(f)
	list.Add(err)
	reg := registry()
	broken := list.HasErrors()
	plays := 0
	for _, path := range paths {
		loader := s.loader(reg, extra)
		book, found := loader.Playbook(path)
		list = append(list, found...)
		plays += len(book.Plays)
		// What is wrong with group_vars is told where they are used: with their inventory.
		dir, _ := inventory.ReadVarsDir(filepath.Dir(path), inv, s.yaml)
		_, found = plan.New(plan.Options{
			Playbooks: []*playbook.Playbook{book}, Inventory: inv, VarsDir: dir, Registry: reg, IsSecret: s.masker.IsSecret,
			Engine: s.engine, YAML: s.yaml, LoadTasks: loader.Tasks, ExtraVars: extra, Partial: broken || found.HasErrors(),
		})
		list = append(list, found...)
	}
	list.Sort()
	showDiagnostics(streams, list)
	printUnsupported(streams, list)
	for _, path := range skipped {
		fmt.Fprintf(streams.Out, "%s: not checked: it is no playbook (name it to see why)\n", path)
	}
	if len(paths) == 0 {
		return diag.Errorf(value.Position{}, "there is no playbook in %s", strings.Join(args, ", "))
	}
	total := list.Count()
	if total == "" {
		total = "no errors"
	}
	fmt.Fprintf(streams.Out, "%s, %s: %s\n", count(len(paths), "playbook"), count(plays, "play"), total)
	if list.HasErrors() {
		return exitCode(exitLoad)
	}
	return nil
}

// count returns a number of things as a text.
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// printUnsupported sums up what kops does not know, most frequent first.
func printUnsupported(streams Streams, list diag.List) {
	times := map[string]int{}
	var order []string
	for _, d := range list {
		if !strings.Contains(d.Summary, "not supported") && !strings.HasPrefix(d.Summary, "unknown module") {
			continue
		}
		if times[d.Summary] == 0 {
			order = append(order, d.Summary)
		}
		times[d.Summary]++
	}
	if len(order) == 0 {
		return
	}
	slices.SortStableFunc(order, func(a, b string) int { return times[b] - times[a] })
	fmt.Fprintln(streams.Out, "\nNot supported:")
	for _, text := range order {
		fmt.Fprintf(streams.Out, "  %4d × %s\n", times[text], text)
	}
}

// skippedFolders never hold playbooks.
var skippedFolders = []string{"group_vars", "host_vars", "roles", "tasks", "handlers", "vars", "defaults", "meta", "templates", "files", "inventory", "molecule", ".git", "node_modules", "collections"}

// playbookFiles finds the playbooks below paths: what is named itself, and each YAML file
// whose document is a list of plays. skipped are files whose document is another list.
func playbookFiles(paths []string) (files, skipped []string, err error) {
	for _, root := range paths {
		info, err := os.Stat(root)
		if err != nil {
			return nil, nil, yamlpos.ReadError(root, err)
		}
		if !info.IsDir() {
			files = append(files, root)
			continue
		}
		err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && path != root && slices.Contains(skippedFolders, d.Name()):
				return fs.SkipDir
			case !d.IsDir() && (strings.HasSuffix(path, ".yaml") || strings.HasSuffix(path, ".yml")):
				switch looksLike(path) {
				case aPlaybook:
					files = append(files, path)
				case aList:
					skipped = append(skipped, path)
				}
			}
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	return files, skipped, nil
}

// What a YAML file may be.
const (
	something = iota
	aPlaybook
	aList // of something else: tasks, perhaps
)

// looksLike tells what a file is. A list of mappings is a playbook if one of them has a key that
// only plays have, or one that nearly is "hosts". So is a file that is no YAML: its error should be seen.
func looksLike(path string) int {
	node, list := yamlpos.Load(path, yamlpos.Options{})
	switch {
	case list.HasErrors():
		return aPlaybook
	case node == nil || node.Kind != yamlpos.Sequence || len(node.Items) == 0:
		return something
	}
	playKeys := []string{"hosts", "host", "Hosts", "import_playbook", "ansible.builtin.import_playbook", "gather_facts", "roles", "tasks",
		"pre_tasks", "post_tasks", "handlers", "vars_prompt", "vars_files", "serial", "strategy"}
	for _, n := range node.Items {
		if n.Kind == yamlpos.Mapping && slices.ContainsFunc(playKeys, func(key string) bool { return n.Get(key) != nil }) {
			return aPlaybook
		}
	}
	return aList
}
