package logs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// So many entries as are asked for are shown, whatever is written while they are read.
func TestLastOfAFileThatGrows(t *testing.T) {
	real, err := exec.LookPath("tail")
	if err != nil {
		t.Fatal(err)
	}
	for name, sh := range shells(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "server.log")
			text := ""
			for i := range 5 {
				text += fmt.Sprintf("[2024-01-31 14:00:0%d,000] INFO #%d (x)\n", i, i)
			}
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			// Whoever reads by tail has a line written before.
			writer := fmt.Sprintf("#!/bin/sh\necho '[2024-01-31 14:01:00,000] INFO #9 (x)' >>%s\nexec %s \"$@\"\n", file, real)
			sh.path = filepath.Join(dir, "bin")
			if err := os.Mkdir(sh.path, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(sh.path, "tail"), []byte(writer), 0o755); err != nil {
				t.Fatal(err)
			}
			c := &collector{}
			failed, err := Show(context.Background(), []*Source{source(t, "a", file, sh)}, Query{Last: 2}, c, func(string, string) {})
			if err != nil || len(failed) > 0 || ids(c.text()) != "3 4" {
				t.Errorf("got %q, %v, %v", c.text(), failed, err)
			}
		})
	}
}
