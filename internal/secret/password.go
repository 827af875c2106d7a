package secret

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A Prompt asks a person for a password.
type Prompt func(text string) ([]byte, error)

// ReadPassword gets the password that a --vault-id names: "prompt", "prompt_ask_vault_pass",
// a file, or an executable that prints it; each may have "id@" before it. An executable whose
// name ends in -client is asked for the id with --vault-id.
func ReadPassword(ctx context.Context, spec string, prompt Prompt) (Password, error) {
	id, source := DefaultID, spec
	if before, after, ok := strings.Cut(spec, "@"); ok && before != "" {
		id, source = before, after
	}
	var (
		b   []byte
		err error
	)
	if source == "prompt" || source == "prompt_ask_vault_pass" {
		b, err = ask(id, prompt)
	} else {
		b, err = readSource(ctx, id, source)
	}
	if err != nil {
		return Password{}, fmt.Errorf("vault password of %s: %w", spec, err)
	}
	if b = bytes.TrimSpace(b); len(b) == 0 {
		return Password{}, fmt.Errorf("vault password of %s: it is empty", spec)
	}
	return Password{ID: id, Bytes: b}, nil
}

func ask(id string, prompt Prompt) ([]byte, error) {
	if prompt == nil {
		return nil, errors.New("there is no terminal to ask for it")
	}
	if id == DefaultID {
		return prompt("Vault password: ")
	}
	return prompt("Vault password (" + id + "): ")
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
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("the script %s failed: %w: %s", path, err, strings.TrimSpace(stderr.String()))
	}
	return stdout.Bytes(), nil
}
