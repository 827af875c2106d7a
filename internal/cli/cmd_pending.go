package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"kops/internal/event"
	"kops/internal/inventory"
	"kops/internal/run"
	"kops/internal/state"
)

// pendingOptions are the flags of kops pending.
type pendingOptions struct {
	hostOptions
	handler, play, file string
}

func newPending(streams Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pending",
		Short: "Show or forget the handlers that runs which ended early owe to hosts",
		Args:  usage(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newPendingList(streams), newPendingForget(streams))
	return cmd
}

func newPendingList(streams Streams) *cobra.Command {
	o := &pendingOptions{hostOptions: hostOptions{runOptions: runOptions{streams: streams}}}
	cmd := &cobra.Command{
		Use:     "list [PATTERN]",
		Short:   "List the handlers that are owed, of all hosts or those of a pattern",
		Example: "  kops pending list -i inventory.yaml\n  kops pending list kafka --json",
		Args:    usage(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.list(cmd.Context(), args)
		},
	}
	o.addPending(cmd)
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return cmd
}

func newPendingForget(streams Streams) *cobra.Command {
	o := &pendingOptions{hostOptions: hostOptions{runOptions: runOptions{streams: streams}}}
	cmd := &cobra.Command{
		Use:     "forget PATTERN",
		Short:   "Cross off handlers that are owed, without running them",
		Example: "  kops pending forget kafka1\n  kops pending forget all --handler 'restart kafka' --file monitoring.yaml",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{errors.New("forget needs a pattern of hosts: kops pending forget PATTERN; `all` means every host")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.forget(cmd.Context(), args[0])
		},
	}
	o.addPending(cmd)
	fs := cmd.Flags()
	fs.StringVar(&o.handler, "handler", "", "only the handler of this name; a role's is 'role : name'")
	fs.StringVar(&o.play, "play", "", "only those of the play of this name")
	fs.StringVar(&o.file, "file", "", "only those of plays in this file")
	return cmd
}

func (o *pendingOptions) addPending(cmd *cobra.Command) {
	o.addHosts(cmd)
	fs := cmd.Flags()
	fs.BoolVarP(&o.become, "become", "b", true, "become root on the hosts, whose list that is")
	fs.IntVarP(&o.forks, "forks", "f", 50, "hosts that are asked at the same time")
}

func (o *pendingOptions) list(ctx context.Context, args []string) error {
	pattern := inventory.All
	if len(args) == 1 {
		pattern = args[0]
	}
	found, err := o.ask(ctx, pattern, run.ListOwed)
	if err != nil {
		return err
	}
	if o.json {
		if err := o.printJSON(found.Owed); err != nil {
			return err
		}
	} else {
		for _, d := range found.Owed {
			fmt.Fprintln(o.streams.Out, o.line(d))
		}
		if len(found.Owed) == 0 && len(found.Failed) == 0 {
			fmt.Fprintln(o.streams.Out, "No handler is owed.")
		}
	}
	return o.failed(found.Failed)
}

func (o *pendingOptions) forget(ctx context.Context, pattern string) error {
	chosen := func(d state.Debt) bool {
		return (o.handler == "" || o.handler == d.Name()) && (o.play == "" || o.play == d.Play) &&
			(o.file == "" || filepath.Base(o.file) == d.File)
	}
	found, err := o.ask(ctx, pattern, func(ctx context.Context, opts run.Options) (run.Pending, error) {
		return run.ForgetOwed(ctx, opts, chosen)
	})
	if err != nil {
		return err
	}
	for _, d := range found.Owed {
		fmt.Fprintln(o.streams.Out, "forgotten: "+o.line(d))
	}
	if len(found.Owed) == 0 && len(found.Failed) == 0 {
		fmt.Fprintln(o.streams.Out, "No such handler is owed: nothing was forgotten.")
	}
	return o.failed(found.Failed)
}

// line describes a debt to people.
func (o *pendingOptions) line(d run.Owing) string {
	where := ""
	if !d.OnHost {
		where = ", kept on this controller"
	}
	return fmt.Sprintf("%s: '%s' of play '%s' in %s, notified by the task '%s' at %s (run %s of %s on %s%s)",
		d.Host, d.Name(), d.Play, d.File, d.Task, d.Since.Local().Format(time.DateTime), d.Run, d.User, d.Debt.Host, where)
}

// printJSON prints debts as the hosts keep them, each with its host.
func (o *pendingOptions) printJSON(owed []run.Owing) error {
	type item struct {
		On      string `json:"host"`
		KeptOn  string `json:"kept_on"` // "host" or "controller"
		Handler string `json:"handler"`
		state.Debt
	}
	items := []item{}
	for _, d := range owed {
		i := item{On: d.Host, KeptOn: "host", Handler: d.Name(), Debt: d.Debt}
		if !d.OnHost {
			i.KeptOn = "controller"
		}
		items = append(items, i)
	}
	out, err := json.MarshalIndent(items, "", "    ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(o.streams.Out, string(out))
	return err
}

// failed says which hosts could not be asked, and gives the exit code that a run would have.
func (o *pendingOptions) failed(hosts []run.HostError) error {
	for _, h := range hosts {
		fmt.Fprintf(o.streams.Err, "kops: %s could not be asked: %v\n", h.Host, h.Err)
	}
	if code := run.ExitCode(hosts); code != 0 {
		return exitCode(code)
	}
	return nil
}

// ask does something with what the hosts of a pattern are owed.
func (o *pendingOptions) ask(ctx context.Context, pattern string, do func(context.Context, run.Options) (run.Pending, error)) (run.Pending, error) {
	s, opts, err := o.choose(ctx, pattern)
	if err != nil {
		return run.Pending{}, err
	}
	kept, err := state.Dir()
	if err != nil {
		return run.Pending{}, err
	}
	ctx, interrupted := interruptible(ctx, o.streams)
	defer interrupted.release()
	dialer := connecting(ctx, s)
	defer dialer.Close()
	opts.Dial, opts.Emit, opts.Owed, opts.Started = dial(dialer), o.warnings(s), state.NewOwed(filepath.Join(kept, "owed")), o.started(opts.Plan)
	return do(ctx, opts)
}

// warnings shows warnings and nothing else.
func (o *pendingOptions) warnings(s *session) func(event.Event) {
	return func(e event.Event) {
		if w, ok := e.(event.Warning); ok {
			fmt.Fprintf(o.streams.Err, "kops: %s: %s\n", w.Host, s.masker.Mask(w.Msg))
		}
	}
}
