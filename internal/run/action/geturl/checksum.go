package geturl

import (
	"context"
	"encoding/hex"
	"fmt"
	"path"
	"regexp"
	"strings"

	"kops/internal/run/action"
)

// sizes are the lengths of checksums in hexadecimal digits.
var sizes = map[string]int{"md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128}

// digest returns the checksum that the file must have: as it is given, or from the file of
// checksums that is named.
func (s *Spec) digest(ctx context.Context, env *action.Env) (algorithm, sum string, err error) {
	algorithm, rest, _ := strings.Cut(s.Checksum, ":")
	algorithm = strings.ToLower(strings.TrimSpace(algorithm))
	size, ok := sizes[algorithm]
	if !ok {
		return "", "", fmt.Errorf("checksum: %q is not an algorithm: write sha256, sha512, sha384, sha224, sha1 or md5", algorithm)
	}
	if !strings.HasPrefix(rest, "http://") && !strings.HasPrefix(rest, "https://") {
		sum = strings.ToLower(strings.TrimSpace(rest))
		if !isHex(sum, size) {
			return "", "", fmt.Errorf("checksum: %q is not a checksum of %s, which has %d hexadecimal digits", sum, algorithm, size)
		}
		return algorithm, sum, nil
	}
	text, err := env.Artifacts.Text(ctx, s.request(rest))
	if err != nil {
		return "", "", fmt.Errorf("checksum: %w", err)
	}
	name := path.Base(strings.SplitN(s.URL, "?", 2)[0])
	sum = find(string(text), name, size)
	if sum == "" {
		return "", "", fmt.Errorf("checksum: %s has no %s of %s", rest, algorithm, name)
	}
	return algorithm, sum, nil
}

func isHex(s string, size int) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == size
}

var (
	// "HEX  name", "HEX *./name": sha256sum and its like.
	coreutils = regexp.MustCompile(`^([0-9a-fA-F]+)\s+\*?(.+)$`)
	// "SHA256 (name) = HEX": BSD's form.
	bsd = regexp.MustCompile(`^\w+\s*\((.+)\)\s*=\s*([0-9a-fA-F]+)$`)
)

// find looks the checksum of a file up in the forms that projects publish: coreutils', BSD's,
// gpg's ("name: AB CD …" over several lines), and the bare checksum.
func find(text, name string, size int) string {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if m := coreutils.FindStringSubmatch(line); m != nil && path.Base(strings.TrimSpace(m[2])) == name && isHex(m[1], size) {
			return strings.ToLower(m[1])
		}
		if m := bsd.FindStringSubmatch(line); m != nil && path.Base(m[1]) == name && isHex(m[2], size) {
			return strings.ToLower(m[2])
		}
	}
	bare := text
	if before, after, ok := strings.Cut(text, ":"); ok && path.Base(strings.TrimSpace(before)) == name {
		bare = after
	}
	if sum := strings.ToLower(strings.Join(strings.Fields(bare), "")); isHex(sum, size) {
		return sum
	}
	return ""
}
