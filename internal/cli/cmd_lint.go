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
	paths, err := playbookFiles(args)
	if err != nil {
		return err
	}
	var list diag.List
	inv, found := s.inventory(ctx, f)
	list = append(list, found...)
	extra, err := f.vars(s.yaml)
	list.Add(err)
	reg := registry()
	plays := 0
	for _, path := range paths {
		loader := s.loader(reg, extra)
		book, found := loader.Playbook(path)
		list = append(list, found...)
		plays += len(book.Plays)
		_, found = plan.New(plan.Options{
			Playbooks: []*playbook.Playbook{book}, Inventory: inv, VarsDir: &inventory.VarsDir{}, Registry: reg,
			Engine: s.engine, YAML: s.yaml, LoadTasks: loader.Tasks, ExtraVars: extra, Partial: list.HasErrors(),
		})
		list = append(list, found...)
	}
	list.Sort()
	showDiagnostics(streams, list)
	printUnsupported(streams, list)
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
// whose document is a list of plays.
func playbookFiles(paths []string) ([]string, error) {
	var files []string
	for _, root := range paths {
		info, err := os.Stat(root)
		if err != nil {
			return nil, yamlpos.ReadError(root, err)
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
			case !d.IsDir() && (strings.HasSuffix(path, ".yaml") || strings.HasSuffix(path, ".yml")) && looksLikePlaybook(path):
				files = append(files, path)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

// looksLikePlaybook tells whether a file is a list of mappings of which one has hosts or
// imports a playbook. A file that is no YAML counts too: its error should be seen.
func looksLikePlaybook(path string) bool {
	node, list := yamlpos.Load(path, yamlpos.Options{})
	if list.HasErrors() {
		return true
	}
	if node == nil || node.Kind != yamlpos.Sequence {
		return false
	}
	return slices.ContainsFunc(node.Items, func(n *yamlpos.Node) bool {
		return n.Kind == yamlpos.Mapping && (n.Get("hosts") != nil || n.Get("import_playbook") != nil || n.Get("ansible.builtin.import_playbook") != nil)
	})
}
