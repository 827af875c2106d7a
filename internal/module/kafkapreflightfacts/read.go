package kafkapreflightfacts

import (
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"kops/internal/value"
)

// number reads the number that a text begins with, 0 where there is none.
func number(text string) int64 {
	text = strings.TrimSpace(text)
	end := 0
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	n, err := strconv.ParseInt(text[:end], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// after returns what follows a word.
func after(text, word string) string {
	_, rest, _ := strings.Cut(text, word)
	return rest
}

func swappiness(text string) int64 {
	if strings.TrimSpace(text) == "" {
		return -1
	}
	return number(text)
}

// network is the interface of the default route and its speed. Where there is no such route, it is
// the fastest interface.
func network(in map[string]string) *value.Map {
	speeds := map[string]int64{}
	fastest := ""
	for _, line := range lines(in["speeds"]) {
		file, text, _ := strings.Cut(line, ":")
		name := path.Base(path.Dir(file))
		if speeds[name] = number(text); speeds[name] > speeds[fastest] { // "-1" is no number: not known
			fastest = name
		}
	}
	for _, line := range lines(in["routes"]) {
		if f := strings.Fields(line); len(f) > 7 && f[1] == "00000000" && f[7] == "00000000" {
			return value.NewMap("interface", f[0], "speed", speeds[f[0]])
		}
	}
	return value.NewMap("interface", fastest, "speed", speeds[fastest])
}

// clock compares the host's clock, read at the two ends of the script, with this machine's, read
// before the question and after the answer, as NTP does: what the script took does not count, and
// the way there and back is the doubt.
func clock(asked, answered time.Time, began, ended string) value.Value {
	first, coarse, ok1 := instant(began)
	last, _, ok2 := instant(ended)
	if !ok1 || !ok2 {
		return nil
	}
	offset := (first.Sub(asked) + last.Sub(answered)) / 2
	doubt := max(0, (answered.Sub(asked)-last.Sub(first))/2)
	if coarse {
		offset += time.Second / 2
		doubt += time.Second / 2
	}
	return value.NewMap("offset", offset.Seconds(), "doubt", doubt.Seconds())
}

// instant reads seconds and nanoseconds. A date that does not know nanoseconds is coarse.
func instant(text string) (t time.Time, coarse, ok bool) {
	seconds, fraction, _ := strings.Cut(strings.TrimSpace(text), ".")
	s, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return time.Time{}, false, false
	}
	nanos, err := strconv.ParseInt(fraction, 10, 64)
	if err != nil || len(fraction) != 9 {
		return time.Unix(s, 0), true, true
	}
	return time.Unix(s, nanos), false, true
}

// HeapMB reads Java's flags, as text or one a line: the last -Xmx, which is the one that counts, in
// MiB. It is 0 where there is none.
func HeapMB(flags string) int64 {
	heap := int64(0)
	for flag := range strings.FieldsSeq(flags) {
		size, ok := strings.CutPrefix(flag, "-Xmx")
		if !ok {
			continue
		}
		n := number(size)
		switch strings.ToLower(strings.TrimLeft(size, "0123456789")) {
		case "":
			heap = n >> 20
		case "k":
			heap = n >> 10
		case "m":
			heap = n
		case "g":
			heap = n << 10
		case "t":
			heap = n << 20
		}
	}
	return heap
}

var javaVersion = regexp.MustCompile(`version "([^"]+)"`)

// java reads `java -version`: "1.8.0_412" is Java 8, "17.0.9" is Java 17.
func java(text string) *value.Map {
	m := javaVersion.FindStringSubmatch(text)
	if m == nil {
		return value.NewMap("version", "", "major", int64(0))
	}
	return value.NewMap("version", m[1], "major", number(strings.TrimPrefix(m[1], "1.")))
}

// names are the addresses of each name, each once.
func (s *Spec) names(in map[string]string) value.Value {
	found := map[string][]string{}
	there := false
	for _, line := range lines(in["names"]) {
		name, text, ok := strings.Cut(line, "|")
		if !ok { // the path of getent
			there = true
			continue
		}
		for word := range strings.FieldsSeq(text) {
			if a, err := netip.ParseAddr(word); err == nil && !slices.Contains(found[name], a.String()) {
				found[name] = append(found[name], a.String())
			}
		}
	}
	if !there && len(s.Names) > 0 {
		return nil
	}
	names := value.NewMap()
	for _, name := range s.Names {
		names.Set(name, value.Strings(found[name]))
	}
	return names
}
