package cli

import (
	"fmt"
	"strings"

	"kops/internal/plan"
)

// list prints what --list-hosts, --list-tasks, --list-tags and --syntax-check ask for.
func (o *runOptions) list(p *plan.Plan) error {
	if !o.listHosts && !o.listTasks && !o.listTags {
		_, err := fmt.Fprintf(o.streams.Out, "%s: the syntax is good\n", strings.Join(o.paths, ", "))
		return err
	}
	fmt.Fprintf(o.streams.Out, "\nplaybook: %s\n", strings.Join(o.paths, " "))
	for i, play := range p.Plays() {
		l, err := p.Listing(play)
		if err != nil {
			return err
		}
		fmt.Fprintf(o.streams.Out, "\n  play #%d (%s): %s\tTAGS: [%s]\n", i+1, l.Pattern, l.Name, strings.Join(l.Tags, ", "))
		if o.listHosts {
			fmt.Fprintf(o.streams.Out, "    pattern: %s\n    hosts (%d):\n", l.Pattern, len(l.Hosts))
			for _, h := range l.Hosts {
				fmt.Fprintf(o.streams.Out, "      %s\n", h)
			}
		}
		if o.listTasks {
			fmt.Fprintln(o.streams.Out, "    tasks:")
			for _, t := range l.Tasks {
				fmt.Fprintf(o.streams.Out, "      %s\tTAGS: [%s]\n", t.Name, strings.Join(t.Tags, ", "))
			}
		}
		if o.listTags {
			fmt.Fprintf(o.streams.Out, "      TASK TAGS: [%s]\n", strings.Join(l.AllTags, ", "))
		}
	}
	return nil
}
