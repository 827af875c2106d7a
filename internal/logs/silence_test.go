package logs

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSignsOfLife holds that the script says something while it has nothing to show: kops takes a host that is silent for one
// that hangs.
func TestSignsOfLife(t *testing.T) {
	dir := t.TempDir()
	file, plain := filepath.Join(dir, "server.log"), filepath.Join(dir, "plain.txt")
	many := strings.Repeat(entry(1, "x"), 101_000)
	write(t, file, many)
	write(t, plain, strings.ReplaceAll(many, "[2024", "no time"))
	for _, name := range []string{".1", ".2", ".3"} {
		write(t, file+name, entry(0, "y"))
	}
	for name, sh := range shells(t) {
		for _, tt := range []struct {
			name  string
			file  string
			q     Query
			pack  bool
			least int // signs
		}{
			{"counting", file, Query{Last: 1, Grep: "needle"}, false, 5 + 3 + 5},
			{"counting to fetch", file, Query{Last: 1, Grep: "needle"}, true, 5 + 3 + 5},
			{"fetching", file, Query{Last: All, Grep: "needle"}, true, 5},
			{"showing", file, Query{Last: All, Grep: "needle"}, false, 5},
			{"showing what has no times", plain, Query{Last: All, Grep: "needle"}, false, 5},
			{"looking through rotated files", file, Query{Last: All, Since: time.Now()}, true, 3 + 5},
		} {
			t.Run(name+"/"+tt.name, func(t *testing.T) {
				r, err := sh.Stream(t.Context(), "", tt.q.script(tt.file, "", tt.pack))
				if err != nil {
					t.Fatal(err)
				}
				out, err := io.ReadAll(r)
				if err != nil {
					t.Fatal(err)
				}
				said := r.(*running).said.String()
				if n := strings.Count(said, "\n") + strings.Count(string(out), "\x01kops at "); n < tt.least || strings.TrimSpace(said) != "" {
					t.Errorf("%d signs of life, want %d: %.200q", n, tt.least, said)
				}
			})
		}
	}
}

// TestSignsOfLifeWhileFollowing holds that a log that is followed shows its host's life though nothing is written.
func TestSignsOfLifeWhileFollowing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "server.log")
	write(t, file, entry(1, "x"))
	for name, sh := range shells(t) {
		if sh.path == "" {
			sh.path = t.TempDir()
		}
		if err := os.WriteFile(filepath.Join(sh.path, "sleep"), []byte("#!/bin/sh\n"), 0o700); err != nil { // time goes fast, but for busybox's own
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			r, err := sh.Stream(t.Context(), "", Query{Follow: true}.script(file, "", false))
			if err != nil {
				t.Fatal(err)
			}
			defer sh.cut()
			said := r.(*running).said
			until(t, "there are signs of life", func() bool { return said.String() != "" })
		})
	}
}
