package logs

// A position is a place among the chosen lines of a log, by which the reading is resumed: it is found again in what begins with the
// first entry of its time. A line that comes later in the log has a position that lies beyond, even where times go back.
type position struct {
	stamp string // the latest time so far, as the log has it
	same  int    // entries of that time so far
	after int    // entries since the last of these, of times before it
	lines int    // lines of the last entry so far
}

// pass goes on to the next line.
func (p *position) pass(stamp string, stamped bool) {
	switch {
	case !stamped:
		p.lines++
	case stamp > p.stamp:
		*p = position{stamp: stamp, same: 1, lines: 1}
	case stamp == p.stamp:
		*p = position{stamp: stamp, same: p.same + 1, lines: 1}
	default:
		p.after, p.lines = p.after+1, 1
	}
}

// beyond tells whether it comes after q.
func (p position) beyond(q position) bool {
	switch {
	case p.stamp != q.stamp:
		return p.stamp > q.stamp
	case p.same != q.same:
		return p.same > q.same
	case p.after != q.after:
		return p.after > q.after
	}
	return p.lines > q.lines
}
