package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A row is what a contestant took, in seconds, a value for each round.
type row struct {
	name   string
	took   []float64
	ratios []float64 // to the base of the same round
	cpu    []float64
	host   []float64
}

// rowsOf collects the rounds by contestant. base is how the name begins of the one that the others are held against.
func rowsOf(rounds [][]sample, base string) map[string]*row {
	rows := map[string]*row{}
	for _, round := range rounds {
		at := slices.IndexFunc(round, func(s sample) bool { return strings.HasPrefix(s.name, base) })
		for _, s := range round {
			r := rows[s.name]
			if r == nil {
				r = &row{name: s.name}
				rows[s.name] = r
			}
			r.took = append(r.took, s.took.Seconds())
			r.cpu = append(r.cpu, s.cpu.Seconds())
			r.host = append(r.host, s.host.Seconds())
			if at >= 0 {
				r.ratios = append(r.ratios, float64(s.took)/float64(max(round[at].took, time.Nanosecond)))
			}
		}
	}
	return rows
}

// ratio is the median of a contestant's ratios to the base.
func ratio(rounds [][]sample, name, base string) float64 {
	r := rowsOf(rounds, base)[name]
	if r == nil {
		return 0
	}
	return median(r.ratios)
}

// table lists medians, and the medians of each round's ratios to the base, quickest first.
func table(rounds [][]sample, base string) string {
	rows := rowsOf(rounds, base)
	var sorted []*row
	for _, r := range rows {
		sorted = append(sorted, r)
	}
	slices.SortFunc(sorted, func(a, b *row) int {
		if c := median(a.took) - median(b.took); c != 0 {
			return map[bool]int{true: -1, false: 1}[c < 0]
		}
		return strings.Compare(a.name, b.name)
	})
	var out strings.Builder
	fmt.Fprintf(&out, "| | median, s | fastest, s | times %s | controller's CPU, s | hosts' CPU, s | runs |\n|---|---|---|---|---|---|---|\n", base)
	for _, r := range sorted {
		fmt.Fprintf(&out, "| %s | %.2f | %.2f | %.2f | %.2f | %.2f | %d |\n", r.name, median(r.took), slices.Min(r.took), median(r.ratios), median(r.cpu), median(r.host), len(r.took))
	}
	return out.String()
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
