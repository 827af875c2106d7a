package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"kops/internal/diag"
	"kops/internal/secret"
	"kops/internal/value"
)

// vaultOptions are the flags of kops vault. Each verb has some of them.
type vaultOptions struct {
	vaultFlags
	session        *session
	encryptID      string
	output         string
	newID, newFile string
}

func newVault(streams Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "vault",
		Short: "Encrypt, decrypt and edit vault files",
		Long: `Works on the files that ansible-vault makes: either opens what the other has written.
A password comes from a prompt, a file, or an executable that prints it (docs/secrets.md).`,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, verb := range []*cobra.Command{
		vaultVerb(streams, "encrypt [FILE…]", "Encrypt files; '-' is standard input and output", (*vaultOptions).encrypt, addEncryptID, addOutput),
		vaultVerb(streams, "decrypt [FILE…]", "Decrypt files; '-' is standard input and output", (*vaultOptions).decrypt, addOutput),
		vaultVerb(streams, "view FILE…", "Print what encrypted files hold", (*vaultOptions).view),
		vaultVerb(streams, "rekey FILE…", "Encrypt files anew with another password", (*vaultOptions).rekey, addEncryptID, addNew),
		vaultVerb(streams, "create FILE", "Write a new encrypted file in your editor", (*vaultOptions).create, addEncryptID),
		vaultVerb(streams, "edit FILE…", "Edit encrypted files in your editor", (*vaultOptions).edit),
		newEncryptString(streams),
	} {
		cmd.AddCommand(verb)
	}
	return cmd
}

// vaultVerb makes a verb with the flags that it needs.
func vaultVerb(streams Streams, use, short string, do func(*vaultOptions, context.Context, []string) error, flags ...func(*vaultOptions, *cobra.Command)) *cobra.Command {
	o := &vaultOptions{}
	cmd := &cobra.Command{
		Use: use, Short: short,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.session = &session{streams: streams, masker: streams.masker}
			return do(o, cmd.Context(), args)
		},
	}
	o.add(cmd)
	for _, add := range flags {
		add(o, cmd)
	}
	return cmd
}

func addEncryptID(o *vaultOptions, cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.encryptID, "encrypt-vault-id", os.Getenv("ANSIBLE_VAULT_ENCRYPT_IDENTITY"), "the vault id whose password encrypts, where there are several")
}

func addOutput(o *vaultOptions, cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.output, "output", "", "write here in place of the file; '-' is standard output")
}

func addNew(o *vaultOptions, cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.newFile, "new-vault-password-file", "", "file or executable that gives the new password")
	cmd.Flags().StringVar(&o.newID, "new-vault-id", "", "the new identity and its password source: ID@FILE or ID@prompt")
	cmd.MarkFlagsMutuallyExclusive("new-vault-password-file", "new-vault-id")
}

// opener returns a vault with the passwords that were given, or asked for where none was.
func (o *vaultOptions) opener(ctx context.Context) (*secret.Vault, []secret.Password, error) {
	specs := o.specs()
	if len(specs) == 0 {
		specs = []string{"prompt"}
	}
	passwords, err := o.session.passwords(ctx, specs, false)
	return secret.NewVault(passwords, o.session.masker), passwords, err
}

// encrypter returns the password that encrypts, asked for twice where none was given.
func (o *vaultOptions) encrypter(ctx context.Context) (secret.Password, error) {
	specs := o.specs()
	if len(specs) == 0 {
		specs = []string{"prompt"}
		if o.encryptID != "" {
			specs = []string{o.encryptID + "@prompt"}
		}
	}
	passwords, err := o.session.passwords(ctx, specs, true)
	if err != nil {
		return secret.Password{}, err
	}
	p, err := secret.Choose(passwords, o.encryptID)
	if err != nil {
		return p, usageError{err}
	}
	return p, nil
}

