package cli

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"kops/internal/diag"
	"kops/internal/module"
)

func newDoc(streams Streams) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "doc [MODULE]",
		Short: "Show the modules, or one module's arguments, results and examples",
		Args:  usage(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			reg := registry()
			switch {
			case dir != "":
				return writeDocs(reg, dir)
			case len(args) == 0:
				return listModules(streams, reg)
			}
			m, ok := reg.Find(args[0])
			if !ok {
				d := &diag.Diagnostic{Summary: fmt.Sprintf("there is no module %q", args[0])}
				d.Hint = diag.Suggest(args[0], reg.Names())
				return d
			}
			_, err := fmt.Fprint(streams.Out, m.Markdown())
			return err
		},
	}
	cmd.Flags().StringVar(&dir, "write", "", "write a page for each module into this folder")
	return cmd
}

func listModules(streams Streams, reg *module.Registry) error {
	for _, m := range reg.All() {
		if _, err := fmt.Fprintf(streams.Out, "%-18s %s\n", m.Name, m.Doc.Summary); err != nil {
			return err
		}
	}
	return nil
}

// writeDocs writes docs/modules: the test of this package fails where a page is stale.
func writeDocs(reg *module.Registry, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, m := range reg.All() {
		if err := os.WriteFile(filepath.Join(dir, m.Name+".md"), []byte(m.Markdown()), 0o644); err != nil {
			return err
		}
	}
	return nil
}
