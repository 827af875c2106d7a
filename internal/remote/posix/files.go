package posix

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"kops/internal/remote"
)

// statBatch is how many paths one stat is given: an argument list has a limit.
const statBatch = 400

// errMoved says that files came or went between being listed and being read.
var errMoved = errors.New("the files changed while they were read")

// Files describes the queried paths in one round trip.
func (h *Host) Files(ctx context.Context, queries ...remote.FileQuery) ([]remote.File, error) {
	if len(queries) == 0 {
		return nil, nil
	}
	for _, q := range queries {
		if strings.ContainsRune(q.Path, 0) || q.Path == "" {
			return nil, fmt.Errorf("%q is not a path", q.Path)
		}
		if q.Hash != "" && q.Hash != remote.AnyHash && hashLength[q.Hash] == 0 {
			return nil, fmt.Errorf("%q is not a checksum that kops knows: md5, sha1, sha256, sha512", q.Hash)
		}
	}
	mark := newMark()
	c := call{what: "look at " + describePaths(queries), script: filesScript(mark, queries), reads: true,
		limit: remote.Patience(ctx, h.hosts.limits.Read)}
	if slices.ContainsFunc(queries, func(q remote.FileQuery) bool { return q.Hash != "" }) {
		c.then = max(c.limit, h.hosts.limits.Sum) // stat has answered before
	}
	for attempt := 0; ; attempt++ {
		res, err := h.run(ctx, c)
		if err != nil {
			return nil, err
		}
		files, err := parseFiles(mark, queries, res)
		if err == errMoved && attempt < 3 {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("look at %s: %w", describePaths(queries), err)
		}
		return files, nil
	}
}

func describePaths(queries []remote.FileQuery) string {
	if len(queries) == 1 {
		return queries[0].Path
	}
	return fmt.Sprintf("%s and %d more", queries[0].Path, len(queries)-1)
}

