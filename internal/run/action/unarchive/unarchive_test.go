package unarchive

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kops/internal/module/unarchive"
	"kops/internal/run/action/actiontest"
	"kops/internal/value"
)

func TestUnarchive(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: "app/run", Mode: 0o755, Size: 1, Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "files"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "files", "app.tar"), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	m := New()
	act := func(kv ...value.Value) (*unarchive.Spec, error) {
		out, err := actiontest.Call{Args: value.NewMap(append(kv, "dest", "/srv")...), Search: []string{dir}}.Act(t, m)
		spec, _ := out.Spec.(*unarchive.Spec)
		return spec, err
	}
	one, err := act("src", "app.tar")
	if err != nil || one.Archive == nil || len(one.Listing.Members) != 1 {
		t.Fatalf("%+v %v", one, err)
	}
	if two, err := act("src", "app.tar"); err != nil || two.Listing != one.Listing {
		t.Errorf("listed twice, %v", err)
	}
	if there, err := act("src", "/srv/app.tar", "remote_src", true); err != nil || there.Archive != nil {
		t.Errorf("%+v %v", there, err)
	}
	if _, err := act("src", "none.tar"); err == nil || !strings.Contains(err.Error(), `src: there is no "none.tar" on the controller`) {
		t.Error(err)
	}
}
