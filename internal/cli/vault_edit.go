package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"kops/internal/diag"
	"kops/internal/run"
	"kops/internal/secret"
	"kops/internal/value"
)

func (o *vaultOptions) create(ctx context.Context, args []string) error {
	if len(args) != 1 || args[0] == standard {
		return usageError{errors.New("create needs one file: kops vault create FILE")}
	}
	path := args[0]
	if _, err := os.Lstat(path); err == nil {
		return diag.Errorf(value.Position{File: path}, "it exists already").WithHint("use kops vault edit, or encrypt for a plain file")
	}
	password, err := o.encrypter(ctx)
	if err != nil {
		return err
	}
	return o.inEditor(ctx, path, nil, func(text []byte) error {
		if len(text) == 0 {
			return fmt.Errorf("%s was not created: there is no text", path)
		}
		data, err := secret.Encrypt(text, password.Bytes, password.ID)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return o.save(&vaultFile{path: path, data: data, mode: 0o600}, "created")
	})
}

func (o *vaultOptions) edit(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return usageError{errors.New("edit needs a file: kops vault edit FILE")}
	}
	files, _, err := o.open(ctx, args)
	if err != nil {
		return err
	}
	for _, f := range files {
		if f.path == standard {
			return usageError{errors.New("edit needs a file, not '-'")}
		}
		if err := o.editOne(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// editOne keeps the file as it is where the text was not changed, and else its vault id,
// password, mode and owner.
func (o *vaultOptions) editOne(ctx context.Context, f *vaultFile) error {
	return o.inEditor(ctx, f.name, f.opened.Plain, func(text []byte) error {
		if bytes.Equal(text, f.opened.Plain) {
			o.note("kops: %s is unchanged", f.path)
			return nil
		}
		now, err := os.ReadFile(f.path)
		if err != nil || !bytes.Equal(now, f.data) {
			return fmt.Errorf("%s was changed by somebody else meanwhile: nothing was written", f.path)
		}
		data, err := secret.Encrypt(text, f.opened.Password.Bytes, f.opened.ID)
		if err != nil {
			return err
		}
		f.data = data
		return o.save(f, "saved")
	})
}

func (o *vaultOptions) save(f *vaultFile, done string) error {
	if err := f.replace(); err != nil {
		return fmt.Errorf("write %s: %w", f.path, err)
	}
	o.note("kops: %s %s", done, f.path)
	return nil
}

// inEditor has the user edit a text, then calls done with it. The text is written only into
// a folder that nobody else can read, in memory where there is such a place, and the folder
// is gone at the end, whatever that is: signals that end kops end the editor first. Ctrl-C is
// the editor's to handle.
func (o *vaultOptions) inEditor(ctx context.Context, name string, text []byte, done func([]byte) error) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer stop()
	interrupts := make(chan os.Signal, 1) // not ignored: the editor would inherit that
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)

	dir, err := privateFolder()
	if err != nil {
		return fmt.Errorf("a private folder for the text: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, filepath.Base(name)) // editors go by the name's ending
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return err
	}
	if err := o.runEditor(ctx, path); err != nil {
		return fmt.Errorf("%w: %s was not written", err, name)
	}
	if text, err = os.ReadFile(path); err != nil {
		return fmt.Errorf("read what the editor wrote: %w", err)
	}
	return done(text)
}

func (o *vaultOptions) runEditor(ctx context.Context, path string) error {
	editor := "vi"
	for _, name := range []string{"ANSIBLE_EDITOR", "VISUAL", "EDITOR"} {
		if v := os.Getenv(name); v != "" {
			editor = v
			break
		}
	}
	words, err := shellWords(editor)
	if err != nil || len(words) == 0 {
		return fmt.Errorf("the editor %q is no command", editor)
	}
	cmd := exec.CommandContext(ctx, words[0], append(words[1:], path)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = o.session.streams.In, o.session.streams.Out, o.session.streams.terminal()
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 2 * time.Second
	err = cmd.Run()
	if ctx.Err() != nil {
		fmt.Fprintln(o.session.streams.Err, "kops: interrupted: nothing was written")
		return exitCode(run.ExitInterrupted)
	}
	if err != nil {
		return fmt.Errorf("the editor %q failed: %w", editor, err)
	}
	return nil
}

// privateFolder makes a folder that only the user can enter, in memory if there is a place.
func privateFolder() (string, error) {
	places := []string{"/dev/shm", os.TempDir()}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		places = append([]string{dir}, places...)
	}
	var errs []error
	for _, place := range places {
		dir, err := os.MkdirTemp(place, "kops-vault-")
		if err == nil {
			return dir, nil
		}
		errs = append(errs, err)
	}
	return "", errors.Join(errs...)
}
