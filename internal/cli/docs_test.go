package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"kops/internal/yamlpos"
)

// TestVariablesAreDocumented holds docs/variables.md and the role that has the defaults together.
func TestVariablesAreDocumented(t *testing.T) {
	files, err := filepath.Glob("../../playbooks/roles/settings/defaults/main/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no defaults: %v", err)
	}
	page, err := os.ReadFile("../../docs/variables.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\|").FindAllSubmatch(page, -1) {
		documented[string(row[1])] = true
	}
	for _, file := range files {
		node, list := yamlpos.Load(file, yamlpos.Options{})
		if list.HasErrors() {
			t.Fatal(list)
		}
		for _, pair := range node.Pairs {
			if !documented[pair.Key.Raw] {
				t.Errorf("docs/variables.md lacks %s of %s", pair.Key.Raw, filepath.Base(file))
			}
			delete(documented, pair.Key.Raw)
		}
	}
	for name := range documented {
		t.Errorf("docs/variables.md has %s, which no file of defaults has", name)
	}
}
