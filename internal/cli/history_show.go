package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"kops/internal/event"
	"kops/internal/report/human"
	"kops/internal/report/jsonl"
	"kops/internal/state"
)

// showOptions are the flags of kops history show.
type showOptions struct {
	streams       Streams
	hosts, status []string
	task          string
	verbosity     int
	json, quiet   bool
}

func newHistoryShow(streams Streams) *cobra.Command {
	o := &showOptions{streams: streams}
	cmd := &cobra.Command{
		Use:               "show RUN",
		Short:             "Show a recorded run as if it were now; RUN is its name, the beginning of it, or last",
		Args:              usage(cobra.ExactArgs(1)),
		ValidArgsFunction: completeRuns,
		RunE:              func(_ *cobra.Command, args []string) error { return o.run(args[0]) },
	}
	fs := cmd.Flags()
	fs.StringSliceVar(&o.hosts, "host", nil, "only these hosts: names or patterns such as 'kafka*', with commas")
	fs.StringSliceVar(&o.status, "status", nil, "only results that are "+strings.Join(statuses(), ", "))
	fs.StringVar(&o.task, "task", "", "only tasks whose name holds this text, or fits a pattern such as 'Install*'")
	fs.CountVarP(&o.verbosity, "verbose", "v", "show results; -vv also where tasks stand")
	fs.BoolVarP(&o.quiet, "quiet", "q", false, "show failures and the recap only")
	fs.BoolVar(&o.json, "json", false, "print the lines of JSON as they were recorded (docs/events.md)")
	return cmd
}

func statuses() []string {
	return []string{string(event.OK), string(event.Changed), string(event.Failed), string(event.Skipped), string(event.Unreachable), string(event.Unknown)}
}

func (o *showOptions) run(name string) error {
	keep, err := newFilter(o.hosts, o.status, o.task)
	if err != nil {
		return err
	}
	records, err := runs()
	if err != nil {
		return err
	}
	id, err := findRun(records, name)
	if err != nil {
		return err
	}
	f, err := records.Open(id)
	if err != nil {
		return fmt.Errorf("read the record of run %s: %w", id, err)
	}
	defer f.Close()
	alive := state.UnderWay(f)

	last, err := o.show(f, keep)
	return o.ending(id, last, alive, err)
}

// show prints the records that the filter lets pass, and returns the last one that there is and why
// the next could not be read.
func (o *showOptions) show(f *os.File, keep *filter) (last event.Event, err error) {
	sink := human.New(o.streams.Out, human.Options{
		Color: o.streams.color(), Width: o.streams.Width, Verbosity: o.verbosity, Quiet: o.quiet,
	})
	for line, err := range jsonl.Read(f) {
		if err != nil {
			return last, errors.Join(sink.Close(), err)
		}
		last = line.Event
		for _, l := range keep.pass(line) {
			if o.json {
				_, err = o.streams.Out.Write(append(l.Raw, '\n'))
			} else {
				err = sink.Handle(l.Record)
			}
			if err != nil {
				return last, err
			}
		}
	}
	return last, sink.Close()
}

// ending says how the run ended where its recap does not. Only a record that says nothing is an error.
func (o *showOptions) ending(id string, last event.Event, alive bool, err error) error {
	var newer *jsonl.NewerSchema
	if errors.As(err, &newer) {
		return fmt.Errorf("the record of run %s: %w", id, err)
	}
	end, ended := last.(event.RunEnded)
	text := ""
	switch {
	case ended && end.Error != "":
		text = "an error ended the run: " + end.Error
	case ended:
	case alive:
		text = "run " + id + " is still under way"
	default:
		text = "run " + id + " did not end: it was killed, or could not be recorded any more"
		if err != nil {
			text += " (" + err.Error() + ")"
		}
	}
	if text != "" {
		fmt.Fprintln(o.streams.Err, "kops:", text)
	}
	return nil
}
