package cli

import (
	"testing"

	"kops/internal/yamlpos"
)

// TestLogDirIsThePlaybooks holds that logs are looked for where the playbooks have them written.
func TestLogDirIsThePlaybooks(t *testing.T) {
	settings, _, problems := yamlpos.LoadMap("../../playbooks/roles/settings/defaults/main/kafka.yaml", yamlpos.Options{})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	if dir := settings.At("kafka_log_dir"); dir != logDir {
		t.Errorf("kops logs looks in %s, and kafka_log_dir is %v", logDir, dir)
	}
}
