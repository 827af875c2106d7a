package logs

import (
	"bytes"
	"strings"
	"time"
)

// stampLength is that of "2024-01-01 00:00:00,123".
const stampLength = 23

// stamp finds the time at the beginning of a line, as the script on the host does: log4j's and log4j2's layouts write
// "[2024-01-01 00:00:00,123] WARN …", ZooKeeper's has no brackets, and others write a T and a point. It returns
// the time in the form of the first, as it stands there, and what comes after it.
func stamp(line []byte) (at string, rest []byte, ok bool) {
	if len(line) > 0 && line[0] == '[' {
		line = line[1:]
	}
	const seconds = "1000-00-00 00:00:00"
	if len(line) < len(seconds) {
		return "", nil, false
	}
	for i, c := range []byte(seconds) {
		switch l := line[i]; {
		case c == ' ' && (l == ' ' || l == 'T'):
		case c == '1' && (l == '1' || l == '2'):
		case c == '0' && l >= '0' && l <= '9':
		case (c == '-' || c == ':') && l == c:
		default:
			return "", nil, false
		}
	}
	b := []byte("2006-01-02 15:04:05,000")
	copy(b, line[:10])
	copy(b[11:], line[11:19])
	if rest = line[19:]; len(rest) >= 4 && (rest[0] == ',' || rest[0] == '.') && digits(rest[1:4]) {
		copy(b[20:], rest[1:4])
	}
	return string(b), rest, true
}

func digits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// clock is the time that a stamp means in a zone.
func clock(stamp string, zone *time.Location) time.Time {
	if len(stamp) < stampLength {
		return time.Time{}
	}
	n := func(from, to int) (v int) {
		for _, c := range []byte(stamp[from:to]) {
			v = v*10 + int(c-'0')
		}
		return v
	}
	return time.Date(n(0, 4), time.Month(n(5, 7)), n(8, 10), n(11, 13), n(14, 16), n(17, 19), n(20, 23)*int(time.Millisecond), zone)
}

// level finds the level in what comes after the time, as the script on the host does.
func level(rest []byte) string {
	rest = rest[:min(len(rest), 100)]
	for i := 0; i+1 < len(rest); i++ {
		if c := rest[i]; c != ' ' && c != '[' && c != '(' {
			continue
		}
		word := rest[i+1:]
		end := bytes.IndexAny(word, " ]:)")
		if end < 0 {
			return ""
		}
		for _, l := range levels {
			if string(word[:end]) == l {
				return l
			}
		}
	}
	return ""
}

// mostText is how much of an entry is held. What is longer comes in parts.
const mostText = 1 << 20

// An assembler makes entries of lines.
type assembler struct {
	source *Source
	zone   *time.Location
	begun  bool         // there is an entry
	text   bytes.Buffer // of it, as far as it has come
	time   time.Time    // its own, or that of the last before it
	level  string
	headed bool
	fresh  func(stamp string, stamped bool) bool // whether a line is wanted; nil where all are
	out    func(e Entry)
}

// line takes a line without its end.
func (a *assembler) line(line []byte) {
	if mark, ok := bytes.CutPrefix(line, []byte("\x01kops ")); ok {
		a.mark(string(mark))
		return
	}
	line = bytes.TrimSuffix(line, []byte("\r"))
	at, rest, stamped := stamp(line)
	if stamped {
		a.flush()
		a.time, a.level, a.headed = clock(at, a.zone), level(rest), true
	} else if !a.headed || a.text.Len() > mostText {
		a.flush()
	}
	if a.fresh != nil && !a.fresh(at, stamped) {
		return
	}
	if a.begun {
		a.text.WriteByte('\n')
	}
	a.begun = true
	a.text.Write(line)
}

// flush ends the entry that has begun.
func (a *assembler) flush() {
	if !a.begun {
		return
	}
	a.out(Entry{Source: a.source, Time: a.time, Level: a.level, Text: a.text.String()})
	a.begun = false
	a.text.Reset()
}

// mark takes what the script says to kops.
func (a *assembler) mark(text string) {
	word, rest, _ := strings.Cut(text, " ")
	switch word {
	case "zone":
		if t, err := time.Parse("-0700", rest); err == nil {
			a.zone = t.Location()
		}
	case "at": // nothing comes that is older
		if at, _, ok := stamp([]byte(rest)); ok && !a.begun {
			a.out(Entry{Source: a.source, Time: clock(at, a.zone), beat: true})
		}
	}
}
