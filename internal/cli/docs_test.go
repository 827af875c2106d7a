package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"kops/internal/yamlpos"
)

// TestVariablesAreDocumented holds docs/variables.md and the role that has the defaults together.
func TestVariablesAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/variables.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\|").FindAllSubmatch(page, -1) {
		documented[string(row[1])] = true
	}
	for name := range defaults(t) {
		if !documented[name] {
			t.Errorf("docs/variables.md lacks %s", name)
		}
		delete(documented, name)
	}
	for name := range documented {
		t.Errorf("docs/variables.md has %s, which no file of defaults has", name)
	}
}

// TestSwitchesAreConverted holds that a setting which is on or off is read through the filter bool: `-e
// grafana_enabled=false` is a text, and a text that is not empty is true.
func TestSwitchesAreConverted(t *testing.T) {
	var names []string
	for name, def := range defaults(t) {
		if def == "true" || def == "false" || strings.HasSuffix(def, "| bool }}") {
			names = append(names, name)
		}
	}
	use := regexp.MustCompile(`(?:^|[^\w.'"/-])(` + strings.Join(names, "|") + `)\b(?:\s*(\|\s*bool|:|is (?:true|false)))?`)
	for _, pattern := range []string{"playbooks/*.yaml", "playbooks/roles/settings/defaults/main/*.yaml", "tasks/*.yaml", "files/*/*.j2"} {
		files, err := filepath.Glob("../../" + pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no %s: %v", pattern, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for i, line := range strings.Split(string(data), "\n") {
				code, _, _ := strings.Cut(" "+line, " #")
				for _, m := range use.FindAllStringSubmatch(code, -1) {
					if m[2] == "" {
						t.Errorf("%s:%d: %s without | bool", file, i+1, m[1])
					}
				}
			}
		}
	}
}

// defaults are the settings of the role that has them, each with its default as it is written.
func defaults(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../playbooks/roles/settings/defaults/main/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no defaults: %v", err)
	}
	all := map[string]string{}
	for _, file := range files {
		node, list := yamlpos.Load(file, yamlpos.Options{})
		if list.HasErrors() {
			t.Fatal(list)
		}
		for _, pair := range node.Pairs {
			all[pair.Key.Raw] = pair.Value.Raw
		}
	}
	return all
}
