package remotetest

import (
	"context"
	"io/fs"
	"strings"
	"testing"

	"kops/internal/remote"
)

func TestFilesFollowLinks(t *testing.T) {
	h := New()
	h.AddFile("/srv/v1/conf", "a", 0o640)
	h.AddLink("/srv/current", "v1")
	got, err := h.Files(context.Background(),
		remote.FileQuery{Path: "/srv/current/conf", Content: 10, Hash: "md5"},
		remote.FileQuery{Path: "/srv/current"},
		remote.FileQuery{Path: "/srv/current", Follow: true, List: true},
		remote.FileQuery{Path: "/none"})
	if err != nil {
		t.Fatal(err)
	}
	if string(got[0].Content) != "a" || got[0].Mode != 0o640 || got[0].Checksum == "" {
		t.Errorf("file: %+v", got[0])
	}
	if got[1].Type != fs.ModeSymlink || got[1].Link != "v1" {
		t.Errorf("link: %+v", got[1])
	}
	if !got[2].IsDir() || strings.Join(got[2].Names, " ") != "conf" {
		t.Errorf("folder: %+v", got[2])
	}
	if got[3].Exists {
		t.Errorf("missing: %+v", got[3])
	}
}

func TestWriteFileKeepsOwnerAndMode(t *testing.T) {
	h := New()
	h.AddUser("kafka", 100)
	h.AddFile("/etc/x", "old", 0o600)
	h.Chown("/etc/x", 100, 100)
	before := h.Tree()
	if err := h.WriteFile(context.Background(), "/etc/x", strings.NewReader("new"), remote.WriteOptions{Backup: "/etc/x.1"}); err != nil {
		t.Fatal(err)
	}
	if before == h.Tree() {
		t.Error("the tree is the same after a write")
	}
	got, _ := h.Files(context.Background(), remote.FileQuery{Path: "/etc/x"})
	if got[0].Owner != "kafka" || got[0].Mode != 0o600 {
		t.Errorf("got %+v", got[0])
	}
	if old, _ := h.Content("/etc/x.1"); old != "old" {
		t.Errorf("backup %q", old)
	}
	if w := h.Written(); len(w) != 1 || w[0].Detail != "/etc/x" {
		t.Errorf("written %v", w)
	}
}
