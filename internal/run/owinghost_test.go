package run

import (
	"path/filepath"
	"reflect"
	"runtime"
	"testing"

	"kops/internal/remote"
)

// TestOwingHostKnowsAllWays holds that each method of a host either only reads or has what the task owes
// written down first: one that is passed on as it is would lose handlers.
func TestOwingHostKnowsAllWays(t *testing.T) {
	passed := map[string]bool{
		"Files": true, "Accounts": true, "Units": true, "Packages": true, "Query": true, "Open": true, "Stream": true, "User": true, // they read
		"Hold": true, // not for tasks
	}
	host := reflect.TypeFor[remote.Host]()
	for i := range host.NumMethod() {
		name := host.Method(i).Name
		m, _ := reflect.TypeFor[*owingHost]().MethodByName(name)
		// A method that the embedded host brings has a wrapper of its own, in no file.
		own := declares(m)
		if own == passed[name] {
			t.Errorf("%s: declared %v, although it only reads: %v", name, own, passed[name])
		}
	}
}

// declares tells whether a method stands in a file of this package.
func declares(m reflect.Method) bool {
	file, _ := runtime.FuncForPC(m.Func.Pointer()).FileLine(m.Func.Pointer())
	return filepath.Base(file) == "owinghost.go"
}
