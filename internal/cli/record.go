package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"kops/internal/event"
	"kops/internal/plan"
	"kops/internal/report/jsonl"
	"kops/internal/state"
)

// keepRuns is how many records are kept where KOPS_RECORDS does not say.
const keepRuns = 200

// runsKept reads KOPS_RECORDS. 0 records nothing.
func runsKept() (int, error) {
	text := os.Getenv("KOPS_RECORDS")
	if text == "" {
		return keepRuns, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, usageError{fmt.Errorf("KOPS_RECORDS is %q: it says how many records of runs are kept, as a number; 0 records nothing", text)}
	}
	return n, nil
}

// runs are the records of this user's runs.
func runs() (*state.Runs, error) {
	dir, err := state.Dir()
	if err != nil {
		return nil, err
	}
	return state.NewRuns(filepath.Join(dir, "runs")), nil
}

// A recorder is the sink that records a run. A record that cannot be written does not end
// the run: its user is told once.
type recorder struct {
	sink   event.Sink
	file   io.Closer
	warn   func(error)
	failed bool
}

// newRecorder begins the record of a run and removes old ones; it keeps so many. It is nil where
// the run is not recorded.
func newRecorder(streams Streams, id string, keep int) *recorder {
	if keep == 0 {
		return nil
	}
	r := &recorder{warn: func(err error) {
		fmt.Fprintf(streams.Err, "kops: the run goes on, but its record is not complete: %v; --no-record or KOPS_RECORDS=0 records nothing\n", err)
	}}
	records, err := runs()
	if err != nil {
		r.check(err)
		return nil
	}
	f, err := records.Create(id)
	if err != nil {
		r.check(err)
		return nil
	}
	r.sink, r.file = jsonl.New(f), f
	if err := records.Prune(keep); err != nil {
		fmt.Fprintf(streams.Err, "kops: old records of runs stay: %v\n", err)
	}
	return r
}

// check tells the first error.
func (r *recorder) check(err error) {
	if err != nil && !r.failed {
		r.failed = true
		r.warn(err)
	}
}

// Handle implements event.Sink. It never fails.
func (r *recorder) Handle(rec event.Record) error {
	if !r.failed {
		r.check(r.sink.Handle(rec))
	}
	return nil
}

// Flush implements event.Sink. It never fails.
func (r *recorder) Flush() error {
	if !r.failed {
		r.check(r.sink.Flush())
	}
	return nil
}

// Close implements event.Sink. It never fails.
func (r *recorder) Close() error {
	if !r.failed {
		r.check(r.sink.Close())
	}
	r.check(r.file.Close())
	return nil
}

// started describes the run: who, when, from where, what.
func (o *runOptions) started(p *plan.Plan) event.RunStarted {
	e := event.RunStarted{
		Schema: event.Schema, Run: state.NewRunID(time.Now()), Version: version,
		Command: os.Args, Playbooks: o.paths, Check: o.check,
		SudoUser: os.Getenv("SUDO_USER"), Inventories: o.inventoryPaths(), Files: o.hashes(p),
	}
	if u, err := user.Current(); err == nil {
		e.User = u.Username
	}
	e.Host, _ = os.Hostname()
	e.Dir, _ = os.Getwd()
	e.From, _, _ = strings.Cut(os.Getenv("SSH_CONNECTION"), " ")
	return e
}

// hashes are those of the playbooks, and of the ones that they import. A file that has gone
// since it was read has none.
func (o *runOptions) hashes(p *plan.Plan) []event.File {
	paths := slices.Clone(o.paths)
	for _, play := range p.Plays() {
		if !slices.Contains(paths, play.File) {
			paths = append(paths, play.File)
		}
	}
	files := make([]event.File, len(paths))
	for i, path := range paths {
		files[i].Path = path
		if src, err := os.ReadFile(path); err == nil {
			sum := sha256.Sum256(src)
			files[i].SHA256 = hex.EncodeToString(sum[:])
		}
	}
	return files
}
