package source

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"kops/internal/template"
	"kops/internal/vars"
)

func scope() *template.Scope {
	return template.New(template.Options{}).Scope(context.Background(), &vars.Set{}, nil)
}

func TestOneSourceForAllHosts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("hello\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	files := New()
	first, err := files.Open(scope(), path, true)
	if err != nil || first.Mode() != 0o640 {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			again, err := files.Open(scope(), path, true)
			if err != nil || again != first {
				t.Errorf("another source, %v", err)
				return
			}
			if sum, err := again.Checksum("sha1"); err != nil || sum != "f572d396fae9206628714fb2ce00f72e94f2258f" {
				t.Errorf("%s %v", sum, err)
			}
		})
	}
	wg.Wait()
	if err := os.WriteFile(path, []byte("other, longer\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Open(); err == nil || !strings.Contains(err.Error(), "was changed on the controller") {
		t.Errorf("error %v", err)
	}
	if next, err := files.Open(scope(), path, true); err != nil || next == first || next.Size() != 14 {
		t.Errorf("%v %v", next, err)
	}
}

func TestTreeErrors(t *testing.T) {
	for want, link := range map[string]string{"is a link to a folder that it is in itself": ".", "is a link to nothing": "none"} {
		dir := t.TempDir()
		if err := os.Symlink(link, filepath.Join(dir, "l")); err != nil {
			t.Fatal(err)
		}
		if _, err := New().Tree(scope(), dir, true, true); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
		tree, err := New().Tree(scope(), dir, false, true)
		if err != nil || len(tree.Entries) != 1 || tree.Entries[0].Link != link {
			t.Errorf("%+v %v", tree, err)
		}
	}
}
