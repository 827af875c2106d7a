package state

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestOwed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "owed")
	o := NewOwed(dir)
	a := Debt{File: "site.yaml", Play: "all", Handler: "restart", Section: "tasks", Task: "write", Nth: 1, Since: time.Unix(1_700_000_000, 0).UTC(), Run: "r1", User: "alice", Host: "laptop"}
	b := a
	b.Role, b.Nth = "web", 2
	const host = "../odd host"
	if err := o.Put(host, a, b); err != nil {
		t.Fatal(err)
	}
	again := a
	again.Run = "r2"
	if again.Key() != a.Key() || a.Key() == b.Key() {
		t.Error("the key is that of the handler, whoever owes it")
	}
	got, err := o.Of(host)
	if err != nil || len(got) != 2 || !slices.Contains(got, a) || !slices.Contains(got, b) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := o.Of("other"); got != nil || err != nil {
		t.Errorf("another host is owed %+v, %v", got, err)
	}
	broken := filepath.Join(o.folder(host), "x.json")
	if err := os.WriteFile(broken, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := o.Of(host); len(got) != 2 || err == nil || !strings.Contains(err.Error(), broken) {
		t.Errorf("beside a broken file: %+v, %v", got, err)
	}
	if err := os.Remove(broken); err != nil {
		t.Fatal(err)
	}
	if err := o.Remove(host, again, b); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("an empty folder is left: %v", err)
	}
}
