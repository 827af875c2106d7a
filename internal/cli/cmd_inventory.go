package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"kops/internal/diag"
	"kops/internal/inventory"
	"kops/internal/value"
	"kops/internal/yamlpos"
)

type inventoryOptions struct {
	sourceFlags
	list, graph bool
	host        string
	playbookDir string
}

func newInventory(streams Streams) *cobra.Command {
	o := &inventoryOptions{}
	cmd := &cobra.Command{
		Use:   "inventory --list|--graph [GROUP]|--host NAME",
		Short: "Show hosts, groups and variables as kops reads them",
		Args:  usage(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), streams, args)
		},
	}
	o.add(cmd)
	fs := cmd.Flags()
	fs.BoolVar(&o.list, "list", false, "all hosts, groups and variables as JSON")
	fs.BoolVar(&o.graph, "graph", false, "the tree of groups")
	fs.StringVar(&o.host, "host", "", "the variables of one host as JSON")
	fs.StringVar(&o.playbookDir, "playbook-dir", "", "take group_vars and host_vars of this folder too")
	return cmd
}

// oneView is an error where more than one view is asked for.
func (o *inventoryOptions) oneView() error {
	asked := 0
	for _, is := range []bool{o.list, o.graph, o.host != ""} {
		if is {
			asked++
		}
	}
	if asked > 1 {
		return usageError{errors.New("--list, --graph and --host are different views: give one of them")}
	}
	return nil
}

func (o *inventoryOptions) run(ctx context.Context, streams Streams, args []string) error {
	if err := o.oneView(); err != nil {
		return err
	}
	s, err := newSession(ctx, streams, &o.sourceFlags)
	if err != nil {
		return err
	}
	inv, list := s.inventory(ctx, &o.sourceFlags)
	if list.HasErrors() {
		return list
	}
	showDiagnostics(streams, list)
	dir, err := o.varsDir(inv, s.yaml)
	if err != nil {
		return err
	}
	vars := func(h *inventory.Host) *value.Map {
		m := &value.Map{}
		for _, layer := range inv.Layers(h, dir) {
			m.Merge(layer)
		}
		return s.asWritten(m).(*value.Map)
	}
	switch {
	case o.host != "":
		h := inv.Host(o.host)
		if h == nil {
			d := &diag.Diagnostic{Summary: fmt.Sprintf("the inventory has no host %q", o.host)}
			d.Hint = diag.Suggest(o.host, hostNames(inv))
			return d
		}
		return printJSON(streams, vars(h))
	case o.graph:
		name := inventory.All
		if len(args) == 1 {
			name = args[0]
		}
		g := inv.Group(name)
		if g == nil {
			return &diag.Diagnostic{Summary: fmt.Sprintf("the inventory has no group %q", name)}
		}
		_, err := fmt.Fprint(streams.Out, g.Graph())
		return err
	case o.list:
		return printJSON(streams, inv.List(vars))
	}
	return usageError{errors.New("inventory needs one of --list, --graph, --host")}
}

func (o *inventoryOptions) varsDir(inv *inventory.Inventory, opts yamlpos.Options) (*inventory.VarsDir, error) {
	if o.playbookDir == "" {
		return nil, nil
	}
	dir, list := inventory.ReadVarsDir(filepath.Clean(o.playbookDir), inv, opts)
	return dir, list.Err()
}

func hostNames(inv *inventory.Inventory) []string {
	names := make([]string, len(inv.Hosts))
	for i, h := range inv.Hosts {
		names[i] = h.Name
	}
	return names
}

// asWritten replaces templates by their text, since an inventory is shown as it is written,
// and masks what a vault holds.
func (s *session) asWritten(v value.Value) value.Value {
	switch v := v.(type) {
	case string:
		return s.masker.Mask(v)
	case value.Template:
		return s.masker.Mask(v.Source)
	case *value.List:
		out := value.NewList()
		for _, item := range v.Items {
			out.Append(s.asWritten(item))
		}
		return out
	case *value.Map:
		out := &value.Map{}
		for k, item := range v.All() {
			out.Set(s.asWritten(k), s.asWritten(item))
		}
		return out
	}
	return v
}

func printJSON(streams Streams, v value.Value) error {
	out, err := json.MarshalIndent(v, "", "    ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(streams.Out, string(out))
	return err
}