// hashLength is the number of hex digits of each checksum; its program is the name with
// "sum" after it.
var hashLength = map[string]int{"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}

// anyHashes are what remote.AnyHash comes to, by the number of hex digits.
var anyHashes = map[int]string{64: "sha256", 128: "blake2b"}

// filesScript prints, for each query, fields that are ended by the mark. Names and contents
// may hold any byte, so nothing else separates them. The shell itself tests what it can:
// the programs that it starts are one stat for all, one for the checksums of many, and those for contents that are asked
// for.
//
//	<mark>S<stat's fields>\n  <mark>F<stat's fields>\n   by stat and stat -L, in the order of the names
//	<mark>P<index> <r><w><x>           for each query
//	<mark>L<target>  <mark>H<checksum>  <mark>N<name>/<name>/…  <mark>C<content>
func filesScript(mark string, queries []remote.FileQuery) string {
	var b strings.Builder
	b.WriteString("M=" + mark + "\n")
	b.WriteString(filesFunctions)
	for start := 0; start < len(queries); start += statBatch {
		for _, c := range statCalls(queries[start:min(start+statBatch, len(queries))]) {
			var paths []string
			for _, q := range c.queries {
				paths = append(paths, statName(q.Path))
			}
			if len(paths) > 0 {
				fmt.Fprintf(&b, "%s %s\n", c.call, QuoteAll(paths))
			}
		}
	}
	together := sumsTogether(queries)
	if together != nil {
		b.WriteString(sumsFunction)
		sumsScript(&b, queries, together)
	}
	for i, q := range queries {
		if _, found := slices.BinarySearch(together, i); found {
			q.Hash = ""
		}
		fmt.Fprintf(&b, "kops_more %d %s %v %s %d %v\n", i, Quote(statName(q.Path)), q.Follow, Quote(q.Hash), q.Content, q.List)
	}
	b.WriteString("printf '%sE' $M\n")
	return b.String()
}

// statName keeps a relative name from looking like an option.
func statName(path string) string {
	if strings.HasPrefix(path, "/") {
		return path
	}
	return "./" + path
}

// A statCall is a function of the script and the queries whose paths it is given.
type statCall struct {
	call    string
	queries []remote.FileQuery
}

// statCalls are the calls of stat. A path that is asked about both ways has one answer, unless
// it is a link.
func statCalls(queries []remote.FileQuery) []statCall {
	calls := []statCall{{call: "kops_stat S ''"}, {call: "kops_links"}, {call: "kops_stat F -L"}}
	followed := map[string]bool{}
	for _, q := range queries {
		if q.Follow {
			followed[q.Path] = true
		}
	}
	for _, q := range queries {
		i := 0
		switch {
		case q.Follow:
			i = 2
		case followed[q.Path]:
			i = 1
		}
		calls[i].queries = append(calls[i].queries, q)
	}
	return calls
}

const filesFunctions = `kops_stat() {
	kind=$1 flag=$2; shift 2
	stat $flag -c "${M}$kind%f %u %g %s %i %d %h $kops_times %U %G %n" "$@"
}
kops_links() {
	for f do
		shift
		if [ -L "$f" ]; then set -- "$@" "$f"; fi
	done
	[ $# -eq 0 ] || kops_stat S '' "$@"
}
kops_more() {
	printf '%sP%d ' $M "$1"
	if [ -r "$2" ]; then printf r; fi
	if [ -w "$2" ]; then printf w; fi
	if [ -x "$2" ]; then printf x; fi
	if [ "$3" = false ] && [ -L "$2" ]; then
		printf '%sL' $M; readlink -n -- "$2"
		return
	fi
	if [ -f "$2" ]; then
		case $4 in
		'') ;;
		any) printf '%sH' $M; if command -v b2sum >/dev/null; then b2sum <"$2"; else sha256sum <"$2"; fi ;;
		*) printf '%sH' $M; "$4"sum <"$2" ;;
		esac
		if [ "$5" -gt 0 ]; then printf '%sC' $M; head -c $(($5 + 1)) <"$2"; fi
	fi
	if [ "$6" = true ] && [ -d "$2" ]; then
		printf '%sN' $M
		for f in "$2"/* "$2"/.*; do
			if [ -e "$f" ] || [ -L "$f" ]; then printf '%s/' "${f##*/}"; fi
		done
	fi
}
`

// parseFiles puts the answer of filesScript together again.
func parseFiles(mark string, queries []remote.FileQuery, res remote.Result) ([]remote.File, error) {
	if res.ExitCode != 0 && !bytes.HasSuffix(res.Stdout, []byte(mark+"E")) {
		return nil, &remote.ScriptError{Result: res}
	}
	parts := bytes.Split(res.Stdout, []byte(mark))
	if len(parts) < 2 || string(parts[len(parts)-1]) != "E" {
		return nil, &remote.ScriptError{Result: res}
	}
	stats := map[bool]map[string]string{false: {}, true: {}} // fields by name, for lstat and stat
	sums := map[int]string{}
	current := -1
	files := make([]remote.File, len(queries))
	order := statOrder(queries)
	var missing []remote.FileQuery
	for _, part := range parts[1 : len(parts)-1] {
		text := string(part[1:])
		switch part[0] {
		case 'S', 'F':
			// Names come back in the order in which they were given, without those that
			// are missing.
			name := strings.TrimSuffix(afterFields(text, statFields), "\n")
			for len(order) > 0 && (statName(order[0].Path) != name || order[0].Follow != (part[0] == 'F')) {
				missing, order = append(missing, order[0]), order[1:]
			}
			if len(order) == 0 {
				return nil, fmt.Errorf("stat answered for %q, which was not asked for", name)
			}
			stats[order[0].Follow][name] = text
			order = order[1:]
		case 'T':
			if err := addSums(sums, text); err != nil {
				return nil, err
			}
		case 'P':
			current++
			f, err := startFile(queries[current], stats, text)
			if err != nil {
				return nil, err
			}
			if f.IsRegular() {
				setSum(&f, queries[current], sums[current])
			}
			files[current] = f
		default:
			if err := addPart(&files[current], queries[current], part[0], text); err != nil {
				return nil, err
			}
		}
	}
	if err := forbidden(append(missing, order...), res.Stderr); err != nil {
		return nil, err
	}
	return files, checkComplete(queries, files, res.Stderr)
}

// statOrder is the order in which filesScript gives the paths to stat.
func statOrder(queries []remote.FileQuery) []remote.FileQuery {
	var out []remote.FileQuery
	for start := 0; start < len(queries); start += statBatch {
		for _, c := range statCalls(queries[start:min(start+statBatch, len(queries))]) {
			out = append(out, c.queries...)
		}
	}
	return out
}

func startFile(q remote.FileQuery, stats map[bool]map[string]string, text string) (remote.File, error) {
	f := remote.File{Path: q.Path}
	fields, ok := stats[q.Follow][statName(q.Path)]
	if !ok && !q.Follow {
		fields, ok = stats[true][statName(q.Path)] // it is no link
	}
	if !ok {
		return f, nil
	}
	if err := parseStat(&f, fields); err != nil {
		return f, err
	}
	_, rights, _ := strings.Cut(text, " ")
	f.Readable = strings.Contains(rights, "r")
	f.Writable = strings.Contains(rights, "w")
	f.Executable = strings.Contains(rights, "x")
	return f, nil
}

func addPart(f *remote.File, q remote.FileQuery, kind byte, text string) error {
	if !f.Exists {
		return errMoved
	}
	switch kind {
	case 'L':
		if !f.IsLink() {
			return errMoved
		}
		f.Link = text
	case 'H':
		sum, _, _ := strings.Cut(text, " ")
		setSum(f, q, sum)
	case 'C':
		if int64(len(text)) <= q.Content {
			f.Content = []byte(text)
		}
	case 'N':
		if f.Readable {
			f.Names = folderNames(text)
		}
	}
	return nil
}

// checkComplete finds what should have been read and was not: a checksum program is missing, a
// file went away. What the user may not read is left empty.
func checkComplete(queries []remote.FileQuery, files []remote.File, stderr []byte) error {
	for i, f := range files {
		q := queries[i]
		switch {
		case f.IsLink() && f.Link == "":
			return errMoved
		case !f.IsRegular():
		case !f.Readable:
		case q.Hash != "" && f.Checksum == "":
			return fmt.Errorf("%ssum %s: %s", q.Hash, q.Path, lastLines(string(stderr), 1))
		case q.Content > 0 && f.Size <= q.Content && f.Content == nil:
			return errMoved
		}
	}
	return nil
}

// forbidden tells of a path that stat was not allowed to look at: whether it exists is not
// known then. stat says why in the order of the paths.
func forbidden(missing []remote.FileQuery, stderr []byte) error {
	lines := strings.Split(strings.TrimSpace(string(stderr)), "\n")
	for _, line := range lines {
		if !strings.HasPrefix(line, "stat:") || !strings.HasSuffix(line, ": Permission denied") {
			continue
		}
		for _, q := range missing {
			if strings.Contains(line, statName(q.Path)) {
				return fmt.Errorf("%s: %w", q.Path, fs.ErrPermission)
			}
		}
		return fmt.Errorf("%s: %w", line, fs.ErrPermission)
	}
	return nil
}
