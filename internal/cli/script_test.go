package cli

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"kops/internal/event"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"kops": func() { os.Exit(Main(os.Args[1:], System())) },
	})
}

// TestScripts runs testdata/script: the command as people use it, on this machine alone.
func TestScripts(t *testing.T) {
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, ".cache"))
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, ".state"))
			env.Setenv("REPOSITORY", repository)
			env.Setenv("KOPS_LOCK", "off") // the scripts run at the same time, on one machine
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code":   exitsWith,
			"events": events,
		},
	})
}

// exitsWith runs a command that must end with an exit code: code N COMMAND…
func exitsWith(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: code N command…")
	}
	// The shell keeps the code, which the package tells no more than as good or bad.
	command := append([]string{"-c", `"$@"; got=$?; test $got -eq "$0" || { echo "exit code $got" >&2; exit 1; }`, args[0]}, args[1:]...)
	ts.Check(ts.Exec("sh", command...))
}

// kinds are the names of all events.
func kinds() []string {
	var names []string
	for _, e := range []event.Event{
		event.RunStarted{}, event.PlayStarted{}, event.TaskStarted{}, event.HostStarted{}, event.Result{}, event.Retry{},
		event.Progress{}, event.Notified{}, event.HandlerOwed{}, event.LockWaiting{}, event.Warning{}, event.PlayEnded{}, event.RunEnded{},
	} {
		names = append(names, e.Kind())
	}
	return names
}

// events checks that a file holds a run as lines of JSON: numbered without a gap, of known
// kinds, from run_started to run_ended.
func events(ts *testscript.TestScript, _ bool, args []string) {
	lines := bufio.NewScanner(strings.NewReader(ts.ReadFile(args[0])))
	lines.Buffer(nil, 1<<20)
	var seen []string
	for n := int64(1); lines.Scan(); n++ {
		var r struct {
			Seq  int64           `json:"seq"`
			Time string          `json:"time"`
			Kind string          `json:"event"`
			Data json.RawMessage `json:"data"`
		}
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			ts.Fatalf("line %d: %v: %s", n, err, lines.Text())
		}
		if r.Seq != n || r.Time == "" || len(r.Data) == 0 || !slices.Contains(kinds(), r.Kind) {
			ts.Fatalf("line %d is no record: %s", n, lines.Text())
		}
		seen = append(seen, r.Kind)
	}
	ts.Check(lines.Err())
	if len(seen) < 2 || seen[0] != "run_started" || seen[len(seen)-1] != "run_ended" {
		ts.Fatalf("the events are %v", seen)
	}
}
