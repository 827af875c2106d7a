package arch

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A rule says what the packages that match may import of this module. "*" stands for one
// name; a pattern that ends in /... for a package and all below it.
type rule struct {
	packages string
	may      []string
}

var rules = []rule{
	{"internal/value", nil},
	{"internal/diag", []string{"internal/value"}},
	{"internal/event", []string{"internal/diag", "internal/value"}},
	{"internal/yamlpos", []string{"internal/diag", "internal/value"}},
	{"internal/secret", []string{"internal/diag", "internal/value"}},
	{"internal/jinja", []string{"internal/value", "internal/diag"}},
	{"internal/vars", []string{"internal/value", "internal/diag"}},
	{"internal/template/...", []string{"internal/template/...", "internal/jinja", "internal/vars", "internal/secret", "internal/yamlpos", "internal/value", "internal/diag"}},
	{"internal/inventory", []string{"internal/diag", "internal/value", "internal/yamlpos", "internal/secret"}},
	{"internal/playbook", []string{"internal/diag", "internal/value", "internal/yamlpos", "internal/secret"}},
	{"internal/remote", []string{"internal/diag", "internal/value"}},
	{"internal/remote/overlay", []string{"internal/remote"}},
	{"internal/remote/...", []string{"internal/remote/...", "internal/diag", "internal/secret", "internal/value"}},
	{"internal/kafka", []string{"internal/value", "internal/diag"}},
	{"internal/module", []string{"internal/remote", "internal/value", "internal/diag"}},
	{"internal/module/all", []string{"internal/module", "internal/module/*"}},
	{"internal/module/moduletest", []string{"internal/module", "internal/remote/...", "internal/value", "internal/diag"}},
	{"internal/module/dockerapi/dockertest", nil},
	{"internal/module/kafkaapi/kafkatest", []string{"internal/module", "internal/remote/...", "internal/value"}},
	{"internal/module/*", []string{"internal/module", "internal/module/attributes", "internal/module/pattern", "internal/module/process", "internal/module/dockerapi", "internal/module/kafkaapi", "internal/remote", "internal/kafka", "internal/value", "internal/diag"}},
	{"internal/state", []string{"internal/event", "internal/value", "internal/diag"}},
	{"internal/plan", []string{"internal/inventory", "internal/playbook", "internal/vars", "internal/template", "internal/module", "internal/yamlpos", "internal/value", "internal/diag"}},
	{"internal/run/action", []string{"internal/module", "internal/remote", "internal/state", "internal/template", "internal/value", "internal/diag"}},
	{"internal/run/action/all", []string{"internal/module", "internal/run/action/*"}},
	{"internal/run/action/actiontest", []string{"internal/run/action", "internal/module", "internal/remote/...", "internal/template", "internal/vars", "internal/value"}},
	{"internal/run/action/*", []string{"internal/run/action", "internal/run/action/source", "internal/module", "internal/module/*", "internal/remote", "internal/template", "internal/vars", "internal/state", "internal/value", "internal/diag"}},
	{"internal/run", []string{"internal/plan", "internal/playbook", "internal/module", "internal/remote", "internal/remote/overlay", "internal/run/action", "internal/template", "internal/vars", "internal/event", "internal/state", "internal/secret", "internal/value", "internal/diag"}},
	{"internal/logs", []string{"internal/remote"}},
	{"internal/report/*", []string{"internal/event", "internal/value", "internal/diag"}},
	{"internal/cli", []string{"internal/..."}},
	{"internal/arch", nil},
	{"cmd/kops", []string{"internal/cli"}},
	{"lab/...", []string{"lab/...", "internal/kafka", "internal/value", "internal/diag"}},
	{"bench/...", []string{"..."}},
}

func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "kops/...").Output()
	if err != nil {
		t.Fatalf("list the packages: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pkg := strings.TrimPrefix(fields[0], "kops/")
		i := slices.IndexFunc(rules, func(r rule) bool { return matches(r.packages, pkg) })
		if i < 0 {
			t.Errorf("%s has no line in the table: say what it may import", pkg)
			continue
		}
		for _, imp := range fields[1:] {
			imp, own := strings.CutPrefix(imp, "kops/")
			if own && !slices.ContainsFunc(rules[i].may, func(p string) bool { return matches(p, imp) }) {
				t.Errorf("%s imports %s: its line allows %s", pkg, imp, strings.Join(rules[i].may, ", "))
			}
		}
	}
}

func matches(pattern, pkg string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "..."); ok {
		return strings.HasPrefix(pkg+"/", prefix)
	}
	want, have := strings.Split(pattern, "/"), strings.Split(pkg, "/")
	return slices.EqualFunc(want, have, func(w, h string) bool { return w == "*" || w == h })
}

// TestOneImporter holds libraries that one package alone may use.
func TestOneImporter(t *testing.T) {
	only := map[string][]string{
		"gopkg.in/yaml.v3":              {"kops/internal/yamlpos"},
		"github.com/goccy/go-yaml":      {"kops/internal/yamlpos"},
		"golang.org/x/crypto/ssh":       {"kops/internal/remote/ssh", "kops/internal/remote/sshtest", "kops/internal/remote/posix"},
		"github.com/twmb/franz-go/pkg/": {"kops/internal/kafka", "kops/internal/module/kafkaapi/kafkatest", "kops/lab/kafkaexporter"},
	}
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "kops/...").Output()
	if err != nil {
		t.Fatalf("list the packages: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		for _, imp := range fields[1:] {
			for lib, users := range only {
				if strings.HasPrefix(imp, lib) && !slices.Contains(users, fields[0]) && !strings.HasPrefix(fields[0], "kops/lab/") {
					t.Errorf("%s imports %s, which is for %s alone", fields[0], imp, strings.Join(users, ", "))
				}
			}
		}
	}
}

// queries are the packages whose modules run scripts to read a host, and how each knows what such a script does not see in
// check mode: what earlier tasks would have changed.
var queries = map[string]string{
	"internal/module/apt":                 "asks for packages as the overlay has them",
	"internal/module/dnf":                 "asks for packages as the overlay has them",
	"internal/module/file":                "merges the tree with what the overlay has below it",
	"internal/module/kafkapreflightfacts": "measures what is there now, as facts are",
	"internal/module/ping":                "reads nothing",
	"internal/module/process":             "expands variables of the environment alone",
	"internal/module/setup":               "facts are those of now (docs/check-mode.md)",
	"internal/module/unarchive":           "asks whether archive, folder or creates are touched",
	"internal/module/waitfor":             "asks whether services are touched",
}

// TestQueriesInCheckMode finds modules that read by scripts without an entry above.
func TestQueriesInCheckMode(t *testing.T) {
	found := map[string]bool{}
	for _, top := range []string{"../module", "../run/action"} {
		err := filepath.WalkDir(top, func(path string, _ os.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "moduletest") {
				return err
			}
			text, err := os.ReadFile(path)
			if strings.Contains(string(text), "h.Query(") {
				found["internal"+strings.TrimPrefix(filepath.Dir(path), "..")] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for pkg := range found {
		if queries[pkg] == "" {
			t.Errorf("%s reads by Query, which knows nothing of check mode's overlay: see remote.Foreseer", pkg)
		}
	}
	for pkg := range queries {
		if !found[pkg] {
			t.Errorf("%s reads no more by Query", pkg)
		}
	}
}
