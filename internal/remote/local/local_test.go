package local

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/blake2b"

	"kops/internal/remote"
)

func host(t *testing.T) remote.Host {
	t.Helper()
	c, err := Dial(context.Background(), "localhost", remote.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.As(remote.Become{})
}

func TestQueryKeepsBytesApart(t *testing.T) {
	h := host(t)
	for range 2 { // the shell is kept
		res, err := h.Query(context.Background(), `printf 'a\0b\n\n'; echo 'quote'"'"'s' >&2; read x; echo "[$x]"; exit 7`)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(res.Stdout); got != "a\x00b\n\n[]\n" {
			t.Errorf("stdout %q", got)
		}
		if got := string(res.Stderr); got != "quote's\n" || res.ExitCode != 7 {
			t.Errorf("stderr %q, exit %d", got, res.ExitCode)
		}
	}
}

func TestScriptFails(t *testing.T) {
	_, err := host(t).Script(context.Background(), "echo no >&2; exit 3")
	var failed *remote.ScriptError
	if !errors.As(err, &failed) || failed.Result.ExitCode != 3 {
		t.Errorf("got %v", err)
	}
}

func TestCancelledQueryIsKilled(t *testing.T) {
	h := host(t)
	pid := filepath.Join(t.TempDir(), "pid")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() {
		_, err := h.Query(ctx, "sh -c 'echo $$ >"+pid+".new; mv "+pid+".new "+pid+"; exec sleep 1000'")
		done <- err
	}()
	wait(t, func() bool { _, err := os.Stat(pid); return err == nil })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	number, _ := os.ReadFile(pid)
	state := "/proc/" + strings.TrimSpace(string(number)) + "/cmdline"
	wait(t, func() bool { b, _ := os.ReadFile(state); return !bytes.Contains(b, []byte("sleep")) })
	if res, err := h.Query(context.Background(), "echo again"); err != nil || string(res.Stdout) != "again\n" {
		t.Errorf("after the cancel: %q, %v", res.Stdout, err)
	}
}

func wait(t *testing.T, done func() bool) {
	t.Helper()
	for limit := time.Now().Add(10 * time.Second); !done(); {
		if time.Now().After(limit) {
			t.Fatal("waited for 10 s")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestFilesWithOddNames(t *testing.T) {
	dir := t.TempDir()
	odd := []string{"new\nline", "quote'", `back\slash`, "ünïcode", "-dash", " space ", "*"}
	var queries []remote.FileQuery
	for _, name := range odd {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name+"\n\x00"), 0o640); err != nil {
			t.Fatal(err)
		}
		queries = append(queries,
			remote.FileQuery{Path: filepath.Join(dir, name+"-missing")},
			remote.FileQuery{Path: filepath.Join(dir, name), Content: 100, Hash: "sha256"})
	}
	if err := os.Symlink("new\nline", filepath.Join(dir, "li\nnk")); err != nil {
		t.Fatal(err)
	}
	queries = append(queries, remote.FileQuery{Path: filepath.Join(dir, "li\nnk")},
		remote.FileQuery{Path: filepath.Join(dir, "li\nnk"), Follow: true, Content: 3},
		remote.FileQuery{Path: dir, List: true}, remote.FileQuery{Path: "/dev/null"})
	got, err := host(t).Files(context.Background(), queries...)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range odd {
		if got[2*i].Exists {
			t.Errorf("%q exists", name+"-missing")
		}
		f := got[2*i+1]
		if string(f.Content) != name+"\n\x00" || f.Mode != 0o640 || len(f.Checksum) != 64 || !f.IsRegular() {
			t.Errorf("%q: %+v", name, f)
		}
		if age := time.Since(f.ModTime); age < 0 || age > time.Minute {
			t.Errorf("%q: modified %v ago", name, age)
		}
	}
	rest := got[2*len(odd):]
	if !rest[0].IsLink() || rest[0].Link != "new\nline" {
		t.Errorf("link: %+v", rest[0])
	}
	if !rest[1].IsRegular() || rest[1].Content != nil || rest[1].Size != 10 {
		t.Errorf("followed link: %+v", rest[1])
	}
	if !rest[2].IsDir() || len(rest[2].Names) != len(odd)+1 {
		t.Errorf("folder: %+v", rest[2])
	}
	if rest[3].Type != fs.ModeDevice|fs.ModeCharDevice {
		t.Errorf("/dev/null: %+v", rest[3])
	}
}

func TestFilesAskedAboutBothWays(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, err := range []error{
		os.WriteFile(at("file"), []byte("x"), 0o640), os.Symlink("file", at("link")), os.Symlink("none", at("dangling")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var queries []remote.FileQuery
	for _, name := range []string{"dangling", "none", "link", "file"} {
		queries = append(queries, remote.FileQuery{Path: at(name), Follow: true, Content: 9}, remote.FileQuery{Path: at(name)})
	}
	got, err := host(t).Files(t.Context(), queries...)
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	for _, f := range got {
		kind := map[bool]string{true: "-> " + f.Link, false: f.Mode.String()}[f.IsLink()]
		if !f.Exists {
			kind = "gone"
		}
		seen = append(seen, kind+string(f.Content))
	}
	if want := []string{"gone", "-> none", "gone", "gone", "-rw-r-----x", "-> file", "-rw-r-----x", "-rw-r-----"}; !slices.Equal(seen, want) {
		t.Errorf("got %q, want %q", seen, want)
	}
}

func TestAnyHash(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, []byte("hello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	bare := t.TempDir() // a host that has sha256sum alone
	for _, program := range []string{"sh", "stat", "sha256sum"} {
		where, err := exec.LookPath(program)
		if err == nil {
			err = os.Symlink(where, filepath.Join(bare, program))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	blake := blake2b.Sum512([]byte("hello\n"))
	for path, want := range map[string]remote.File{
		os.Getenv("PATH"): {HashedBy: "blake2b", Checksum: hex.EncodeToString(blake[:])},
		bare:              {HashedBy: "sha256", Checksum: "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"},
	} {
		t.Setenv("PATH", path)
		files, err := host(t).Files(t.Context(), remote.FileQuery{Path: file, Hash: remote.AnyHash})
		if err != nil || files[0].HashedBy != want.HashedBy || files[0].Checksum != want.Checksum {
			t.Errorf("PATH %s: %+v, %v", path, files, err)
		}
	}
}

func TestExec(t *testing.T) {
	dir := t.TempDir()
	tests := []struct {
		name string
		cmd  remote.Command
		out  string
		code int
		err  error
	}{
		{"words", remote.Command{Argv: []string{"printf", "%s|", "a b", "it's", "$HOME", "new\nline"}}, "a b|it's|$HOME|new\nline|", 0, nil},
		{"shell line", remote.Command{Shell: "echo $((1+2)); exit 5"}, "3\n", 5, nil},
		{"folder and environment", remote.Command{Shell: `pwd; echo "$A"`, Dir: dir, Env: []string{"A=x y\nz"}}, dir + "\nx y\nz\n", 0, nil},
		{"no input", remote.Command{Argv: []string{"cat"}}, "", 0, nil},
		{"input", remote.Command{Argv: []string{"cat"}, Stdin: strings.NewReader("in\x00put")}, "in\x00put", 0, nil},
		{"input that is not read", remote.Command{Argv: []string{"true"}, Stdin: bytes.NewReader(make([]byte, 1<<20))}, "", 0, nil},
		{"child in the background", remote.Command{Shell: "sleep 20 & echo done"}, "done\n", 0, nil},
		{"missing program", remote.Command{Argv: []string{"no-such-program"}}, "", 127, fs.ErrNotExist},
		{"missing folder", remote.Command{Argv: []string{"true"}, Dir: "/no/such"}, "", 1, fs.ErrNotExist},
	}
	h := host(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			res, err := h.Exec(ctx, tt.cmd)
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v", err)
			}
			if string(res.Stdout) != tt.out || res.ExitCode != tt.code {
				t.Errorf("stdout %q, stderr %q, exit %d", res.Stdout, res.Stderr, res.ExitCode)
			}
		})
	}
}

func TestWriteFile(t *testing.T) {
	mode := fs.FileMode(0o751)
	big := string(bytes.Repeat([]byte("0123456789abcde\x00"), 1<<16))
	tests := []struct {
		name    string
		old     string
		content string
		opts    remote.WriteOptions
		mode    fs.FileMode
		fails   string
	}{
		{"new", "", "it's\n\n", remote.WriteOptions{}, 0o644, ""},
		{"empty", "", "", remote.WriteOptions{Mode: &mode}, 0o751, ""},
		{"replaces and keeps the mode", "old", "new", remote.WriteOptions{Backup: "backup"}, 0o600, ""},
		{"large and binary", "old", big, remote.WriteOptions{Mode: &mode}, 0o751, ""},
		{"in place", "old", "new", remote.WriteOptions{InPlace: true}, 0o600, ""},
		{"validated", "old", "new", remote.WriteOptions{Validate: "grep -q new %s"}, 0o600, ""},
		{"refused", "old", "new", remote.WriteOptions{Validate: "echo bad; grep -q old %s"}, 0, "bad"},
		{"refused, the reason on the standard output", "old", "new", remote.WriteOptions{Validate: "echo because; echo bad >&2; grep -q old %s"}, 0, "because\nbad"},
		{"large and refused", "old", big, remote.WriteOptions{Validate: "false %s"}, 0, "false"},
	}
	h := host(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			name := filepath.Join(dir, "na me")
			if tt.old != "" {
				if err := os.WriteFile(name, []byte(tt.old), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want := map[string]string{"na me": tt.content}
			if tt.opts.Backup != "" {
				tt.opts.Backup = filepath.Join(dir, "backup")
				want["backup"] = tt.old
			}
			err := h.WriteFile(context.Background(), name, strings.NewReader(tt.content), tt.opts)
			if tt.fails != "" {
				want["na me"] = tt.old
				if err == nil || !strings.Contains(err.Error(), tt.fails) {
					t.Errorf("error %v", err)
				}
			} else if err != nil {
				t.Fatal(err)
			} else if info, _ := os.Stat(name); info.Mode() != tt.mode {
				t.Errorf("mode %v", info.Mode())
			}
			entries, _ := os.ReadDir(dir)
			for _, e := range entries {
				b, _ := os.ReadFile(filepath.Join(dir, e.Name()))
				if w, ok := want[e.Name()]; !ok || w != string(b) {
					t.Errorf("%s: unexpected, or %d bytes and not %d", e.Name(), len(b), len(w))
				}
				delete(want, e.Name())
			}
			if len(want) > 0 {
				t.Errorf("missing: %v", want)
			}
		})
	}
}

func TestWriteFileLeavesNothingOnAbort(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	done := make(chan error)
	go func() {
		done <- host(t).WriteFile(ctx, filepath.Join(dir, "x"), r, remote.WriteOptions{})
	}()
	for range 20 {
		_, _ = w.Write(make([]byte, 32<<10))
	}
	wait(t, func() bool { e, _ := os.ReadDir(dir); return len(e) == 1 })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	_ = w.Close()
	wait(t, func() bool { e, _ := os.ReadDir(dir); return len(e) == 0 })
}

func TestOpen(t *testing.T) {
	h := host(t)
	if _, err := h.Open(context.Background(), "/no/such"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	name := filepath.Join(t.TempDir(), "x")
	want := bytes.Repeat([]byte("line\x00\n"), 1<<17)
	if err := os.WriteFile(name, want, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := h.Open(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// TestStream holds that output comes while the script runs, how it ends, and that Close ends its input.
func TestStream(t *testing.T) {
	h, ctx := host(t), context.Background()
	gone := filepath.Join(t.TempDir(), "gone")
	r, err := h.Stream(ctx, "watch", "echo first; cat >/dev/null; touch '"+gone+"'")
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 6)
	if _, err := io.ReadFull(r, buf); err != nil || string(buf) != "first\n" {
		t.Errorf("while it runs: %q, %v", buf, err)
	}
	_ = r.Close()
	wait(t, func() bool { _, err := os.Stat(gone); return err == nil })

	r, err = h.Stream(ctx, "look at it", "echo some; echo 'no more' >&2; exit 3")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var failed *remote.ScriptError
	if out, err := io.ReadAll(r); string(out) != "some\n" || !errors.As(err, &failed) || failed.Error() != "look at it: no more" || failed.Result.ExitCode != 3 {
		t.Errorf("one that fails: %q, %v", out, err)
	}
}

func TestAccounts(t *testing.T) {
	a, err := host(t).Accounts(context.Background(), []string{"root", "0", "no-such-user"}, []string{"root", "no-such-group"})
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Users) != 2 || a.Users["0"].Name != "root" || a.Users["root"].Group != "root" || a.Users["root"].Home != "/root" {
		t.Errorf("users %+v", a.Users)
	}
	if r := a.Users["root"]; r.HomeMissing || r.Shell == "" || slices.Contains(r.Groups, "root") {
		t.Errorf("root %+v", r)
	}
	if len(a.Groups) != 1 || a.Groups["root"].GID != 0 {
		t.Errorf("groups %+v", a.Groups)
	}
}
