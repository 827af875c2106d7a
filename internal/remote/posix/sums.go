package posix

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"kops/internal/remote"
)

// manySums is from how many files on one program computes the checksums of many: a program for
// each costs more than the reading. sumBatch is of how many: the shell moves their names about.
const (
	manySums = 8
	sumBatch = 128
)

// sumsTogether are the places of the queries whose checksums are computed together. The programs
// mask odd names, so these go one by one.
func sumsTogether(queries []remote.FileQuery) []int {
	var out []int
	for i, q := range queries {
		if q.Hash != "" && !strings.ContainsAny(q.Path, "\\\n\r") {
			out = append(out, i)
		}
	}
	if len(out) < manySums {
		return nil
	}
	return out
}

// sumsScript computes the checksums of the queries at the given places.
//
//	<mark>T <index> <index>…\n<checksum>  <name>\n…
func sumsScript(b *strings.Builder, queries []remote.FileQuery, places []int) {
	type kind struct {
		hash   string
		follow bool
	}
	words := map[kind][]string{}
	var kinds []kind
	for _, i := range places {
		k := kind{queries[i].Hash, queries[i].Follow}
		if words[k] == nil {
			kinds = append(kinds, k)
		}
		words[k] = append(words[k], strconv.Itoa(i), statName(queries[i].Path))
	}
	for _, k := range kinds {
		for batch := range slices.Chunk(words[k], 2*sumBatch) {
			fmt.Fprintf(b, "kops_sums %s %v %s\n", k.hash, k.follow, QuoteAll(batch))
		}
	}
}

const sumsFunction = `kops_sums() {
	sum=$1; follow=$2; shift 2
	if [ $sum = any ]; then sum=sha256; if command -v b2sum >/dev/null; then sum=b2; fi; fi
	n=$#; of=
	while [ $n -gt 0 ]; do
		if [ -f "$2" ] && [ -r "$2" ] && { [ $follow = true ] || ! [ -L "$2" ]; }; then of="$of $1"; set -- "$@" "$2"; fi
		shift 2; n=$((n - 2))
	done
	if [ $# -gt 0 ]; then printf '%sT%s\n' $M "$of"; "${sum}sum" -- "$@"; fi
}
`

// addSums reads the answer to kops_sums: checksums by the places of their queries.
func addSums(sums map[int]string, text string) error {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	places := strings.Fields(lines[0])
	if len(lines)-1 != len(places) {
		return errMoved
	}
	for k, place := range places {
		i, err := strconv.Atoi(place)
		if err != nil {
			return fmt.Errorf("the host answered %q in place of a number", place)
		}
		sums[i], _, _ = strings.Cut(lines[k+1], " ")
	}
	return nil
}

// setSum takes a checksum, of the length that the query's algorithm has.
func setSum(f *remote.File, q remote.FileQuery, sum string) {
	switch {
	case q.Hash == remote.AnyHash && anyHashes[len(sum)] != "":
		f.Checksum, f.HashedBy = sum, anyHashes[len(sum)]
	case len(sum) == hashLength[q.Hash]:
		f.Checksum, f.HashedBy = sum, q.Hash
	}
}
