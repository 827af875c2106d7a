package promise

import (
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	var out strings.Builder
	err := Report(&out, Promise{Name: "time", Measured: 0.94, Limit: 1}, Promise{Name: "speed", Measured: 0.89, Limit: 0.9, AtLeast: true}, Promise{Name: "memory", Measured: 301, Limit: 300})
	want := "\ntime: 0.94, promised at most 1: kept\nspeed: 0.89, promised at least 0.9: BROKEN\nmemory: 301, promised at most 300: BROKEN\n"
	if out.String() != want {
		t.Errorf("it printed %q, want %q", out.String(), want)
	}
	if err == nil || err.Error() != "broken: speed: 0.89, promised at least 0.9\nbroken: memory: 301, promised at most 300" {
		t.Errorf("error %v", err)
	}
	if err := Report(&out, Promise{Name: "time", Measured: 1, Limit: 1}); err != nil {
		t.Error(err)
	}
}
