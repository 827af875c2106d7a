package inventory

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"kops/internal/yamlpos"
)

func TestSettings(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"hosts.yaml": "all:\n  vars: {rack: ''}\n  children:\n    kafka:\n      hosts: {k1: , k2: {rack: c}, k3: , k4: }\n" +
			"    rack_a:\n      hosts: {k1: , k2: , k3: }\n      vars:\n        rack: a\n" +
			"    rack_b:\n      hosts: {k1: , k2: }\n      vars: {rack: b}\n" +
			"    site:\n      vars: {rack: s}\n      children: {rack_c: {hosts: {k3: }, vars: {rack: c}}}\n",
		"group_vars/kafka.yaml": "---\nother: 1\nrack: k\n",
		"host_vars/k4.yaml":     "rack: d\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	inv, list := Load(t.Context(), []string{filepath.Join(dir, "hosts.yaml")}, yamlpos.Options{})
	if list.HasErrors() {
		t.Fatal(list)
	}
	tests := map[string]string{
		// Three groups side by side say three things: only their names decide.
		"k1": "all='' hosts.yaml:2; rack_a='a' hosts.yaml:9 contested; rack_b='b' hosts.yaml:12 contested; kafka='k' kafka.yaml:3 contested",
		// The host's own word ends the contest.
		"k2": "all='' hosts.yaml:2; rack_a='a' hosts.yaml:9; rack_b='b' hosts.yaml:12; kafka='k' kafka.yaml:3; ='c' hosts.yaml:5",
		// A deeper group counts more; those side by side are still two.
		"k3": "all='' hosts.yaml:2; rack_a='a' hosts.yaml:9 contested; site='s' hosts.yaml:14 contested; rack_c='c' hosts.yaml:15; kafka='k' kafka.yaml:3 contested",
		"k4": "all='' hosts.yaml:2; kafka='k' kafka.yaml:3; ='d' k4.yaml:1",
	}
	for host, want := range tests {
		got := ""
		for i, s := range inv.Settings(inv.Host(host), nil, "rack") {
			if i > 0 {
				got += "; "
			}
			got += fmt.Sprintf("%s='%v' %s:%d", s.Group, s.Value, filepath.Base(s.Pos.File), s.Pos.Line)
			if s.Contested {
				got += " contested"
			}
		}
		if got != want {
			t.Errorf("%s: %s\nnot %s", host, got, want)
		}
	}
}
