package moduletest

import (
	"context"
	"errors"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"kops/internal/module"
	"kops/internal/remote"
	"kops/internal/remote/local"
	"kops/internal/value"
)

// A DiskCase is a situation in a folder of this machine, for what only a real shell and
// real files can show. In Args and in Err, "@/" stands for that folder.
type DiskCase struct {
	Name string
	// Setup is a shell script that runs in the folder before.
	Setup string
	Args  *value.Map
	// Prepare, Err, Unchanged and Repeats are as in Case.
	Prepare   func(s module.Spec)
	Err       string
	Unchanged bool
	Repeats   bool
	// Look is a shell script that runs in the folder afterwards and must print Want.
	Look, Want string
	// Check looks at the result that would be registered.
	Check func(t *testing.T, dir string, result *value.Map)
}

// RunOnDisk holds the module to the contract, as Run does, on this machine.
func RunOnDisk(t *testing.T, m *module.Module, cases []DiskCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) { runDiskCase(t, m, c) })
	}
}

func runDiskCase(t *testing.T, m *module.Module, c DiskCase) {
	dir := t.TempDir()
	sh(t, dir, c.Setup)
	connection, err := local.Dial(t.Context(), "here", remote.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	h := connection.As(remote.Become{})
	memory := Case{Err: strings.ReplaceAll(c.Err, "@/", dir+"/")}
	spec, errs := m.Decode(place(c.Args, dir).(*value.Map))
	if len(errs) > 0 {
		expectError(t, memory, errors.Join(errs...))
		return
	}
	if c.Prepare != nil {
		c.Prepare(spec)
	}
	before := listing(t, dir)
	change, trips, err := planOnDisk(connection, h, spec)
	if err != nil {
		expectError(t, memory, err)
		return
	}
	again, _, err := planOnDisk(connection, h, spec)
	if err != nil {
		t.Fatalf("the second Plan fails where the first did not: %v", err)
	}
	if a, b := withoutDo(change), withoutDo(again); !reflect.DeepEqual(a, b) {
		t.Errorf("planning twice differs:\n%+v\n%+v", a, b)
	}
	if after := listing(t, dir); after != before {
		t.Errorf("Plan changed the host:\n%s\n%s", before, after)
	}
	result := change.Result
	if c.Unchanged {
		expectNothing(t, "the host is as it should be", change)
		if trips > 1 {
			t.Errorf("an unchanged task takes %d round trips", trips)
		}
	} else {
		if result, err = apply(t, spec, change, h); err != nil || c.Err != "" {
			expectError(t, memory, err)
			return
		}
		after, trips, err := planOnDisk(connection, h, spec)
		switch {
		case err != nil:
			t.Errorf("planning after the steps: %v", err)
		case !c.Repeats:
			expectNothing(t, "the steps are done", after)
			if trips > 1 {
				t.Errorf("after the steps, planning takes %d round trips", trips)
			}
		}
	}
	if got := strings.ReplaceAll(sh(t, dir, c.Look), dir+"/", "@/"); got != c.Want {
		t.Errorf("%s prints\n%s\nwant\n%s", c.Look, got, c.Want)
	}
	if c.Check != nil {
		c.Check(t, dir, result)
	}
}

// planOnDisk plans and counts the round trips, without those that open a shell.
func planOnDisk(connection remote.Connection, h remote.Host, spec module.Spec) (module.Change, int64, error) {
	if _, err := h.Query(context.Background(), ":"); err != nil {
		return module.Change{}, 0, err
	}
	before := connection.RoundTrips()
	c, err := spec.Plan(context.Background(), h)
	return c, connection.RoundTrips() - before, err
}

// listing describes all files below dir but for their times of access.
func listing(t *testing.T, dir string) string {
	t.Helper()
	return sh(t, dir, `find . -printf '%p %y %m %U %G %s %T@ %l\n' | sort`)
}

func sh(t *testing.T, dir, script string) string {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-ec", script)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return string(out)
}

// place puts the folder in the place of "@/".
func place(v value.Value, dir string) value.Value {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, "@/", dir+"/")
	case *value.List:
		l := value.NewList()
		for _, item := range v.Items {
			l.Append(place(item, dir))
		}
		return l
	case *value.Map:
		m := value.NewMap()
		for k, item := range v.All() {
			m.Set(k, place(item, dir))
		}
		return m
	}
	return v
}
