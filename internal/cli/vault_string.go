package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kops/internal/secret"
)

// stringOptions are the flags of kops vault encrypt-string.
type stringOptions struct {
	vaultOptions
	names         []string
	stdinName     string
	ask, showText bool
}

// plainString is a text to encrypt, and the variable's name, which may be empty.
type plainString struct{ name, text, from string }

func newEncryptString(streams Streams) *cobra.Command {
	o := &stringOptions{}
	cmd := &cobra.Command{
		Use:     "encrypt-string [TEXT…]",
		Aliases: []string{"encrypt_string"},
		Short:   "Encrypt texts as !vault values to paste into YAML",
		Long: `Encrypts texts as !vault values to paste into YAML. A text on the command line can be seen in the list
of processes: give it by standard input, or let kops ask for it.`,
		Example: `  kops vault encrypt-string -p
  pass db/password | tr -d '\n' | kops vault encrypt-string --stdin-name db_password`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.session = &session{streams: streams, masker: streams.masker}
			return o.run(cmd.Context(), args)
		},
	}
	o.add(cmd)
	addEncryptID(&o.vaultOptions, cmd)
	addOutput(&o.vaultOptions, cmd)
	fs := cmd.Flags()
	fs.StringArrayVarP(&o.names, "name", "n", nil, "the variable's name; once for each text")
	fs.StringVar(&o.stdinName, "stdin-name", "", "read the text from standard input, for a variable of this name")
	fs.BoolVarP(&o.ask, "prompt", "p", false, "ask for the text")
	fs.BoolVar(&o.showText, "show-input", false, "show what is typed at the prompt")
	return cmd
}

func (o *stringOptions) run(ctx context.Context, args []string) error {
	fromStdin := o.stdinName != "" || slices.Contains(args, standard) || len(args) == 0 && !o.ask
	if fromStdin && o.ask {
		return usageError{errors.New("--prompt and standard input exclude each other")}
	}
	args = slices.DeleteFunc(slices.Clone(args), func(s string) bool { return s == standard })
	if len(o.names) > len(args) {
		return usageError{fmt.Errorf("--name is given %d times for %d texts: use --stdin-name for standard input", len(o.names), len(args))}
	}
	password, err := o.encrypter(ctx)
	if err != nil {
		return err
	}
	texts, err := o.texts(ctx, fromStdin, args)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	for i, s := range texts {
		if s.text == "" {
			return usageError{fmt.Errorf("the text from %s is empty", s.from)}
		}
		data, err := secret.Encrypt([]byte(s.text), password.Bytes, password.ID)
		if err != nil {
			return err
		}
		if len(texts) > 1 {
			fmt.Fprintf(o.session.streams.Err, "# text %d, from %s: %s\n", i+1, s.from, s.name)
		}
		out.WriteString(vaultValue(s.name, data))
	}
	to := &vaultFile{path: standard}
	if o.output == "" {
		o.output = standard
	}
	return o.write([]*vaultFile{to}, "wrote", func(*vaultFile) ([]byte, error) { return out.Bytes(), nil })
}

// texts collects what to encrypt, in ansible-vault's order: prompt, standard input, arguments.
func (o *stringOptions) texts(ctx context.Context, fromStdin bool, args []string) ([]plainString, error) {
	var texts []plainString
	if o.ask {
		name, err := o.session.ask(ctx, "Variable name (enter for no name): ", false)
		if err != nil {
			return nil, err
		}
		text, err := o.session.ask(ctx, "Text to encrypt: ", !o.showText)
		if err != nil {
			return nil, err
		}
		texts = append(texts, plainString{name, text, "the prompt"})
	}
	if fromStdin {
		f, err := o.readOne(standard)
		if err != nil {
			return nil, err
		}
		if bytes.HasSuffix(f.data, []byte("\n")) {
			_, _ = io.WriteString(o.session.streams.Err, "kops: the text ends with a newline, which is a part of the value; printf '%s' writes none\n")
		}
		texts = append(texts, plainString{o.stdinName, string(f.data), "standard input"})
	}
	for i, text := range args {
		name := ""
		if i < len(o.names) {
			name = o.names[i]
		}
		texts = append(texts, plainString{name, text, "the command line"})
	}
	return texts, nil
}

// vaultValue lays a vault text out as a YAML value.
func vaultValue(name string, data []byte) string {
	var b strings.Builder
	if name != "" {
		b.WriteString(name + ": ")
	}
	b.WriteString("!vault |\n")
	for line := range strings.Lines(string(data)) {
		b.WriteString("          " + line)
	}
	return b.String()
}
