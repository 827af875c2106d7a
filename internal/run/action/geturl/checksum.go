package geturl

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// lengths are the numbers of hexadecimal digits by algorithm: those that a host can be asked for.
var lengths = map[string]int{"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}

// A checksum is the argument of that name.
type checksum struct {
	algorithm string
	hex       string // in lower case; "" where it has to be looked up
	list      string // the URL of a file of checksums
}

func (c checksum) String() string { return c.algorithm + ":" + c.hex }

func parseChecksum(s string) (checksum, error) {
	algorithm, rest, ok := strings.Cut(s, ":")
	c := checksum{algorithm: strings.ToLower(strings.TrimSpace(algorithm))}
	length := lengths[c.algorithm]
	switch {
	case !ok:
		return c, fmt.Errorf("checksum: %q has no algorithm: write it as sha256:HEX or sha256:URL", s)
	case length == 0:
		return c, fmt.Errorf("checksum: %q is not supported: sha256, sha512, sha1 and md5 are", algorithm)
	}
	rest = strings.TrimSpace(rest)
	if strings.HasPrefix(rest, "http://") || strings.HasPrefix(rest, "https://") {
		c.list = rest
		return c, nil
	}
	if c.hex = strings.ToLower(rest); !isSum(c.hex, length) {
		return c, fmt.Errorf("checksum: %q is not one of %s, which has %d hexadecimal digits", rest, c.algorithm, length)
	}
	return c, nil
}

func isSum(s string, length int) bool {
	return len(s) == length && strings.Trim(s, "0123456789abcdef") == ""
}

var (
	gnuLine = regexp.MustCompile(`^\\?([0-9A-Fa-f]+)\s+\*?(.+)$`)               // HEX  name, as sha256sum writes
	bsdLine = regexp.MustCompile(`^([0-9A-Za-z-]+) \((.+)\) = ([0-9A-Fa-f]+)$`) // SHA256 (name) = HEX
	gpgLine = regexp.MustCompile(`^([^:]+):\s*([0-9A-Fa-f\s]*)$`)               // name: HEX HEX …, as Apache's .sha512
)

// find returns the checksum of a file in a file of checksums.
func find(text, name, algorithm string) (string, error) {
	length := lengths[algorithm]
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	var named []string
	for i, line := range lines {
		file, sum := readLine(lines, i)
		if file == "" {
			continue
		}
		if path.Base(file) == name && isSum(sum, length) && !otherAlgorithm(line, algorithm) {
			return sum, nil
		}
		named = append(named, path.Base(file))
	}
	if whole := strings.ToLower(strings.Join(strings.Fields(text), "")); isSum(whole, length) {
		return whole, nil
	}
	if len(named) == 0 {
		return "", fmt.Errorf("it has no checksums in a form that kops reads")
	}
	return "", fmt.Errorf("it has no %s of %q, but of %s", algorithm, name, few(named))
}

// readLine reads the checksum that begins in a line; "" where none does.
func readLine(lines []string, i int) (file, sum string) {
	line := strings.TrimRight(lines[i], " \t")
	if m := bsdLine.FindStringSubmatch(line); m != nil {
		return m[2], strings.ToLower(m[3])
	}
	if m := gpgLine.FindStringSubmatch(line); m != nil {
		digits := m[2]
		for _, next := range lines[i+1:] { // it goes on in lines that are indented
			if strings.TrimLeft(next, " \t") == next || strings.Contains(next, ":") {
				break
			}
			digits += next
		}
		return m[1], strings.ToLower(strings.Join(strings.Fields(digits), ""))
	}
	if m := gnuLine.FindStringSubmatch(line); m != nil {
		return m[2], strings.ToLower(m[1])
	}
	return "", ""
}

// otherAlgorithm tells whether a BSD line is of another algorithm.
func otherAlgorithm(line, algorithm string) bool {
	m := bsdLine.FindStringSubmatch(strings.TrimRight(line, " \t"))
	return m != nil && !strings.EqualFold(strings.ReplaceAll(m[1], "-", ""), algorithm)
}

// few names the first of many.
func few(names []string) string {
	if len(names) > 5 {
		return strings.Join(names[:5], ", ") + fmt.Sprintf(" and %d more", len(names)-5)
	}
	return strings.Join(names, ", ")
}
