package local

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kops/internal/remote"
)

// TestHold takes a lock in the shell: it stays while scripts and commands come and go, none of
// them inherits it, and the next shell takes it again before anything else.
func TestHold(t *testing.T) {
	lock := filepath.Join(t.TempDir(), "lock")
	take := "exec 9>>" + lock + "; flock -n 9 || { exec 9>&-; echo 'somebody else has it' >&2; false; }"
	free := "flock -n " + lock + " true"
	ctx := context.Background()
	holder, other := host(t), host(t)
	script := func(h remote.Host, text string) remote.Result {
		t.Helper()
		res, err := h.Query(ctx, text)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	isFree := func(want bool) {
		t.Helper()
		if got := script(other, free).ExitCode == 0; got != want {
			t.Errorf("the lock is free: %v, want %v", got, want)
		}
	}
	hold := func(h remote.Host, text string, code int) {
		t.Helper()
		if res, err := h.Hold(ctx, text, nil); err != nil || res.ExitCode != code {
			t.Fatalf("hold: exit status %d, %v, want %d", res.ExitCode, err, code)
		}
	}
	hold(holder, take, 0)
	isFree(false)
	if out := script(holder, "ls -l /proc/self/fd; sleep 1000 >/dev/null 2>&1 & ls -l /proc/$!/fd; kill $!").Stdout; strings.Contains(string(out), lock) {
		t.Errorf("a child sees the lock:\n%s", out)
	}
	hold(other, take, 1)
	isFree(false)

	if _, err := holder.Script(ctx, "kill -s KILL $$"); err == nil {
		t.Fatal("the shell outlives its end")
	}
	if script(holder, "echo on").ExitCode != 0 {
		t.Error("no other shell took its place")
	}
	isFree(false)

	hold(holder, "", 0)
	wait(t, func() bool { return script(other, free).ExitCode == 0 })
	hold(other, take, 0)
	hold(holder, take, 1)

	// The lock is lost with the shell, and somebody else takes it before the next one opens.
	if _, err := other.Script(ctx, "kill -s KILL $$"); err == nil {
		t.Fatal("the shell outlives its end")
	}
	hold(holder, take, 0)
	_, err := other.Query(ctx, "echo unguarded")
	var failed *remote.ScriptError
	if !errors.As(err, &failed) || !strings.Contains(err.Error(), "somebody else has it") {
		t.Errorf("without its lock the script ran: %v", err)
	}
}

// TestFirst has a script run before a command and before a write, as part of them: where it fails,
// neither is done, and the error is that script's.
func TestFirst(t *testing.T) {
	h, dir := host(t), t.TempDir()
	ctx := context.Background()
	calls := map[string]func(first, path string) error{
		"a command": func(first, path string) error {
			res, err := h.Exec(ctx, remote.Command{Shell: "cat >" + path, Stdin: strings.NewReader("text"), First: first})
			if err == nil && res.ExitCode != 0 {
				t.Errorf("exit status %d: %s", res.ExitCode, res.Stderr)
			}
			return err
		},
		"a small file": func(first, path string) error {
			return h.WriteFile(ctx, path, strings.NewReader("text"), remote.WriteOptions{First: first})
		},
		"a large file": func(first, path string) error {
			return h.WriteFile(ctx, path, strings.NewReader(strings.Repeat("text\x00", 1<<14)), remote.WriteOptions{First: first})
		},
	}
	for name, call := range calls {
		note, path := filepath.Join(dir, name+" note"), filepath.Join(dir, strings.ReplaceAll(name, " ", "-"))
		if err := call("cat >'"+note+"' && [ ! -e "+path+" ]", path); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, made := range []string{note, path} {
			if _, err := os.Stat(made); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		var failed *remote.FirstError
		if err := call("echo 'the disk is full' >&2; exit 7", path+"2"); !errors.As(err, &failed) || strings.TrimSpace(err.Error()) != "the disk is full" {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*2")); len(left) > 0 {
			t.Errorf("%s was done all the same: %q", name, left)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".kops-*")); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}
