package main

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Each project publishes its checksums in a form of its own, and so does the lab.

// writeGPGSum writes FILE.sha512 as Kafka's releases have it: the output of gpg --print-md.
func writeGPGSum(file string) error {
	sum, err := hashFile(sha512.New(), file)
	if err != nil {
		return err
	}
	return os.WriteFile(file+".sha512", []byte(gpgDigest(filepath.Base(file), sum)), 0o644)
}

// gpgDigest is upper-case hex in groups of eight, on lines of less than 80 columns, indented by the name.
func gpgDigest(name string, sum []byte) string {
	var b strings.Builder
	column, _ := fmt.Fprintf(&b, "%s:", name)
	indent := column
	for text := strings.ToUpper(hex.EncodeToString(sum)); text != ""; text = text[8:] {
		if column+len(" ")+8 >= 80 {
			b.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		}
		b.WriteString(" " + text[:8])
		column += len(" ") + 8
	}
	return b.String() + "\n"
}

// writeSHA512Sum writes FILE.sha512 as ZooKeeper's releases have it: the output of sha512sum.
func writeSHA512Sum(file string) error {
	return writeSum(sha512.New(), file, file+".sha512", "%s  "+filepath.Base(file)+"\n")
}

// writeMavenSums writes FILE.sha1 and FILE.sha256 as Maven repositories have them: bare hex.
func writeMavenSums(file string) error {
	if err := writeSum(sha1.New(), file, file+".sha1", "%s"); err != nil {
		return err
	}
	return writeSum(sha256.New(), file, file+".sha256", "%s")
}

// writeReleaseSums writes sha256sums.txt beside a file, as Prometheus's exporters have it: the output of sha256sum.
func writeReleaseSums(file string) error {
	return writeSum(sha256.New(), file, filepath.Join(filepath.Dir(file), "sha256sums.txt"), "%s  "+filepath.Base(file)+"\n")
}

func writeSum(h hash.Hash, file, sumFile, format string) error {
	sum, err := hashFile(h, file)
	if err != nil {
		return err
	}
	return os.WriteFile(sumFile, fmt.Appendf(nil, format, hex.EncodeToString(sum)), 0o644)
}

func hashFile(h hash.Hash, file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := io.Copy(h, f); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}
