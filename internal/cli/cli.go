// Package cli is the command line: one file a verb. It alone wires the packages together.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime/debug"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"kops/internal/diag"
	"kops/internal/secret"
)

// Exit codes, as documented in docs/exit-codes.md. Those of a run are run.ExitFailed and
// its like.
const (
	exitOK    = 0
	exitError = 1
	exitLoad  = 3
	exitUsage = 64
)

// Streams are what a command reads from and writes to.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// OutIsTerminal and InIsTerminal say whether a person is at that end.
	OutIsTerminal, InIsTerminal bool
	Width                       int // columns of the terminal

	masker *secret.Masker // what a command learns is masked in Err
}

// terminal is standard error itself, for a program that shows more than lines there.
func (s Streams) terminal() io.Writer {
	if w, ok := s.Err.(maskedWriter); ok {
		return w.to
	}
	return s.Err
}

// maskedWriter masks each text that is written to it.
type maskedWriter struct {
	to     io.Writer
	masker *secret.Masker
}

// Write implements io.Writer.
func (w maskedWriter) Write(p []byte) (int, error) {
	if _, err := io.WriteString(w.to, w.masker.Mask(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// System returns the streams of the process.
func System() Streams {
	s := Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Width: 79}
	s.OutIsTerminal = term.IsTerminal(int(os.Stdout.Fd()))
	s.InIsTerminal = term.IsTerminal(int(os.Stdin.Fd()))
	if w, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil {
		s.Width = w
	}
	return s
}

// color tells whether output is coloured: in a terminal, unless NO_COLOR is set, or where
// CLICOLOR_FORCE asks for it.
func (s Streams) color() bool {
	if os.Getenv("CLICOLOR_FORCE") != "" || os.Getenv("ANSIBLE_FORCE_COLOR") != "" {
		return true
	}
	return s.OutIsTerminal && os.Getenv("NO_COLOR") == ""
}

// exitCode ends a command with a code, after it has said what there is to say.
type exitCode int

// Error implements error.
func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// usageError is a mistake in the command line itself.
type usageError struct{ error }

// Unwrap returns the cause.
func (u usageError) Unwrap() error { return u.error }

// usage makes the errors of an argument check mistakes of the command line.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}

// Main runs the command line and returns the exit code. What goes to standard error is
// masked, and so is a panic: the text that Go would print of it cannot be.
func Main(args []string, streams Streams) int {
	streams.masker = secret.NewMasker()
	streams.Err = maskedWriter{streams.Err, streams.masker}
	return guarded(streams, func() int {
		root := newRoot(streams)
		root.SetArgs(args)
		return report(streams, root.ExecuteContext(context.Background()))
	})
}

// guarded runs do, and makes an error of its panic.
func guarded(streams Streams, do func() int) (code int) {
	defer func() {
		if cause := recover(); cause != nil {
			fmt.Fprintf(streams.Err, "kops: panic: %v\n%s\nThis is a bug in kops: please report it with this message.\n", cause, debug.Stack())
			code = exitError
		}
	}()
	return do()
}

func newRoot(streams Streams) *cobra.Command {
	root := &cobra.Command{
		Use:           "kops",
		Short:         "Run Ansible playbooks over SSH: one binary, no agent, no Python",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          usage(cobra.NoArgs),
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	root.SetFlagErrorFunc(flagError)
	root.SetGlobalNormalizationFunc(otherNames)
	root.AddCommand(newRun(streams), newLint(streams), newInventory(streams), newHistory(streams), newLogs(streams), newPending(streams), newDoc(streams), newVault(streams), newVersion(streams))
	return root
}

// otherNames gives flags the second names that they have in Ansible.
func otherNames(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	switch name {
	case "vault-pass-file":
		name = "vault-password-file"
	case "ask-vault-password":
		name = "ask-vault-pass"
	}
	return pflag.NormalizedName(name)
}

// notNumber is how the flags' library says that a text is no number.
var notNumber = regexp.MustCompile(`strconv\.\w+: parsing "[^"]*": .*`)

// flagError explains a mistake in a flag.
func flagError(cmd *cobra.Command, err error) error {
	var missing *pflag.NotExistError
	if !errors.As(err, &missing) {
		return usageError{errors.New(notNumber.ReplaceAllString(err.Error(), "it is not a number"))}
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if name := diag.Closest(missing.GetSpecifiedName(), names); name != "" {
		return usageError{fmt.Errorf("%w; did you mean --%s?", err, name)}
	}
	return usageError{err}
}

// report shows an error to people and returns the exit code that it means.
func report(streams Streams, err error) int {
	var code exitCode
	var usage usageError
	var list diag.List
	var d *diag.Diagnostic
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &usage):
		fmt.Fprintf(streams.Err, "kops: %v\nRun 'kops --help' for the commands, 'kops COMMAND --help' for its flags.\n", err)
		return exitUsage
	case errors.As(err, &list):
		showDiagnostics(streams, list)
		return exitLoad
	case errors.As(err, &d):
		showDiagnostics(streams, diag.List{d})
		return exitLoad
	}
	fmt.Fprintf(streams.Err, "kops: %v\n", err)
	return exitError
}

func showDiagnostics(streams Streams, list diag.List) {
	// There is nobody left to tell where standard error cannot be written.
	_ = diag.Render(streams.Err, list, diag.RenderOptions{Color: streams.color(), Source: os.ReadFile})
}
