package cli

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestBadInput runs each testdata/bad/NAME.yaml, with the flags of NAME.args where there are
// any, and compares what a person sees with NAME.golden: the command, its exit code, its
// standard error and, where the run began, its standard output.
func TestBadInput(t *testing.T) {
	for _, name := range []string{"KOPS_INVENTORY", "ANSIBLE_INVENTORY", "ANSIBLE_VAULT_PASSWORD_FILE", "CLICOLOR_FORCE", "ANSIBLE_FORCE_COLOR"} {
		t.Setenv(name, "")
	}
	t.Setenv("KOPS_LOCK", "off")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("KOPS_RECORDS", "0")
	t.Chdir("testdata/bad")
	goldens, err := filepath.Glob("*.golden")
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]bool{}
	playbooks, err := filepath.Glob("*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, playbook := range playbooks {
		name := strings.TrimSuffix(playbook, ".yaml")
		cases[name] = true
		t.Run(name, func(t *testing.T) { badInput(t, name) })
	}
	for _, golden := range goldens {
		if !cases[strings.TrimSuffix(golden, ".golden")] {
			t.Errorf("%s belongs to no playbook", golden)
		}
	}
	if len(cases) < 80 {
		t.Errorf("there are %d cases, fewer than the 80 that were promised", len(cases))
	}
}

func badInput(t *testing.T, name string) {
	args := []string{"run", name + ".yaml"}
	if flags, err := os.ReadFile(name + ".args"); err == nil {
		args = append(args, strings.Fields(string(flags))...)
	}
	var out, errs bytes.Buffer
	code := Main(args, Streams{In: strings.NewReader(""), Out: &out, Err: &errs, Width: 79})
	got := fmt.Sprintf("$ kops %s\nexit code %d\n%s", strings.Join(args, " "), code, errs.String())
	if out.Len() > 0 {
		got += "--- standard output ---\n" + steady(out.String())
	}
	golden := name + ".golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

var duration = regexp.MustCompile(`(?m)^(\d+ hosts?) in .*$`)

// steady replaces how long a run took.
func steady(out string) string { return duration.ReplaceAllString(out, "$1 in TIME") }
