package local

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/blake2b"

	"kops/internal/remote"
)

// newFiles are files of the given folder, by name.
func newFiles(dir string, names []string, opts remote.WriteOptions) []remote.NewFile {
	var out []remote.NewFile
	for _, name := range names {
		text := "text of " + name
		opts.Size = int64(len(text))
		out = append(out, remote.NewFile{Path: filepath.Join(dir, name), WriteOptions: opts,
			Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }})
	}
	return out
}

// found are the names of all files below a folder with their modes and contents.
func found(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && !strings.Contains(p, ".kops") {
			return err
		}
		text, _ := os.ReadFile(p)
		info, err := d.Info()
		out[strings.TrimPrefix(p, dir+"/")] = fmt.Sprintf("%o %s", info.Mode().Perm(), text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// oddNames are names that a shell, tar or a checksum's program could trip over.
var oddNames = []string{"a", "b c", "-rf", ".hidden", "it's", "new\nline", "back\\slash", "sub/é", "sub/$(id)", "sub/" + strings.Repeat("long", 50)}

func TestWriteFiles(t *testing.T) {
	bare := t.TempDir() // a host that has no tar
	for _, program := range []string{"sh", "stat", "mkdir", "rm", "mv", "cat", "chmod", "chown", "sync", "find", "wc", "readlink"} {
		where, err := exec.LookPath(program)
		if err == nil {
			err = os.Symlink(where, filepath.Join(bare, program))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	mode := fs.FileMode(0o640)
	for _, tt := range []struct {
		name, path string
		opts       remote.WriteOptions
		want       string
	}{
		{"as new files are", os.Getenv("PATH"), remote.WriteOptions{}, "644"},
		{"with a mode", os.Getenv("PATH"), remote.WriteOptions{Mode: &mode, Owner: fmt.Sprint(os.Getuid()), Group: fmt.Sprint(os.Getgid())}, "640"},
		{"without tar", bare, remote.WriteOptions{Mode: &mode}, "640"},
		{"with a validation", os.Getenv("PATH"), remote.WriteOptions{Validate: "grep -q text %s"}, "644"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("PATH", tt.path)
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "a"), []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := host(t).WriteFiles(t.Context(), newFiles(dir, oddNames, tt.opts)); err != nil {
				t.Fatal(err)
			}
			got := found(t, dir)
			for _, name := range oddNames {
				if name == "a" && tt.opts.Validate != "" {
					continue // one by one the old mode is kept
				}
				if want := tt.want + " text of " + name; got[name] != want {
					t.Errorf("%q: %q, want %q", name, got[name], want)
				}
			}
			if len(got) != len(oddNames) {
				t.Errorf("%d files, want %d: %q", len(got), len(oddNames), got)
			}
		})
	}
}

func TestChecksumsOfManyFiles(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	h := host(t)
	if err := h.WriteFiles(t.Context(), newFiles(dir, oddNames, remote.WriteOptions{})); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	names := append([]string{"none", "link", "sub"}, oddNames...)
	var queries []remote.FileQuery
	for _, name := range names {
		queries = append(queries, remote.FileQuery{Path: filepath.Join(dir, name), Hash: "sha256"})
	}
	queries = append(queries, remote.FileQuery{Path: filepath.Join(dir, "link"), Hash: remote.AnyHash, Follow: true})
	files, err := h.Files(t.Context(), queries...)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range files {
		want := ""
		switch {
		case i >= len(names):
			sum := blake2b.Sum512([]byte("text of a"))
			want = hex.EncodeToString(sum[:])
		case i >= 3:
			sum := sha256.Sum256([]byte("text of " + names[i]))
			want = hex.EncodeToString(sum[:])
		}
		if f.Checksum != want {
			t.Errorf("%s: checksum %q, want %q", f.Path, f.Checksum, want)
		}
	}
}

func TestWriteFilesThatFails(t *testing.T) {
	broken := errors.New("input/output error")
	for _, tt := range []struct {
		name  string
		spoil func(dir string, files []remote.NewFile)
		want  string
	}{
		{"a content that cannot be opened", func(_ string, f []remote.NewFile) { f[2].Open = func() (io.ReadCloser, error) { return nil, broken } }, "input/output error"},
		{"a content that is shorter than announced", func(_ string, f []remote.NewFile) { f[1].Size++ }, "bytes were announced"},
		{"a content that is longer than announced", func(_ string, f []remote.NewFile) { f[1].Size-- }, "bytes were announced"},
		{"a folder that is not there", func(dir string, f []remote.NewFile) { f[3].Path = dir + "/none/x" }, "none"},
		{"an owner that is not there", func(_ string, f []remote.NewFile) { f[3].Owner = "nobody-has-this-name" }, "nobody-has-this-name"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			files := newFiles(dir, []string{"a", "b", "c", "d", "e"}, remote.WriteOptions{})
			tt.spoil(dir, files)
			err := host(t).WriteFiles(t.Context(), files)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %s", err, tt.want)
			}
			if got := found(t, dir); len(got) > 0 {
				t.Errorf("left behind: %q", got)
			}
		})
	}
}
