package diag

import "fmt"

// Suggest returns `did you mean "x"?` for the candidate closest to name, or "" where
// none is close.
func Suggest(name string, candidates []string) string {
	if best := Closest(name, candidates); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return ""
}

// Closest returns the candidate closest to name, or "" where none is close: at most one
// edit in three letters, two at the least for names of four letters or more.
func Closest(name string, candidates []string) string {
	limit := max(len(name)/3, 1)
	if len(name) >= 4 {
		limit = max(limit, 2)
	}
	best, bestDistance := "", limit+1
	for _, c := range candidates {
		if d := distance(name, c); d < bestDistance && d < len(c) {
			best, bestDistance = c, d
		}
	}
	return best
}

// distance is the optimal string alignment distance: insertions, deletions,
// substitutions and swaps of neighbours.
func distance(a, b string) int {
	var prev2, prev []int
	cur := make([]int, len(b)+1)
	for j := range cur {
		cur[j] = j
	}
	for i := 1; i <= len(a); i++ {
		prev2, prev, cur = prev, cur, make([]int, len(b)+1)
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
	}
	return cur[len(b)]
}
