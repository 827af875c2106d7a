package cli

import (
	"context"

	"github.com/spf13/cobra"

	"kops/internal/inventory"
	"kops/internal/remote/ssh"
	"kops/internal/run"
)

// hostOptions are the flags of commands that ask hosts of a pattern something, without a playbook. Those of the login are kops
// run's.
type hostOptions struct {
	runOptions
	playbookDir string
}

func (o *hostOptions) addHosts(cmd *cobra.Command) {
	o.add(cmd)
	o.addLogin(cmd)
	cmd.Flags().StringVar(&o.playbookDir, "playbook-dir", "", "take group_vars and host_vars of this folder too")
}

// choose finds the hosts of a pattern and how they are reached, but for what connects to them.
func (o *hostOptions) choose(ctx context.Context, pattern string) (*session, run.Options, error) {
	s, err := newSession(ctx, o.streams, &o.sourceFlags)
	if err != nil {
		return nil, run.Options{}, err
	}
	limit, err := inventory.ReadLimit(o.limit)
	if err != nil {
		return nil, run.Options{}, err
	}
	p, err := s.pattern(ctx, &o.sourceFlags, o.playbookDir, pattern, limit)
	if err != nil {
		return nil, run.Options{}, err
	}
	defaults, err := o.defaults(s)
	return s, run.Options{Plan: p, Forks: o.forks, Defaults: defaults, Hide: s.masker.Add, HideFrom: s.masker.AddFrom}, err
}

// connecting returns what connects to hosts, to be closed in the end, and asks for what they want to know while ctx lasts.
func connecting(ctx context.Context, s *session) *ssh.Dialer {
	return ssh.NewDialer(ssh.Options{Prompt: func(text string) (string, error) { return s.ask(ctx, text, true) }})
}
