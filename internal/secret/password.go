package secret

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A Prompt asks a person for a password.
type Prompt func(text string) ([]byte, error)

// A Source says where a vault password comes from, as --vault-id does.
type Source struct {
	// Spec is "prompt", "prompt_ask_vault_pass", a file, or an executable that prints the
	// password; each may have "id@" before it.
	Spec string
	// New says that the password is for encrypting: who types it is asked twice.
	New bool
}

// Read gets the password. An executable whose name ends in -client is asked for the id with
// --vault-id.
func (s Source) Read(ctx context.Context, prompt Prompt) (Password, error) {
	id, from := DefaultID, s.Spec
	if before, after, ok := strings.Cut(s.Spec, "@"); ok {
		from = after
		if before != "" {
			id = before
		}
	}
	var b []byte
	err := checkID(id)
	what := "vault password of " + s.Spec
	switch {
	case err != nil:
	case from == "prompt" || from == "prompt_ask_vault_pass":
		what = "vault password"
		b, err = s.ask(id, prompt)
	default:
		b, err = readSource(ctx, id, from)
	}
	if b = bytes.TrimSpace(b); err == nil && len(b) == 0 {
		err = errors.New("it is empty")
	}
	if err != nil {
		return Password{}, fmt.Errorf("%s: %w", what, err)
	}
	return Password{ID: id, Bytes: b}, nil
}

// checkID refuses a vault id that the header of a vault text cannot hold.
func checkID(id string) error {
	if id == "" || strings.ContainsAny(id, ";@ \t\r\n") {
		return fmt.Errorf("%q cannot be a vault id: it must be a word without ';' and '@'", id)
	}
	return nil
}

// ask asks for a password, and for a new one again.
func (s Source) ask(id string, prompt Prompt) ([]byte, error) {
	if prompt == nil {
		return nil, errors.New("there is no terminal to ask for it")
	}
	text := "Vault password"
	if s.New {
		text = "New vault password"
	}
	if id != DefaultID {
		text += " (" + id + ")"
	}
	first, err := prompt(text + ": ")
	if err != nil || !s.New {
		return first, err
	}
	again, err := prompt("Confirm " + strings.ToLower(text[:1]) + text[1:] + ": ")
	if err == nil && !bytes.Equal(first, again) {
		err = errors.New("the two passwords differ")
	}
	return first, err
}

// Choose returns the password that encrypts: the first with the id, or without an id the
// first if all have the same id.
func Choose(passwords []Password, id string) (Password, error) {
	ids := idsOf(passwords)
	i := slices.IndexFunc(passwords, func(p Password) bool { return id == "" || p.ID == id })
	switch {
	case len(ids) == 0:
		return Password{}, errors.New("there is no vault password: give one with --vault-password-file or --vault-id")
	case id == "" && len(ids) > 1:
		return Password{}, fmt.Errorf("there are passwords for several vault ids (%s): say with --encrypt-vault-id which one encrypts", strings.Join(ids, ", "))
	case i < 0:
		return Password{}, fmt.Errorf("--encrypt-vault-id %s: there is no password for it, only for %s", id, strings.Join(ids, ", "))
	}
	return passwords[i], nil
}

// idsOf lists the vault ids, each once.
func idsOf(passwords []Password) []string {
	var ids []string
	for _, p := range passwords {
		if !slices.Contains(ids, p.ID) {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// readSource runs path if it is executable, else reads it. A file that is itself encrypted
// cannot be a password.
func readSource(ctx context.Context, id, path string) ([]byte, error) {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, err
		}
		path = filepath.Join(home, rest)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode()&0o111 == 0 || info.IsDir() {
		b, err := os.ReadFile(path)
		if err == nil && IsEncrypted(b) {
			return nil, errors.New("the file is itself encrypted by ansible-vault")
		}
		return b, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	return runScript(ctx, id, path)
}

func runScript(ctx context.Context, id, path string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, path)
	name := filepath.Base(path)
	if strings.HasSuffix(strings.TrimSuffix(name, filepath.Ext(name)), "-client") {
		cmd.Args = append(cmd.Args, "--vault-id", id)
	}
	var stdout, stderr bytes.Buffer
	// A script may ask the user itself, on standard error.
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, &stdout, io.MultiWriter(os.Stderr, &stderr)
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("the script %s failed: %w: %s", path, err, strings.TrimSpace(stderr.String()))
	}
	return stdout.Bytes(), nil
}
