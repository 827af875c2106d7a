package main

import (
	"bytes"
	"os"
	"path/filepath"
)

// busybox is a static shell and the few programs that people use inside a container.
func busybox(program string) []entry {
	entries := []entry{{name: "bin/busybox", mode: 0o755, disk: program}}
	for _, applet := range []string{"sh", "ls", "cat", "id", "ps", "wget", "vi", "grep", "find", "df", "env", "true", "false"} {
		entries = append(entries, entry{name: "bin/" + applet, mode: 0o777, link: "busybox"})
	}
	return entries
}

// certificateBundle joins a folder of certificates into the file that programs look for.
func certificateBundle(folder string) (entry, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.crt"))
	if err != nil {
		return entry{}, err
	}
	var bundle bytes.Buffer
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			return entry{}, err
		}
		bundle.Write(data)
	}
	return entry{name: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, data: bundle.Bytes()}, nil
}
