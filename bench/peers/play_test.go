package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"kops/internal/cli"
)

// TestPlay holds that the play is one that kops runs: its file is there at run time only.
func TestPlay(t *testing.T) {
	dir := t.TempDir()
	m := &machines{addresses: []string{"10.99.0.62"}, key: "/key", known: "/known"}
	for _, err := range []error{
		os.CopyFS(dir, os.DirFS("../play")),
		os.Mkdir(filepath.Join(dir, "files"), 0o755),
		os.WriteFile(filepath.Join(dir, "files/node_exporter"), nil, 0o755),
		os.WriteFile(filepath.Join(dir, "inventory.yaml"), []byte(m.inventory()), 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	args := []string{"run", "--list-hosts", filepath.Join(dir, "play.yaml"), "-i", filepath.Join(dir, "inventory.yaml")}
	if code := cli.Main(args, cli.Streams{In: &bytes.Buffer{}, Out: &out, Err: &out}); code != 0 || !bytes.Contains(out.Bytes(), []byte("10.99.0.62")) {
		t.Errorf("exit code %d\n%s", code, out.String())
	}
}
