// Package promise holds what a benchmark has measured against what kops promises.
package promise

import (
	"errors"
	"fmt"
	"io"
)

// A Promise is a figure and its limit.
type Promise struct {
	Name     string // "the first run, times pyinfra's"
	Measured float64
	Limit    float64
	AtLeast  bool // the figure may not be below the limit; else not above it
}

func (p Promise) kept() bool {
	if p.AtLeast {
		return p.Measured >= p.Limit
	}
	return p.Measured <= p.Limit
}

func (p Promise) String() string {
	limit := "at most"
	if p.AtLeast {
		limit = "at least"
	}
	return fmt.Sprintf("%s: %.3g, promised %s %.3g", p.Name, p.Measured, limit, p.Limit)
}

// Report prints a line for each promise. Its error names those that are broken.
func Report(w io.Writer, promises ...Promise) error {
	var broken []error
	fmt.Fprintln(w)
	for _, p := range promises {
		verdict := "kept"
		if !p.kept() {
			verdict = "BROKEN"
			broken = append(broken, fmt.Errorf("broken: %s", p))
		}
		fmt.Fprintf(w, "%s: %s\n", p, verdict)
	}
	return errors.Join(broken...)
}
