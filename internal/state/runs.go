package state

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Runs are the records of runs: one file a run in a folder, named by the run.
type Runs struct{ dir string }

// suffix ends the name of a record.
const suffix = ".jsonl"

// NewRuns returns the records in a folder, which need not exist yet.
func NewRuns(dir string) *Runs { return &Runs{dir} }

// Dir returns the folder.
func (r *Runs) Dir() string { return r.dir }

// NewRunID returns a name for a run that begins now. Names sort by time; a random part keeps
// those apart that begin at once.
func NewRunID(now time.Time) string {
	return now.UTC().Format("20060102T150405.000Z-") + strings.ToLower(rand.Text()[:4])
}

// Create makes the record of a run and locks it for as long as the file is open, which a
// killed process ends too. Only its owner can read it.
func (r *Runs) Create(id string) (*os.File, error) {
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(r.path(id), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	// Without locks on its file system, a record is merely not known to be under way.
	_ = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	return f, nil
}

// List returns the names of all runs, the newest first. There are none without a folder.
func (r *Runs) List() ([]string, error) {
	entries, err := os.ReadDir(r.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var ids []string
	for _, e := range entries {
		if id, ok := strings.CutSuffix(e.Name(), suffix); ok && e.Type().IsRegular() {
			ids = append(ids, id)
		}
	}
	slices.Reverse(ids)
	return ids, nil
}

// Open opens a run's record to read it.
func (r *Runs) Open(id string) (*os.File, error) { return os.Open(r.path(id)) }

// Prune removes the oldest records but for keep. A record that is being written stays.
func (r *Runs) Prune(keep int) error {
	ids, err := r.List()
	if err != nil || len(ids) <= keep {
		return err
	}
	var errs []error
	for _, id := range ids[keep:] {
		errs = append(errs, r.remove(id))
	}
	return errors.Join(errs...)
}

func (r *Runs) remove(id string) error {
	f, err := r.Open(id)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // another run was faster
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if UnderWay(f) {
		return nil
	}
	if err := os.Remove(r.path(id)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// UnderWay tells whether the run that writes the record is still alive.
func UnderWay(f *os.File) bool {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if err == nil {
		_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) // closing does it too
	}
	return errors.Is(err, syscall.EWOULDBLOCK)
}

func (r *Runs) path(id string) string { return filepath.Join(r.dir, id+suffix) }

// ErrNoRun says that no run has the name that was asked for.
var ErrNoRun = errors.New("no run is called")

// Find returns the run that a user means: "last", a name, or the beginning of one.
func (r *Runs) Find(text string) (string, error) {
	ids, err := r.List()
	if err != nil {
		return "", err
	}
	if len(ids) == 0 {
		return "", fmt.Errorf("there is no record of a run in %s", r.dir)
	}
	if text == "last" {
		return ids[0], nil
	}
	var found []string
	for _, id := range ids {
		if id == text {
			return id, nil
		}
		if strings.HasPrefix(id, text) && text != "" {
			found = append(found, id)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", fmt.Errorf("%w %q, or begins so", ErrNoRun, text)
	}
	const shown = 5
	more := ""
	if len(found) > shown {
		more = fmt.Sprintf(" and %d more", len(found)-shown)
		found = found[:shown]
	}
	return "", fmt.Errorf("%q begins the names of several runs: %s%s; write more of it", text, strings.Join(found, ", "), more)
}
