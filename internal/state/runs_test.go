package state

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func create(t *testing.T, r *Runs, ids ...string) {
	t.Helper()
	for _, id := range ids {
		f, err := r.Create(id)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
}

func TestRunsAreTheirOwners(t *testing.T) {
	r := NewRuns(filepath.Join(t.TempDir(), "state", "runs"))
	if ids, err := r.List(); err != nil || len(ids) != 0 {
		t.Fatalf("%v, %v", ids, err)
	}
	create(t, r, "a")
	if _, err := r.Create("a"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a record that is there is written again: %v", err)
	}
	for path, want := range map[string]fs.FileMode{r.Dir(): fs.ModeDir | 0o700, filepath.Join(r.Dir(), "a.jsonl"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
}

// Names sort by time, and a hundred runs that begin in the same millisecond have different ones.
func TestNewRunID(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.FixedZone("", 7200))
	if id := NewRunID(now); !strings.HasPrefix(id, "20260102T010405.678Z-") || NewRunID(now.Add(time.Millisecond)) < id {
		t.Error(id)
	}
	r := NewRuns(t.TempDir())
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() { create(t, r, NewRunID(now)) })
	}
	wg.Wait()
	if ids, err := r.List(); err != nil || len(ids) != 100 {
		t.Errorf("%d records, %v", len(ids), err)
	}
}

// Old records go, but never one whose run is under way, however old it is; other files stay.
func TestPrune(t *testing.T) {
	r := NewRuns(t.TempDir())
	alive, err := r.Create("1")
	if err != nil {
		t.Fatal(err)
	}
	create(t, r, "2", "3", "4", "5")
	if err := os.WriteFile(filepath.Join(r.Dir(), "0.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	prune := func(keep int, want ...string) {
		t.Helper()
		if err := r.Prune(keep); err != nil {
			t.Fatal(err)
		}
		if ids, err := r.List(); err != nil || !slices.Equal(ids, want) {
			t.Errorf("%v, %v, want %v", ids, err, want)
		}
	}
	prune(9, "5", "4", "3", "2", "1")
	prune(2, "5", "4", "1")
	f, err := r.Open("1")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if !UnderWay(f) {
		t.Error("the run that writes is not seen")
	}
	alive.Close()
	if UnderWay(f) {
		t.Error("the run has ended, and is taken for alive")
	}
	prune(2, "5", "4")
	if _, err := os.Stat(filepath.Join(r.Dir(), "0.txt")); err != nil {
		t.Error(err)
	}
}

func TestFind(t *testing.T) {
	r := NewRuns(t.TempDir())
	if _, err := r.Find("last"); err == nil || !strings.Contains(err.Error(), "no record") {
		t.Error(err)
	}
	create(t, r, "20260101T1", "20260102T1", "20260102T12", "20260103T1")
	tests := map[string]string{
		"last": "20260103T1", "20260101": "20260101T1", "20260102T1": "20260102T1", "20260102T12": "20260102T12",
		"2026010": "several runs: 20260103T1, 20260102T12", "2025": "no run", "": "no run", "0103": "no run",
	}
	for text, want := range tests {
		id, err := r.Find(text)
		if err != nil {
			id = err.Error()
		}
		if id != want && (err == nil || !strings.Contains(id, want)) {
			t.Errorf("%q finds %s, want %s", text, id, want)
		}
	}
}