// input checks the arguments of a verb that may read standard input.
func (o *vaultOptions) input(args []string) ([]string, error) {
	if len(args) == 0 {
		args = []string{standard}
	}
	if o.output != "" && len(args) > 1 {
		return nil, usageError{errors.New("--output takes the result of one file")}
	}
	if slices.Contains(args, standard) && len(args) > 1 {
		return nil, usageError{errors.New("'-' is standard input and stands alone")}
	}
	return args, nil
}

func (o *vaultOptions) encrypt(ctx context.Context, args []string) error {
	args, err := o.input(args)
	if err != nil {
		return err
	}
	files, err := o.read(args, func(f *vaultFile) error {
		if f.encrypted() {
			return errors.New("it is encrypted already: use kops vault rekey for another password")
		}
		return nil
	})
	if err != nil {
		return err
	}
	password, err := o.encrypter(ctx)
	if err != nil {
		return err
	}
	return o.write(files, "encrypted", func(f *vaultFile) ([]byte, error) { return secret.Encrypt(f.data, password.Bytes, password.ID) })
}

func (o *vaultOptions) decrypt(ctx context.Context, args []string) error {
	args, err := o.input(args)
	if err != nil {
		return err
	}
	files, _, err := o.open(ctx, args)
	if err != nil {
		return err
	}
	return o.write(files, "decrypted", func(f *vaultFile) ([]byte, error) {
		f.mode &^= 0o077 // what was a secret is for its owner alone
		return f.opened.Plain, nil
	})
}

func (o *vaultOptions) view(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return usageError{errors.New("view needs a file: kops vault view FILE")}
	}
	files, _, err := o.open(ctx, args)
	if err != nil {
		return err
	}
	for _, f := range files {
		if _, err := o.session.streams.Out.Write(f.opened.Plain); err != nil {
			return err
		}
	}
	return nil
}

func (o *vaultOptions) rekey(ctx context.Context, args []string) error {
	if len(args) == 0 || slices.Contains(args, standard) {
		return usageError{errors.New("rekey needs files: kops vault rekey FILE…")}
	}
	files, passwords, err := o.open(ctx, args)
	if err != nil {
		return err
	}
	password, err := o.newPassword(ctx, passwords)
	if err != nil {
		return err
	}
	return o.write(files, "rekeyed", func(f *vaultFile) ([]byte, error) { return secret.Encrypt(f.opened.Plain, password.Bytes, password.ID) })
}

// newPassword is the one that rekey encrypts with: a new one, or with --encrypt-vault-id
// alone another of those that were given.
func (o *vaultOptions) newPassword(ctx context.Context, given []secret.Password) (secret.Password, error) {
	spec := o.newID + o.newFile
	if spec == "" && o.encryptID != "" {
		p, err := secret.Choose(given, o.encryptID)
		if err != nil {
			return p, usageError{err}
		}
		return p, nil
	}
	if spec == "" {
		spec = "prompt"
	}
	found, err := o.session.passwords(ctx, []string{spec}, true)
	if err != nil {
		return secret.Password{}, err
	}
	return found[0], nil
}

// open reads and opens files. It needs all of them: the error names each that it could not
// open, and nothing has been written.
func (o *vaultOptions) open(ctx context.Context, args []string) ([]*vaultFile, []secret.Password, error) {
	files, err := o.read(args, (*vaultFile).mustBeEncrypted)
	if err != nil {
		return nil, nil, err
	}
	vault, passwords, err := o.opener(ctx)
	if err != nil {
		return nil, nil, err
	}
	var list diag.List
	for _, f := range files {
		if f.opened, err = vault.Open(string(f.data)); err != nil {
			list.Add(diag.Errorf(value.Position{File: f.name}, "cannot decrypt the file: %w", err))
		}
	}
	return files, passwords, list.Err()
}

// note tells a person at the terminal that something was done.
func (o *vaultOptions) note(format string, args ...any) {
	if o.session.streams.OutIsTerminal {
		fmt.Fprintf(o.session.streams.Err, format+"\n", args...)
	}
}
