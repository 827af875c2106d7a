package cli

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkLint lints a folder of 400 playbooks with 1,400 tasks, as kops lint does.
func BenchmarkLint(b *testing.B) {
	dir := b.TempDir()
	for i := range 400 {
		var book strings.Builder
		fmt.Fprintf(&book, "- name: play %d\n  hosts: all\n  vars: {port: %d, dirs: [/srv/a, /srv/b]}\n  tasks:\n", i, 9000+i)
		for j := range 3 + i%2 {
			fmt.Fprintf(&book, `    - name: write {{ item }} %d
      copy: {dest: "{{ item }}/%d.conf", content: "port={{ port }}\n{%% for d in dirs %%}dir={{ d | basename }}\n{%% endfor %%}", mode: "0644"}
      loop: "{{ dirs }}"
      when: port > 1024 and dirs | length > 0
      register: written
      changed_when: written is changed and port is defined
`, j, j)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("book%03d.yaml", i)), []byte(book.String()), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		var out bytes.Buffer
		if code := Main([]string{"lint", dir}, Streams{In: &bytes.Buffer{}, Out: &out, Err: &out, Width: 79}); code != exitOK {
			b.Fatalf("exit code %d\n%s", code, out.String())
		}
	}
}

// BenchmarkStart starts the binary for kops version.
func BenchmarkStart(b *testing.B) {
	binary := filepath.Join(b.TempDir(), "kops")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "kops/cmd/kops")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(binary)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if out, err := exec.Command(binary, "version").CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
	b.ReportMetric(float64(info.Size())/(1<<20), "binary-MB")
}
