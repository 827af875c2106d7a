package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// command runs a program in a folder; its output is shown only when it fails.
func command(ctx context.Context, dir string, args ...string) error {
	_, err := commandOutput(ctx, dir, nil, args...)
	return err
}

// commandOutput is what a program writes to its standard output. env is added to this process's.
func commandOutput(ctx context.Context, dir string, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var stdout, both bytes.Buffer
	cmd.Stdout = io.MultiWriter(&stdout, &both)
	cmd.Stderr = &both
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, tail(both.String(), 20))
	}
	return stdout.String(), nil
}

// ensureProgram installs the Debian package of a program that is missing.
func ensureProgram(ctx context.Context, program, pkg string, out io.Writer) error {
	if _, err := exec.LookPath(program); err == nil {
		return nil
	}
	fmt.Fprintf(out, "installing %s, which has %s\n", pkg, program)
	env := []string{"DEBIAN_FRONTEND=noninteractive"}
	if _, err := commandOutput(ctx, "", env, "apt-get", "update", "-q"); err != nil {
		return err
	}
	_, err := commandOutput(ctx, "", env, "apt-get", "install", "-qy", "--no-install-recommends", pkg)
	return err
}

// tail is the last lines of a text.
func tail(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
