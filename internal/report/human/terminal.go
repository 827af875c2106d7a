package human

import (
	"fmt"
	"strings"
)

// A color is an ANSI sequence.
type color string

// The colours, those of Ansible's output.
const (
	reset   color = "\x1b[0m"
	bold    color = "\x1b[1m"
	dim     color = "\x1b[2m"
	red     color = "\x1b[0;31m"
	green   color = "\x1b[0;32m"
	yellow  color = "\x1b[0;33m"
	magenta color = "\x1b[1;35m"
	cyan    color = "\x1b[0;36m"
)

// erase takes the live line away before other lines are written.
func (s *Sink) erase() {
	if s.live {
		s.out.WriteString("\r\x1b[K")
		s.live = false
	}
}

// draw writes the live line: the hosts that are busy.
func (s *Sink) draw() {
	if !s.opts.Live || len(s.busy) == 0 {
		return
	}
	names := make([]string, len(s.busy))
	for i, b := range s.busy {
		names[i] = b.host
	}
	text := fmt.Sprintf("… %d busy: %s", len(names), strings.Join(names, " "))
	if r := []rune(text); len(r) >= s.opts.Width {
		text = string(r[:s.opts.Width-2]) + "…"
	}
	s.out.WriteString(string(dim) + text + string(reset))
	s.live = true
}
