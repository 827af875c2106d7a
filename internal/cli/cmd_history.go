package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"kops/internal/diag"
	"kops/internal/state"
)

// historyOptions are the flags of kops history.
type historyOptions struct {
	streams Streams
	count   int
	json    bool
}

func newHistory(streams Streams) *cobra.Command {
	o := &historyOptions{streams: streams}
	cmd := &cobra.Command{
		Use:   "history",
		Short: "List the runs that were recorded, or show one again",
		Example: `  kops history -n 5
  kops history show last
  kops history show 20261124T1345 --status failed,changed --host 'kafka*'`,
		Args: usage(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error { return o.run() },
	}
	fs := cmd.Flags()
	fs.IntVarP(&o.count, "number", "n", 20, "list so many runs, the newest first; 0 for all")
	fs.BoolVar(&o.json, "json", false, "print lines of JSON (docs/events.md)")
	cmd.AddCommand(newHistoryShow(streams))
	return cmd
}

func (o *historyOptions) run() error {
	if o.count < 0 {
		return usageError{errors.New("-n counts runs: it cannot be negative")}
	}
	records, err := runs()
	if err != nil {
		return err
	}
	ids, err := records.List()
	if err != nil {
		return fmt.Errorf("list the records of runs: %w", err)
	}
	if o.count > 0 && len(ids) > o.count {
		ids = ids[:o.count]
	}
	list := make([]pastRun, 0, len(ids))
	for _, id := range ids {
		p, err := readPastRun(records, id)
		if errors.Is(err, os.ErrNotExist) {
			continue // another run has just removed it
		}
		if err != nil {
			return fmt.Errorf("read the record of run %s: %w", id, err)
		}
		list = append(list, p)
	}
	if o.json {
		return o.printJSON(list)
	}
	if len(list) == 0 {
		_, err := fmt.Fprintf(o.streams.Err, "kops: there is no record of a run in %s\n", records.Dir())
		return err
	}
	return o.printTable(list)
}

func (o *historyOptions) printJSON(list []pastRun) error {
	out := json.NewEncoder(o.streams.Out)
	for _, p := range list {
		if err := out.Encode(p); err != nil {
			return err
		}
	}
	return nil
}

func (o *historyOptions) printTable(list []pastRun) error {
	out := tabwriter.NewWriter(o.streams.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "RUN\tBEGAN\tTOOK\tUSER\tHOSTS\tCHANGED\tFAILED\tEXIT\tPLAYBOOK")
	for _, p := range list {
		if p.State == unreadable {
			fmt.Fprintf(out, "%s\t%s\n", p.Run, p.Problem)
			continue
		}
		exit := string(p.State)
		switch p.State {
		case finished:
			exit = strconv.Itoa(*p.Exit)
		case underWay:
			p.Duration = time.Since(p.Time)
		}
		books := strings.Join(p.Playbooks, " ")
		if p.Check {
			books += " (check)"
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%s\t%s\n", p.Run, p.Time.Local().Format(time.DateTime), took(p.Duration),
			p.User, len(p.Hosts), p.Changed, p.Failed, exit, books)
	}
	return out.Flush()
}

// took is a duration as people say it.
func took(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// findRun explains itself where the run is not found.
func findRun(records *state.Runs, text string) (string, error) {
	id, err := records.Find(text)
	if err == nil {
		return id, nil
	}
	ids, listed := records.List()
	if listed != nil {
		return "", fmt.Errorf("list the records of runs: %w", listed)
	}
	d := &diag.Diagnostic{Summary: err.Error(), Hint: "kops history lists the runs"}
	if hint := diag.Suggest(text, append(ids, "last")); hint != "" && errors.Is(err, state.ErrNoRun) {
		d.Hint = hint
	}
	return "", d
}

// completeRuns offers the recorded runs to the shell, with what they were.
func completeRuns(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	records, err := runs()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ids, err := records.List()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	choices := []string{"last\tthe newest run"}
	for _, id := range ids {
		text := id
		if p, err := readPastRun(records, id); err == nil && p.State != unreadable {
			text += "\t" + p.Time.Local().Format(time.DateTime) + " " + strings.Join(p.Playbooks, " ")
		}
		choices = append(choices, text)
	}
	return choices, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}
