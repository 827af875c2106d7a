package dockerimage

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kops/internal/module/dockerimage"
	"kops/internal/run/action/actiontest"
	"kops/internal/value"
)

func TestArchive(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "image.tar"), []byte("tar"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		args *value.Map
		want string // of the archive
		err  string
	}{
		{name: "pull", args: value.NewMap("source", "pull")},
		{name: "file", args: value.NewMap("source", "load", "archive", "image.tar"), want: "tar"},
		{name: "not there", args: value.NewMap("source", "load", "archive", "none.tar"), err: `archive: there is no "none.tar" on the controller`},
		{name: "with pull", args: value.NewMap("source", "pull", "archive", "image.tar"), err: "archive: only with source load"},
		{name: "URL without checksum", args: value.NewMap("source", "load", "archive", "https://x/image.tar"), err: "checksum: is needed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.args.Set("name", "grafana/grafana")
			out, err := actiontest.Call{Args: tt.args, Search: []string{dir}}.Act(t, New())
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			open := out.Spec.(*dockerimage.Spec).Archive
			if (open != nil) != (tt.want != "") {
				t.Fatalf("archive %v", open != nil)
			}
			if open == nil {
				return
			}
			r, err := open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if got, err := io.ReadAll(r); err != nil || string(got) != tt.want {
				t.Errorf("%q %v", got, err)
			}
		})
	}
}
