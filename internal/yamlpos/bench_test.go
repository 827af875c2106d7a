package yamlpos

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkParse reads an inventory and a playbook, up to values with their places.
func BenchmarkParse(b *testing.B) {
	var inventory, book strings.Builder
	inventory.WriteString("all:\n  hosts:\n")
	for i := range 1000 {
		fmt.Fprintf(&inventory, "    host%04d: {ansible_host: 10.0.%d.%d, rack: \"r{{ %d }}\", id: %d}\n", i, i/250, i%250, i%7, i)
	}
	for i := range 100 {
		fmt.Fprintf(&book, "- name: task %d\n  copy:\n    dest: /etc/x/%d.conf\n    content: |\n      port={{ port }}\n      # %d\n    mode: \"0644\"\n  when: port > %d\n  notify: [restart, reload]\n", i, i, i, i)
	}
	for name, src := range map[string]string{"inventory=1000": inventory.String(), "tasks=100": book.String()} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				n, list := ParseOne("file.yaml", []byte(src))
				if err := list.Err(); err != nil {
					b.Fatal(err)
				}
				if _, err := n.ToValue(Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
